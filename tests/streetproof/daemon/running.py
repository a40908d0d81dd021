"""`streetproof run` in a process of its own, followed by what it logs."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.streetproof.commands import command

_STOP_S = 40.0


class RunningDaemon:
    """A context manager; on leaving it the daemon has ended, killed where it did not obey."""

    def __init__(self, site: Path, data: Path) -> None:
        self.data = data
        self.logged: list[dict[str, Any]] = []
        """Every line so far, as far as `wait` has read."""
        self._unasked: list[dict[str, Any]] = []
        """Those of them that nobody has waited for yet."""
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._arguments = command("run", site, "--data", data)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._arguments, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Its cameras with it: who is left would hold its end of the pipe.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(60)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def wait(self, event: str, timeout_s: float, **fields: Any) -> dict[str, Any]:
        """A log line of that event with those fields, not yet returned before; other lines may come in any order."""
        deadline = time.monotonic() + timeout_s
        wanted = {"event": event, **fields}
        while True:
            for place, line in enumerate(self._unasked):
                if wanted.items() <= line.items():
                    return self._unasked.pop(place)
            try:
                fresh = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                fresh = None
            assert fresh is not None, f"no {event!r} within {timeout_s} s; last lines: {self.logged[-20:]}"
            self.logged.append(fresh)
            self._unasked.append(fresh)

    def stop(self) -> int:
        """End it as systemd does; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(_STOP_S)
        while (line := self._lines.get()) is not None:
            self.logged.append(line)
        return status

    def _read(self) -> None:
        assert self._process.stderr is not None
        for text in self._process.stderr:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"event": text.rstrip()}
            self._lines.put(line)
        self._lines.put(None)
