"""Reading Darknet's weights: a short header, then every layer's float32 numbers in order, nothing between them."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from models.errors import ModelRefusedError


class WeightReader:
    """Hands out the numbers of a .weights file in order, and insists that all of them are used."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 12:
            raise ModelRefusedError(f"a weights file of {len(data)} bytes has no complete header")
        major, minor, _ = struct.unpack_from("<iii", data)
        if not (0 <= major < 1000 and 0 <= minor < 1000):
            raise ModelRefusedError("this is no Darknet weights file: its version number makes no sense")
        # The counter of images seen in training became 64 bits wide with version 0.2.
        start = 12 + (8 if major * 10 + minor >= 2 else 4)
        if len(data) < start or (len(data) - start) % 4:
            raise ModelRefusedError("the weights file is truncated: it does not hold whole 32-bit numbers")
        self._numbers = np.frombuffer(data, dtype="<f4", offset=start)
        self._used = 0

    def take(self, count: int, layer: str) -> npt.NDArray[np.float64]:
        """The next `count` numbers, exact, as float64. Raises ModelRefusedError where the file ends before."""
        left = len(self._numbers) - self._used
        if count > left:
            raise ModelRefusedError(
                f"the weights file ends inside {layer}: {count} numbers needed, {left} left",
                remedy="The file is truncated, or belongs to another network description.",
            )
        numbers = self._numbers[self._used : self._used + count]
        self._used += count
        if not np.isfinite(numbers).all():
            raise ModelRefusedError(f"the weights of {layer} hold numbers that are not finite")
        return numbers.astype(np.float64)

    def finish(self) -> None:
        """Raises ModelRefusedError where numbers are left over."""
        left = len(self._numbers) - self._used
        if left:
            raise ModelRefusedError(
                f"the weights file holds {left} numbers more than the network description asks for",
                remedy="It belongs to another network description.",
            )
