"""A camera's line of time, over simulated cameras whose truth is known."""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S, Instant, TimeSource, from_datetime, iso_utc
from streams.live.clock import DELAY_NS, MAX_BACK_NS, MAX_SLEW_PPM, STAMP_NS, CameraClock
from streams.live.clocklevels import ArrivalLevel
from streams.live.hostclock import LIMIT_NS, HostClock, HostReading, ReferenceLine
from streams.recorder.interface import ClockStatement
from streams.timeline import to_ns

MS = 1_000_000
MINUTE = 60 * NS_PER_S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TB = Fraction(1, 90_000)
BASE = 1_793_577_600 * NS_PER_S  # 2026-11-02T00:00:00Z
NO_SOURCE = ("camera_offset_unknown", "server_offset_unknown")

Stamps = Callable[[int], int | None]


@dataclass
class Machine:
    """The server. Its CLOCK_MONOTONIC is true time here; its system clock is `line_ns` ahead of it."""

    monotonic_ns: int = 0
    line_ns: int = BASE

    def __call__(self) -> HostReading:
        return HostReading(self.monotonic_ns, self.monotonic_ns + self.line_ns, self.monotonic_ns, 1_000)


@dataclass(frozen=True)
class Seen:
    """One segment's beginning, with the truth about it."""

    pts: int
    captured_ns: int
    instant: Instant
    statement: ClockStatement

    @property
    def error_ns(self) -> int:
        """The instant minus the server's line at the moment of capture."""
        return self.instant.utc_ns - BASE - self.captured_ns


@dataclass
class Camera:
    """A camera seen through a network: what is captured at `t` has pts `t * (1 + drift)` and comes `delay(t)` later."""

    clock: CameraClock
    machine: Machine
    drift_ppm: int = 0
    stamps: Stamps = lambda _t: None
    delay: Callable[[int], int] = lambda _t: 0
    skipped_ns: int = 0
    """Added to pts: a media clock that jumped."""
    now_ns: int = 0
    segment_ns: int = 10 * NS_PER_S
    interval_ns: int = NS_PER_S // 5
    seen: list[Seen] = field(default_factory=list)
    _next_ns: int = 0
    _arrived_ns: int = 0

    def pts(self, captured_ns: int) -> int:
        media = captured_ns + captured_ns * self.drift_ppm // 1_000_000 + self.skipped_ns
        return media * 90_000 // NS_PER_S

    def run(self, duration_ns: int, *, keep: bool = True) -> Iterator[Seen]:
        """Send packets for so long; yields (and keeps) what each segment began with."""
        end = self.now_ns + duration_ns
        while self.now_ns < end:
            captured = self.now_ns
            # One line of packets: none overtakes another.
            self._arrived_ns = max(self._arrived_ns, captured + self.delay(captured))
            self.machine.monotonic_ns = self._arrived_ns
            stamp = self.stamps(captured)
            pts = self.pts(captured)
            self.clock.observe(pts, self._arrived_ns, stamp)
            if captured >= self._next_ns:
                self._next_ns = captured + self.segment_ns
                seen = Seen(pts, captured, self.clock.anchor(pts), self.clock.statement())
                if keep:
                    self.seen.append(seen)
                yield seen
            self.now_ns += self.interval_ns

    def runs(self, duration_ns: int) -> Seen:
        """As `run`; the last segment."""
        return list(self.run(duration_ns))[-1]


def camera(**options: object) -> Camera:
    machine = Machine()
    host = HostClock(machine)
    host.note_reference(ReferenceLine(BASE, 5 * MS, 0))
    return Camera(CameraClock(TB, host), machine, **options)  # type: ignore[arg-type]


def truthful(offset_ns: int = 0, after_ns: int = 0) -> Stamps:
    return lambda t: BASE + t + offset_ns if t >= after_ns else None


def jittery(seed: int, *, least_ms: int = 20, usual_ms: int = 15) -> Callable[[int], int]:
    chance = random.Random(seed)
    return lambda _t: round((least_ms + chance.expovariate(1 / usual_ms)) * MS)


def bends(seen: list[Seen]) -> list[tuple[int, int]]:
    """(how much the line was bent, over how much media time) from each segment to the next."""
    pairs = [
        (b.instant.utc_ns - a.instant.utc_ns, to_ns(b.pts, TB) - to_ns(a.pts, TB)) for a, b in itertools.pairwise(seen)
    ]
    return [(told - media, media) for told, media in pairs]


def assert_straight(seen: list[Seen]) -> None:
    """What holds whatever happens, as long as nobody reanchors."""
    for bent, media in bends(seen):
        assert abs(bent) <= media * MAX_SLEW_PPM // 1_000_000 + 1000
        assert bent >= -MAX_BACK_NS - 1000
    assert all(s.instant.utc_ns % 1000 == 0 for s in seen)
    assert all(a.instant.utc_ns < b.instant.utc_ns for a, b in itertools.pairwise(seen))


# -- arrival ------------------------------------------------------------------------------------------------------


def test_without_stamps_times_are_those_of_the_least_delayed_packets():
    cam = camera(delay=jittery(1))
    last = cam.runs(5 * MINUTE)
    assert last.instant.source is TimeSource.ARRIVAL
    assert 20 * MS <= last.error_ns <= 30 * MS
    assert DELAY_NS <= last.instant.uncertainty_ns <= DELAY_NS + 50 * MS
    assert last.statement.flags == ("camera_offset_unknown",)
    assert last.statement.camera_offset_ns is None
    assert (last.statement.server_offset_ns, last.statement.server_checked_ns) == (0, BASE)
    assert_straight(cam.seen)


def test_packets_that_waited_in_the_probe_do_no_harm_to_whoever_waits_a_second():
    # Two seconds of pictures come at once, two seconds late for the first of them.
    cam = camera(delay=lambda t: max(2 * NS_PER_S - t, 0) + 50 * MS)
    cam._next_ns = 3 * NS_PER_S
    first = next(cam.run(4 * NS_PER_S))
    assert cam.clock.settled
    assert first.error_ns == 50 * MS and first.instant.uncertainty_ns == DELAY_NS


def test_an_anchor_taken_from_waiting_packets_says_how_bad_it_may_be_and_heals():
    cam = camera(delay=lambda t: max(900 * MS - t, 0) + 50 * MS)
    cam.runs(30 * NS_PER_S)
    first, *_, last = cam.seen
    assert first.error_ns == 950 * MS <= first.instant.uncertainty_ns
    assert all(abs(s.error_ns) <= s.instant.uncertainty_ns for s in cam.seen)
    assert last.error_ns < first.error_ns
    assert abs(cam.runs(HOUR).error_ns) <= 51 * MS
    assert_straight(cam.seen)


def test_a_relay_that_hands_out_old_pictures_first_is_flagged_until_somebody_reanchors():
    cam = camera(delay=lambda t: max(8 * NS_PER_S - t, 0) + 50 * MS)
    last = cam.runs(2 * MINUTE)
    assert last.error_ns == 8 * NS_PER_S + 50 * MS
    assert "camera_clock_jumped" in last.statement.flags and last.instant.uncertainty_ns >= 8 * NS_PER_S
    # Going back is for a new connection only.
    assert not cam.clock.reanchor()
    assert cam.runs(20 * NS_PER_S).error_ns == last.error_ns
    new = CameraClock(TB, cam.clock._host, after=last.instant)
    new.observe(0, cam.machine.monotonic_ns, None)
    new.anchor(0)
    assert new.setback_ns == 0, "the eight seconds have passed meanwhile"


def test_congestion_for_a_minute_is_not_followed_far():
    cam = camera(delay=lambda t: 3 * NS_PER_S if MINUTE <= t < 2 * MINUTE else 40 * MS)
    cam.runs(10 * MINUTE)
    assert all(abs(s.error_ns - 40 * MS) <= 1000 for s in cam.seen)
    assert_straight(cam.seen)


def test_frozen_for_an_hour():
    cam = camera(delay=lambda _t: 40 * MS)
    cam.runs(MINUTE)
    cam.now_ns += HOUR
    last = cam.runs(MINUTE)
    assert abs(last.error_ns - 40 * MS) <= 1000 and last.instant.uncertainty_ns == DELAY_NS
    assert_straight(cam.seen)


def test_a_media_clock_that_jumps_ahead_is_flagged_and_can_be_left_behind_when_nothing_is_timed():
    cam = camera(delay=lambda _t: 40 * MS)
    cam.runs(5 * MINUTE)
    cam.skipped_ns = 3 * NS_PER_S
    last = cam.runs(MINUTE)
    assert last.error_ns > 3 * NS_PER_S and "camera_clock_jumped" in last.statement.flags
    assert last.instant.uncertainty_ns >= 3 * NS_PER_S
    # The other way round the line is behind, and may be put right.
    other = camera(delay=lambda _t: 40 * MS)
    other.runs(5 * MINUTE)
    other.skipped_ns = -3 * NS_PER_S
    # The one that begins with the very first late packet cannot know.
    late = [s for s in list(other.run(3 * MINUTE))[1:] if abs(s.error_ns) > s.instant.uncertainty_ns]
    assert late == [], "while the windows still hold the old level, their disagreement is the uncertainty"
    assert all("camera_clock_jumped" in s.statement.flags for s in other.seen[31:])
    assert other.clock.reanchor()
    assert abs(other.runs(20 * NS_PER_S).error_ns - 40 * MS) <= 1000


# -- the camera's own clock -----------------------------------------------------------------------------------------


def test_the_first_sender_report_comes_late_and_the_line_glides_to_it():
    cam = camera(stamps=truthful(after_ns=4 * NS_PER_S), delay=lambda _t: 150 * MS)
    cam.runs(HOUR)
    first, second, third, *_ = cam.seen
    assert first.instant.source is TimeSource.ARRIVAL and "camera_offset_unknown" in first.statement.flags
    assert second.instant.source is TimeSource.ARRIVAL and second.statement.flags == ()
    assert third.instant.source is TimeSource.RTCP_SR
    # It says that it is read from the camera's clock, and that it is not there yet.
    assert third.instant.uncertainty_ns >= abs(third.error_ns) > 100 * MS
    last = cam.seen[-1]
    assert abs(last.error_ns) <= 1000 and last.instant.uncertainty_ns <= STAMP_NS + MS
    assert last.statement.camera_offset_ns == pytest.approx(-150 * MS, abs=20_000)
    assert_straight(cam.seen)


@pytest.mark.parametrize("hours", [8, -8, 24 * 30])
def test_a_camera_with_a_wrong_clock_never_gives_its_time_to_a_case(hours):
    cam = camera(stamps=truthful(hours * HOUR), delay=lambda _t: 100 * MS)
    cam.runs(10 * MINUTE)
    assert {s.instant.source for s in cam.seen} == {TimeSource.ARRIVAL}
    assert all(abs(s.error_ns - 100 * MS) <= 1000 for s in cam.seen)
    # A single packet proves nothing yet, except that nothing is known.
    assert cam.seen[0].statement.flags == ("camera_offset_unknown",)
    assert all(s.statement.flags == ("camera_offset_over_1s",) for s in cam.seen[1:])
    assert cam.seen[-1].statement.camera_offset_ns == pytest.approx(hours * HOUR - 100 * MS, abs=20_000)


@pytest.mark.parametrize(("offset_ms", "within"), [(-949, True), (-951, False), (549, True), (551, False)])
def test_within_one_second_means_shown_to_be(offset_ms, within):
    """Pictures may be on their way for half a second: a camera 0.6 s ahead may be 1.1 s ahead. Delay here: 50 ms."""
    cam = camera(stamps=truthful(offset_ms * MS), delay=lambda _t: 50 * MS)
    last = cam.runs(MINUTE)
    assert (last.instant.source is TimeSource.RTCP_SR) == within
    assert ("camera_offset_over_1s" in last.statement.flags) == (not within)


@pytest.mark.parametrize("step_ms", [300, -300, 5_000, -5_000, 8 * 3_600_000, -8 * 3_600_000])
def test_a_camera_that_is_set_in_the_middle(step_ms):
    at = 5 * MINUTE + 3 * NS_PER_S
    cam = camera(
        stamps=lambda t: BASE + t + (step_ms * MS if t >= at else 0),
        delay=lambda _t: 100 * MS,
    )
    cam.runs(30 * MINUTE)
    assert_straight(cam.seen)
    before = [s for s in cam.seen if s.captured_ns < at]
    after = [s for s in cam.seen if s.captured_ns >= at]
    assert cam.clock.jumps == 1 and cam.clock.last_jump_ns == pytest.approx(step_ms * MS, abs=20_000)
    assert not any("camera_clock_jumped" in s.statement.flags for s in before)
    flagged = [s for s in after if "camera_clock_jumped" in s.statement.flags]
    assert flagged == after[:60], "for ten minutes, from the first segment after it on"
    if abs(step_ms) < 1000:
        last = cam.seen[-1]
        assert last.instant.source is TimeSource.RTCP_SR and last.error_ns == pytest.approx(step_ms * MS, abs=20_000)
    else:
        assert all(abs(s.error_ns) <= 101 * MS for s in cam.seen), "it is the server's time that goes on"
        assert {s.instant.source for s in after} == {TimeSource.ARRIVAL}
        assert all("camera_offset_over_1s" in s.statement.flags for s in after)


@pytest.mark.parametrize(
    "nonsense",
    [0, -2_208_988_800 * NS_PER_S, 4_294_967_295 * NS_PER_S, 1 << 63, -(1 << 200)],
)
def test_absurd_stamps_prove_an_error_and_no_offset(nonsense):
    cam = camera(stamps=lambda t: nonsense + t, delay=lambda _t: 100 * MS)
    last = cam.runs(2 * MINUTE)
    assert last.instant.source is TimeSource.ARRIVAL and abs(last.error_ns - 100 * MS) <= 1000
    assert last.statement.flags == ("camera_offset_over_1s", "camera_offset_unknown")
    assert last.statement.camera_offset_ns is None
    # A camera that comes to its senses is believed after a while, one that falls silent is simply unknown.
    cam.stamps = truthful()
    assert cam.runs(MINUTE).statement.flags == ()
    cam.stamps = lambda _t: None
    last = cam.runs(2 * MINUTE)
    assert last.statement.flags == ("camera_offset_unknown",) and last.instant.source is TimeSource.ARRIVAL
    assert_straight(cam.seen)


def test_stamps_that_jump_wildly_are_never_a_source():
    chance = random.Random(7)
    cam = camera(stamps=lambda t: BASE + t + chance.randrange(-DAY, DAY), delay=lambda _t: 100 * MS)
    cam.runs(5 * MINUTE)
    assert {s.instant.source for s in cam.seen} == {TimeSource.ARRIVAL}
    assert all(abs(s.error_ns - 100 * MS) <= 1000 for s in cam.seen)
    assert all("camera_clock_jumped" in s.statement.flags for s in cam.seen[1:])


def test_stamps_that_swing_are_no_clock():
    """No move is a jump, and each lies within a second; but they do not agree with each other."""
    swing = itertools.cycle([0, 150 * MS, 300 * MS, 150 * MS])
    cam = camera(stamps=lambda t: BASE + t + next(swing), delay=lambda _t: 100 * MS, interval_ns=NS_PER_S)
    cam.runs(2 * MINUTE)
    assert cam.clock.jumps == 0
    assert {s.instant.source for s in cam.seen} == {TimeSource.ARRIVAL}


def test_stamps_that_creep_are_not_steady():
    """No single move is a jump, but together they are no clock: 100 ms more with each packet."""
    cam = camera(stamps=lambda t: BASE + t + t // 2, delay=lambda _t: 100 * MS)
    cam.runs(2 * MINUTE)
    assert {s.instant.source for s in cam.seen} == {TimeSource.ARRIVAL}
    assert "camera_offset_over_1s" in cam.seen[-1].statement.flags


# -- the server's clock ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [HOUR, -HOUR, -NS_PER_S, 60 * MS])
def test_a_step_of_the_system_clock_bends_nothing_and_is_stated(by):
    cam = camera(stamps=truthful(), delay=lambda _t: 100 * MS)
    cam.runs(10 * MINUTE)
    cam.machine.line_ns += by
    cam.clock._host.check()
    cam.runs(10 * MINUTE)
    assert_straight(cam.seen)
    assert all(abs(s.error_ns) <= 101 * MS for s in cam.seen)
    assert ["host_clock_stepped" in s.statement.flags for s in cam.seen] == [False] * 60 + [True] * 60
    # The reference says that the line was right all along, and the offset of the camera has not changed either.
    assert cam.seen[-1].statement.server_offset_ns == 0
    assert cam.seen[-1].statement.camera_offset_ns == pytest.approx(-100 * MS, abs=20_000)


def test_a_server_that_was_an_hour_slow_is_put_right_when_nothing_is_timed():
    machine = Machine(line_ns=BASE - HOUR)
    host = HostClock(machine)
    cam = Camera(CameraClock(TB, host), machine, stamps=truthful(), delay=lambda _t: 100 * MS)
    last = cam.runs(MINUTE)
    # Who is right nobody knows yet: the server's time, with both doubts stated.
    assert last.instant.source is TimeSource.ARRIVAL and last.error_ns == pytest.approx(-HOUR + 100 * MS, abs=20_000)
    assert last.statement.flags == ("camera_offset_over_1s", "server_offset_unknown")
    machine.line_ns = BASE
    assert host.check() is not None
    host.note_reference(ReferenceLine(BASE, 5 * MS, machine.monotonic_ns))
    last = cam.runs(MINUTE)
    assert last.statement.flags == ("camera_offset_over_1s", "server_offset_over_1s", "host_clock_stepped")
    assert last.statement.server_offset_ns == -HOUR
    host.reanchor()
    assert cam.runs(MINUTE).statement.flags == last.statement.flags, "this connection stays on its line"
    assert cam.clock.difference_ns == pytest.approx(-HOUR, abs=150 * MS), "and says how far that is from the new one"
    assert cam.clock.reanchor()
    last = cam.runs(MINUTE)
    assert last.statement.flags == () and last.instant.source is TimeSource.RTCP_SR
    assert abs(last.error_ns) <= 1000 and last.instant.uncertainty_ns <= STAMP_NS + MS


# -- drift ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drift_ppm", "stamped", "days"), [(50, True, 3), (-50, False, 1), (500, True, 1), (-500, True, 1), (500, False, 1)]
)
def test_drift_is_measured_and_followed_over_days(drift_ppm, stamped, days):
    cam = camera(
        drift_ppm=drift_ppm,
        stamps=truthful() if stamped else lambda _t: None,
        delay=jittery(3),
        interval_ns=5 * NS_PER_S,
    )
    worst = 0
    for seen in cam.run(days * DAY, keep=False):
        if seen.captured_ns > HOUR:
            worst = max(worst, abs(seen.error_ns))
            assert abs(seen.error_ns) <= seen.instant.uncertainty_ns
    assert worst <= 120 * MS
    found = cam.clock.drift_ppb
    assert found is not None and abs(found - drift_ppm * 1000) <= 4000


def test_drift_takes_five_minutes_and_begins_anew_after_a_jump():
    cam = camera(drift_ppm=100, delay=lambda _t: 100 * MS)
    cam.runs(4 * MINUTE)
    assert cam.clock.drift_ppb is None
    cam.runs(3 * MINUTE)
    assert cam.clock.drift_ppb == pytest.approx(100_000, abs=1000)
    cam.skipped_ns = NS_PER_S
    cam.runs(2 * MINUTE)
    assert cam.clock.drift_ppb is None
    cam.runs(6 * MINUTE)
    assert cam.clock.drift_ppb == pytest.approx(100_000, abs=1000)


def test_memory_is_flat():
    def size(clock: CameraClock) -> int:
        parts = [clock._arrivals._windows, clock._arrivals._minutes, clock._reference._stamps]
        return sum(sys.getsizeof(part) + sum(map(sys.getsizeof, part)) for part in parts)

    cam = camera(stamps=truthful(), delay=jittery(5), interval_ns=2 * NS_PER_S)
    for _ in cam.run(2 * HOUR, keep=False):
        pass
    before = size(cam.clock)
    for _ in cam.run(10 * HOUR, keep=False):
        pass
    assert size(cam.clock) <= before * 1.05 and before < 16_000


# -- sessions -------------------------------------------------------------------------------------------------------


def begin(after_ns: int, *, at_ns: int = HOUR) -> tuple[CameraClock, Instant]:
    machine = Machine(monotonic_ns=at_ns)
    clock = CameraClock(TB, HostClock(machine), after=Instant(BASE + after_ns, TimeSource.ARRIVAL, 0))
    clock.observe(7_000, at_ns, None)
    return clock, clock.anchor(7_000)


def test_a_new_session_begins_no_earlier_than_the_old_one_ended():
    for overlap in (1, 999, 40 * MS, LIMIT_NS):
        clock, first = begin(HOUR + overlap)
        assert first.utc_ns >= BASE + HOUR + overlap and first.utc_ns - (BASE + HOUR + overlap) < 1000
        assert first.uncertainty_ns >= DELAY_NS + overlap and clock.setback_ns == 0
    clock, first = begin(HOUR - MINUTE)
    assert first.utc_ns == BASE + HOUR and clock.setback_ns == 0


def test_a_session_that_begins_long_before_the_old_one_ended_says_so():
    clock, first = begin(2 * HOUR)
    assert first.utc_ns == BASE + HOUR and clock.setback_ns == HOUR
    assert "camera_clock_jumped" not in clock.flags


def test_leave_to_move_is_no_leave_to_go_back():
    cam = camera(delay=lambda _t: 40 * MS)
    cam.runs(MINUTE)
    assert cam.clock.reanchor()
    cam.skipped_ns = 3 * NS_PER_S
    cam.runs(MINUTE)
    assert_straight(cam.seen)
    assert "camera_clock_jumped" in cam.seen[-1].statement.flags


def test_what_arrived_before_a_long_silence_says_nothing_any_more():
    arrivals = ArrivalLevel()
    arrivals.observe(0, 0)
    arrivals.observe(5 * NS_PER_S, HOUR)
    assert arrivals.level_ns == 5 * NS_PER_S


def test_a_server_that_was_an_hour_fast_needs_a_new_connection():
    machine = Machine(line_ns=BASE + HOUR)
    host = HostClock(machine)
    cam = Camera(CameraClock(TB, host), machine, delay=lambda _t: 100 * MS)
    cam.runs(MINUTE)
    machine.line_ns = BASE
    host.check()
    host.reanchor()
    assert cam.clock.difference_ns == HOUR and not cam.clock.reanchor()
    last = cam.runs(MINUTE)
    assert_straight(cam.seen)
    assert "host_clock_stepped" in last.statement.flags
    cam.clock = CameraClock(TB, host, after=last.instant)
    cam._next_ns = cam.now_ns
    assert next(cam.run(MINUTE)).error_ns == 100 * MS and HOUR - MINUTE < cam.clock.setback_ns <= HOUR
    assert "host_clock_stepped" not in cam.clock.flags


def test_pictures_of_a_segment_keep_their_distances():
    clock, first = begin(0)
    assert clock.at(7_000) == first
    assert clock.at(7_000 + 90_000).utc_ns == first.utc_ns + NS_PER_S
    assert clock.at(6_999).utc_ns < first.utc_ns


def test_what_cannot_be_asked():
    machine = Machine()
    clock = CameraClock(TB, HostClock(machine))
    assert clock.statement() == ClockStatement(None, None, None, None, NO_SOURCE)
    assert clock.difference_ns is None and clock.offset_ns is None and not clock.settled
    with pytest.raises(ValueError, match="packet"):
        clock.anchor(0)
    with pytest.raises(ValueError, match="no segment"):
        clock.at(0)
    clock.observe(0, 0, None)
    clock.anchor(0)
    with pytest.raises(ValueError, match="follows"):
        clock.anchor(0)


def test_midnight_and_new_year_are_moments_like_others():
    machine = Machine(line_ns=from_datetime_utc("2027-01-01T00:00:00Z") - 30 * NS_PER_S)
    cam = Camera(CameraClock(TB, HostClock(machine)), machine)
    cam.runs(MINUTE)
    assert [iso_utc(s.instant.utc_ns)[:19] for s in cam.seen] == [
        "2026-12-31T23:59:30",
        "2026-12-31T23:59:40",
        "2026-12-31T23:59:50",
        "2027-01-01T00:00:00",
        "2027-01-01T00:00:10",
        "2027-01-01T00:00:20",
    ]


def test_summer_time_and_the_zone_of_the_machine_do_not_matter(monkeypatch):
    told = []
    for zone in ("UTC", "Asia/Shanghai", "Europe/Berlin"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        # Berlin sets its clocks back an hour at 2026-10-25T01:00:00Z.
        machine = Machine(line_ns=from_datetime_utc("2026-10-25T00:59:00Z"))
        cam = Camera(CameraClock(TB, HostClock(machine)), machine)
        cam.runs(2 * MINUTE)
        assert_straight(cam.seen)
        told.append([s.instant for s in cam.seen])
    monkeypatch.undo()
    time.tzset()
    assert told[0] == told[1] == told[2]


def from_datetime_utc(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text))


# -- anything at all ------------------------------------------------------------------------------------------------

STEPS = st.sampled_from([0, 0, 0, 300 * MS, -300 * MS, 5 * NS_PER_S, -5 * NS_PER_S, 8 * HOUR, -8 * HOUR])
GARBAGE = st.one_of(
    st.none(), st.integers(-(1 << 70), 1 << 70), st.integers(BASE - DAY, BASE + DAY), st.just(0), st.just(1 << 62)
)


@dataclass
class Weather:
    """What happens before one stretch of a minute."""

    camera_step: int
    host_step: int
    burst_ms: int
    garbage: int | None
    stamped: bool


WEATHER = st.builds(
    Weather,
    camera_step=STEPS,
    host_step=st.sampled_from([0, 0, 0, HOUR, -HOUR, 70 * MS, -NS_PER_S]),
    burst_ms=st.sampled_from([0, 0, 700, 4_000]),
    garbage=GARBAGE,
    stamped=st.booleans(),
)


@settings(max_examples=250)
@given(
    weather=st.lists(WEATHER, min_size=1, max_size=6),
    drift_ppm=st.integers(-MAX_SLEW_PPM, MAX_SLEW_PPM),
    jitter_ms=st.integers(1, 80),
    least_ms=st.integers(0, 300),
    segment_s=st.sampled_from([2, 10, 10, 120]),
    seed=st.integers(0, 1 << 32),
)
@example(  # a line that began late, read from a camera that is ahead: each within 1.0 s, together not
    weather=[Weather(300 * MS, 0, 700, None, True)], drift_ppm=0, jitter_ms=50, least_ms=213, segment_s=2, seed=0
)
def test_whatever_happens_the_line_is_straight_and_every_doubt_is_stated(
    weather, drift_ppm, jitter_ms, least_ms, segment_s, seed
):
    cam = camera(drift_ppm=drift_ppm, interval_ns=500 * MS, segment_ns=segment_s * NS_PER_S)
    usual = jittery(seed, least_ms=least_ms, usual_ms=jitter_ms)
    wall = 0
    for state in weather:
        # Nobody sees a clock being set that tells no time.
        wall += state.camera_step if state.stamped else 0
        cam.machine.line_ns += state.host_step
        cam.clock._host.check()
        system = cam.machine.line_ns
        begun = cam.now_ns
        cam.delay = lambda t, b=begun, s=state: usual(t) + max(0, s.burst_ms * MS - (t - b))

        def stamps(t: int, s: Weather = state, w: int = wall, b: int = begun) -> int | None:
            if s.garbage is not None and (t - b) // NS_PER_S % 20 == 7:
                return s.garbage
            return BASE + t + w if s.stamped else None

        cam.stamps = stamps
        for seen in cam.run(MINUTE):
            flags, instant = seen.statement.flags, seen.instant
            if instant.source is TimeSource.RTCP_SR:
                assert abs(seen.error_ns - wall) <= instant.uncertainty_ns
            else:
                assert abs(seen.error_ns) <= instant.uncertainty_ns
            # Nothing beyond 1.0 s goes without a flag.
            if abs(seen.error_ns) > LIMIT_NS and cam.clock.settled:
                assert {"camera_clock_jumped", "camera_offset_over_1s"} & set(flags)
            if abs(BASE - system) > LIMIT_NS // 2:
                assert "host_clock_stepped" in flags
            if state.stamped and cam.clock.settled and abs(wall) > LIMIT_NS and state.garbage is None:
                assert "camera_offset_over_1s" in flags
            if seen.statement.camera_offset_ns is None:
                assert "camera_offset_unknown" in flags
            assert abs(seen.statement.camera_offset_ns or 0) <= 91 * DAY
    assert_straight(cam.seen)
    if len(cam.seen) < 2:
        return
    told = cam.seen[-1].instant.utc_ns - cam.seen[0].instant.utc_ns
    media = to_ns(cam.seen[-1].pts, TB) - to_ns(cam.seen[0].pts, TB)
    assert abs(told - media) <= media * MAX_SLEW_PPM // 1_000_000 + 1000, "not over a whole session either"
