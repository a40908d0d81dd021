"""Copies sealed cases to other stores, from a thread of its own: a bucket answers in seconds, or never."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from evidence_export.words import Said
from streetproof.daemon.problems import copies_wait
from streetproof.errors import StreetproofError
from streetproof.objects import copies
from streetproof.objects.interface import ObjectStore
from streetproof.store.database import Store

_log = structlog.get_logger(__name__)

PERIOD_S = 60.0
STOP_S = 2.0
"""What a store has for a copy that is on its way when the daemon stops; the next run makes it again."""


class Copier:
    """One per daemon. While a store is down copies wait, which is said, and are caught up."""

    def __init__(self, data: Path, store: Store, targets: Sequence[ObjectStore], *, period_s: float = PERIOD_S) -> None:
        self._data, self._store, self._targets, self._period_s = data, store, targets, period_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)
        self._problems: dict[str, Said] = {}

    @property
    def problems(self) -> tuple[Said, ...]:
        """Which stores are down."""
        return tuple(self._problems.values())

    def start(self) -> None:
        """Begin to copy."""
        if self._targets:
            self._thread.start()

    def stop(self, within_s: float = STOP_S) -> None:
        """Copy no more; what is on its way is waited for, for so long."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        while True:
            for target in self._targets:
                self._copy_to(target)
            if self._stopped.wait(self._period_s):
                return

    def _copy_to(self, target: ObjectStore) -> None:
        """Each store by itself: one that is down keeps no other waiting."""
        try:
            for one in copies.make(self._data, self._store, [target]):
                _log.info("case_copied", case=one.case_id, store=one.store)
                if self._stopped.is_set():
                    return
            self._problems.pop(target.label, None)
        except StreetproofError as error:
            if target.label not in self._problems:
                _log.warning("copies_wait", store=target.label, error=error.what)
            self._problems[target.label] = copies_wait(self._waiting(target), target.label, error.what)

    def _waiting(self, target: ObjectStore) -> int | None:
        """How many cases that store lacks; None where the database does not say."""
        try:
            return copies.waiting(self._data, self._store, [target])
        except StreetproofError:
            return None
