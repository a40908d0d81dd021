"""Canonical JSON (RFC 8785) for `case.json`, restricted so that no two readers can disagree.

The restriction: objects with printable ASCII keys, arrays, strings, booleans, null, and integers of magnitude below
2^53. No floating-point numbers. Within it RFC 8785 is what the standard library writes with sorted keys, no spaces
and unescaped Unicode: the number formatting and the UTF-16 key order, where implementations differ, never come up.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, "JsonValue"]

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
_KEY = re.compile(r"[\x21-\x7e]{1,64}")


def dumps(value: JsonValue) -> bytes:
    """The canonical bytes. Raises ValueError, naming the place, for anything outside the restriction."""
    _check(value, "$", 0)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.encode("utf-8")  # a lone surrogate raises UnicodeEncodeError, a ValueError


def loads(data: bytes) -> JsonValue:
    """The value of canonical bytes. Raises ValueError for anything that is not exactly what `dumps` would write:

    duplicate keys, spaces, another order, escapes that are not needed, floats, NaN, a byte order mark, deep nesting.
    """
    try:
        value: JsonValue = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float
        )
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    if dumps(value) != data:
        raise ValueError("not in canonical form (RFC 8785)")
    return value


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name, count in times.items() if count > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"the number {text[:40]} is not an integer")


def _check(value: object, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError(f"{where}: the integer {value} is outside +/- 2^53")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise ValueError(f"{where}: the key {key!r} is not 1 to 64 printable ASCII characters")
            _check(item, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]", depth + 1)
    else:
        raise ValueError(f"{where}: a {type(value).__name__} has no place in canonical case JSON")
