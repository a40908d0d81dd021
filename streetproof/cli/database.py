"""The database of a data folder, for commands that read what a batch or the daemon wrote."""

from __future__ import annotations

from pathlib import Path

from streetproof.errors import StreetproofError
from streetproof.store.database import Store


class NothingHereError(StreetproofError):
    """There is no database where one was looked for."""


def opened(data: Path, missing: str) -> Store:
    """The database in `data`, to be closed by who asked. Raises NothingHereError, which says that `missing` is."""
    path = data / "state.db"
    if not path.is_file():
        raise NothingHereError(
            missing,
            where=str(data),
            remedy="Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data",
        )
    return Store.open_file(path)
