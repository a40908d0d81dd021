"""The database of a data folder, for commands that read what a batch or the daemon wrote."""

from __future__ import annotations

from pathlib import Path

from streetproof.errors import StreetproofError
from streetproof.store.database import Store


class NothingHereError(StreetproofError):
    """There is no database where one was looked for."""


def opened(data: Path, missing: str) -> Store:
    """The database in `data`, to be closed by who asked. Raises NothingHereError, which says that `missing` is."""
    return Store.open_file(_there(data, missing))


def opened_by(data: Path, by: str) -> Store:
    """The same, of a folder with cases, for who writes into it: `by`, as the ledger will name them."""
    return Store.open_file(_there(data, "there are no cases here"), by=by)


def _there(data: Path, missing: str) -> Path:
    path = data / "state.db"
    if not path.is_file():
        raise NothingHereError(
            missing,
            where=str(data),
            remedy="Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data",
        )
    return path
