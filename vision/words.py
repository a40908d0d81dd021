"""Words of messages that several modules need."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

Location = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value in it."""

_KEY = ("kind",)
"""What tells the kinds of rules apart."""


class PlacedError(ValueError):
    """A mistake of a validated model that is known more closely than the model: where below it, by keys and indices.

    pydantic keeps the error but not the place; `placed` finds both again.
    """

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


def placed(fault: Any) -> tuple[Location, str]:
    """Where one of a ValidationError's `errors()` is, and what it says."""
    context, where = fault.get("ctx", {}), written(fault["loc"])
    if fault["type"] == "union_tag_not_found":
        return (*where, *_KEY), "Field required"
    if fault["type"] == "union_tag_invalid":
        known = [name.strip("' ") for name in context["expected_tags"].split(",")]
        return (*where, *_KEY), unknown_id("kind of rule", str(context["tag"]), known)
    error = context.get("error")
    below = error.location if isinstance(error, PlacedError) else ()
    return (*where, *below), str(fault["msg"]).removeprefix("Value error, ")


def written(location: Location) -> Location:
    """The place in the document: for pydantic the kind of a rule is a step of its own, after its number."""
    steps = list(location)
    for i in range(len(steps) - 3, -1, -1):
        if steps[i] == "rules" and isinstance(steps[i + 1], int):
            del steps[i + 2]
    return tuple(steps)


def unknown_id(kind: str, wanted: str, known: Iterable[str]) -> str:
    """`no rule 'no-praking'; did you mean 'no-parking'?`, or the list of what there is."""
    names = list(known)
    close = difflib.get_close_matches(wanted.casefold(), [name.casefold() for name in names], n=1, cutoff=0.5)
    hit = next((name for name in names if close and name.casefold() == close[0]), None)
    hint = f"; did you mean {hit!r}?" if hit else f"; there is {', '.join(map(repr, names)) or 'none'}"
    return f"no {kind} {wanted!r}{hint}"
