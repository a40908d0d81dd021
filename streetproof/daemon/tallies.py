"""Counters and readings of one camera as the hub knows them, and the snapshot made from them."""

from __future__ import annotations

from dataclasses import dataclass

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.recorder.interface import GapStatement
from streetproof.daemon.fault_details import detail
from streetproof.daemon.messages import Connected, Faulted, Report, StreamRole
from streetproof.daemon.snapshot import CameraSnapshot, CameraState


@dataclass(slots=True)
class CameraTally:
    """Everything about a camera that is neither evidence nor judgement."""

    id: str
    name: str
    address: str
    since_ns: int
    state: CameraState = CameraState.CONNECTING
    fault: str | None = None
    fault_detail: Said | None = None
    stream: str | None = None
    report: Report | None = None
    reported_ns: int | None = None
    """When `report` came, on the monotonic clock."""
    base: Report | None = None
    """Counters of earlier processes of this camera, added up."""
    reconnects: int = 0
    connected: bool = False
    gaps: int = 0
    gap_ns: int = 0
    segments: int = 0
    recorded_bytes: int = 0
    inference_ns: int = 0
    cases: int = 0
    integrity: tuple[str, ...] = ()

    def enter(self, state: CameraState, now_ns: int) -> None:
        """Change the state; staying in it keeps the time since when."""
        if state is not self.state:
            self.state, self.since_ns = state, now_ns

    def on_connected(self, message: Connected, now_ns: int) -> None:
        """Packets are coming."""
        if message.role is not StreamRole.MAIN:
            return
        info = message.info
        self.stream = f"{info.codec} {info.width}x{info.height} {info.protocol}"
        self.reconnects += self.connected and not message.again
        self.connected = True
        self.fault = self.fault_detail = None
        self.enter(CameraState.RECORDING, now_ns)

    def on_fault(self, message: Faulted, now_ns: int) -> bool:
        """The stream ended; whether this is news."""
        if message.role is not StreamRole.MAIN:
            return False
        news = self.fault != message.kind.value
        self.fault, self.fault_detail = message.kind.value, detail(message.kind, message.what)
        self.enter(CameraState.WAITING, now_ns)
        return news

    def on_gap(self, gap: GapStatement) -> None:
        """A gap began or ended."""
        if gap.end is not None:
            self.gaps += 1
            if gap.start is not None:
                self.gap_ns += max(0, gap.end.utc_ns - gap.start.utc_ns)

    def on_report(self, report: Report, monotonic_ns: int) -> None:
        """The regular sign of life."""
        self.report, self.reported_ns = report, monotonic_ns

    def on_end(self) -> None:
        """The process is gone, as it was told to or not: its counters are kept, its readings are not."""
        if self.report is not None:
            self.base = self._total()
        self.report = self.reported_ns = None

    def on_death(self, why: Said, now_ns: int) -> None:
        """The process is gone without being told to."""
        self.on_end()
        self.fault, self.fault_detail = "crashed", why
        self.enter(CameraState.DEAD, now_ns)

    def snapshot(
        self,
        monotonic_ns: int,
        *,
        pid: int | None,
        level: str,
        looks: int,
        inferred: int,
        shed: int,
        queue: int,
        standing: int,
        violations: int,
    ) -> CameraSnapshot:
        """What is shown of it."""
        report, total = self.report, self._total()
        age_ns = None
        if report is not None and report.last_packet_age_ns is not None and self.reported_ns is not None:
            age_ns = report.last_packet_age_ns + monotonic_ns - self.reported_ns
        recording = self.state is CameraState.RECORDING
        return CameraSnapshot(
            id=self.id,
            name=self.name,
            state=self.state,
            since_ns=self.since_ns,
            address=self.address,
            fault=self.fault,
            fault_detail=self.fault_detail,
            stream=self.stream,
            fps=report.fps if report is not None and recording else None,
            last_packet_age_s=None if age_ns is None else round(age_ns / NS_PER_S, 3),
            reconnects=self.reconnects,
            gaps=self.gaps,
            gap_s=round(self.gap_ns / NS_PER_S, 3),
            packets=total.packets,
            bytes=total.bytes,
            segments=self.segments,
            recorded_bytes=self.recorded_bytes,
            offset_s=None if total.offset_ns is None else total.offset_ns / NS_PER_S,
            drift_ppm=None if total.drift_ppb is None else total.drift_ppb / 1000,
            clock_flags=total.clock_flags,
            level=level,
            decoded=total.decoded,
            decode_s=round(total.decode_ns / NS_PER_S, 3),
            looks=looks,
            inferred=inferred,
            shed=shed + total.unsent,
            inference_s=round(self.inference_ns / NS_PER_S, 3),
            queue=queue,
            overflow_s=round(total.overflow_ns / NS_PER_S, 3),
            standing=standing,
            violations=violations,
            cases=self.cases,
            integrity=self.integrity,
            memory_bytes=None if report is None else report.resident_bytes,
            pid=pid,
        )

    def _total(self) -> Report:
        now = self.report or _NOTHING
        base = self.base or _NOTHING
        return Report(
            packets=base.packets + now.packets,
            bytes=base.bytes + now.bytes,
            fps=now.fps,
            last_packet_age_ns=now.last_packet_age_ns,
            decoded=base.decoded + now.decoded,
            decode_ns=base.decode_ns + now.decode_ns,
            unsent=base.unsent + now.unsent,
            overflow_ns=base.overflow_ns + now.overflow_ns,
            offset_ns=now.offset_ns,
            drift_ppb=now.drift_ppb,
            clock_flags=now.clock_flags,
            resident_bytes=now.resident_bytes,
        )


_NOTHING = Report(
    packets=0,
    bytes=0,
    fps=None,
    last_packet_age_ns=None,
    decoded=0,
    decode_ns=0,
    unsent=0,
    overflow_ns=0,
    offset_ns=None,
    drift_ppb=None,
    clock_flags=(),
    resident_bytes=0,
)
