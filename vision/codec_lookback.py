"""A narrowed departure as JSON, for storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from vision.association.interface import JSON
from vision.codec_instant import InstantModel, Model, instant_json
from vision.errors import StateError
from vision.interface import Stay
from vision.lookback import Pinned, PinReason


class _Pinned(Model):
    earliest: InstantModel | None
    latest: InstantModel | None
    reason: PinReason


def pinned_json(pinned: Pinned) -> dict[str, JSON]:
    """What a look back said."""
    return {
        "earliest": None if pinned.earliest is None else instant_json(pinned.earliest),
        "latest": None if pinned.latest is None else instant_json(pinned.latest),
        "reason": pinned.reason.value,
    }


def pinned_of(data: Mapping[str, Any] | None, stay: Stay) -> Pinned | None:
    """The way back, where it lies within the departure of `stay`; else None: it was of another absence.

    Raises StateError for what `pinned_json` never gives.
    """
    if data is None or stay.departed is None:
        return None
    try:
        read = _Pinned.model_validate(data)
    except ValidationError as error:
        raise StateError(f"no look back: {error.errors(include_url=False, include_input=False)[0]['msg']}") from None
    pinned = Pinned(
        read.earliest.value() if read.earliest else None, read.latest.value() if read.latest else None, read.reason
    )
    return pinned if within(pinned, stay) else None


def within(pinned: Pinned, stay: Stay) -> bool:
    """Whether it narrows the departure of the stay."""
    if stay.departed is None:
        return False
    since, gone = stay.departed
    low, high = pinned.earliest, pinned.latest
    if low is None or low.utc_ns < since.utc_ns:
        return False
    return high is None or (low.utc_ns < high.utc_ns and (gone is None or high.utc_ns <= gone.utc_ns))
