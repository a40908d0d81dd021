"""Characters out of a recogniser's probabilities: greedy CTC, with what else each character may have been.

Connectionist temporal classification: class 0 is the blank; a character is a run of steps in which it is the likeliest
class, and two alike beside each other need a blank between them (Graves et al. 2006).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.plates.ballot import LEAST_SHARE, MOST_ALTERNATIVES
from models.plates.interface import PlateCharacter

BLANK = 0


def decode(steps: npt.NDArray[np.float32], characters: Sequence[str]) -> tuple[PlateCharacter, ...]:
    """The text in `steps` float32 [T, 1 + len(characters)], each row probabilities of the blank and the characters.

    A character's confidence is its highest probability within its run; the alternatives are those of the same step.
    Raises ValueError for another shape.
    """
    if steps.ndim != 2 or steps.shape[1] != 1 + len(characters):
        raise ValueError(f"expected [steps, {1 + len(characters)}], got {steps.shape}")
    likeliest = steps.argmax(axis=1)
    found: list[PlateCharacter] = []
    start = 0
    while start < len(likeliest):
        cls = int(likeliest[start])
        end = start + 1
        while end < len(likeliest) and likeliest[end] == cls:
            end += 1
        if cls != BLANK:
            step = start + int(steps[start:end, cls].argmax())
            found.append(_character(steps[step], cls, characters))
        start = end
    return tuple(found)


def _character(step: npt.NDArray[np.float32], cls: int, characters: Sequence[str]) -> PlateCharacter:
    order = np.argsort(-step, kind="stable")
    others = [int(i) for i in order[: MOST_ALTERNATIVES + 2] if i not in (cls, BLANK) and step[i] >= LEAST_SHARE]
    return PlateCharacter(
        characters[cls - 1],
        min(1.0, float(step[cls])),
        tuple((characters[i - 1], float(step[i])) for i in others[:MOST_ALTERNATIVES]),
    )
