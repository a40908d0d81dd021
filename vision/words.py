"""Words of messages that several modules need."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown_id(kind: str, wanted: str, known: Iterable[str]) -> str:
    """`no rule 'no-praking'; did you mean 'no-parking'?`, or the list of what there is."""
    names = list(known)
    close = difflib.get_close_matches(wanted.casefold(), [name.casefold() for name in names], n=1, cutoff=0.5)
    hit = next((name for name in names if close and name.casefold() == close[0]), None)
    hint = f"; did you mean {hit!r}?" if hit else f"; there is {', '.join(map(repr, names)) or 'none'}"
    return f"no {kind} {wanted!r}{hint}"
