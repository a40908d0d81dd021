"""Runs a command on chosen cores and says how long it took and how much memory its processes held at the most."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command cost and said."""

    returncode: int
    out: str
    err: str
    wall_s: float
    cpu_s: float
    """User and system time of the command and its descendants."""
    peak_mib: float
    """Largest sum of resident memory over its processes, sampled; pages they share count once per process."""


def run(command: Sequence[str], cores: Sequence[int], *, folder: Path) -> Measured:
    """Runs `command` in `folder`, bound to `cores`, and waits for it."""
    environment = dict(os.environ)
    # One thread per process: the cores belong to processes. Applied to all alike.
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            ["taskset", "-c", ",".join(map(str, cores)), *command], cwd=folder, env=environment, stdout=out, stderr=err
        )
        watcher = _Watcher(process.pid)
        watcher.start()
        returncode = process.wait()
        wall = time.monotonic() - started
        watcher.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Measured(returncode, texts[0], texts[1], wall, cpu, watcher.peak_kib / 1024)


class _Watcher(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.peak_kib = 0

    def run(self) -> None:
        while not self._ended.wait(_POLL_S):
            self.peak_kib = max(self.peak_kib, sum(_resident_kib(pid) for pid in _descendants(self._pid)))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _descendants(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                waiting += [int(child) for child in children.read_text().split()]
        except OSError:
            continue  # it has ended meanwhile
    return found


def _resident_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
