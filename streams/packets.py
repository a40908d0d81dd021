"""Packets of one recording in file order, with their places on one unwrapped line of time. Nothing is decoded here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from streams.errors import MediaError
from streams.interface import MediaInfo
from streams.libav import media_info, opened
from streams.timeline import Break, Kind, Stamp, Timeline

MAX_CONSECUTIVE_FAULTS = 50
_WRAP_BITS = {"mpegts": 33, "mpeg": 33, "flv": 32}
_INDEXED = ("mov", "matroska", "avi")
"""Containers that are sought by an index. MPEG-TS and -PS are searched by timestamp, which fails exactly where
timestamps jump: they are read from the beginning, undecoded."""
_STATED = ("h264", "hevc")
"""Of these, an MP4 file states in its header all that reading packets needs."""
_DECLARES_DURATION = ("mov", "matroska", "avi", "flv")
_PROBED_PACKETS = 32
_MAX_INDEX = 5_000_000

VideoPacket: TypeAlias = "Packet[VideoStream]"


class TimedPacket(NamedTuple):
    """A packet of the video stream. `pts` and `dts` are unwrapped; the packet's own are left as the container has them.

    Where the container does not store the order of presentation (see `Probe.ordinal`), `pts` equals `dts`.
    """

    packet: VideoPacket
    pts: int
    dts: int
    key: bool
    broke: Break | None


@dataclass(frozen=True, slots=True)
class Probe:
    """What the header and the first packets tell."""

    info: MediaInfo
    first_pts: int
    """The lowest pts among the first packets: where the recording begins, decodable or not."""
    ordinal: bool
    """No usable pts are stored: the n-th picture shown has the n-th timestamp in file order."""
    declared_duration: int | None
    """In ticks of the time base, where the header declares one."""
    metadata: dict[str, str]
    """Tags of the container and of the video stream, keys in lower case; the container's win."""


@dataclass(slots=True)
class Faults:
    """What one pass over the packets met; counted, never raised."""

    packets: int = 0
    corrupt: int = 0
    unreadable: int = 0
    gave_up: bool = False
    outliers: int = 0
    breaks: list[Break] = field(default_factory=list)


class PacketStamp(NamedTuple):
    """Where a packet is. `pts` and `dts` in ticks, unwrapped."""

    pts: int
    dts: int
    key: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading all packets of a recording tells, undecoded."""

    probed: Probe
    stamps: tuple[PacketStamp, ...]
    """Of all packets, in file order."""
    shown: tuple[PacketStamp, ...]
    """Of those that are meant to be shown."""
    faults: Faults


def probe(path: Path) -> Probe:
    """Open a recording and look at its first packets. Raises MediaError where there is no video to read."""
    with PacketStream(path, ordinal=None) as packets:
        return _probed(path, packets, list(islice(packets, _PROBED_PACKETS)))


def survey(path: Path) -> Survey:
    """Read an MP4 that this project's recorder wrote, whose header states all that there is to know, as `probe` does
    and on to its end. Raises MediaError where there is no video to read."""
    with PacketStream(path, ordinal=None, undecoded=True) as packets:
        first: list[TimedPacket] = []
        stamps: list[PacketStamp] = []
        shown: list[PacketStamp] = []
        for timed in packets:
            if len(first) < _PROBED_PACKETS:
                first.append(timed)
            stamps.append(PacketStamp(timed.pts, timed.dts, timed.key))
            if not timed.packet.is_discard:
                shown.append(stamps[-1])
        return Survey(_probed(path, packets, first), tuple(stamps), tuple(shown), packets.faults)


def _probed(path: Path, packets: PacketStream, first: list[TimedPacket]) -> Probe:
    container, stream = packets.container, packets.stream
    if not first:
        raise MediaError(
            "has a header but not one packet of video", where=str(path), remedy="Export the recording again"
        )
    unordered = container.format.name == "avi" and stream.codec_context.codec.canonical_name in ("h264", "hevc")
    sparse = container.format.name == "mpeg" and any(p.packet.pts is None for p in first)
    ordinal = unordered or sparse
    shown = [p for p in first if not p.packet.is_discard] or first
    duration = stream.duration
    if duration is None and container.duration is not None and stream.time_base:
        duration = round(Fraction(container.duration, 1_000_000) / stream.time_base)
    declares = packets.name in _DECLARES_DURATION
    tags = {**stream.metadata, **container.metadata}
    return Probe(
        info=media_info(container, stream, path),
        first_pts=min(p.dts if ordinal else p.pts for p in shown),
        ordinal=ordinal,
        declared_duration=duration if declares and duration and duration > 0 else None,
        metadata={key.lower(): value for key, value in tags.items()},
    )


class PacketStream:
    """One pass over the packets of a file, as a context manager; iterate once.

    `near`: an unwrapped pts; reading starts at a keyframe at or before it where the container has a sound index, and
    at the beginning otherwise. `ordinal` comes from `probe`; None only inside of it. `known`: what `probe` told of this
    very file, where nothing is to be decoded but single keyframes: opening an MP4 file again then takes a tenth of the
    time. `undecoded`: the same of one that is not known yet (see `survey`).
    """

    def __init__(
        self,
        path: Path,
        *,
        ordinal: bool | None,
        near: int | None = None,
        known: Probe | None = None,
        undecoded: bool = False,
    ) -> None:
        self._path = path
        self._ordinal = bool(ordinal)
        self._near = near
        self._known = known if known is not None and _states_all(known) else None
        self._undecoded = undecoded or self._known is not None
        self._stack = ExitStack()
        self.faults = Faults()
        self.container: InputContainer
        self.stream: VideoStream

    def __enter__(self) -> Self:
        self._open()
        if self._near is not None and self.name in _INDEXED and not self._seek(self._near):
            # A failed seek leaves the position open: only a fresh start is surely the beginning.
            self._stack.close()
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def name(self) -> str:
        """The container format's first name, for example `mov` or `mpegts`."""
        return self.container.format.name.split(",")[0]

    @property
    def typical(self) -> int:
        """The typical interval between frames so far, in ticks."""
        return self._timeline.typical

    def __iter__(self) -> Iterator[TimedPacket]:
        held: tuple[VideoPacket, Stamp] | None = None
        for packet in self.unplaced():
            if held is None:
                placed = self._timeline.ordinary(packet.pts, packet.dts)
                if placed is not None:
                    pts, dts = placed
                    yield TimedPacket(packet, dts if self._ordinal else pts, dts, bool(packet.is_keyframe), None)
                    continue
            stamp = Stamp(packet.pts, packet.dts)
            if held is not None:
                yield self._place(*held, stamp)
                held = None
            if self._timeline.doubtful(stamp):
                held = (packet, stamp)
            else:
                yield self._place(packet, stamp, None)
        if held is not None:
            yield self._place(*held, None)

    def unplaced(self) -> Iterator[VideoPacket]:
        """The packets alone, instead of iterating: on over damaged stretches, until too many reads have failed."""
        consecutive = 0
        while consecutive < MAX_CONSECUTIVE_FAULTS:
            try:
                for packet in self.container.demux(self.stream):
                    if not packet.size:
                        continue
                    consecutive = 0
                    self.faults.packets += 1
                    self.faults.corrupt += bool(packet.is_corrupt)
                    yield packet
                return
            except av.error.FFmpegError:
                self.faults.unreadable += 1
                consecutive += 1
            except IndexError:
                # PyAV's flush at the end of the file stumbles over streams that a damaged table announced on the way.
                return
        self.faults.gave_up = True

    def _open(self) -> None:
        known = self._known
        self.container, self.stream = self._stack.enter_context(opened(self._path, undecoded=self._undecoded))
        rate = self.stream.average_rate if known is None else known.info.average_rate
        self._timeline = Timeline(
            Fraction(self.stream.time_base or 1),
            wrap_bits=_WRAP_BITS.get(self.name),
            rate=Fraction(rate) if rate else None,
        )

    def _seek(self, pts: int) -> bool:
        if not _index_is_sound(self.stream):
            return False
        base = Fraction(self.stream.time_base or 1)
        for back_s in (1, 20):
            # The index may be kept in decoding time, which runs ahead of presentation: step back, then look.
            target = pts - round(back_s / base)
            try:
                self.container.seek(target, stream=self.stream)
                first = next((p for p in self.container.demux(self.stream) if p.size), None)
                if first is None or not first.is_keyframe:
                    return False
                at = first.dts if self._ordinal else first.pts
                if at is not None and at <= pts:
                    self.container.seek(target, stream=self.stream)
                    return True
            except (av.error.FFmpegError, IndexError):
                return False
        return False

    def _place(self, packet: VideoPacket, stamp: Stamp, following: Stamp | None) -> TimedPacket:
        placed = self._timeline.place(stamp, following)
        if placed.broke is not None:
            if placed.broke.kind is Kind.OUTLIER:
                self.faults.outliers += 1
            else:
                self.faults.breaks.append(placed.broke)
        pts = placed.dts if self._ordinal or placed.pts is None else placed.pts
        return TimedPacket(packet, pts, placed.dts, bool(packet.is_keyframe), placed.broke)


def _states_all(known: Probe) -> bool:
    return known.info.container.split(",")[0] == "mov" and known.info.codec in _STATED


def _index_is_sound(stream: VideoStream) -> bool:
    """Whether the index never runs backwards: only then is a raw timestamp its own place on the unwrapped line."""
    entries = stream.index_entries
    if not 0 < len(entries) <= _MAX_INDEX:
        return False
    last: int | None = None
    for entry in entries:
        if last is not None and entry.timestamp < last:
            return False
        last = entry.timestamp
    return True
