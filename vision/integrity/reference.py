"""What a view looked like when it was sound: kept for comparison, and slowly renewed, so that seasons are no fault."""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from math import hypot

import numpy as np
import numpy.typing as npt

from vision.errors import StateError
from vision.integrity.comparison import FOUND, Comparison, Template
from vision.integrity.picture import COLUMNS, MAX_ROWS, MIN_ROWS, Grey, Picture

FORMAT = 1
_MAX_BYTES = 1 << 20
_MAX_DRIFT = 0.5 * COLUMNS
_REMEDY = "Delete the reference; a new one is made from the next looks by day, and the view is taken for sound then"
_DAMAGE = (
    *(OSError, ValueError, KeyError, EOFError, TypeError, OverflowError, MemoryError, SyntaxError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError),
)
"""What zip files and NumPy headers raise when somebody else has written them."""
Cells8 = npt.NDArray[np.uint8]


class Reference:
    """Cells of a sound view, uint8 [rows, 192], those it began with, and how far it has drifted from them.

    It follows slow changes, but remembers where it began: a camera that creeps is found in the end.
    """

    def __init__(self, cells: Cells8, anchor: Cells8 | None = None, offset: tuple[float, float] = (0.0, 0.0)) -> None:
        """`offset`: cells by which the anchor itself stands off the very first view."""
        self.cells = cells
        self.anchor = cells if anchor is None else anchor
        self.offset = offset

    @cached_property
    def template(self) -> Template:
        """Worked out when first needed."""
        return Template(self.cells.astype(np.float32))

    @cached_property
    def drift(self) -> tuple[float, float]:
        """Cells right and down from the very first view to this reference."""
        if self.anchor is self.cells:
            return self.offset
        seen = Template(self.anchor.astype(np.float32)).compare(Picture(self.cells.astype(np.float32), b""))
        right, down = seen.shift if seen.shift is not None and seen.match >= FOUND else (0.0, 0.0)
        return self.offset[0] + right, self.offset[1] + down

    def compare(self, picture: Picture) -> Comparison | None:
        """The look against this reference, shifts counted from the very first view; None: it is of another shape."""
        if picture.cells.shape != self.cells.shape:
            return None
        seen = self.template.compare(picture)
        if seen.shift is None:
            return seen
        shift = (seen.shift[0] + self.drift[0], seen.shift[1] + self.drift[1])
        return Comparison(shift, seen.match, seen.lost, seen.strength, seen.sharpness)

    def renewed(self, looks: Sequence[Cells8]) -> Reference | None:
        """Half of this, half of the middle of new looks; None if those do not show the same view."""
        new = median(looks)
        seen = self.compare(Picture(new, b""))
        if seen is None or seen.shift is None or seen.match < 2 * FOUND:
            return None
        # Under half the light the same contrast counts half: bring it to the reference's own level first.
        old = self.cells.astype(np.float32)
        gain = float(np.clip(old.std() / max(1.0, float(new.std())), 0.5, 2.0))
        mixed = (old + (new - new.mean()) * gain + old.mean()) / 2
        cells = np.clip(mixed.round(), 0, 255).astype(np.uint8)
        next_one = Reference(cells, self.anchor, self.offset)
        anchored = Template(self.anchor.astype(np.float32)).compare(Picture(cells.astype(np.float32), b""))
        if anchored.match < 2 * FOUND or anchored.shift is None:
            # The street has changed too much to be compared with its beginning: begin anew from here, offset kept.
            return Reference(cells, None, self.drift)
        return next_one

    def to_bytes(self) -> bytes:
        """A NumPy archive of plain arrays."""
        out = io.BytesIO()
        np.savez_compressed(
            out,
            format=np.array([FORMAT], np.int64),
            cells=self.cells,
            anchor=self.anchor,
            offset=np.array(self.offset, np.float64),
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Reference:
        """Back from `to_bytes`. Raises StateError for anything else."""
        if len(data) > _MAX_BYTES:
            raise StateError("not a reference view: too large", remedy=_REMEDY)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES or len(archive.namelist()) != 4:
                    raise StateError("not a reference view: too large, or not ours", remedy=_REMEDY)
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                kind, cells, anchor, offset = (arrays[name] for name in ("format", "cells", "anchor", "offset"))
        except _DAMAGE as error:
            raise StateError(f"not a reference view: {type(error).__name__}", remedy=_REMEDY) from None
        if kind.shape != (1,) or kind.dtype != np.int64 or int(kind[0]) != FORMAT:
            raise StateError(f"a reference view of another format than {FORMAT}", remedy=_REMEDY)
        fits = all(
            part.dtype == np.uint8 and part.ndim == 2 and part.shape[1] == COLUMNS and MIN_ROWS <= len(part) <= MAX_ROWS
            for part in (cells, anchor)
        )
        if not fits or cells.shape != anchor.shape:
            raise StateError("a reference view of no possible size", remedy=_REMEDY)
        if offset.shape != (2,) or offset.dtype != np.float64 or not np.isfinite(offset).all():
            raise StateError("a reference view without its offset", remedy=_REMEDY)
        right, down = float(offset[0]), float(offset[1])
        if hypot(right, down) > _MAX_DRIFT:
            raise StateError("a reference view that has drifted out of itself", remedy=_REMEDY)
        same = bool((cells == anchor).all())
        return cls(cells, None if same else anchor, (right, down))


def made_from(looks: Sequence[Cells8]) -> Reference | None:
    """The middle of several looks, so that what drives by is not in it; None: too plain to be compared with."""
    made = Reference(np.clip(median(looks).round(), 0, 255).astype(np.uint8))
    return made if made.template.textured else None


def median(looks: Sequence[Cells8]) -> Grey:
    """Cell by cell."""
    middle: Grey = np.median(np.stack(looks), axis=0).astype(np.float32)
    return middle
