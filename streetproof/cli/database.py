"""The database of a data folder, for commands that read what a batch or the daemon wrote."""

from __future__ import annotations

from pathlib import Path

from streetproof.databases.opening import has_state, state_of
from streetproof.errors import StreetproofError
from streetproof.store.database import Store


class NothingHereError(StreetproofError):
    """There is no database where one was looked for."""


def opened(data: Path, missing: str) -> Store:
    """The database in `data`, to be closed by who asked. Raises NothingHereError, which says that `missing` is."""
    _must_be_there(data, missing)
    return state_of(data)


def opened_by(data: Path, by: str) -> Store:
    """The same, of a folder with cases, for who writes into it: `by`, as the ledger will name them."""
    _must_be_there(data, "there are no cases here")
    return state_of(data, by=by)


def _must_be_there(data: Path, missing: str) -> None:
    if not has_state(data):
        raise NothingHereError(
            missing,
            where=str(data),
            remedy="Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data",
        )
