"""What Linux says of the processes of a session: who is there, what they are called, what they hold open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from streetproof.daemon.process import open_handles, resident_bytes, threads


@dataclass(frozen=True)
class Load:
    """What a process holds."""

    handles: int
    threads: int
    resident: int
    """Bytes."""


def of_session(session: int) -> dict[int, str]:
    """Every process of a session that lives, with its title. The daemon's children stay in the session it began."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) != session or fields[0] in (b"Z", b"X"):
                continue
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it ended while we looked
        found[int(folder.name)] = title.replace(b"\0", b" ").decode(errors="replace")
    return found


def is_stopped(pid: int) -> bool:
    """Whether every thread of a process stands where SIGSTOP met it."""
    states = [
        (folder / "stat").read_bytes().rpartition(b")")[2].split()[0] for folder in Path(f"/proc/{pid}/task").iterdir()
    ]
    return set(states) == {b"T"}


def load(pid: int) -> Load:
    """What a process holds now."""
    counts = open_handles(pid), threads(pid), resident_bytes(pid)
    assert None not in counts, f"process {pid} is gone"
    return Load(*(count or 0 for count in counts))


def least(loads: Iterable[Load]) -> Load:
    """Of each figure the smallest."""
    handles, running, resident = zip(*((one.handles, one.threads, one.resident) for one in loads), strict=True)
    return Load(min(handles), min(running), min(resident))
