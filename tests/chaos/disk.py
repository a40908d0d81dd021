"""A disk that can be full: a small one of its own where mounting is allowed, else a limit on what may be written.

with SmallDisk(folder) as disk:
    disk.fill()       # nothing more fits
    disk.make_room()
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_BYTES = 48 << 20
_PIECE = 1 << 16


class SmallDisk:
    """See the module. `pids` tells which processes to limit where no disk can be mounted."""

    def __init__(self, folder: Path, pids: Callable[[], Iterable[int]]) -> None:
        self.path = folder / "小盘 1"
        self._pids = pids
        self._mounted = False

    def __enter__(self) -> Self:
        self.path.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "tmpfs", str(self.path)], capture_output=True, check=False
        )
        self._mounted = done.returncode == 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mounted:
            subprocess.run(["umount", str(self.path)], check=True)

    def fill(self) -> None:
        """Nothing more fits from now on, whatever was begun before."""
        if not self._mounted:
            # Every write beyond the first kilobytes of a file fails, with EFBIG.
            self._limit(_PIECE // 16)
            return
        with (self.path / "filler").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(_PIECE))
        with (self.path / "filler").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(512))

    def make_room(self) -> None:
        """As it was before."""
        if not self._mounted:
            self._limit(resource.RLIM_INFINITY)
            return
        with suppress(FileNotFoundError):
            os.unlink(self.path / "filler")

    def _limit(self, size: int) -> None:
        for pid in self._pids():
            with suppress(ProcessLookupError):  # it has just ended
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
