"""`streetproof run` in a process of its own, followed by what it logs."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
import time
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
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._arguments = command("run", site, "--data", data)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._arguments, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join(10)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def wait(self, event: str, timeout_s: float, **fields: Any) -> dict[str, Any]:
        """The next log line of that event with those fields; what comes before it is kept in `logged`."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"no {event!r} within {timeout_s} s; last lines: {self.logged[-20:]}"
            self.logged.append(line)
            if line.get("event") == event and all(line.get(name) == value for name, value in fields.items()):
                return line

    def stop(self) -> int:
        """End it as systemd does; its exit status."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(_STOP_S)
        self._reader.join(10)
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
