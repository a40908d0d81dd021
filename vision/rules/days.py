"""The days a window may name: days of the week, and kinds of days that a calendar of public holidays tells apart."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator


class Weekday(StrEnum):
    """Days of the week, Monday first as in ISO 8601."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class DayKind(StrEnum):
    """What the State Council's yearly notice (国务院办公厅关于节假日安排的通知) makes of a day.

    Each day is a `workday` or a `restday`, never both. Every `holiday` is a restday as well.
    """

    WORKDAY = "workday"
    """工作日: Monday to Friday but for holidays, and the Saturdays and Sundays worked in exchange (调休上班)."""
    RESTDAY = "restday"
    """休息日: Saturdays and Sundays that are not worked in exchange, and all holidays."""
    HOLIDAY = "holiday"
    """节假日: every day of a holiday break in the notice, those taken in exchange (调休) and weekends in it as well."""


EVERY_DAY: tuple[Weekday | DayKind, ...] = tuple(Weekday)


def parse_day(value: object) -> object:
    """The name of a day as its enum; raises ValueError with a suggestion."""
    names = [*map(str, Weekday), *map(str, DayKind)]
    if isinstance(value, str):
        name = value.strip().casefold()
        if name in names:
            return Weekday(name) if name in list(map(str, Weekday)) else DayKind(name)
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        # `monday` and `saturday` are nearer to `holiday` than to `mon` and `sat`.
        prefix = [known for known in names if name.startswith(known)]
        hint = (prefix or close)[:1]
        if hint:
            raise ValueError(f"no day {value!r}; did you mean {hint[0]!r}?")
    raise ValueError(f"no day {value!r}; there is {', '.join(names)}")


Day = Annotated[Weekday | DayKind, BeforeValidator(parse_day)]


def names_of(weekday: Weekday, kind: DayKind) -> frozenset[Weekday | DayKind]:
    """Every name that a day goes by. `kind` is the closest one: `restday` is a restday that is no holiday."""
    names: set[Weekday | DayKind] = {weekday, kind}
    if kind is DayKind.HOLIDAY:
        names.add(DayKind.RESTDAY)
    return frozenset(names)


def possible(days: Iterable[Weekday | DayKind], excluded: Iterable[Weekday | DayKind]) -> bool:
    """Whether there can be a day that goes by one of `days` and by none of `excluded`, in any year."""
    wanted, unwanted = frozenset(days), frozenset(excluded)
    for weekday in Weekday:
        for kind in DayKind:
            if kind is DayKind.RESTDAY and weekday not in (Weekday.SAT, Weekday.SUN):
                continue  # A day off between Monday and Friday is a holiday.
            names = names_of(weekday, kind)
            if names & wanted and not names & unwanted:
                return True
    return False
