"""Has the ledger's newest checkpoint stamped, from a thread of its own: an authority answers in seconds, or never."""

from __future__ import annotations

import threading

import structlog

from evidence_export.timestamp.interface import Authority, StampError
from evidence_export.words import Said
from streetproof.daemon.problems import stamps_wait
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import stamp_newest
from streetproof.store.ledger.database import SqlLedger

_log = structlog.get_logger(__name__)

PERIOD_S = 60.0


class Stamper:
    """One per daemon. While the authority is down checkpoints wait, which is said; the newest covers all before it."""

    def __init__(self, ledger: SqlLedger, authority: Authority, *, period_s: float = PERIOD_S) -> None:
        self._ledger, self._authority, self._period_s = ledger, authority, period_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="time stamps", daemon=True)
        self.problem: Said | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Ask no more; an answer that is on its way is waited for, for so long."""
        self._stopped.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while True:
            try:
                if stamp_newest(self._ledger, self._authority):
                    _log.info("checkpoint_stamped", authority=self._authority.label)
                self.problem = None
            except StampError as error:
                if self.problem is None:
                    _log.warning("time_stamps_wait", authority=self._authority.label, error=error.what)
                self.problem = stamps_wait(self._unstamped(), error.what)
            except StreetproofError as error:
                _log.error("time_stamp_not_kept", error=str(error))
            if self._stopped.wait(self._period_s):
                return

    def _unstamped(self) -> int | None:
        """How many checkpoints have no stamp; None where the database does not say."""
        try:
            return self._ledger.unstamped()
        except StreetproofError:
            return None
