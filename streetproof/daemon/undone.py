"""What happened and is not written down yet, in its order: findings, ends of stays, and faults of views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from streams.instant import Instant
from streetproof.daemon import announce
from streetproof.daemon.casework import CaseWork
from streetproof.daemon.desk import Departed, Ended, Fired
from streetproof.daemon.notices.interface import Notice
from streetproof.settings.load import LoadedSite
from streetproof.store.database import Store
from vision.integrity.interface import ViewChange, ViewEvent

_log = structlog.get_logger(__name__)

_MOST = 10_000
"""Of all cameras together."""

Undone: TypeAlias = tuple[str, Fired | Ended | Departed | ViewEvent, LoadedSite]
"""Camera, what is to be written down, and the site file that was in force when it happened."""


class UndoneQueue:
    """Belongs to the hub's thread."""

    def __init__(
        self, store: Store, casework: CaseWork, now_ns: Callable[[], int], notify: Callable[[Notice], None]
    ) -> None:
        self._store, self._casework = store, casework
        self._now_ns, self._notify = now_ns, notify
        self._items: list[Undone] = []

    @property
    def items(self) -> tuple[Undone, ...]:
        """What waits, the oldest first."""
        return tuple(self._items)

    def add(self, undone: Undone) -> None:
        """Something happened just now."""
        self._items.append(undone)
        if len(self._items) > _MOST:
            # The database has been gone for days. Ends of stays can be spared, findings cannot.
            self._items = [one for one in self._items if isinstance(one[1], Fired)][-_MOST:]

    def put_first(self, undone: Sequence[Undone]) -> None:
        """These happened before all others: an earlier run could not write them down."""
        self._items[:0] = undone

    def write(self) -> None:
        """Write all of it down. Raises StoreError; what was not written by then waits."""
        while self._items:
            camera, outcome, loaded = self._items[0]
            match outcome:
                case Fired(violation, role, model):
                    self._casework.fired(loaded, violation, role, model)
                case Ended(stay):
                    self._casework.ended(loaded, stay)
                case Departed(stay, pinned):
                    self._casework.departed(stay, pinned)
                case ViewEvent(fault, ViewChange.BEGUN, since, _):
                    self._store.views.begin(camera, fault.value, since.utc_ns)
                    self._doubt_sealed(loaded, camera, fault.value, since)
                case ViewEvent(fault, _, since, _):
                    self._store.views.end(camera, fault.value, since.utc_ns)
            self._items.pop(0)

    def _doubt_sealed(self, loaded: LoadedSite, name: str, fault: str, since: Instant) -> None:
        """A fault is confirmed some time after it began: a case sealed in between does not say so. People must know."""
        cases = self._store.findings.sealed_since(name, since.utc_ns)
        camera = loaded.site.camera(name)
        if not cases or camera is None:
            return
        _log.warning("sealed_cases_doubted", camera=name, fault=fault, since=since.isoformat(), cases=cases)
        self._notify(announce.doubted(loaded.site, camera, fault, since, cases, self._now_ns()))
