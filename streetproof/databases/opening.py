"""Opens the state database and the ledger of a data folder, wherever they are.

Who has a site file begins them where there are none: `begun_state` and `begun_ledger`, for the one batch or daemon that
holds the folder. Everybody else opens what is there: `state_of` and `ledger_of`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

from streetproof.daemon.secrets import password_of
from streetproof.databases.place import (
    FILE,
    LEDGER,
    STATE,
    PlaceError,
    forget_place,
    new_place,
    read_place,
    write_place,
)
from streetproof.settings.database import Database
from streetproof.settings.load import LoadedSite
from streetproof.store.connection import BUSY_S
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger


def has_state(data: Path) -> bool:
    """Whether the folder has a state database. Raises PlaceError."""
    place = read_place(data)
    return (data / STATE).is_file() if place is None else place.begun


def has_ledger(data: Path) -> bool:
    """Whether the folder has a ledger. Raises PlaceError."""
    place = read_place(data)
    return (data / LEDGER).is_file() if place is None else place.ledger is not None


def state_of(data: Path, *, by: str = "unknown", busy_s: float = BUSY_S, answers_s: float | None = None) -> Store:
    """The state database of a folder; an SQLite file is made where it is missing, nothing else is. `answers_s`: see
    `Connection`.

    Raises PlaceError, SecretError and StoreError.
    """
    place = read_place(data)
    if place is None:
        return Store.open_file(data / STATE, by=by, busy_s=busy_s)
    url = url_of(place.database, data / FILE)
    return Store(url, by=by, busy_s=busy_s, name=place.name, begins=False, answers_s=answers_s)


def begun_state(
    data: Path, loaded: LoadedSite, *, by: str, busy_s: float = BUSY_S, answers_s: float | None = None
) -> Store:
    """The state database that the site file asks for, made where there is none yet. `answers_s`: see `Connection`.

    For whoever holds the folder. Raises PlaceError where the folder has another one, SecretError and StoreError.
    """
    place, asked = read_place(data), asked_for(loaded)
    if asked is None:
        if place is not None and place.begun:
            raise PlaceError(
                f"the databases of this folder are in PostgreSQL ({FILE}), and the site file names none",
                where=str(data),
                remedy=f"Give {loaded.path} the `database` that it had, or name another data folder",
            )
        if place is not None:  # it was named once, and never reached
            forget_place(data)
        return Store.open_file(data / STATE, by=by, busy_s=busy_s)
    if place is None:
        if (data / STATE).exists() or (data / LEDGER).exists():
            raise PlaceError(
                "the databases of this folder are SQLite files in it, and the site file names PostgreSQL",
                where=str(data),
                remedy=f"Move them with `streetproof database move`, or take `database` out of {loaded.path}",
            )
        place = new_place(asked)
        # First the name: the database gets it in the transaction that makes its tables, whatever comes between.
        write_place(data, place)
    url = url_of(asked, loaded.path)
    store = Store(url, by=by, busy_s=busy_s, name=place.name, begins=not place.begun, answers_s=answers_s)
    now = place.model_copy(update={"database": asked, "begun": True})
    if now != place:
        write_place(data, now)
    return store


def ledger_of(
    data: Path, site: str | None = None, *, busy_s: float = BUSY_S, answers_s: float | None = None
) -> SqlLedger:
    """The ledger of a folder. Where it has none, one for `site` is begun; None: nobody begins one. `answers_s`: see
    `Connection`.

    Raises PlaceError, SecretError and StoreError.
    """
    place = read_place(data)
    if place is None:
        return SqlLedger.open_file(data / LEDGER, site, busy_s=busy_s)
    new = place.ledger is None and site is not None
    ledger = SqlLedger(url_of(place.database, data / FILE), site, busy_s=busy_s, begins=new, answers_s=answers_s)
    if place.ledger is None:
        write_place(data, place.model_copy(update={"ledger": ledger.origin}))
    elif place.ledger != ledger.origin:
        ledger.close()
        raise PlaceError(
            f"the database holds another ledger ({ledger.origin}) than this folder had ({place.ledger})",
            where=str(data),
            remedy="Restore the database that belongs to this folder: a ledger cannot be replaced",
        )
    return ledger


def asked_for(loaded: LoadedSite) -> Database | None:
    """The `database` of a site file, so that it means the same from everywhere."""
    asked = loaded.site.database
    if asked is None or asked.password_file is None:
        return asked
    return asked.model_copy(update={"password_file": loaded.path.absolute().parent / asked.password_file})


def url_of(database: Database, file: Path) -> sa.URL:
    """The address with user name and password, read now. `file`: what a relative `password_file` is relative to."""
    password = password_of(database, file)
    url = sa.make_url(database.url).set(drivername="postgresql+psycopg", username=database.username)
    return url if password is None else url.set(password=password.reveal())


def check_database(loaded: LoadedSite) -> None:
    """See whether the password of the database can be read and its driver is there; asks no server.

    Raises SecretError and PlaceError.
    """
    asked = loaded.site.database
    if asked is None:
        return
    url_of(asked, loaded.path)
    if find_spec("psycopg") is None:
        raise PlaceError(
            "PostgreSQL needs the package psycopg",
            where=str(loaded.path),
            remedy="Install what it needs with: pip install 'streetproof[postgres]'",
        )
