"""Searches over the plates of all cases, entered before anybody sees what was found.

A plate is personal information, and nothing is ever taken out of the ledger. So the ledger has it as HMAC-SHA256 under
a secret of the data folder: a hash alone, salted beside or not, gives a plate away to whoever tries all there are.
Whoever has the secret can tell whether a plate was searched for; without it, or once it is destroyed, nobody can.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from evidence_export.bag.canonical import JsonObject
from evidence_export.ledger.entry import Happening, Kind
from streams.instant import iso_utc
from streams.recorder.durable import sync_folder
from streetproof.access.looker import Looker
from streetproof.access.purposes import PurposeError
from streetproof.access.viewing import add
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.vehicles import Span
from streetproof.vehicles.matching import plain

ABOUT = "vehicles"
"""What searches are about: the ledger of vehicles of the data folder, and no case."""
FILE = "search.key"
_BYTES = 32


class SearchKeyError(StreetproofError):
    """The secret under which searched plates are entered cannot be read or made."""


def check_purpose(looker: Looker, query: str | None) -> None:
    """Raises PurposeError where the purpose says the plate that must not stand in the ledger."""
    if query is not None and query in plain(looker.purpose.text):
        raise PurposeError(
            "the purpose names the plate that is searched for, and what the ledger holds stays in it",
            where="--purpose",
            remedy="Name the file or the report that asks for it instead",
        )


def enter_search(
    data: Path, store: Store, ledger: SqlLedger, looker: Looker, query: str | None, span: Span, *, edits: float | None,
    found: int,
) -> int:  # fmt: skip
    """Enter a search, and return the entry's number; on disk when this returns. `query`: normalised; None: all entries.

    Raises SearchKeyError, StoreError: then nothing may be shown.
    """
    told: JsonObject = {**looker.told(), "found": found}
    if query is not None:
        told["query_hmac_sha256"] = hidden(_key_of(data), query)
    if edits is not None:
        told["fuzzy"] = f"{edits:g}"
    for name, limit in (("since", span.since_ns), ("until", span.until_ns)):
        if limit is not None:
            told[name] = iso_utc(limit)
    happening = Happening(Kind.PLATES_SEARCHED, iso_utc(now().utc_ns), looker.by, ABOUT, told)
    return add(store, ledger, [happening]).start


def hidden(key: bytes, query: str) -> str:
    """What the ledger has in place of a plate."""
    return hmac.digest(key, query.encode(), "sha256").hex()


def hidden_if_any(data: Path, query: str) -> str:
    """What the ledger has where that was searched for here; empty, which it never has, where no plate was. `query`:
    normalised. Raises SearchKeyError."""
    key = key_if_any(data)
    return "" if key is None else hidden(key, query)


def key_if_any(data: Path) -> bytes | None:
    """The secret of a data folder; None: nobody has searched for a plate here yet. Raises SearchKeyError."""
    path = data / FILE
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from error
    if len(found) != _BYTES:
        raise _unusable(path, f"{len(found)} bytes")
    return found


def _key_of(data: Path) -> bytes:
    """The secret of a data folder, made where there is none."""
    found = key_if_any(data)
    if found is None:
        _make(data / FILE)
        found = key_if_any(data)
        assert found is not None, "it was made a moment ago"
    return found


def _make(path: Path) -> None:
    """Whole or not at all, for its owner alone; of two that make it at once, the first counts."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from error
    finally:
        draft.unlink(missing_ok=True)


def _unusable(path: Path, why: str) -> SearchKeyError:
    return SearchKeyError(
        f"the secret under which searched plates are entered cannot be used ({why})",
        where=str(path),
        remedy="Check who may read and write it, or restore it from a backup",
    )
