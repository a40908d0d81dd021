"""The state database of a site: what a batch asks of it, and one small class per topic for the daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from evidence_export.ledger.entry import Kind
from streetproof.store import happenings
from streetproof.store.case_holds import CaseHolds
from streetproof.store.connection import BUSY_S, Connection, StoreError, url_of_file
from streetproof.store.findings import Findings
from streetproof.store.gaps import Gaps
from streetproof.store.happenings import Fact, Happenings, note
from streetproof.store.holds import Holds
from streetproof.store.live_tables import SegmentRow
from streetproof.store.notices import NoticeRows
from streetproof.store.rechecks import Rechecks
from streetproof.store.segments import Segments
from streetproof.store.states import EngineStates
from streetproof.store.tables import CaseRow, RecordingRow, RunRow
from streetproof.store.tombstones import Tombstones, unfinished
from streetproof.store.vehicles import Vehicles
from streetproof.store.views import ViewFaults

__all__ = ["Store", "StoreError"]


class Store:
    """One open database. Use as a context manager; raises StoreError and nothing of SQLAlchemy's."""

    def __init__(
        self,
        url: str | sa.URL,
        *,
        by: str = "unknown",
        busy_s: float = BUSY_S,
        name: str | None = None,
        begins: bool = True,
        answers_s: float | None = None,
    ) -> None:
        """`by`: who writes, as the ledger will name them; `answers_s`: see `Connection`.

        `name`: that of the database, given to an empty one; raises StoreError where it has another. None: whatever it
        is. `begins`: whether it may be empty; else that raises StoreError.
        """
        settle = None if name is None else partial(happenings.settle, name)
        self._connection = Connection(url, by=by, busy_s=busy_s, begins=begins, settle=settle, answers_s=answers_s)
        self.segments = Segments(self._connection)
        self.gaps = Gaps(self._connection)
        self.holds = Holds(self._connection)
        self.states = EngineStates(self._connection)
        self.findings = Findings(self._connection)
        self.notices = NoticeRows(self._connection)
        self.views = ViewFaults(self._connection)
        self.vehicles = Vehicles(self._connection)
        self.rechecks = Rechecks(self._connection)
        self.case_holds = CaseHolds(self._connection)
        self.tombstones = Tombstones(self._connection)
        self.happenings = Happenings(self._connection)

    @classmethod
    def open_file(cls, path: Path, *, by: str = "unknown", busy_s: float = BUSY_S) -> Store:
        """The embedded SQLite database at `path`, created where it does not exist."""
        return cls(url_of_file(path), by=by, busy_s=busy_s)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._connection.close()

    def answers(self) -> bool:
        """Whether the database can be read now."""
        try:
            with self._connection.read() as session:
                session.execute(sa.select(sa.func.count()).select_from(sa.text("alembic_version")))
        except StoreError:
            return False
        return True

    def recording_sha256(self, path: Path, size_bytes: int, changed_ns: int) -> str | None:
        """The hash of an unchanged file that was read before, else None."""
        with self._connection.read() as session:
            row = session.get(RecordingRow, str(path))
            if row is None or (row.size_bytes, row.changed_ns) != (size_bytes, changed_ns):
                return None
            return row.sha256

    def remember_recording(self, path: Path, size_bytes: int, changed_ns: int, sha256: str) -> None:
        """Keep the hash of a file together with the size and time that tell whether it changed since."""
        with self._connection.write() as session:
            session.merge(RecordingRow(path=str(path), size_bytes=size_bytes, changed_ns=changed_ns, sha256=sha256))

    def where_recordings_lie(self, segments: Path, sha256: Sequence[str]) -> dict[str, Path]:
        """SHA-256 -> path, of recordings that were read or recorded here; `segments`: the folder of recordings. What
        lies there now may be gone, or another file."""
        read = sa.select(RecordingRow.sha256, RecordingRow.path).where(RecordingRow.sha256.in_(sha256))
        recorded = sa.select(SegmentRow.sha256, SegmentRow.path).where(SegmentRow.sha256.in_(sha256))
        with self._connection.read() as session:
            found = {value: Path(path) for value, path in session.execute(read)}
            return found | {value: segments / path for value, path in session.execute(recorded)}

    def begin_run(self, started_ns: int, config_sha256: str) -> int:
        """Start a run and return its id."""
        with self._connection.write() as session:
            row = RunRow(started_ns=started_ns, config_sha256=config_sha256)
            session.add(row)
            session.flush()
            return row.id

    def end_run(self, run: int, finished_ns: int, exit_code: int) -> None:
        """Write down how a run ended."""
        with self._connection.write() as session:
            row = session.get_one(RunRow, run)
            row.finished_ns, row.exit_code = finished_ns, exit_code

    def remember_case(self, row: CaseRow, manifest_sha256: str, *, imported: Mapping[str, Fact] | None = None) -> None:
        """Keep a sealed case, and note for the ledger that it is there; the same id again replaces its row.

        `imported`: what the ledger has to say of a case that came from somewhere else. Raises StoreError where a
        deletion of that case is not finished: it would take this one with it.
        """
        with self._connection.write() as session:
            if unfinished(session, row.id):
                raise StoreError(
                    "its deletion is not finished, so it cannot come again yet",
                    where=row.id,
                    remedy="Let `streetproof retention apply` finish it (an exhibit that was handed in lately takes a "
                    "day), then try again",
                )
            if session.get(CaseRow, row.id) is None:
                told = {"manifest_sha256": manifest_sha256, "bundle": row.bundle}
                if imported is None:
                    note(session, Kind.CASE_SEALED, row.id, {**told, "camera": row.camera})
                else:
                    note(session, Kind.CASE_IMPORTED, row.id, {**told, **imported})
            session.merge(row)

    def cases(self) -> list[CaseRow]:
        """All cases, oldest arrival first."""
        with self._connection.read() as session:
            return list(session.scalars(sa.select(CaseRow).order_by(CaseRow.arrived_ns, CaseRow.id)))
