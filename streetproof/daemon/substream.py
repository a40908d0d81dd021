"""A camera's smaller stream: looked at instead of the recorded one, never recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streams.instant import NS_PER_S
from streams.live.clock import CameraClock
from streams.live.hostclock import HostClock
from streams.live.interface import LivePacket
from streams.live.looking import LiveDecoder
from streetproof.daemon.intake import Begun, Ended, Inbox, Intake
from streetproof.daemon.looker import Looker
from streetproof.daemon.messages import Connected, Faulted, FromCamera, StreamRole, WorkerSpec

_POLL_S = 0.2
_ANCHOR_NS = 10 * NS_PER_S
"""Its line of time is put right as often as that of a recorded stream, whose segments are about so long."""


class SubStream(threading.Thread):
    """Hands packets of the smaller stream to the looker. Where it fails, the recorded stream is looked at."""

    def __init__(
        self,
        spec: WorkerSpec,
        host: HostClock,
        looker: Looker,
        send: Callable[[FromCamera], None],
        inbox: Inbox,
        intake: Intake,
    ) -> None:
        super().__init__(name="sub stream", daemon=True)
        self._spec = spec
        self._host = host
        self._looker = looker
        self._send = send
        self._inbox = inbox
        self._intake = intake
        self._clock: CameraClock | None = None
        self._anchored_ns: int | None = None
        self.idle = True

    def run(self) -> None:
        while True:
            item = self._inbox.get(_POLL_S)
            match item:
                case Begun(info, template):
                    self._clock, self._anchored_ns = CameraClock(info.time_base, self._host), None
                    extradata = template.codec_context.extradata
                    decoder = LiveDecoder(self._spec.camera, info, extradata, rate=self._spec.rate)
                    self._looker.begin(StreamRole.SUB, decoder)
                    self._send(Connected(StreamRole.SUB, info))
                case LivePacket():
                    self._packet(item)
                case Ended(error, retry_ns):
                    self._clock = None
                    self._looker.end(StreamRole.SUB)
                    self._intake.taken()
                    self._send(Faulted(StreamRole.SUB, error.kind, error.what, error.remedy, retry_ns))

    def _packet(self, packet: LivePacket) -> None:
        clock = self._clock
        if clock is None:
            return
        clock.observe(packet.pts, packet.arrived_ns, packet.reference_ns)
        if not clock.settled:
            return
        if packet.key and (self._anchored_ns is None or packet.arrived_ns - self._anchored_ns >= _ANCHOR_NS):
            if self.idle:
                clock.reanchor()
            clock.anchor(packet.pts)
            self._anchored_ns = packet.arrived_ns
        if self._anchored_ns is not None:
            self._looker.offer(StreamRole.SUB, packet, clock.at(packet.pts))
