"""The server's line of time: never bent, every step found and stated, true time known or said to be unknown."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, iso_utc
from streams.live.hostclock import (
    REFERENCE_VALID_NS,
    STEP_NS,
    HostClock,
    HostReading,
    ReferenceLine,
    read_host,
)

MS = 1_000_000
HOUR = 3_600 * NS_PER_S
BASE = 1_793_577_600 * NS_PER_S  # 2026-11-02T00:00:00Z


@dataclass
class Machine:
    """A machine whose clocks a test sets."""

    monotonic_ns: int = 5_000 * NS_PER_S
    line_ns: int = BASE
    slept_ns: int = 0
    width_ns: int = 2_000

    def __call__(self) -> HostReading:
        utc = self.monotonic_ns + self.line_ns
        return HostReading(self.monotonic_ns, utc, self.monotonic_ns + self.slept_ns, self.width_ns)

    def passes(self, duration_ns: int) -> None:
        self.monotonic_ns += duration_ns


@pytest.mark.parametrize("by", [HOUR, -HOUR, 51 * MS, -51 * MS, 8 * HOUR, -NS_PER_S])
def test_a_step_is_told_once_and_the_line_goes_on(by):
    machine = Machine()
    clock = HostClock(machine)
    before = clock.now_ns()
    machine.line_ns += by
    machine.passes(NS_PER_S)
    step = clock.check()
    assert step is not None and (step.by_ns, step.offset_ns, step.slept_ns) == (by, by, 0)
    assert step.at_ns == before + NS_PER_S
    assert clock.now_ns() == before + NS_PER_S
    assert clock.offset_ns() == by and clock.stepped()
    assert clock.check() is None
    assert clock.stepped(), "it stays stated until somebody reanchors"


def test_small_steps_add_up():
    machine = Machine()
    clock = HostClock(machine)
    told = []
    for _ in range(10):
        machine.line_ns += 40 * MS
        told.append(clock.check())
    assert sum(step is not None for step in told) == 5
    assert sum(step.by_ns for step in told if step) == clock.offset_ns() == 400 * MS


def test_a_step_and_its_undoing_leave_nothing_stated():
    machine = Machine()
    clock = HostClock(machine)
    for by in (HOUR, -HOUR):
        machine.line_ns += by
        assert clock.check() is not None
    assert clock.offset_ns() == 0 and not clock.stepped()


def test_an_interrupted_reading_is_no_step():
    machine = Machine(width_ns=400 * MS)
    clock = HostClock(machine, line_ns=BASE)
    machine.line_ns += 200 * MS  # the middle of the reading was that far from the reading of UTC
    assert clock.check() is None and not clock.stepped()
    machine.line_ns, machine.width_ns = BASE, 2_000
    assert clock.check() is None
    assert clock.offset_ns() == 0
    # ... but a step larger than the interruption is found at once.
    machine.width_ns = 400 * MS
    machine.line_ns += HOUR
    assert clock.check() is not None


def test_a_leap_second_is_a_step_like_any_other():
    # 2016-12-31T23:59:60 was told by repeating :59, so the system clock went back by a second.
    machine = Machine(line_ns=1_483_228_799 * NS_PER_S - 5_000 * NS_PER_S)
    clock = HostClock(machine)
    times = []
    for second in range(4):
        if second == 1:
            machine.line_ns -= NS_PER_S
        step = clock.check()
        assert (step is not None) == (second == 1)
        times.append(clock.now_ns())
        machine.passes(NS_PER_S)
    assert [b - a for a, b in itertools.pairwise(times)] == [NS_PER_S] * 3
    assert clock.stepped() and clock.offset_ns() == -NS_PER_S


def test_sleep_is_stated_and_told_from_a_set_clock():
    machine = Machine()
    clock = HostClock(machine)
    machine.slept_ns += 2 * HOUR
    machine.line_ns += 2 * HOUR
    step = clock.check()
    assert step is not None and step.by_ns == step.slept_ns == 2 * HOUR
    machine.line_ns += HOUR
    step = clock.check()
    assert step is not None and (step.by_ns, step.slept_ns) == (HOUR, 0)


def test_reanchoring_takes_the_system_clock():
    machine = Machine()
    clock = HostClock(machine)
    old = clock.line_ns
    machine.line_ns -= HOUR
    clock.check()
    assert clock.reanchor() == -HOUR
    assert clock.line_ns == machine.line_ns and not clock.stepped() and clock.check() is None
    # Who is still on the old line goes on being told.
    assert clock.stepped(old) and clock.offset_ns(old) == -HOUR


def test_a_second_process_stands_on_the_same_line():
    machine = Machine()
    first = HostClock(machine)
    machine.line_ns += HOUR
    first.check()
    second = HostClock(machine, line_ns=first.line_ns)
    machine.passes(NS_PER_S)
    assert second.now_ns() == first.now_ns()
    assert second.stepped() and second.check() is not None and second.check() is None


@given(st.lists(st.tuples(st.integers(-HOUR, HOUR), st.integers(0, 90_000)), max_size=30))
def test_nothing_above_the_threshold_goes_unsaid(steps):
    machine = Machine()
    clock = HostClock(machine)
    line, told = clock.line_ns, 0
    for by, width in steps:
        machine.line_ns += by
        machine.width_ns = width
        machine.passes(NS_PER_S)
        step = clock.check()
        told += step.by_ns if step else 0
        assert clock.line_ns == line
        assert clock.offset_ns() == machine.line_ns - line
        assert abs(clock.offset_ns() - told) <= STEP_NS + width


# -- the reference ------------------------------------------------------------------------------------------------


def reference(machine: Machine, true_line_ns: int, uncertainty_ns: int = 5 * MS) -> ReferenceLine:
    return ReferenceLine(true_line_ns, uncertainty_ns, machine.monotonic_ns)


def test_true_time_is_unknown_until_it_is_measured():
    clock = HostClock(Machine())
    assert clock.server_offset() is None
    clock.note_reference(None)
    assert clock.server_offset() is None and clock.reference is None


def test_a_server_that_booted_an_hour_slow_says_so_after_ntp_has_set_it():
    machine = Machine(line_ns=BASE - HOUR)
    clock = HostClock(machine)
    machine.line_ns = BASE  # makestep
    clock.check()
    clock.note_reference(reference(machine, BASE))
    offset = clock.server_offset()
    assert offset is not None and offset.offset_ns == -HOUR and not offset.within_limit
    assert iso_utc(offset.checked_ns) == iso_utc(BASE + machine.monotonic_ns)
    clock.reanchor()
    offset = clock.server_offset()
    assert offset is not None and offset.offset_ns == 0 and offset.within_limit


def test_a_system_clock_set_wrong_does_not_make_the_line_wrong():
    machine = Machine()
    clock = HostClock(machine)
    machine.line_ns += HOUR
    clock.check()
    clock.note_reference(reference(machine, BASE))
    offset = clock.server_offset()
    assert offset is not None and offset.offset_ns == 0 and offset.within_limit and clock.stepped()


def test_the_worth_of_a_measurement_fades():
    machine = Machine()
    clock = HostClock(machine)
    clock.note_reference(reference(machine, BASE - 500 * MS))
    assert (found := clock.server_offset()) is not None and found.uncertainty_ns == 5 * MS and found.within_limit
    machine.passes(HOUR)
    clock.note_reference(None)
    assert (found := clock.server_offset()) is not None and found.uncertainty_ns == 365 * MS and found.within_limit
    machine.passes(HOUR)
    # 0.5 s, give or take 0.725 s, is not shown to be within 1.0 s.
    assert (found := clock.server_offset()) is not None and not found.within_limit
    machine.passes(1)
    assert REFERENCE_VALID_NS == 2 * HOUR and clock.server_offset() is None


# -- the real clocks ----------------------------------------------------------------------------------------------


def test_the_reading_that_was_interrupted_least_counts():
    ticks = iter([0, 9 * NS_PER_S, 10 * NS_PER_S, 10 * NS_PER_S + 1000, 20 * NS_PER_S, 21 * NS_PER_S])
    utc = iter([BASE + 8 * NS_PER_S, BASE + 10 * NS_PER_S + 700, 0])
    reading = read_host(monotonic=lambda: next(ticks), utc=lambda: next(utc), boottime=lambda: 0)
    assert (reading.monotonic_ns, reading.utc_ns, reading.width_ns) == (
        10 * NS_PER_S + 500,
        BASE + 10 * NS_PER_S + 700,
        1000,
    )


def test_a_machine_that_always_interrupts_is_read_all_the_same():
    now = iter(range(0, 1000 * NS_PER_S, NS_PER_S))
    reading = read_host(monotonic=lambda: next(now), utc=lambda: BASE, boottime=lambda: 0)
    assert reading.width_ns == NS_PER_S


def test_this_machine():
    clock = HostClock()
    reading = read_host()
    assert abs(clock.utc_ns(reading.monotonic_ns) - reading.utc_ns) < 5 * NS_PER_S
    assert abs(clock.now_ns() - time.time_ns()) < 5 * NS_PER_S
    assert reading.boottime_ns >= reading.monotonic_ns - reading.width_ns - MS
