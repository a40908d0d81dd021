"""Removes the cases whose time is up, in an order that a crash cannot turn into a lie. One run at a time: another one
would take what is half done for what was left behind.

First the database says that a case goes (and no hold can be placed on it any more); then the ledger says so, provided
that no officer has taken a step since it was judged; then the bundle is moved out of the way, the case leaves all
lists, and its files are removed. Killed anywhere in between, the next run finishes. No case is ever gone without its
entry in the ledger, and none goes that is in procedure or held.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from evidence_export.drafts import discard
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from evidence_export.words import Said
from streams.instant import NS_PER_S, iso_utc
from streams.recorder.durable import sync_folder
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.lock import only_one
from streetproof.procedures.taking import is_deleted, steps_taken
from streetproof.recheck import keeping
from streetproof.releases import exhibits
from streetproof.retention import plausible
from streetproof.retention.planning import Planned, exhibits_named, plan
from streetproof.settings.case_retention import CaseRetention
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.tombstones import Tombstone

MOST = 200
"""Cases deleted per run: so much a mistake can cost."""
ASIDE = ".deleting"
"""Folder in the data folder, of bundles that are no cases any more and are being removed."""
LOCK = ".deleting.lock"
"""File in the data folder that a run holds. The daemon holds another one all the time, and commands run beside it."""
FRESH_NS = 24 * 3600 * NS_PER_S
"""An exhibit that was handed in so lately may be about to be named by another case: a later run removes it."""


class RetentionError(StreetproofError):
    """Nothing is deleted now."""


class BusyError(RetentionError):
    """Another run deletes cases of this folder."""


class ClockError(RetentionError):
    """The server's clock may be wrong: what is due by it may not be."""

    said = Said("", "")
    """Why."""


class _ChangedError(StreetproofError):
    """Something was done with a case since it was judged."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run did."""

    deleted: tuple[Tombstone, ...]
    kept: tuple[str, ...]
    """Cases that were to go, and with which something was done meanwhile."""
    undeletable: tuple[str, ...]
    """Cases that are deleted, and of which files could not be removed yet. The next run tries again."""
    more: bool
    """As many as allowed were deleted."""
    errors: tuple[str, ...] = ()
    """What the disk refused."""


def apply(
    data: Path,
    store: Store,
    ledger: SqlLedger,
    retention: CaseRetention,
    *,
    by: str,
    now_ns: int,
    only: Sequence[str] | None = None,
    most: int = MOST,
    clock_is_right: str | None = None,
) -> Applied:
    """Delete what is due at `now_ns`, and finish what an earlier run began. `by`: who, as the ledger names them.

    `only`: of those that are due, these. `clock_is_right`: why `by` answers for the clock, which the ledger gets first.
    Raises BusyError while another run deletes, ClockError where the ledger speaks against the clock (see
    `plausible.doubt`) and nobody answers for it, StoreError where database or ledger refuses: then no file is removed.
    """
    with _only_run(data, by):
        Bookkeeper(store, ledger).enter()
        if clock_is_right is not None:
            _answer_for_clock(ledger, by, clock_is_right, now_ns)
        _check_clock(ledger, data, now_ns)
        return _apply(data, store, ledger, retention, by=by, now_ns=now_ns, only=only, most=most)


def _only_run(data: Path, by: str) -> AbstractContextManager[None]:
    busy = BusyError(
        "cases are being deleted here by another run",
        where=str(data),
        remedy="Nothing was done; run it again once that one has ended",
    )
    return only_one(data, busy, RetentionError, "--data", name=LOCK, by=f"{by} (PID {os.getpid()})")


def _answer_for_clock(ledger: SqlLedger, by: str, why: str, now_ns: int) -> None:
    happening = Happening(Kind.TIME_CHECKED, iso_utc(now_ns), by, plausible.OFFICER, {"reason": why})
    Ledger(ledger).add([happening])


def _check_clock(ledger: SqlLedger, data: Path, now_ns: int) -> None:
    said = plausible.doubt(ledger, now_ns)
    if said is None:
        return
    error = ClockError(
        said.en,
        where=str(data),
        remedy="Nothing was deleted. Set the clock right; where it is right, say why you know with --clock-is-right",
    )
    error.said = said
    raise error


def _apply(
    data: Path,
    store: Store,
    ledger: SqlLedger,
    retention: CaseRetention,
    *,
    by: str,
    now_ns: int,
    only: Sequence[str] | None,
    most: int,
) -> Applied:
    done: list[Tombstone] = []
    errors: list[str] = []
    for stone in store.tombstones.unfinished():
        if _go_on(data, store, ledger, stone, now_ns, errors):
            done.append(stone)
    planned = plan(data, store, ledger, retention, now_ns)
    chosen = [one for one in planned.going if only is None or one.row.id in only]
    kept = []
    for one in chosen[:most]:
        stone_or_none = _decide(store, one, planned.ledger_size, now_ns)
        if stone_or_none is None or not _enter(data, store, ledger, stone_or_none, by):
            kept.append(one.row.id)
            continue
        if _remove(data, store, ledger, stone_or_none, now_ns, errors):
            done.append(stone_or_none)
    # The footage that was held for them is let go, and the ledger has that, too.
    Bookkeeper(store, ledger).enter()
    left = tuple(stone.case_id for stone in store.tombstones.unfinished())
    return Applied(tuple(done), tuple(kept), left, len(chosen) > most, tuple(errors))


def _decide(store: Store, one: Planned, ledger_from: int, now_ns: int) -> Tombstone | None:
    verdict = one.judgement
    assert verdict.cls is not None and verdict.due is not None and one.manifest_sha256 is not None, "it goes"
    return store.tombstones.decide(
        one.row.id,
        manifest_sha256=one.manifest_sha256,
        cls=str(verdict.cls),
        due=verdict.due.isoformat(),
        exhibits=sorted(one.exhibits),
        ledger_from=ledger_from,
        now_ns=now_ns,
    )


def _enter(data: Path, store: Store, ledger: SqlLedger, stone: Tombstone, by: str) -> bool:
    """Enter that it is deleted; False, and it stays, where an officer has taken a step since it was judged."""

    def untouched() -> None:
        if steps_taken(ledger, stone.case_id, stone.ledger_from):
            raise _ChangedError("a step was taken meanwhile", where=stone.case_id)

    happening = Happening(
        Kind.CASE_DELETED,
        iso_utc(stone.decided_ns),
        by,
        stone.case_id,
        {
            "manifest_sha256": stone.manifest_sha256,
            "class": stone.cls,
            "due": stone.due,
            "exhibits": len(stone.exhibits),
            "rechecks": len(_rechecks_of(data, store, stone)),
        },
    )
    try:
        Ledger(ledger).add([happening], provided=untouched)
    except _ChangedError:
        store.tombstones.withdraw(stone)
        return False
    return True


def _go_on(data: Path, store: Store, ledger: SqlLedger, stone: Tombstone, now_ns: int, errors: list[str]) -> bool:
    """Finish what a run began that was killed; what it only decided is decided anew."""
    if stone.state == "decided" and not is_deleted(ledger, stone.case_id, stone.ledger_from):
        store.tombstones.withdraw(stone)
        return False
    return _remove(data, store, ledger, stone, now_ns, errors)


def _remove(data: Path, store: Store, ledger: SqlLedger, stone: Tombstone, now_ns: int, errors: list[str]) -> bool:
    """Remove everything of a case that the ledger says is deleted; False where the disk refuses something, which
    `errors` gets."""
    try:
        aside = _set_aside(data, stone)
        folders = [data / folder for folder in _rechecks_of(data, store, stone)]
        store.tombstones.no_case_any_more(stone)
        complete = _remove_exhibits(data, ledger, stone, now_ns)
        for place in (*folders, aside):
            if _is_within(place, data):
                discard(place)
        sync_folder(aside.parent)
    except OSError as error:
        errors.append(f"{stone.case_id}: {error.filename}: {error.strerror}")
        return False
    if complete:
        store.tombstones.finish(stone)
    return complete


def _rechecks_of(data: Path, store: Store, stone: Tombstone) -> list[str]:
    """Folders with the evidence of its re-checks, below the data folder: those that were written down, and those that
    somebody left there without a word. None of another case, whatever it is called."""
    told = {one.folder for one in store.rechecks.all(stone.case_id) if one.folder is not None}
    return keeping.of_case(data, stone.case_id, stone.manifest_sha256, stone.camera, stone.stay, told)


def _set_aside(data: Path, stone: Tombstone) -> Path:
    """Move the bundle, whole, to where nothing takes it for a case. Twice is once. Raises OSError."""
    bundle, aside = data / stone.bundle, data / ASIDE / f"{stone.number}-{Path(stone.bundle).name}"
    aside.parent.mkdir(exist_ok=True)
    # The same case may have been sealed anew since a run that was killed: what lies there now is not what was judged.
    if stone.state == "decided" and not aside.exists() and bundle.exists() and _is_within(bundle, data):
        bundle.rename(aside)
        sync_folder(bundle.parent)
        sync_folder(aside.parent)
    return aside


def _remove_exhibits(data: Path, ledger: SqlLedger, stone: Tombstone, now_ns: int) -> bool:
    if not stone.exhibits:
        return True
    others = exhibits_named(ledger, stone.case_id)
    complete = True
    for sha256 in stone.exhibits:
        path = data / exhibits.FOLDER / sha256
        if sha256 in others or not path.is_file():
            continue
        if now_ns - path.stat().st_mtime_ns < FRESH_NS:
            complete = False
        else:
            path.unlink()
    return complete


def _is_within(place: Path, data: Path) -> bool:
    """Whether a path that the database names is below the data folder, and not that folder itself."""
    real, root = place.parent.resolve() / place.name, data.resolve()
    return root in real.parents
