"""Takes values out of a `case.json` of any revision. Whatever is not there, or unknown, or no such value, is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.instant import Instant, TimeSource, from_iso

_MOST = 2_000


def value(case: Any, *keys: str) -> Any | None:
    """The value at that place."""
    for key in keys:
        case = case.get(key) if isinstance(case, Mapping) else None
    return None if isinstance(case, Mapping) and case.get("known") is False else case


def text(case: Any, *keys: str) -> str | None:
    """A text; None for an empty one. What is longer than anybody reads is cut, and says so."""
    found = value(case, *keys)
    if not isinstance(found, str) or not found.strip():
        return None
    return found if len(found) <= _MOST else f"{found[:_MOST]}… [{len(found)} 字 characters]"


def whole(case: Any, *keys: str) -> int | None:
    """An integer."""
    found = value(case, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def decimal(found: Any) -> float | None:
    """A number: an integer, or a decimal text, as `case.json` has it; a fraction, as `policy.json` has it too."""
    try:
        number = float(found) if isinstance(found, int | float | str) and not isinstance(found, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and isfinite(number) else None


def items(case: Any, *keys: str) -> list[Any]:
    """The members of a list; none where it is no list."""
    found = value(case, *keys)
    return list(found) if isinstance(found, Sequence) and not isinstance(found, str) else []


def numbers(case: Any, *keys: str) -> tuple[float, ...]:
    """A list of decimals; empty where one of them is none."""
    found = [decimal(one) for one in items(case, *keys)]
    return tuple(one for one in found if one is not None) if None not in found else ()


def instant(case: Any, *keys: str, source: TimeSource = TimeSource.OPERATOR, uncertainty_ns: int = 0) -> Instant | None:
    """A UTC time: a text, or an object that has it under `utc`."""
    found = value(case, *keys)
    found = found.get("utc") if isinstance(found, Mapping) else found
    try:
        return Instant(from_iso(found), source, uncertainty_ns) if isinstance(found, str) else None
    except ValueError:
        return None


def zone(case: Any) -> ZoneInfo:
    """The time zone of the site; UTC where it has none that is known here."""
    try:
        return ZoneInfo(text(case, "site", "timezone") or "UTC")
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return ZoneInfo("UTC")
