"""Re-checks (复查) that rules ask for: the place of a case is looked at again after a time, in what was recorded.

The command that people use does the work (`streetproof recheck`), in a process of its own at low priority: whatever
becomes of it, the daemon goes on, and anybody can do the same again by hand. When to look is in the database. The
command verifies what it has written, or what it finds written from before a crash, by the check that every re-check has
to pass (see `streetproof.recheck.vouching`); the daemon enters that very one, of the case and time of the appointment.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import structlog

from evidence_export.keys import KeySpec
from streams.instant import NS_PER_S, from_iso, iso_utc
from streetproof.bundles import read_bytes
from streetproof.daemon.index import RecordingIndex
from streetproof.keys import key_arguments
from streetproof.recheck.keeping import for_ledger, manifest_of
from streetproof.store.database import Store
from streetproof.store.happenings import Fact
from streetproof.store.rechecks import Appointment, StoredRecheck
from vision.durations import format_duration

_log = structlog.get_logger(__name__)

_NICE = 10
_LONGEST_NS = 3600 * NS_PER_S
_RETRY_NS = 300 * NS_PER_S
_MAX_ATTEMPTS = 4
_DONE = (0, 1, 3)
"""Exit codes of the command with which it has said something."""


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The place of a case was looked at again; `folder`: its evidence."""

    asked: Appointment
    verdict: str
    reason: str | None
    folder: Path


@dataclass(frozen=True, slots=True)
class NotRechecked:
    """It could not be done, and is given up."""

    asked: Appointment
    error: str


@dataclass(slots=True)
class _Running:
    """The one that is being done."""

    recheck: StoredRecheck
    process: subprocess.Popen[bytes]
    out: IO[bytes]
    since_ns: int


class Rechecking:
    """All re-checks of a site. Called by the hub's thread; one is done at a time."""

    def __init__(
        self,
        store: Store,
        index: RecordingIndex,
        recordings: Path,
        data: Path,
        key: KeySpec | Path,
        models: Path,
        command: Sequence[str] = (sys.executable, "-c", "from streetproof.cli import main; main()"),
    ) -> None:
        """`models`: the store of models. `command`: what `recheck` and its arguments are put behind."""
        self._store = store
        self._index = index
        self._recordings = recordings
        self._data = data
        self._key = KeySpec(key) if isinstance(key, Path) else key
        self._models = models
        self._command = tuple(command)
        self._running: _Running | None = None

    def work(self, now_ns: int) -> Rechecked | NotRechecked | None:
        """Begin the next one that is due, or see how far the one under way is. Raises StoreError."""
        if self._running is not None:
            return self._watch(self._running, now_ns)
        due = self._store.rechecks.due(now_ns)
        return None if due is None else self._begin(due, now_ns)

    def stop(self) -> None:
        """End at once: what is under way is begun again by the next run."""
        if self._running is not None:
            self._running.process.kill()
            self._running.process.wait()
            self._running.out.close()
            self._running = None

    def _begin(self, recheck: StoredRecheck, now_ns: int) -> NotRechecked | None:
        asked = recheck.asked
        records = self._index.between(asked.camera, asked.due_ns, asked.end_ns)
        arguments = [
            "recheck", str(self._data / asked.bundle), str(self._data / "configs" / f"{asked.config}.yaml"),
            *(str(self._recordings / record.path) for record in records),
            "--at", iso_utc(asked.due_ns), "--window", format_duration(asked.window_ns),
            "--data", str(self._data), "--appointment", *key_arguments(self._key), "--store", str(self._models),
            "--json",
        ]  # fmt: skip
        out = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the process has ended
        try:
            process = subprocess.Popen(
                ["nice", "-n", str(_NICE), *self._command, *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            out.close()
            return self._failed(recheck, f"it cannot be started ({error.strerror or error})", now_ns)
        self._running = _Running(recheck, process, out, time.monotonic_ns())
        _log.info("recheck_begun", case=asked.case_id, camera=asked.camera, segments=len(records))
        return None

    def _watch(self, running: _Running, now_ns: int) -> Rechecked | NotRechecked | None:
        code = running.process.poll()
        if code is None:
            if time.monotonic_ns() - running.since_ns > _LONGEST_NS:
                running.process.kill()
            return None
        running.out.seek(0)
        told = _told(running.out.read())
        running.out.close()
        self._running = None
        asked = running.recheck.asked
        if code not in _DONE or not told:
            return self._failed(running.recheck, _error(code, told), now_ns)
        folder = Path(str(told["folder"]))
        written = self._written(asked, folder, str(told.get("sha256")))
        if written is None:
            unread = f"its evidence cannot be read, or is not what was asked for ({folder})"
            return self._failed(running.recheck, unread, now_ns)
        outcome, noted = written
        verdict, reason = str(outcome["verdict"]), outcome["reason"]
        self._store.rechecks.done(running.recheck.id, verdict, reason, str(folder.relative_to(self._data)), noted)
        _log.info("rechecked", case=asked.case_id, camera=asked.camera, verdict=verdict, reason=reason)
        return Rechecked(asked, verdict, reason, folder)

    def _failed(self, recheck: StoredRecheck, error: str, now_ns: int) -> NotRechecked | None:
        asked, again = recheck.asked, recheck.attempts + 1 < _MAX_ATTEMPTS
        self._store.rechecks.failed(recheck.id, error, retry_ns=now_ns + _RETRY_NS if again else None)
        _log.error("not_rechecked", case=asked.case_id, camera=asked.camera, given_up=not again, error=error)
        return None if again else NotRechecked(asked, error)

    def _written(self, asked: Appointment, folder: Path, sha256: str) -> tuple[Any, dict[str, Fact]] | None:
        """The outcome that stands in a folder, and what the ledger has to say of it; None: it cannot be read, or is not
        the one of that very case and time which the command has verified."""
        case = read_bytes(self._data / asked.bundle)
        try:
            data = manifest_of(folder)
            document = json.loads(data)
            told = for_ledger(document, sha256, str(folder.relative_to(self._data)))
            of = document["original"]["case"], document["original"]["case_sha256"], from_iso(document["asked"]["due"])
            outcome = document["outcome"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if case is None or told is None or hashlib.sha256(data).hexdigest() != sha256:
            return None
        return (outcome, told) if of == (asked.case_id, hashlib.sha256(case).hexdigest(), asked.due_ns) else None


def _told(written: bytes) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return None


def _error(code: int, told: Any) -> str:
    error = (told or {}).get("error")
    return str(error["what"]) if error else f"the command ended with {code} and said nothing"
