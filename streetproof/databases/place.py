"""The file in a data folder that says which PostgreSQL database is its own, for commands that know only the folder.

No password stands in it, only where one is found. A folder without this file keeps its databases in SQLite files.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from streams.recorder.durable import write_whole
from streetproof.errors import StreetproofError
from streetproof.settings.base import Strict
from streetproof.settings.database import Database

FILE = "database.json"
STATE = "state.db"
LEDGER = "ledger.db"
_MAX_BYTES = 64 << 10


class PlaceError(StreetproofError):
    """It is not clear which databases a data folder has, or they are not those that the site file names."""


class Place(Strict):
    """One database, as its data folder knows it."""

    format: Literal["streetproof-database/1"] = "streetproof-database/1"
    database: Database
    name: str = Field(pattern=r"^[0-9a-f]{32}$", description="What the database itself says it is")
    begun: bool = Field(default=False, description="Whether it was opened: then it is not empty any more")
    ledger: str | None = Field(default=None, max_length=200, description="The ledger in it; null: none was begun")


def new_place(database: Database) -> Place:
    """One that nobody has opened yet."""
    return Place(database=database, name=secrets.token_hex(16))


def read_place(data: Path) -> Place | None:
    """What the folder says; None: it has no such file. Raises PlaceError where that cannot be read, or is not clear."""
    place = read_place_alone(data)
    files = [name for name in (STATE, LEDGER) if (data / name).exists()]
    if place is not None and files:
        raise PlaceError(
            f"this folder has databases twice: {' and '.join(files)} beside {FILE}, which names PostgreSQL",
            where=str(data),
            remedy="Where `streetproof database move` was interrupted, run it again. Else find out which of them is "
            f"current, and move the other one away ({files[0]}, or {FILE})",
        )
    return place


def read_place_alone(data: Path) -> Place | None:
    """The same, whatever else lies beside it."""
    path = data / FILE
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PlaceError(
            f"it says where the databases are, and cannot be read: {error.strerror}",
            where=str(path),
            remedy="Check who may read the data folder",
        ) from error
    try:
        if len(content) > _MAX_BYTES:
            raise ValueError("too long")
        place = Place.model_validate_json(content)
    except (ValidationError, ValueError):
        # Not chained, and not quoted: somebody may have written a password into it.
        raise PlaceError(
            "it should say where the databases are, and nobody can read that from it",
            where=str(path),
            remedy="Restore it from a backup of the data folder",
        ) from None
    return place


def write_place(data: Path, place: Place) -> None:
    """Keep it. Raises PlaceError."""
    path = data / FILE
    try:
        write_whole(path, place.model_dump_json(indent=1, exclude_none=True).encode())
    except OSError as error:
        raise PlaceError(
            f"it cannot be written: {error.strerror}",
            where=str(path),
            remedy="Check the disk and who may write to the data folder",
        ) from error


def forget_place(data: Path) -> None:
    """From now on the folder has its databases in files. Raises PlaceError."""
    try:
        (data / FILE).unlink(missing_ok=True)
    except OSError as error:
        raise PlaceError(
            f"it cannot be removed: {error.strerror}", where=str(data / FILE), remedy="Remove it by hand"
        ) from error
