"""Durations as people write them (`60s`, `5m`, `1h30m`, `PT60S`) <-> integer nanoseconds."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from streams.instant import NS_PER_S

_SHORT = re.compile(
    r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m(?!s))?(?:(?P<s>\d+(?:\.\d{1,9})?)s)?(?:(?P<ms>\d+)ms)?", re.ASCII
)
_ISO = re.compile(
    r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d{1,9})?)S)?)?", re.ASCII | re.IGNORECASE
)
_UNIT_NS = {"d": 86_400 * NS_PER_S, "h": 3_600 * NS_PER_S, "m": 60 * NS_PER_S, "s": NS_PER_S, "ms": NS_PER_S // 1000}
_HELP = "write it with units, for example 60s, 5m, 1h30m or PT60S"
_MAX_CHARS = 40
MAX_DURATION_NS = 90 * 86_400 * NS_PER_S
"""Longer than any stay worth timing, and small enough for every JSON number to be exact."""


def parse_duration(text: object) -> int:
    """`text` as nanoseconds, exact. Raises ValueError that says how to write it; a bare number has no unit."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no duration: {_HELP}")
    compact = text.strip()
    if len(compact) > _MAX_CHARS:
        raise ValueError(f"a duration of {len(compact)} characters: {_HELP}")
    match = _ISO.fullmatch(compact) or _SHORT.fullmatch(compact)
    parts = {unit: value for unit, value in match.groupdict().items() if value is not None} if match else {}
    if not parts:
        raise ValueError(f"{compact!r} is no duration: {_HELP}")
    total = sum(int(Fraction(value) * _UNIT_NS[unit]) for unit, value in parts.items())
    if total > MAX_DURATION_NS:
        raise ValueError(f"{compact!r} is more than {MAX_DURATION_NS // _UNIT_NS['d']} days")
    return total


def format_duration(ns: int) -> str:
    """Nanoseconds (>= 0) in the one form that is written to hashes and JSON: seconds, for example `90s` or `0.5s`."""
    whole, rest = divmod(ns, NS_PER_S)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + "s" if rest else f"{whole}s"


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["60s", "5m", "1h30m", "PT60S"]}),
]
"""Integer nanoseconds in Python, text such as `60s` in YAML and JSON."""
