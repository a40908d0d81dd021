"""Periods of days, months or years as the law counts them (`180d`, `6mo`, `30y`), by dates and not by seconds.

民法典 第二百零一条: the day on which a period begins is not counted. 第二百零二条: a period of months or years ends
with the day of the same number, or with the last day of a month that has none. 第二百零三条: the last day ends at
midnight.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_TEXT = re.compile(r"([1-9]\d{0,4})(d|mo|y)", re.ASCII)
_MOST_DAYS = 100 * 366


@dataclass(frozen=True, slots=True)
class Period:
    """So many months and days; years are twelve months."""

    months: int = 0
    days: int = 0

    @property
    def at_least_days(self) -> int:
        """No such period has fewer days."""
        return self.days + (self.months * 365 // 12 - 2 if self.months else 0)

    def last_day(self, begins: date) -> date:
        """The last day of the period that begins with something that happened on `begins`."""
        number = begins.year * 12 + begins.month - 1 + self.months
        year, month = divmod(number, 12)
        if year > date.max.year - 1:
            return date.max
        day = min(begins.day, calendar.monthrange(year, month + 1)[1])
        return date(year, month + 1, day) + timedelta(days=self.days)

    def __str__(self) -> str:
        if self.days:
            return f"{self.days}d"
        return f"{self.months // 12}y" if self.months % 12 == 0 else f"{self.months}mo"


def parse_period(text: object) -> Period:
    """`text` as a period. Raises ValueError that says how to write it."""
    if isinstance(text, Period):
        return text
    match = _TEXT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no period: write days, months or years, for example 180d, 6mo or 30y")
    number, unit = int(match[1]), match[2]
    period = Period(days=number) if unit == "d" else Period(months=number if unit == "mo" else 12 * number)
    if period.at_least_days > _MOST_DAYS:
        raise ValueError(f"{text!r} is more than 100 years; null keeps for ever")
    return period


def _schema() -> dict[str, Any]:
    return {"type": "string", "examples": ["180d", "6mo", "30y"], "pattern": r"^[1-9]\d{0,4}(d|mo|y)$"}


PeriodText = Annotated[
    Period, BeforeValidator(parse_period), PlainSerializer(str, return_type=str), WithJsonSchema(_schema())
]
