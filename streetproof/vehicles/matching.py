"""How far a plate that somebody asks for is from one that was read. Pure.

Distances are counted in halves of an edit. A character that cameras and people take for another one, or that the reader
itself named as an alternative, is half an edit; any other, one too many, or one too few is a whole edit. `?`, asked for
or read, is any one character and costs nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

ANY = "?"
HALF, WHOLE = 1, 2
MOST_EDITS = 3
LONGEST_QUERY = 16
_SEPARATORS = frozenset(" \t·•・.。-_—–")
"""Stand between the characters of plates in print, never on them as such."""

CONFUSABLE = (
    "0ODQ", "0C", "CG", "6G", "1IL", "1T", "1J", "17", "7T", "2Z", "27", "5S", "8B", "83", "68", "4A", "UV", "VY", "MN",
    "MW", "HN", "PR", "EF", "KX",
    "京亨享", "津律", "冀翼", "晋普", "辽江", "吉古", "沪泸护", "苏办", "浙渐折", "皖院", "闽闻", "豫像", "粤奥",
    "桂柱", "琼凉", "渝输", "川州", "贵责", "云去", "陕峡", "甘廿", "青清", "新折", "鄂鄙", "警誓", "学字", "挂桂",
)  # fmt: skip
"""Characters that look alike on a plate: small, blurred, at night. Each group stands for every pair in it."""
_PLAIN = str.maketrans("滬蘇遼贛魯閩粵瓊貴雲陝寧晉學掛領", "沪苏辽赣鲁闽粤琼贵云陕宁晋学挂领")
"""Characters as plates have them, for those that people may type instead."""

_PAIRS = frozenset((a, b) for group in CONFUSABLE for a in group for b in group if a != b)


@dataclass(frozen=True, slots=True)
class Position:
    """One character of a plate that was read, and what else it may be."""

    text: str
    alternatives: frozenset[str] = frozenset()


def normalised(text: str) -> str:
    """A plate as people type it, in the form in which plates are kept: full-width characters, small letters, spaces and
    dots made plain. Raises ValueError where nothing, or too much, is left."""
    kept = plain(text)
    if not kept:
        raise ValueError("no character of a plate is in it")
    if len(kept) > LONGEST_QUERY:
        raise ValueError(f"{len(kept)} characters, where no plate has more than {LONGEST_QUERY}")
    return kept


def plain(text: str) -> str:
    """Any text, with its characters made those of plates, and none between them."""
    made = unicodedata.normalize("NFKC", text).upper().translate(_PLAIN)
    return "".join(one for one in made if one not in _SEPARATORS)


def halves(query: str, read: Sequence[Position], limit: int) -> int | None:
    """The distance in halves of an edit; None where it is more than `limit` halves. Both are compared whole."""
    if WHOLE * abs(len(query) - len(read)) > limit:
        return None
    before = [WHOLE * column for column in range(len(read) + 1)]
    for row, asked in enumerate(query, start=1):
        current = [WHOLE * row]
        for column, position in enumerate(read, start=1):
            current.append(
                min(
                    before[column - 1] + _cost(asked, position),
                    before[column] + WHOLE,
                    current[column - 1] + WHOLE,
                )
            )
        if min(current) > limit:
            return None
        before = current
    return before[-1] if before[-1] <= limit else None


def _cost(asked: str, position: Position) -> int:
    if asked == position.text or ANY in (asked, position.text):
        return 0
    return HALF if asked in position.alternatives or (asked, position.text) in _PAIRS else WHOLE
