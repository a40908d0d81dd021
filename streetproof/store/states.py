"""What the engine knows of each camera, saved after every sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from streetproof.store.connection import Connection, upsert
from streetproof.store.live_tables import EngineStateRow


@dataclass(frozen=True, slots=True)
class SavedState:
    """The engine's state of one camera as of `at_ns` (UTC), under rules with this SHA-256 (hex)."""

    rules_sha256: str
    state: str
    """JSON, as the engine gave it."""
    at_ns: int


class EngineStates:
    """The latest state of each camera."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save_states(self, states: Mapping[str, SavedState]) -> None:
        """Replace the states of these cameras, all or none.

        It is not waited for the disk: many times a second it would wear it out. The end of the process loses nothing; a
        power cut may lose the last seconds, but never what was written durably before, as a finding is. So a finding is
        written first: an older state then fires it again, and it is known.
        """
        rows = [
            {"camera": camera, "rules_sha256": saved.rules_sha256, "state": saved.state, "at_ns": saved.at_ns}
            for camera, saved in states.items()
        ]
        with self._connection.write(durable=False) as session:
            upsert(session, EngineStateRow, rows)

    def states(self) -> dict[str, SavedState]:
        """The latest state of every camera."""
        with self._connection.read() as session:
            return {
                row.camera: SavedState(row.rules_sha256, row.state, row.at_ns)
                for row in session.scalars(sa.select(EngineStateRow))
            }

    def state(self, camera: str) -> SavedState | None:
        """The latest state of one camera; None where there is none."""
        with self._connection.read() as session:
            row = session.get(EngineStateRow, camera)
            return None if row is None else SavedState(row.rules_sha256, row.state, row.at_ns)

    def forget(self, camera: str) -> None:
        """Drop the state of a camera that is no more."""
        with self._connection.write() as session:
            session.execute(sa.delete(EngineStateRow).where(EngineStateRow.camera == camera))
