"""Which steps are broken."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path


def kind_of(step: tuple[str, str]) -> str:
    """An operation and on what kind of file."""
    op, path = step
    parts = path.strip("/").split("/")
    if parts[0] != "cases":
        return f"{op} {parts[0]}"
    inside = "folder" if len(parts) == 1 else "name" if len(parts) == 2 else Path(parts[-1]).suffix or "folder"
    return f"{op} case {inside}"


def chosen(
    steps: Sequence[tuple[str, str]], sample: int | None, dice: random.Random, around: str | None = None
) -> list[int]:
    """Which steps to break, counted from 1: all, or a sample with one of each kind, as far as it reaches.

    `around`: only of those of this kind, and the one behind each.
    """
    everything = list(range(1, len(steps) + 1))
    if around is not None:
        these = [number for number in everything if kind_of(steps[number - 1]) == around]
        everything = sorted({one for number in these for one in (number, number + 1) if one <= len(steps)})
    if sample is None or sample >= len(everything):
        return everything
    by_kind: dict[str, list[int]] = {}
    for number in everything:
        by_kind.setdefault(kind_of(steps[number - 1]), []).append(number)
    one_each = [dice.choice(numbers) for numbers in by_kind.values()]
    picked = set(one_each if len(one_each) <= sample else dice.sample(one_each, sample))
    # The end of a sealing is where it becomes visible: its last steps and those around the renaming are always in.
    rest = [number for number in everything if number not in picked]
    picked |= set(dice.sample(rest, sample - len(picked)))
    return sorted(picked)
