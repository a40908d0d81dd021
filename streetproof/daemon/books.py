"""The daemon's ledger: what happened is entered every few seconds, and signed every few minutes.

Where the ledger or the key refuses, footage and cases go on; what happens waits in the state database, people are told,
and it is caught up once that works again.
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import structlog

from evidence_export.keys import KeySpec, open_keys
from evidence_export.ledger.entry import Kind
from evidence_export.timestamp.interface import Authority
from evidence_export.words import Said
from models.interface import ModelInfo
from streams.instant import NS_PER_S
from streetproof.daemon.beginning import ANSWERS_S
from streetproof.daemon.problems import ledger_behind
from streetproof.daemon.reference_time import Measured, ReferenceReading
from streetproof.daemon.stamper import Stamper
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.settings.load import LoadedSite
from streetproof.store.database import Store
from streetproof.store.happenings import Fact
from streetproof.store.ledger.database import SqlLedger

_log = structlog.get_logger(__name__)

ENTER_NS = 5 * NS_PER_S
CHECKPOINT_NS = 300 * NS_PER_S
_BUSY_S = 1.0
"""So long the hub waits for somebody else who writes into the ledger."""
STOP_S = 2.0
"""... and what an authority has for an answer that is on its way when the daemon stops."""
_MOST_UNNOTED = 1_000
_MOST = 5_000
"""Entered in one go, so that the hub never waits long."""


class Books:
    """Called by the hub's thread."""

    def __init__(
        self, store: Store, data: Path, site: str, key: KeySpec | Path, authority: Authority | None = None
    ) -> None:
        """`authority`: who stamps checkpoints; None: nobody."""
        self._store, self._data, self._site, self._key = store, data, site, key
        self._authority = authority
        self._stamper: Stamper | None = None
        self._ledger: SqlLedger | None = None
        self._keeper: Bookkeeper | None = None
        self._signed_ns: int | None = None
        self._behind: Said | None = None
        self._unnoted: deque[tuple[Kind, str, dict[str, Fact], int]] = deque()
        """What the database did not take yet, and when that was (ns UTC)."""

    @property
    def problems(self) -> tuple[Said, ...]:
        """What keeps the ledger from being up to date, and its checkpoints from being stamped."""
        stamps = None if self._stamper is None else self._stamper.problem
        return tuple(said for said in (self._behind, stamps) if said is not None)

    def using(self, loaded: LoadedSite, model: ModelInfo) -> None:
        """These are in force from now on."""
        self._note(Kind.CONFIGURATION_USED, loaded.path.name, {"sha256": loaded.sha256})
        self._note(Kind.MODEL_USED, model.name, {"sha256": model.sha256})

    def time_checked(self, measured: Measured) -> None:
        """A reference was asked for the time."""
        if isinstance(measured, ReferenceReading):
            self._note(Kind.TIME_CHECKED, measured.source, {"server_offset_ns": str(measured.server_offset_ns)})
        else:
            self._note(Kind.TIME_CHECKED, "no reference", {"reason": measured.reason.en[:500]})

    def _note(self, kind: Kind, about: str, data: dict[str, Fact]) -> None:
        if len(self._unnoted) == _MOST_UNNOTED:
            self._not_noted("the database has been refusing for too long")
        self._unnoted.append((kind, about, data, time.time_ns()))
        try:
            self._note_all()
        except StreetproofError as error:
            _log.warning("noted_later", kind=str(kind), about=about, error=str(error))

    def _note_all(self) -> None:
        while self._unnoted:
            kind, about, data, at_ns = self._unnoted[0]
            self._store.happenings.note(kind, about, data, at_ns)
            self._unnoted.popleft()

    def _not_noted(self, why: str) -> None:
        kind, about, _, _ = self._unnoted.popleft()
        _log.error("not_noted", kind=str(kind), about=about, error=why)

    def keep(self, mono_ns: int, *, last: bool = False) -> None:
        """Enter what waits; sign where that was not done for a while, or for the last time."""
        try:
            self._note_all()
            keeper = self._opened()
            while keeper.enter(_MOST) == _MOST and last:
                pass
            if last or self._signed_ns is None or mono_ns - self._signed_ns >= CHECKPOINT_NS:
                # Opened each time: after a rotation the next checkpoint has the new key.
                keeper.checkpoint(self._data, open_keys(self._key).first)
                self._signed_ns = mono_ns
        except StreetproofError as error:
            if self._behind is None:
                _log.error("ledger_behind", error=str(error))
            self._behind = ledger_behind(error)
        else:
            if self._behind is not None:
                _log.info("ledger_caught_up")
            self._behind = None

    def close(self) -> None:
        """Enter and sign what is left."""
        self.keep(0, last=True)
        while self._unnoted:
            self._not_noted("the daemon stops, and the database refuses")
        if self._stamper is not None:
            self._stamper.stop(STOP_S)
        if self._ledger is not None:
            self._ledger.close()

    def _opened(self) -> Bookkeeper:
        if self._keeper is None:
            self._ledger = ledger_of(self._data, self._site, busy_s=_BUSY_S, answers_s=ANSWERS_S)
            self._keeper = Bookkeeper(self._store, self._ledger)
            if self._authority is not None:
                self._stamper = Stamper(self._ledger, self._authority)
                self._stamper.start()
        return self._keeper
