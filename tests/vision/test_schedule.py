from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, from_datetime, to_datetime
from vision.rules.days import Weekday
from vision.rules.interface import ScheduleWindow
from vision.schedule import Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE_NS = 60 * NS_PER_S
ZONES = [SHANGHAI, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), timezone(timedelta(hours=-3))]
# Around changes of summer time in the zones above, and an ordinary week.
STARTS = [
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2026, 3, 7, 12, tzinfo=UTC),
    datetime(2026, 11, 1, 0, tzinfo=UTC),
    datetime(2026, 4, 4, 6, tzinfo=UTC),
    datetime(2026, 6, 30, 0, tzinfo=UTC),
]


def window(start: str, end: str, *days: str) -> ScheduleWindow:
    return ScheduleWindow.model_validate({"from": start, "to": end} | ({"days": list(days)} if days else {}))


def utc(*parts: int) -> int:
    return from_datetime(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]


def by_the_clock_on_the_wall(windows: list[ScheduleWindow], utc_ns: int, zone: tzinfo) -> bool:
    local = to_datetime(utc_ns).astimezone(zone)
    minute = local.hour * 60 + local.minute
    today, yesterday = list(Weekday)[local.weekday()], list(Weekday)[local.weekday() - 1]
    for w in windows:
        if w.start < w.end:
            if today in w.days and w.start <= minute < w.end:
                return True
        elif (today in w.days and minute >= w.start) or (yesterday in w.days and minute < w.end):
            return True
    return False


minutes = st.integers(0, 1439)
any_window = st.builds(
    lambda start, end, days: ScheduleWindow(days=tuple(sorted(days)), start=start, end=end if end != start else 1440),
    minutes,
    minutes,
    st.sets(st.sampled_from(Weekday), min_size=1),
)


@given(
    st.lists(any_window, min_size=1, max_size=3),
    st.sampled_from(ZONES),
    st.sampled_from(STARTS),
    st.integers(0, 24 * 60),
    st.integers(0, 30 * 60),
)
@example([window("02:00", "03:00")], BERLIN, STARTS[0], 0, 1800)
@example([window("02:00", "03:00")], BERLIN, STARTS[1], 0, 1800)
def test_overlap_agrees_with_counting_minutes(
    windows: list[ScheduleWindow], zone: tzinfo, start: datetime, offset: int, length: int
) -> None:
    schedule = Schedule(windows, zone)
    first = from_datetime(start) + offset * MINUTE_NS
    expected = [by_the_clock_on_the_wall(windows, first + i * MINUTE_NS, zone) for i in range(length)]
    assert schedule.overlap_ns(first, first + length * MINUTE_NS) == sum(expected) * MINUTE_NS
    for i in range(0, length, 37):
        assert schedule.contains(first + i * MINUTE_NS) == expected[i]


@given(
    st.lists(any_window, min_size=1, max_size=2),
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 3 * 86_400 * NS_PER_S), min_size=3, max_size=3),
)
def test_overlap_adds_up_exactly(windows: list[ScheduleWindow], zone: tzinfo, offsets: list[int]) -> None:
    a, b, c = (from_datetime(STARTS[1]) + offset for offset in sorted(offsets))
    schedule = Schedule(windows, zone)
    assert schedule.overlap_ns(a, c) == schedule.overlap_ns(a, b) + schedule.overlap_ns(b, c)
    assert 0 <= schedule.overlap_ns(a, c) <= c - a


def test_always_open() -> None:
    schedule = Schedule(None, SHANGHAI)
    assert schedule.contains(0)
    assert schedule.overlap_ns(5, 17) == 12
    assert schedule.overlap_ns(17, 5) == 0


def test_ends_are_exact_to_the_nanosecond() -> None:
    schedule = Schedule([window("08:00", "09:00")], SHANGHAI)
    opens, closes = utc(2026, 11, 2, 0), utc(2026, 11, 2, 1)
    assert [schedule.contains(t) for t in (opens - 1, opens, closes - 1, closes)] == [False, True, True, False]
    assert schedule.overlap_ns(opens - 1, opens + 1) == 1
    assert schedule.overlap_ns(closes - 1, closes + 1) == 1


def test_a_window_that_passes_midnight_belongs_to_the_day_it_opens_on() -> None:
    schedule = Schedule([window("22:00", "06:00", "fri")], SHANGHAI)
    friday_evening, saturday_morning = utc(2026, 11, 6, 15), utc(2026, 11, 6, 21)
    friday_morning, saturday_evening = utc(2026, 11, 5, 21), utc(2026, 11, 7, 15)
    assert schedule.contains(friday_evening)
    assert schedule.contains(saturday_morning)
    assert not schedule.contains(friday_morning)
    assert not schedule.contains(saturday_evening)
    assert schedule.overlap_ns(utc(2026, 11, 2), utc(2026, 11, 9)) == 8 * 3600 * NS_PER_S


def test_the_repeated_hour_counts_twice_and_the_skipped_hour_never() -> None:
    schedule = Schedule([window("02:00", "03:00")], BERLIN)
    assert schedule.overlap_ns(utc(2026, 10, 24, 12), utc(2026, 10, 25, 12)) == 2 * 3600 * NS_PER_S
    assert schedule.overlap_ns(utc(2026, 3, 28, 12), utc(2026, 3, 29, 12)) == 0


def test_overlapping_windows_count_once() -> None:
    schedule = Schedule([window("08:00", "10:00"), window("09:00", "11:00"), window("11:00", "12:00")], SHANGHAI)
    assert schedule.overlap_ns(utc(2026, 11, 2), utc(2026, 11, 3)) == 4 * 3600 * NS_PER_S


@pytest.mark.parametrize("year", [1969, 1970, 2100])
def test_any_year_a_camera_may_claim(year: int) -> None:
    schedule = Schedule([window("00:00", "24:00")], SHANGHAI)
    assert schedule.overlap_ns(utc(year, 5, 1), utc(year, 5, 2)) == 86_400 * NS_PER_S
