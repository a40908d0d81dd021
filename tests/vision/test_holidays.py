"""Public holidays and days worked in exchange: what the calendar says of 2026, and what windows make of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.instant import NS_PER_S, from_datetime
from tests.vision.byhand import SHANGHAI
from vision.holidays import Calendar, china
from vision.lint import calendar_remarks
from vision.policy import parse_policy
from vision.rules.days import DayKind, Weekday, names_of, possible
from vision.rules.interface import ScheduleWindow
from vision.schedule import Schedule

HOUR_NS = 3600 * NS_PER_S
NAMES = [*Weekday, *DayKind]


def window(days: list[str], start: str = "07:00", end: str = "20:00", excluded: tuple[str, ...] = ()) -> ScheduleWindow:
    return ScheduleWindow.model_validate({"days": days, "except": list(excluded), "from": start, "to": end})


def local(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> int:
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=SHANGHAI))


def hours(schedule: Schedule, month: int, day: int) -> float:
    """How long it is open on that local day."""
    return schedule.overlap_ns(local(month, day), local(month, day) + 24 * HOUR_NS) / HOUR_NS


# -- what the calendar says -------------------------------------------------------------------------------------

# As the State Council's notice for 2026 has them.
DAYS_2026 = [
    (1, 4, "workday", "元旦"),  # a Sunday
    (2, 13, "workday", None),
    (2, 14, "workday", "春节"),  # a Saturday
    (2, 15, "holiday", "春节"),  # a Sunday
    (2, 16, "holiday", "春节"),
    (2, 23, "holiday", "春节"),  # a Monday
    (2, 24, "workday", None),
    (2, 28, "workday", "春节"),  # a Saturday
    (3, 1, "restday", None),  # an ordinary Sunday
    (9, 20, "workday", "国庆节"),  # a Sunday
    (9, 25, "holiday", "中秋"),
    (9, 26, "holiday", "中秋"),  # a Saturday
    (10, 1, "holiday", "国庆节"),
    (10, 7, "holiday", "国庆节"),
    (10, 8, "workday", None),
    (10, 10, "workday", "国庆节"),  # a Saturday
    (10, 11, "restday", None),  # a Sunday
]


@pytest.mark.parametrize(("month", "day", "kind", "name"), DAYS_2026)
def test_the_calendar_of_2026(month: int, day: int, kind: str, name: str | None) -> None:
    fact = china().fact(date(2026, month, day))
    assert (fact.kind, fact.name, fact.known) == (kind, name, True)
    assert fact.date == f"2026-{month:02d}-{day:02d}"


@pytest.mark.parametrize(("month", "day", "kind", "name"), DAYS_2026)
def test_windows_follow_the_calendar(month: int, day: int, kind: str, name: str | None) -> None:
    opened = {word: hours(Schedule([window([word])], SHANGHAI), month, day) == 13 for word in DayKind}
    assert opened == {
        "workday": kind == "workday",
        "restday": kind in ("restday", "holiday"),
        "holiday": kind == "holiday",
    }
    assert hours(Schedule([window(["mon", "tue", "wed", "thu", "fri"])], SHANGHAI), month, day) == (
        13 if date(2026, month, day).weekday() < 5 else 0
    ), "days of the week mean what they always meant"


def test_mondays_to_fridays_but_for_holidays() -> None:
    schedule = Schedule([window(["mon", "tue", "wed", "thu", "fri"], excluded=("holiday",))], SHANGHAI)
    assert [hours(schedule, 10, day) for day in (1, 5, 7, 8, 9, 10)] == [0, 0, 0, 13, 13, 0]


def test_weekends_that_are_not_worked() -> None:
    schedule = Schedule([window(["sat", "sun"], excluded=("workday", "holiday"))], SHANGHAI)
    assert [hours(schedule, 10, day) for day in (3, 4, 10, 11, 17)] == [0, 0, 0, 13, 13]


def test_what_passes_midnight_belongs_to_the_day_on_which_it_opened() -> None:
    nights = Schedule([window(["workday"], "22:00", "06:00")], SHANGHAI)
    # 30 September 2026 is a Wednesday and worked, 1 October the first day of the holiday.
    assert nights.contains(local(9, 30, 23)) and nights.contains(local(10, 1, 5, 59))
    assert not nights.contains(local(10, 1, 6)) and not nights.contains(local(10, 1, 22))
    # 7 October is the last day of it: its night does not open, so the workday after it begins free.
    assert not nights.contains(local(10, 7, 23)) and not nights.contains(local(10, 8, 5))
    assert nights.contains(local(10, 8, 22))
    of_holidays = Schedule([window(["holiday"], "22:00", "06:00")], SHANGHAI)
    assert not of_holidays.contains(local(10, 1, 5)) and of_holidays.contains(local(10, 8, 5, 59))
    # 10 October is a Saturday and worked; the Sunday after it is not.
    assert nights.contains(local(10, 11, 3)) and not nights.contains(local(10, 11, 23))
    spring = Schedule([window(["workday"], "22:00", "06:00", ("sat",))], SHANGHAI)
    assert not spring.contains(local(2, 15, 1)), "14 February is a Saturday, and Saturdays are excluded"


def test_the_local_day_counts_not_that_of_greenwich() -> None:
    schedule = Schedule([window(["holiday"], "00:00", "24:00")], SHANGHAI)
    first = from_datetime(datetime(2026, 9, 30, 16, tzinfo=UTC))  # midnight in Shanghai
    assert not schedule.contains(first - 1) and schedule.contains(first)


# -- years that nobody knows yet --------------------------------------------------------------------------------


def test_an_unknown_year_is_taken_by_weekdays_and_says_so() -> None:
    year = china().until.year + 2
    facts = [china().fact(date(year, 10, 1) + timedelta(days=n)) for n in range(7)]
    assert not any(fact.known for fact in facts)
    assert {fact.kind for fact in facts if fact.weekday in ("sat", "sun")} == {"restday"}
    assert {fact.kind for fact in facts if fact.weekday not in ("sat", "sun")} == {"workday"}


def test_the_last_days_of_the_last_year_may_still_change() -> None:
    calendar = Calendar("by hand", "1", {date(2026, 10, 1): "国庆节"}, {})
    assert calendar.knows(date(2026, 12, 28)) and not calendar.knows(date(2026, 12, 29))
    assert not calendar.knows(date(2025, 12, 28))
    assert not china().knows(date(2003, 6, 1)) and china().knows(date(2004, 6, 1))


def test_the_hash_of_a_calendar_is_that_of_its_days() -> None:
    one = Calendar("a", "1", {date(2026, 10, 1): "国庆节"}, {})
    assert one.sha256 == Calendar("b", "2", {date(2026, 10, 1): "国庆节"}, {}).sha256
    assert one.sha256 != Calendar("a", "1", {date(2026, 10, 2): "国庆节"}, {}).sha256
    assert one.sha256 != Calendar("a", "1", {date(2026, 10, 1): "国庆节"}, {date(2026, 10, 10): "国庆节"}).sha256


# -- properties -------------------------------------------------------------------------------------------------

clock = st.integers(0, 1439)
windows = st.builds(
    lambda days, excluded, start, end: (days, excluded, start, end if end != start else 1440),
    st.sets(st.sampled_from(NAMES), min_size=1),
    st.sets(st.sampled_from(NAMES), max_size=2),
    clock,
    clock,
).filter(lambda parts: possible(parts[0], parts[1]))


@given(st.lists(windows, min_size=1, max_size=3), st.lists(st.integers(0, 12 * 24 * 60), min_size=3, max_size=3))
def test_overlap_adds_up_and_agrees_with_the_clock_on_the_wall(parts: list[tuple], minutes: list[int]) -> None:
    made = [
        ScheduleWindow(days=tuple(sorted(d)), excluded=tuple(sorted(e)), start=start, end=end)
        for d, e, start, end in parts
    ]
    schedule = Schedule(made, SHANGHAI)
    first = local(9, 29)
    a, b, c = (first + minute * 60 * NS_PER_S for minute in sorted(minutes))
    assert schedule.overlap_ns(a, c) == schedule.overlap_ns(a, b) + schedule.overlap_ns(b, c)
    for minute in minutes:
        at = datetime(2026, 9, 29, tzinfo=SHANGHAI) + timedelta(minutes=minute)
        assert schedule.contains(first + minute * 60 * NS_PER_S) == any(_open(one, at) for one in made)


def _open(one: ScheduleWindow, at: datetime) -> bool:
    def on(day: date) -> bool:
        names = {list(Weekday)[day.weekday()], china().fact(day).kind}
        names |= {"restday"} if "holiday" in names else set()
        return bool(names & set(one.days)) and not names & set(one.excluded)

    minute = at.hour * 60 + at.minute
    if one.start < one.end:
        return on(at.date()) and one.start <= minute < one.end
    return (on(at.date()) and minute >= one.start) or (on(at.date() - timedelta(days=1)) and minute < one.end)


def test_every_day_is_a_workday_or_a_restday() -> None:
    for fact in (china().fact(date(2026, 1, 1) + timedelta(days=n)) for n in range(365)):
        names = names_of(Weekday(fact.weekday), DayKind(fact.kind))
        assert (DayKind.WORKDAY in names) != (DayKind.RESTDAY in names)


# -- how they are written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "excluded", "words"),
    [
        (["monday"], (), "did you mean 'mon'?"),
        (["workdays"], (), "did you mean 'workday'?"),
        (["saturday"], (), "did you mean 'sat'?"),
        (["节假日"], (), "there is mon, tue"),
        (["holiday"], ("restday",), "a window on holiday except restday never opens"),
        (["workday"], ("workday",), "never opens"),
        (["mon", "workday"], ("mon", "workday"), "never opens"),
        (["mon"], ("workday", "holiday"), "never opens"),
        (["mon", "mon"], (), "named twice"),
        (["mon"], ("holiday", "holiday"), "named twice"),
    ],
)
def test_windows_that_cannot_be_meant_are_refused(days: list[str], excluded: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        window(days, excluded=excluded)
    assert words in str(caught.value)
    assert [fault["type"] for fault in caught.value.errors()].count("value_error") == 1


def test_a_window_without_the_new_words_is_written_as_before() -> None:
    assert window(["mon"]).model_dump(mode="json") == {"days": ["mon"], "from": "07:00", "to": "20:00"}
    assert window(["workday"], excluded=("sat",)).model_dump(mode="json") == {
        "days": ["workday"],
        "except": ["sat"],
        "from": "07:00",
        "to": "20:00",
    }


def remarks(today: date, *schedule: ScheduleWindow, **rule: object) -> list[str]:
    one = {"id": "r", "kind": "no_parking", "classes": ["car", "truck"], "dwell": "3m"} | rule
    one |= {"schedule": [w.model_dump(mode="json") for w in schedule] or None}
    policy = parse_policy({"id": "p", "name": "p", "version": "1", "rules": [one]})
    return [remark.text for remark in calendar_remarks(policy, SHANGHAI, today)]


def test_an_unknown_year_is_warned_of_and_a_known_one_is_not() -> None:
    last = china().until.year
    assert remarks(date(last, 11, 30), window(["workday"])) == []
    assert remarks(date(last + 1, 3, 1), window(["mon"])) == [], "days of the week need no calendar"
    (december,) = remarks(date(last, 12, 1), window(["workday"]))
    assert f"does not know the public holidays of {last + 1}" in december
    (march,) = remarks(date(last + 1, 3, 1), window(["workday"]))
    assert "update the package chinesecalendar" in march


def test_windows_that_open_on_no_day_of_the_year_are_warned_of() -> None:
    assert remarks(date(2026, 3, 1), window(["holiday"])) == []
    unknown = remarks(date(china().until.year + 1, 3, 1), window(["holiday"]))
    assert any("opens on no day" in text for text in unknown)
    worked_sundays = window(["sun"], excluded=("restday",))
    assert remarks(date(2026, 3, 1), worked_sundays) == []
    later = china().until.year + 1
    assert f"opens on no day of {later}" in remarks(date(later, 3, 1), worked_sundays)[1]


def test_an_exemption_outside_the_hours_is_warned_of() -> None:
    def loading(*days: str) -> dict[str, object]:
        schedule = [{"days": list(days), "from": "10:00", "to": "11:00"}]
        return {"exemptions": [{"name": "装卸", "classes": ["truck"], "schedule": schedule, "allowed": "15m"}]}

    assert remarks(date(2026, 3, 1), window(["workday"]), **loading("mon")) == []
    assert (
        "never meet those of the rule in 2026"
        in remarks(date(2026, 3, 1), window(["workday"]), **loading("holiday"))[0]
    )
