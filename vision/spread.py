"""A few out of many, spread evenly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def spread(items: Sequence[_T], most: int) -> list[_T]:
    """All where there are no more than `most`; else the middle ones of so many equal parts."""
    count = len(items)
    return list(items) if count <= most else [items[(2 * n + 1) * count // (2 * most)] for n in range(most)]
