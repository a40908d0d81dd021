"""Hands findings to a process that seals them, one at a time, beside everything else and at low priority."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import structlog

from evidence_export import drafts
from evidence_export.sealer import SealedCase
from streams.instant import NS_PER_S
from streetproof.batch.pool import die_with_parent
from streetproof.batch.work import Outcome, Seal, execute
from streetproof.errors import StreetproofError

_log = structlog.get_logger(__name__)

_NICE = 10
_LONGEST_NS = 1800 * NS_PER_S
"""Half an hour of footage is sealed in seconds: whoever takes longer hangs, perhaps on a disk that is gone."""


class SealingDiedError(StreetproofError):
    """The sealing process ended in the middle of a case."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A case stands on disk, verified."""

    finding: str
    case: SealedCase


@dataclass(frozen=True, slots=True)
class NotSealed:
    """A finding could not be sealed; it stays in the database."""

    finding: str
    error: StreetproofError


class SealingProcess:
    """At most one case is under way. `tell` is called from another thread."""

    def __init__(self, tell: Callable[[Sealed | NotSealed], None]) -> None:
        self._tell = tell
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: str | None = None
        self._since_ns = 0
        self._folder: Path | None = None
        """Where the last case was sealed, or is."""
        self._stopped = False

    @property
    def busy(self) -> bool:
        """A case is being sealed."""
        return self._under_way is not None

    def seal(self, finding: str, task: Seal) -> None:
        """Begin to seal; the outcome is told. Only while not `busy`."""
        self._under_way, self._folder = finding, task.folder
        self._since_ns = time.monotonic_ns()
        try:
            future = self._submit(task)
        except BrokenProcessPool:
            # It was killed while it had nothing to do: nothing is lost, and another takes its place.
            self._pool = None
            future = self._submit(task)
        future.add_done_callback(lambda done: self._done(finding, done))

    def watch(self, now_ns: int) -> None:
        """End a process that is at one case for too long, by CLOCK_MONOTONIC; the case is tried again."""
        pool = self._pool
        if pool is not None and self._under_way is not None and now_ns - self._since_ns > _LONGEST_NS:
            for process in list(pool._processes.values()):
                process.kill()

    def stop(self) -> None:
        """End at once: a case that is under way is begun again by the next run, and nothing of it is left half made."""
        self._stopped = True
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list(pool._processes.values()):
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)
        if self._folder is not None:
            clear_drafts(self._folder)

    def _submit(self, task: Seal) -> Future[Outcome]:
        if self._pool is None:
            # Spawned, not forked from the cameras' server: it needs other modules, and none of their memory.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        return self._pool.submit(execute, task)

    def _done(self, finding: str, future: Future[Outcome]) -> None:
        if self._stopped:
            return
        outcome: Sealed | NotSealed
        error = future.exception()
        if error is None:
            case = future.result()
            assert isinstance(case, SealedCase)
            outcome = Sealed(finding, case)
        elif isinstance(error, StreetproofError):
            outcome = NotSealed(finding, error)
        else:
            if isinstance(error, BrokenProcessPool):
                self._pool = None
            # A mistake of ours, or a process that died: in either case this finding must not stop the others.
            outcome = NotSealed(
                finding,
                SealingDiedError(
                    f"the sealing process failed ({type(error).__name__}: {error})",
                    remedy="It is tried again; if it fails again, report it with this text",
                ),
            )
        self._under_way = None
        self._tell(outcome)


def clear_drafts(folder: Path) -> None:
    """Remove drafts that a killed process, or a disk that refused, left; nobody seals into this folder now."""
    for error in drafts.clear(folder):
        _log.warning("draft_not_removed", path=str(error.filename or folder), error=error.strerror)


def _begin() -> None:
    os.nice(_NICE)
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    threading.Thread(target=die_with_parent, daemon=True).start()
