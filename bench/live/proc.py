"""Processor time and memory of running processes, out of /proc."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Reading:
    """One process at one moment."""

    cpu_ns: int
    """Processor time of its threads that live, user and system together."""
    threads: tuple[tuple[int, int], ...]
    """Thread id and processor time (ns) of each, in the order in which they were started."""
    switches: int
    """How often its threads went to sleep."""


def reading(pid: int) -> Reading:
    """Raises OSError where the process is gone.

    From `schedstat`, in nanoseconds: /proc/PID/stat counts in hundredths of a second, too coarse for what a camera
    takes in half a minute. Threads that ended meanwhile are missing; those of a camera's process live as long as it.
    """
    times, switches = [], 0
    for task in sorted((_PROC / str(pid) / "task").iterdir(), key=lambda path: int(path.name)):
        times.append((int(task.name), int((task / "schedstat").read_text().split()[0])))
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                switches += int(line.split()[1])
    return Reading(sum(time for _, time in times), tuple(times), switches)


def pss_mib(pid: int) -> float:
    """Its share of memory in MiB: pages that it shares with others count in parts. Raises OSError where it is gone."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/{pid}/smaps_rollup names no Pss")


def children(pid: int) -> list[int]:
    """Its children, as far as they live."""
    found: list[int] = []
    for listed in (_PROC / str(pid) / "task").glob("*/children"):
        found += [int(child) for child in listed.read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    """All processes below it."""
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def cpu_ns(pids: Iterable[int]) -> int:
    """Processor time of several processes together."""
    return sum(reading(pid).cpu_ns for pid in pids)
