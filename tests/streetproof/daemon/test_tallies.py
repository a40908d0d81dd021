"""Counters of a camera only ever go up, whatever happens to its process; readings are never older than they look."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.interface import FaultKind
from streams.recorder.interface import GapStatement
from streetproof.daemon.messages import Faulted, StreamRole
from streetproof.daemon.snapshot import CameraSnapshot, CameraState
from streetproof.daemon.tallies import CameraTally
from tests.streetproof.daemon.hubs import connected, report
from tests.vision.byhand import at

S = NS_PER_S


def tally() -> CameraTally:
    return CameraTally("gate-1", "古塔路 1号", "rtsp://10.0.0.1/main", since_ns=1)


def shown(of: CameraTally, monotonic_ns: int = 0, **changes: Any) -> CameraSnapshot:
    values: dict[str, Any] = {"looks": 0, "inferred": 0, "shed": 0, "queue": 0, "standing": 0, "violations": 0}
    return of.snapshot(monotonic_ns, pid=4711, level="keyframes", **{**values, **changes})


def fault(kind: FaultKind = FaultKind.ENDED, role: StreamRole = StreamRole.MAIN) -> Faulted:
    return Faulted(role, kind, "the other side closed the stream", "", S)


def test_before_anything_is_known_nothing_is_said() -> None:
    of = shown(tally())
    assert of.state is CameraState.CONNECTING
    assert (of.fps, of.last_packet_age_s, of.offset_s, of.drift_ppm, of.memory_bytes, of.stream) == (None,) * 6
    assert (of.packets, of.clock_flags, of.since_ns) == (0, (), 1)


def test_a_state_keeps_the_time_since_when_it_lasts() -> None:
    of = tally()
    of.on_connected(connected(), 10)
    of.on_connected(connected(), 20)
    assert (of.state, of.since_ns, of.stream) == (CameraState.RECORDING, 10, "h264 1920x1080 rtsp/tcp")
    assert of.on_fault(fault(), 30)
    assert not of.on_fault(fault(), 40), "the same again is no news"
    assert of.on_fault(fault(FaultKind.REFUSED), 50)
    assert (of.state, of.since_ns, of.fault) == (CameraState.WAITING, 30, "refused")
    of.on_connected(connected(), 60)
    assert (of.fault, of.fault_detail, of.since_ns) == (None, None, 60)


def test_the_first_connection_is_no_reconnect() -> None:
    of = tally()
    for expected in (0, 1, 2):
        of.on_connected(connected(), 0)
        assert shown(of).reconnects == expected
        of.on_fault(fault(), 0)
    of.on_death(Said.quoted("it ended with 1"), 0)
    of.on_connected(connected(), 0)
    assert shown(of).reconnects == 3


def test_the_smaller_stream_changes_nothing_here() -> None:
    of = tally()
    of.on_connected(connected(StreamRole.SUB), 5)
    assert not of.on_fault(fault(role=StreamRole.SUB), 6)
    assert (of.state, of.fault, of.reconnects, of.stream) == (CameraState.CONNECTING, None, 0, None)


def test_the_age_of_the_last_packet_grows_while_no_report_comes() -> None:
    of = tally()
    of.on_connected(connected(), 0)
    of.on_report(report(last_packet_age_ns=40_000_000), 100 * S)
    assert shown(of, 100 * S).last_packet_age_s == 0.04
    assert shown(of, 115 * S).last_packet_age_s == 15.04
    of.on_report(report(last_packet_age_ns=None), 116 * S)
    assert shown(of, 117 * S).last_packet_age_s is None


def test_a_rate_is_shown_only_while_it_records() -> None:
    of = tally()
    of.on_report(report(), 0)
    assert shown(of).fps is None
    of.on_connected(connected(), 0)
    assert shown(of).fps == 25.0
    of.on_fault(fault(), 0)
    assert shown(of).fps is None


def test_a_process_that_died_leaves_its_counters_and_takes_its_readings_with_it() -> None:
    of = tally()
    of.on_connected(connected(), 0)
    of.on_report(report(100), 0)
    of.on_death(Said("进程被信号 9 终止", "it was ended by signal 9"), 7)
    gone = shown(of, 60 * S, shed=5)
    assert (gone.state, gone.fault, gone.fault_detail, gone.since_ns) == (
        CameraState.DEAD, "crashed", Said("进程被信号 9 终止", "it was ended by signal 9"), 7,
    )  # fmt: skip
    assert (gone.packets, gone.bytes, gone.decoded, gone.decode_s, gone.shed) == (100, 100_000, 10, 0.1, 7)
    assert (gone.fps, gone.last_packet_age_s, gone.offset_s, gone.memory_bytes) == (None,) * 4
    of.on_death(Said.quoted("again, before it said anything"), 8)
    of.on_report(report(30), 0)
    assert (shown(of).packets, shown(of).offset_s) == (130, 0.012)


def test_gaps_are_counted_when_they_are_over() -> None:
    of = tally()
    of.on_gap(GapStatement("gate-1", None, None, "started", ""))
    of.on_gap(GapStatement("gate-1", None, at(1), "started", ""))
    of.on_gap(GapStatement("gate-1", at(10), None, "ended", ""))
    assert (shown(of).gaps, shown(of).gap_s) == (1, 0)
    of.on_gap(GapStatement("gate-1", at(10), at(12.5), "ended", ""))
    of.on_gap(GapStatement("gate-1", at(20), at(19), "clock", ""))
    assert (shown(of).gaps, shown(of).gap_s) == (3, 2.5)


@given(st.lists(st.one_of(st.integers(0, 1000), st.sampled_from(["death", "reload"])), max_size=40))
def test_counters_never_go_down(steps: list[int | str]) -> None:
    of, total, in_process = tally(), 0, 0
    for step in steps:
        if isinstance(step, int):
            in_process, total = in_process + step, total + step
            of.on_report(report(in_process), 0)
        else:
            in_process = 0
            of.on_end() if step == "reload" else of.on_death(Said.quoted("x"), 0)
        assert shown(of).packets == total
        assert shown(of).bytes == total * 1000
