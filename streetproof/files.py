"""Writes what people asked for to a file: whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from streetproof.errors import StreetproofError


class OutputFileError(StreetproofError):
    """A file that cannot be written."""


def write_text(path: Path, text: str) -> None:
    """Write a file, UTF-8. Raises OutputFileError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise OutputFileError(
            f"it cannot be written: {error.strerror}", where=str(path), remedy="Name another file with --out"
        ) from error
