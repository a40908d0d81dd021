"""Tombstones of cases, and the steps in which one goes: decided, no case any more, deleted. Each is one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from streetproof.store import holds
from streetproof.store.case_holds import is_held
from streetproof.store.connection import BY, Connection
from streetproof.store.live_tables import DeletedCaseRow, RecheckRow
from streetproof.store.tables import CaseRow, VehicleRow


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A case that is deleted, or about to be. Times in ns UTC; `due`: the last day it was to be kept, at the site."""

    number: int
    case_id: str
    camera: str
    rule: str
    stay: str
    place: str
    arrived_ns: int
    last_seen_ns: int
    bundle: str
    manifest_sha256: str
    cls: str
    due: str
    by: str
    decided_ns: int
    ledger_from: int
    exhibits: tuple[str, ...]
    state: str


class Tombstones:
    """All of them. They stay for ever."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def decide(
        self,
        case_id: str,
        *,
        manifest_sha256: str,
        cls: str,
        due: str,
        exhibits: Sequence[str],
        ledger_from: int,
        now_ns: int,
    ) -> Tombstone | None:
        """Decide that a case goes; from here on no hold can be placed on it. None: it is gone already, somebody has
        placed a hold, or it is to be looked at again."""
        with self._connection.write() as session:
            row = session.get(CaseRow, case_id)
            waiting = sa.select(RecheckRow.id).where(RecheckRow.case_id == case_id, RecheckRow.state == "waiting")
            if row is None or is_held(session, case_id):
                return None
            if unfinished(session, case_id) or session.scalar(waiting) is not None:
                return None
            stone = DeletedCaseRow(
                case_id=case_id,
                site=row.site,
                camera=row.camera,
                rule=row.rule,
                stay=row.stay,
                place=row.place,
                arrived_ns=row.arrived_ns,
                last_seen_ns=row.last_seen_ns,
                bundle=row.bundle,
                manifest_sha256=manifest_sha256,
                cls=cls,
                due=due,
                by=session.info[BY],
                decided_ns=now_ns,
                ledger_from=ledger_from,
                exhibits=json.dumps(sorted(exhibits)),
                state="decided",
            )
            session.add(stone)
            session.flush()
            return _stone(stone)

    def withdraw(self, stone: Tombstone) -> None:
        """It does not go after all: something was done with it meanwhile. Only of what is only decided."""
        with self._connection.write() as session:
            session.execute(
                sa.delete(DeletedCaseRow).where(DeletedCaseRow.id == stone.number, DeletedCaseRow.state == "decided")
            )

    def no_case_any_more(self, stone: Tombstone) -> None:
        """Take it out of the lists of cases and of vehicles, and let go of its footage, which then goes by its own
        time."""
        with self._connection.write() as session:
            session.get_one(DeletedCaseRow, stone.number).state = "removing"
            session.execute(sa.delete(CaseRow).where(CaseRow.id == stone.case_id))
            session.execute(sa.delete(VehicleRow).where(VehicleRow.case_id == stone.case_id))
            holds.release(session, stone.case_id)

    def finish(self, stone: Tombstone) -> None:
        """All of it is removed."""
        with self._connection.write() as session:
            session.get_one(DeletedCaseRow, stone.number).state = "deleted"
            session.execute(sa.delete(RecheckRow).where(RecheckRow.case_id == stone.case_id))

    def unfinished(self) -> list[Tombstone]:
        """Those that a run began and did not finish, oldest first."""
        return [stone for stone in self.all() if stone.state != "deleted"]

    def all(self) -> list[Tombstone]:
        """Every one, oldest first."""
        with self._connection.read() as session:
            return [_stone(row) for row in session.scalars(sa.select(DeletedCaseRow).order_by(DeletedCaseRow.id))]


def unfinished(session: Session, case_id: str) -> bool:
    """Whether a deletion of a case was begun and not finished, inside a transaction."""
    wanted = sa.select(DeletedCaseRow.id).where(DeletedCaseRow.case_id == case_id, DeletedCaseRow.state != "deleted")
    return session.scalar(wanted.limit(1)) is not None


def _stone(row: DeletedCaseRow) -> Tombstone:
    return Tombstone(
        row.id,
        row.case_id,
        row.camera,
        row.rule,
        row.stay,
        row.place,
        row.arrived_ns,
        row.last_seen_ns,
        row.bundle,
        row.manifest_sha256,
        row.cls,
        row.due,
        row.by,
        row.decided_ns,
        row.ledger_from,
        tuple(json.loads(row.exhibits)),
        row.state,
    )
