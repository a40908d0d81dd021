"""JSON values as the format allows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evidence_export.bag.canonical import JsonValue

MAX_DETAIL = 500


def known(value: JsonValue) -> JsonValue:
    """`value`, or the object that says it is not known."""
    return {"known": False} if value is None else value


def exact(value: Any) -> JsonValue:
    """A JSON value without floating-point numbers: they become the shortest decimal text that reads back the same."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def brief(text: str) -> str:
    """A sentence from elsewhere, on one line and no longer than `MAX_DETAIL` characters."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 1] + "…"
