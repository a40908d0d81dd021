"""Opens the state database when the daemon starts. While its server is away, the cameras are recorded all the same.

After a power cut this machine may be up before the server is: it must not have to be started again by hand, and the
city must not lose its footage for as long as that takes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import structlog

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streetproof.daemon.backlog import Backlog
from streetproof.daemon.beginning import Start, daemon_store
from streetproof.daemon.http import StatusServer
from streetproof.daemon.meanwhile import Meanwhile
from streetproof.daemon.problems import database_awaited
from streetproof.daemon.snapshot import DaemonSnapshot
from streetproof.daemon.upkeep import Before
from streetproof.databases.opening import has_state
from streetproof.settings.load import LoadedSite
from streetproof.store.connection import StoreAwayError
from streetproof.store.database import Store
from streetproof.version import __version__

_log = structlog.get_logger(__name__)

_AGAIN_S = 2.0
_STARTING_S = 60
"""So long systemd goes on waiting, each time that it is told of a start."""
_SAID = "waits for the database; cameras are recorded, nothing is judged yet"
_HEARTBEAT_NS = 15 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Opened:
    """The state database, and what was recorded while it was awaited; None: it was there at once."""

    store: Store
    backlog: Backlog | None = None
    before: Before | None = None


def opened_store(data: Path, loaded: LoadedSite, model: str, start: Start) -> Opened | None:
    """The state database. One that the folder had before, and whose server is away, is awaited; None: the daemon was
    told to stop before it was there. Raises what `daemon_store` does."""
    try:
        return Opened(daemon_store(data, loaded))
    except StoreAwayError as error:
        if not has_state(data):
            raise
        _log.error("database_awaited", error=str(error))
        return _Awaiting(data, loaded, model, start, error).run()


class _Awaiting:
    """One start that waits. All but the opening itself is done by the thread that calls `run`."""

    def __init__(self, data: Path, loaded: LoadedSite, model: str, start: Start, error: StoreAwayError) -> None:
        recordings = data / "recordings"
        recordings.mkdir(parents=True, exist_ok=True)
        self._loaded, self._model, self._start = loaded, model, start
        self._meanwhile = Meanwhile(loaded, recordings, start.host)
        self._opening = _Opening(lambda: daemon_store(data, loaded), error)
        self._beat_ns = time.monotonic_ns()
        self._snapshot = self._snapshot_now()
        self._server = StatusServer(loaded.site.live.address, lambda: self._snapshot, self._alive)

    def run(self) -> Opened | None:
        """Record until the database answers, or until told to stop."""
        self._server.start()  # first: a port that is taken is found before anything is recorded
        try:
            store = self._record()
        finally:
            self._server.stop()
        if store is None:
            self._start.notifier.stopping()
            _log.info("stopped")
            return None
        meanwhile = self._meanwhile
        return Opened(store, meanwhile.backlog, Before(self._start.began_ns, meanwhile.newest_ns))

    def _record(self) -> Store | None:
        meanwhile, cause = self._meanwhile, "stopped"
        meanwhile.start()
        self._snapshot = self._snapshot_now()
        self._opening.start()
        _log.info("recording_without_database", cameras=len(meanwhile.cameras()))
        try:
            while not self._start.stop.is_set():
                meanwhile.turn(0.2)
                if self._opening.done:
                    store = self._opening.store()
                    cause = "handover"
                    _log.info("database_answers")
                    return store
                self._tell()
            return None
        finally:
            self._opening.cancel()
            meanwhile.stop(cause)

    def _tell(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - self._beat_ns >= NS_PER_S:
            self._beat_ns = now_ns
            self._snapshot = self._snapshot_now()
            self._start.notifier.starting(_STARTING_S, _SAID)

    def _alive(self) -> bool:
        return time.monotonic_ns() - self._beat_ns < _HEARTBEAT_NS

    def _snapshot_now(self) -> DaemonSnapshot:
        host, loaded, meanwhile = self._start.host, self._loaded, self._meanwhile
        now_ns, offset = time.monotonic_ns(), host.server_offset()
        problems: tuple[Said, ...] = (database_awaited(str(self._opening.error)), *meanwhile.problems)
        return DaemonSnapshot(
            site=loaded.site.site.id,
            site_name=loaded.site.site.name,
            version=__version__,
            pid=os.getpid(),
            started_ns=host.utc_ns(self._start.began_ns),
            now_ns=host.utc_ns(now_ns),
            uptime_s=round((now_ns - self._start.began_ns) / NS_PER_S, 1),
            config=str(loaded.path),
            config_sha256=loaded.sha256,
            config_error=None,
            ready=False,
            problems=problems,
            model=self._model,
            inference_batches=0,
            inference_s=0.0,
            cases=0,
            sealing_waiting=0,
            sealing_failed=0,
            notices_waiting=0,
            disk_free_bytes=meanwhile.room.free,
            disk_total_bytes=meanwhile.room.total,
            server_offset_s=None if offset is None else offset.offset_ns / NS_PER_S,
            cameras=meanwhile.cameras(),
        )


class _Opening:
    """Tries again and again, in a thread of its own: one attempt may take longer than cameras can be left alone."""

    def __init__(self, attempt: Callable[[], Store], error: StoreAwayError) -> None:
        self.error = error
        """Why the last attempt failed."""
        self._attempt = attempt
        self._cancelled = threading.Event()
        self._outcome: Future[Store] = Future()

    def start(self) -> None:
        """Begin to try. Nobody waits for the thread: an attempt that hangs must not keep the daemon from ending."""
        threading.Thread(target=self._run, name="database", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether `store` returns, or raises, at once."""
        return self._outcome.done()

    def store(self) -> Store:
        """What was opened. Raises what the last attempt did, where the server answers and something else is wrong."""
        return self._outcome.result()

    def cancel(self) -> None:
        """Try no more."""
        self._cancelled.set()

    def _run(self) -> None:
        while not self._cancelled.wait(_AGAIN_S):
            try:
                self._outcome.set_result(self._attempt())
            except StoreAwayError as error:
                self.error = error
            except BaseException as error:
                self._outcome.set_exception(error)
                return
            else:
                return
