"""Takes values out of parsed JSON that may be anything. Every function raises ValueError that says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from evidence_export.bag.canonical import JsonValue

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z")
_HEX = re.compile(r"[0-9a-f]{64}")


def at(value: JsonValue, *keys: str) -> JsonValue:
    """The value at that place."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            raise ValueError(f"{'.'.join(keys)} is missing")
        value = value[key]
    return value


def optional(value: JsonValue, *keys: str) -> JsonValue:
    """The value at that place; None where the last key is absent, null, or said to be unknown."""
    holder = at(value, *keys[:-1])
    found = holder.get(keys[-1]) if isinstance(holder, Mapping) else None
    return None if isinstance(found, Mapping) and found.get("known") is False else found


def text(value: JsonValue, *keys: str) -> str:
    found = at(value, *keys)
    if not isinstance(found, str):
        raise ValueError(f"{'.'.join(keys)} is no text")
    return found


def flag(value: JsonValue, *keys: str) -> bool:
    found = at(value, *keys)
    if not isinstance(found, bool):
        raise ValueError(f"{'.'.join(keys)} is neither true nor false")
    return found


def integer(value: JsonValue, *keys: str) -> int:
    found = at(value, *keys)
    if not isinstance(found, int) or isinstance(found, bool):
        raise ValueError(f"{'.'.join(keys)} is no integer")
    return found


def hexdigest(value: JsonValue, *keys: str) -> str:
    found = text(value, *keys)
    if not _HEX.fullmatch(found):
        raise ValueError(f"{'.'.join(keys)} is not 64 lower-case hex characters")
    return found


def items(value: JsonValue, *keys: str) -> list[JsonValue]:
    found = at(value, *keys)
    if not isinstance(found, list):
        raise ValueError(f"{'.'.join(keys)} is no list")
    return found


def texts(value: JsonValue, *keys: str) -> tuple[str, ...]:
    """A list of texts."""
    found = items(value, *keys)
    if not all(isinstance(one, str) for one in found):
        raise ValueError(f"{'.'.join(keys)} holds something that is no text")
    return tuple(one for one in found if isinstance(one, str))


def moment(written: str) -> int:
    """A UTC time with nine decimals, as ns since 1970."""
    if not _TIME.fullmatch(written):
        raise ValueError(f"{written!r} is no UTC time with nine decimals")
    whole = datetime.fromisoformat(f"{written[:19]}+00:00") - datetime(1970, 1, 1, tzinfo=UTC)
    return whole // timedelta(seconds=1) * 1_000_000_000 + int(written[20:29])
