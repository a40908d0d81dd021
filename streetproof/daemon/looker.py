"""Decodes the pictures that are asked for, leaves out those that show nothing new, and watches over the view itself.

Runs beside the recording and may fall behind it: then it leaves pictures out, counts them, and holds nothing up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from streams.instant import NS_PER_S, Instant
from streams.interface import DecodeLevel, Frame, Image
from streams.live.interface import LivePacket
from streams.live.looking import LiveDecoder
from streetproof.daemon.messages import Fit, FromCamera, Look, LookBack, LookedBack, SizeAsked, StreamRole, Viewed
from streetproof.daemon.views import saved_view
from vision.errors import OrderError
from vision.integrity.interface import ViewEvent
from vision.integrity.monitor import ViewMonitor
from vision.integrity.picture import PictureError
from vision.sight import Sight

_MAX_WAITING = 400
"""Packets that wait to be decoded: some seconds of sampled video."""
_PATIENCE_S = 2.0
"""So long a look back waits, in all, for pictures to be taken: they are decoded faster than they are sent."""
_HUNG_NS = 120 * NS_PER_S
"""No packet takes so long to decode, however busy the machine is."""

Timed = tuple[LivePacket, Instant]
"""A packet and the instant of its picture."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fresh:
    """What follows belongs to a new connection."""

    role: StreamRole
    decoder: LiveDecoder


@dataclass(frozen=True, slots=True)
class _Gone:
    role: StreamRole


@dataclass(frozen=True, slots=True, eq=False)
class _Back:
    asked: LookBack
    decoder: LiveDecoder | None
    packets: Sequence[Timed]


@dataclass(slots=True)
class LookCounts:
    """Since the process began."""

    decoded: int = 0
    decode_ns: int = 0
    looks: int = 0
    unsent: int = 0
    unusable: int = 0
    """Packets that the decoder refused."""


@dataclass(slots=True)
class _Eye:
    """One stream under observation."""

    decoder: LiveDecoder
    sight: Sight
    spacing: deque[int] = field(default_factory=lambda: deque(maxlen=4))
    last_key_ns: int | None = None


class Looker(threading.Thread):
    """The one thread of a camera's process that decodes."""

    def __init__(
        self,
        send: Callable[[FromCamera], None],
        *,
        room: Callable[[float], None] = lambda timeout_s: None,
        rate: Fraction,
        max_interval_ns: int,
        sight: Callable[[], Sight],
        monitor: ViewMonitor,
    ) -> None:
        """`send` never waits and may leave pictures out; `room` waits, at most so many seconds, until it would not."""
        super().__init__(name="looker", daemon=True)
        self._send = send
        self._room = room
        self._rate = rate
        self._max_interval_ns = max_interval_ns
        self._make_sight = sight
        self._monitor = monitor
        self._condition = threading.Condition()
        self._waiting: deque[tuple[StreamRole, Timed] | _Fresh | _Gone | _Back] = deque()
        self._packets = 0
        self._behind: set[StreamRole] = set()
        """Of these streams packets were left out: they are decoded again from their next keyframe on."""
        self._shown: _Eye | None = None
        """Whose pictures the hub was sent last: "unchanged" means unchanged since then."""
        self._level = DecodeLevel.KEYFRAMES
        self._fits: dict[tuple[int, int], Fit] = {}
        self._asked: set[tuple[int, int]] = set()
        self._eyes: dict[StreamRole, _Eye] = {}
        self._closed = False
        self._decoding_since_ns: int | None = None
        self._kept_reference = monitor.reference
        self.counts = LookCounts()

    # -- called by other threads ---------------------------------------------------------------------------------

    def set_level(self, level: DecodeLevel) -> None:
        """How closely to look from now on."""
        self._level = level

    def set_fit(self, fit: Fit) -> None:
        """How large pictures of one size are wanted."""
        self._fits[fit.size] = fit

    def begin(self, role: StreamRole, decoder: LiveDecoder) -> None:
        """A new connection; what came before is not continued."""
        with self._condition:
            self._waiting = deque(item for item in self._waiting if not (isinstance(item, tuple) and item[0] is role))
            self._packets = sum(isinstance(item, tuple) for item in self._waiting)
            self._behind.discard(role)
            self._waiting.append(_Fresh(role, decoder))
            self._condition.notify()

    def end(self, role: StreamRole) -> None:
        """The connection is over; another stream takes its place."""
        with self._condition:
            self._waiting.append(_Gone(role))
            self._condition.notify()

    def offer(self, role: StreamRole, packet: LivePacket, at: Instant) -> None:
        """A packet that may be looked at. Never waits: where the decoder is behind, it is left out."""
        smaller = role is StreamRole.MAIN and StreamRole.SUB in self._eyes  # that one is looked at
        with self._condition:
            if smaller or (not packet.key and self._keyframes_suffice(role)):
                self._behind.add(role)  # what comes next may build on this packet
                return
            if role in self._behind and not packet.key:
                return
            self._behind.discard(role)
            if self._packets >= _MAX_WAITING:
                self._behind.add(role)
                self.counts.unsent += 1
                return
            self._packets += 1
            self._waiting.append((role, (packet, at)))
            self._condition.notify()

    def look_back(self, asked: LookBack, decoder: LiveDecoder | None, packets: Sequence[Timed]) -> None:
        """Decode every frame of `packets` that lies in the range asked for; without a decoder there is none."""
        with self._condition:
            self._waiting.append(_Back(asked, decoder, packets))
            self._condition.notify()

    def hangs(self, now_ns: int) -> bool:
        """Whether the decoder, which strangers feed, has not come back for so long that it never will.

        `now_ns` is CLOCK_MONOTONIC.
        """
        since_ns = self._decoding_since_ns
        return since_ns is not None and now_ns - since_ns > _HUNG_NS

    def close(self) -> None:
        """Take nothing more; the thread ends."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    # -- the thread ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                item = self._waiting.popleft()
                if isinstance(item, tuple):
                    self._packets -= 1
            if isinstance(item, _Fresh):
                self._eyes[item.role] = _Eye(item.decoder, self._make_sight())
            elif isinstance(item, _Gone):
                self._eyes.pop(item.role, None)
            elif isinstance(item, _Back):
                self._go_back(item)
            else:
                self._look(*item)

    def _keyframes_suffice(self, role: StreamRole) -> bool:
        """Whether the keyframes of this stream come often enough for what is asked."""
        eye = self._eyes.get(role)
        if eye is None or not eye.spacing:
            return self._level is DecodeLevel.KEYFRAMES
        spacing_ns = max(eye.spacing)
        if self._level is DecodeLevel.KEYFRAMES:
            return spacing_ns <= self._max_interval_ns
        return spacing_ns * self._rate <= 1_000_000_000

    def _look(self, role: StreamRole, timed: Timed) -> None:
        eye = self._eyes.get(role)
        if eye is None:
            return
        packet, at = timed
        if packet.key:
            if eye.last_key_ns is not None:
                eye.spacing.append(at.utc_ns - eye.last_key_ns)
            eye.last_key_ns = at.utc_ns
        level = DecodeLevel.KEYFRAMES if self._keyframes_suffice(role) else DecodeLevel.SAMPLED
        for frame in self._decoded(eye.decoder.feed(packet, at, level)):
            self._show(role, eye, frame)

    def _show(self, role: StreamRole, eye: _Eye, frame: Frame) -> None:
        luma = frame.luma()
        self._watch_view(frame.at, luma)
        fit = self._fits.get(frame.size)
        if fit is None:
            if frame.size not in self._asked:
                self._asked.add(frame.size)
                self._send(SizeAsked(frame.size))
            return
        if eye is not self._shown:
            # Another connection, or the other stream: what this one showed last is not what the model saw last.
            self._shown, eye.sight = eye, self._make_sight()
        self.counts.looks += 1
        image = eye.sight.look(frame, fit.scaled)
        ground = None if image is None or fit.ground is None else frame.scaled(*fit.ground)
        self._send(Look(role, frame.at, frame.pts, frame.size, image, ground))

    def _watch_view(self, at: Instant, luma: Image) -> None:
        monitor = self._monitor
        try:
            events = monitor.look(at, luma)
        except OrderError:
            return  # the clock went back; the monitor waits until it has caught up
        except PictureError:
            return  # too small a picture to say anything about the view
        if events or monitor.reference is not self._kept_reference:
            self._kept_reference = monitor.reference
            self.tell_view(events)

    def tell_view(self, events: Sequence[ViewEvent] = ()) -> None:
        """Say how the view is, and what is to be kept of it."""
        self._send(Viewed(self._monitor.faults, tuple(events), saved_view(self._monitor)))

    def _go_back(self, back: _Back) -> None:
        asked, count, patience_s = back.asked, 0, _PATIENCE_S
        decoder = back.decoder
        feeds = [] if decoder is None else [decoder.feed(p, at, DecodeLevel.EVERY_FRAME) for p, at in back.packets]
        for frames in feeds if decoder is None else (*feeds, decoder.flush()):
            for frame in self._decoded(frames):
                fit = self._fits.get(frame.size)
                if fit is not None and asked.from_ns <= frame.at.utc_ns <= asked.to_ns and count < asked.limit:
                    count += 1
                    began = time.monotonic()
                    self._room(max(0.0, patience_s))
                    patience_s -= time.monotonic() - began
                    self._send(LookedBack(asked.token, frame.at, frame.size, frame.scaled(*fit.scaled)))
        self._send(LookedBack(asked.token, None, (0, 0), None))

    def _decoded(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        self._decoding_since_ns, began_ns = time.monotonic_ns(), time.thread_time_ns()
        found = list(frames)
        self._decoding_since_ns = None
        self.counts.decode_ns += time.thread_time_ns() - began_ns
        self.counts.decoded += len(found)
        yield from found
