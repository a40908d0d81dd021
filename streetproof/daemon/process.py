"""What Linux says about a process of the daemon, and what it shows of it in `ps` and `top`."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_PROC = Path("/proc")
_PR_SET_NAME = 15
_COMM_BYTES = 15
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ARG_START, _ARG_END = 45, 46
"""Fields 48 and 49 of /proc/PID/stat (proc(5)), counted from the third, which follows the command in brackets."""


def set_title(title: str) -> bool:
    """Show this process as `title`; its main thread gets the first 15 bytes of what follows `streetproof: `.

    Written over the arguments it was started with, the way setproctitle does, and cut to their length. To be called
    from the main thread. Returns whether `ps` will show it: where the kernel does not say where the arguments lie,
    nothing is touched.
    """
    plain = "".join(character if character.isprintable() else "?" for character in title)
    short = plain.removeprefix("streetproof: ").encode()[:_COMM_BYTES].decode(errors="ignore")
    ctypes.CDLL(None).prctl(_PR_SET_NAME, ctypes.create_string_buffer(short.encode()), 0, 0, 0)
    found = _arguments()
    if found is None:
        return False
    start, length = found
    # The last byte stays zero: otherwise the kernel takes the environment for a continuation of the title.
    text = plain.encode()[: length - 1].decode(errors="ignore").encode()
    ctypes.memset(start, 0, length)
    ctypes.memmove(start, text, len(text))
    return True


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process in bytes; None where it is gone."""
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):  # between death and burial the file is empty
        return None


def open_handles(pid: int) -> int | None:
    """Open file descriptors of a process; None where it is gone or belongs to somebody else."""
    return _entries(pid, "fd")


def threads(pid: int) -> int | None:
    """Threads of a process; None where it is gone."""
    return _entries(pid, "task")


def _entries(pid: int, folder: str) -> int | None:
    try:
        return sum(1 for _ in os.scandir(_PROC / str(pid) / folder))
    except OSError:
        return None


def _arguments() -> tuple[int, int] | None:
    """Where the arguments of this process lie, and how many bytes; None unless it is certain."""
    try:
        shown = (_PROC / "self" / "cmdline").read_bytes()
        fields = (_PROC / "self" / "stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        with (_PROC / "self" / "maps").open() as lines:
            spans = [line.split()[:2] for line in lines]
    except (OSError, IndexError, ValueError):
        return None
    writable = any(
        int(span.split("-")[0], 16) <= start and end <= int(span.split("-")[1], 16)
        for span, rights in spans
        if rights.startswith("rw")
    )
    if start == 0 or end - start < 2 or not writable or ctypes.string_at(start, end - start) != shown:
        return None
    return start, end - start
