"""Several readings of one plate, counted per position. Pure; the order of the readings does not matter.

Used twice: for the crops of one picture (here), and for the pictures of one stay (`vision.plates`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.plates.interface import PlateCharacter

MOST_ALTERNATIVES = 4
LEAST_SHARE = 0.01
"""What gets less is not worth telling."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading, and what it weighs."""

    characters: tuple[PlateCharacter, ...]
    weight: float = 1.0
    """Not negative and finite."""


def count(readings: Iterable[Reading]) -> tuple[PlateCharacter, ...]:
    """The winner of each position; empty where nothing was read.

    First the number of characters is settled: the one whose readings weigh most (a draw goes to the longer). Each
    reading of that length then gives, per position, its weight times its confidence to its character, and likewise to
    its alternatives. A character's confidence is what it got over the weight of *all* readings: those of another
    length count against every position, because an insertion or an omission leaves open which one was wrong.
    """
    given = [reading for reading in readings if reading.weight > 0]
    if not given:
        return ()
    by_length: dict[int, list[Reading]] = defaultdict(list)
    for reading in given:
        by_length[len(reading.characters)].append(reading)
    # fsum is exact up to one rounding, so that the order of the readings changes nothing.
    length = max(by_length, key=lambda n: (math.fsum(r.weight for r in by_length[n]), n))
    total = math.fsum(reading.weight for reading in given)
    return tuple(_position(by_length[length], index, total) for index in range(length))


def _position(readings: Sequence[Reading], index: int, total: float) -> PlateCharacter:
    shares: dict[str, list[float]] = defaultdict(list)
    for reading in readings:
        character = reading.characters[index]
        shares[character.text].append(reading.weight * character.confidence)
        for text, share in character.alternatives:
            shares[text].append(reading.weight * share)
    order = sorted(((min(1.0, math.fsum(parts) / total), text) for text, parts in shares.items()), key=_best_first)
    share, text = order[0]
    others = tuple((t, s) for s, t in order[1 : 1 + MOST_ALTERNATIVES] if s >= LEAST_SHARE)
    return PlateCharacter(text, share, others)


def _best_first(entry: tuple[float, str]) -> tuple[float, str]:
    return -entry[0], entry[1]
