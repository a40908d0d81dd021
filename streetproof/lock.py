"""One process at a time in a folder. The lock goes with the process, so one that was killed leaves none behind."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streetproof.errors import StreetproofError


@contextmanager
def only_one(folder: Path, busy: StreetproofError, kind: type[StreetproofError], option: str) -> Iterator[None]:
    """Hold `folder`, made where it is not there. Raises `busy` where another process holds it, and a `kind` that names
    `option` where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    except OSError as error:
        raise kind(
            f"the folder cannot be written: {error.strerror}", where=str(folder), remedy=f"Name another with {option}"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise busy from error
        yield
