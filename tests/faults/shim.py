"""The library that breaks one step of a program (shim.c): built here, and steered through a file that is shared."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
COMPILER = shutil.which("cc") or shutil.which("gcc")
_FIELDS = struct.Struct("=6q")
_SIZE = _FIELDS.size + 4096


class Mode(IntEnum):
    """What happens at the step."""

    COUNT = 0
    KILL = 1
    """The process dies in front of it, as by SIGKILL."""
    TORN = 2
    """Half of what it writes is written, then the process dies."""
    FAIL_ONCE = 3
    """It fails once, with an errno."""
    FULL = 4
    """From there on everything fails that needs room, until `disarm`."""
    STOP = 5
    """It stands still in front of each step, until SIGCONT."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Which step is broken, counted from 1, and how."""

    mode: Mode
    at: int
    error: int = 0


def build() -> Path:
    """The library, compiled once for each text of its source. Raises CalledProcessError."""
    assert COMPILER is not None, "no C compiler: apt-get install gcc libc6-dev"
    key = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"streetproof-faults-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"shim-{key}.so"
    if not library.exists():
        partial = library.with_suffix(f".{os.getpid()}")
        command = [COMPILER, "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(partial), str(SOURCE)]
        subprocess.run([*command, "-ldl"], check=True, capture_output=True, text=True)
        partial.replace(library)
    return library


class Control:
    """The shared file. Processes that were started with `environment` obey it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        self._path = path
        self._file = path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _SIZE)

    def environment(self, library: Path, log: Path) -> dict[str, str]:
        return {"LD_PRELOAD": str(library), "FAULTS_CONTROL": str(self._path), "FAULTS_LOG": str(log)}

    def arm(self, root: Path, fault: Fault, *, log: bool = False) -> None:
        """From now on steps below `root` are counted, and the one is broken. `root` is resolved, as the kernel says."""
        name = os.fsencode(root.resolve())
        self._map[_FIELDS.size : _FIELDS.size + len(name) + 1] = name + b"\0"
        self._map[: _FIELDS.size] = _FIELDS.pack(1, 0, fault.at, fault.mode, fault.error, log)

    def disarm(self) -> None:
        self._map[:8] = bytes(8)

    @property
    def seen(self) -> int:
        """Steps that were counted since `arm`."""
        return int(_FIELDS.unpack(self._map[: _FIELDS.size])[1])
