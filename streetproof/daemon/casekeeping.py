"""Deletes cases whose time is up, once a day where the site file asks for that, from a thread of its own: it reads
all bundles for it, and all that the ledger tells of cases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from evidence_export.words import Said
from streetproof.daemon.beginning import ANSWERS_S
from streetproof.databases.opening import ledger_of, state_of
from streetproof.errors import StreetproofError
from streetproof.retention.applying import BusyError, ClockError, apply
from streetproof.settings.site import Site

_log = structlog.get_logger(__name__)

FIRST_S = 600.0
"""After the start: a restart has more urgent things to do."""
PERIOD_S = 24 * 3600.0
_AGAIN_S = 60.0
"""Where as many went as may at once, the clock was in doubt, or somebody else was deleting."""
BY = "daemon"


class CaseKeeper:
    """One per daemon. `clock`: now, in ns UTC, or None while this machine's clock is in doubt: nothing goes then."""

    def __init__(
        self,
        data: Path,
        site: Callable[[], Site],
        clock: Callable[[], int | None],
        *,
        first_s: float = FIRST_S,
        period_s: float = PERIOD_S,
    ) -> None:
        self._data, self._site, self._clock = data, site, clock
        self._first_s, self._period_s = first_s, period_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cases", daemon=True)
        self.problem: Said | None = None
        """What people should see to."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """Begin nothing any more; what is under way has so long, and is finished by the next run."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def keep(self) -> bool:
        """One run, now; whether the next should come soon."""
        now_ns = self._clock()
        if now_ns is None:
            return True
        site = self._site()
        if not site.evidence.retention.automatic:
            return False
        with (
            state_of(self._data, by=BY, answers_s=ANSWERS_S) as store,
            ledger_of(self._data, site.site.id, answers_s=ANSWERS_S) as ledger,
        ):
            try:
                done = apply(self._data, store, ledger, site.evidence.retention, by=BY, now_ns=now_ns)
            except BusyError as error:
                _log.info("case_retention_waits", why=error.what)
                return True
            except ClockError as error:
                told = _clock_in_doubt(error.said)
                if self.problem != told:
                    _log.error("case_retention_waits", why=error.what)
                self.problem = told
                return True
        if done.deleted:
            _log.info("cases_deleted", cases=[stone.case_id for stone in done.deleted])
        for refused in done.errors:
            _log.error("case_not_removed", error=refused)
        self.problem = _left(done.undeletable) if done.undeletable else None
        return done.more

    def _run(self) -> None:
        wait_s = self._first_s
        while not self._stopped.wait(wait_s):
            wait_s = self._period_s
            try:
                if self.keep():
                    wait_s = min(_AGAIN_S, self._period_s)
            except StreetproofError as error:
                _log.error("case_retention_failed", error=str(error))
                self.problem = Said(
                    f"到期案件的清理失败：{error}；将再次尝试", f"Cases whose time is up could not be deleted: {error}"
                )


def _clock_in_doubt(why: Said) -> Said:
    return Said(
        f"到期案件暂不删除：{why.zh}；请检查服务器时钟，确认无误的，"
        "用 `streetproof retention apply --clock-is-right` 写明依据",
        f"No case is deleted: {why.en}. Check this machine's clock; where it is right, say so with "
        "`streetproof retention apply --clock-is-right`.",
    )


def _left(cases: tuple[str, ...]) -> Said:
    names = ", ".join(cases[:3])
    return Said(
        f"{len(cases)} 件已删除案件的文件未能清除（{names}）；请检查磁盘与权限",
        f"Files of {len(cases)} deleted cases cannot be removed ({names}). Check the disk and its rights.",
    )
