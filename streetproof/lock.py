"""One process at a time in a folder. The lock goes with the process, so one that was killed leaves none behind."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from streetproof.errors import StreetproofError

_MOST_CHARACTERS = 200


@contextmanager
def only_one(
    folder: Path,
    busy: StreetproofError,
    kind: type[StreetproofError],
    option: str,
    *,
    name: str = ".lock",
    by: str = "",
) -> Iterator[None]:
    """Hold `folder`, made where it is not there, or of what is done in it the part that `name` stands for.

    `by`: who holds it, which is said to others. Raises `busy` where another process holds it, with who that is where it
    said so, and a `kind` that names `option` where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not emptied before it is held: it says who holds it.
        file = (folder / name).open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise kind(
            f"the folder cannot be written: {error.strerror}", where=str(folder), remedy=f"Name another with {option}"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(file)
            if holder:
                busy = type(busy)(f"{busy.what}: {holder}", where=busy.where, remedy=busy.remedy)
            raise busy from error
        with suppress(OSError):  # a full disk: it is held all the same
            file.truncate(0)
            file.write(by)
            file.flush()
        yield


def _holder(file: TextIO) -> str:
    file.seek(0)
    text = file.read(_MOST_CHARACTERS).strip()
    return text if text.isprintable() else ""
