"""Public holidays and the days worked in exchange for them, as a value: which source, which version, which days.

A day is what a *calendar* says it is, not what the code of the day says: a verdict names the calendar that it stands on
and the days that it looked up (`vision.interface.CalendarFacts`), so that it can be checked against a later one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import cache

import rfc8785

from vision.interface import DayFact
from vision.rules.days import DayKind, Weekday

_WEEKDAYS = tuple(Weekday)
_LAST_SURE = (12, 28)
"""The notice for a year may still change the end of the year before: since 2004 from 29 December on (2007, 2018)."""


class Calendar:
    """The days off and the days worked in exchange, each with the name of its holiday, of a number of whole years."""

    def __init__(self, source: str, version: str, days_off: Mapping[date, str], worked: Mapping[date, str]) -> None:
        """`source` and `version` name where the days come from, for example a package and its version."""
        self.source, self.version = source, version
        self._off, self._worked = dict(days_off), dict(worked)
        self._years = frozenset(day.year for day in self._off)
        self.until = date(max(self._years), *_LAST_SURE) if self._years else date.min
        """The last day that is surely known."""
        content = [{day.isoformat(): named[day] for day in sorted(named)} for named in (self._off, self._worked)]
        self.sha256 = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
        """Over the RFC 8785 JSON of the days off and the days worked in exchange, by date with their names."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """Source, version and SHA-256: what was counted by one calendar cannot go on by another."""
        return self.source, self.version, self.sha256

    def knows(self, day: date) -> bool:
        """Whether the year of `day` is known, and a later notice cannot change it any more."""
        return day.year in self._years and day <= self.until

    def fact(self, day: date) -> DayFact:
        """What kind of day it is.

        Where the calendar does not know, it is taken by its weekday: Monday to Friday a workday, Saturday and Sunday a
        restday, none a holiday. The fact says so (`known`), and a case that stands on one may not be approved unseen.
        """
        weekday, known = _WEEKDAYS[day.weekday()], self.knows(day)
        kind = DayKind.WORKDAY if day.weekday() < 5 else DayKind.RESTDAY
        name = None
        if day in self._off:
            kind, name = DayKind.HOLIDAY, self._off[day]
        elif day in self._worked:
            kind, name = DayKind.WORKDAY, self._worked[day]
        return DayFact(day.isoformat(), weekday, kind, known, name)


@cache
def china() -> Calendar:
    """Mainland China's calendar, as the package `chinesecalendar` (MIT) has it from the State Council's notices."""
    import chinese_calendar  # type: ignore[import-untyped]  # only where a rule asks for it

    named = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    off, worked = (
        {day: named.get(value, value) for day, value in days.items()}
        for days in (chinese_calendar.holidays, chinese_calendar.workdays)
    )
    return Calendar("chinesecalendar", chinese_calendar.__version__, off, worked)
