"""What one camera costs at each level of attention, beside the limits: all at the same time, on the same stream."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from bench.live.limits import WHAT
from bench.live.proc import Reading, pss_mib, reading
from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streams.live.address import CameraAddress
from streams.live.hostclock import HostClock
from streams.live.source import Timeouts
from streetproof.daemon.fleet import Died, Fleet
from streetproof.daemon.messages import (
    Fit,
    FromCamera,
    LookBack,
    LookedBack,
    Report,
    SizeAsked,
    Watch,
    WorkerSpec,
)
from streetproof.daemon.worker import camera_process

ROOT = Path(__file__).parents[2]
EACH = 2
"""Processes of each kind; the mean of them counts."""
SETTLE_S = 12
BACK_S = 5
"""So much of the past a look back takes in, as the desk asks for it."""
BACK_EVERY_S = 10
_RATE = Fraction(1)
_SCALED = (416, 234)
"""What the detectors at hand ask of a picture of 1920 x 1080."""
THREADS = ("writing", "telling", "orders", "looking", "reading")
"""A camera's threads in the order in which they start."""
LEVELS = ("idle", "sampled", "looking back")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process, mean over those of its kind."""

    cpu: float
    """Share of one core."""
    threads: dict[str, float]
    switches_s: float
    pss_mib: float


@dataclass(slots=True)
class _Told:
    """What the cameras said."""

    host: HostClock
    reports: dict[str, Report] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    backs: int = 0


def names() -> list[str]:
    """Of all processes that `levels` starts: each wants an address of its own."""
    return [f"{kind.replace(' ', '-')}-{number}" for kind in (*WHAT, *LEVELS) for number in range(EACH)]


def levels(address: Callable[[str], str], folder: Path, seconds: int, say: Callable[[str], None]) -> dict[str, Cost]:
    """Costs by what a process does: the limits of `bench.live.limits`, and `LEVELS`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = _Told(HostClock())
    by_level = {f"{level.replace(' ', '-')}-{n}": level for level in LEVELS for n in range(EACH)}
    with _limits(address, folder) as limits, _fleet(told, address, folder, list(by_level)) as fleet:
        say(f"  {len(limits)} limits and {len(by_level)} cameras start, and settle for {SETTLE_S} s ...")
        turn = _Turn(fleet, told, by_level)
        turn.until(SETTLE_S)
        pids = {name: fleet.pid(name) for name in by_level}
        known = {name: pid for name, pid in pids.items() if pid is not None}
        everyone = [*limits.values(), *known.values()]
        say(f"  measuring {seconds} s ...")
        began = time.monotonic()
        before = {pid: reading(pid) for pid in everyone}
        backs = told.backs
        turn.until(seconds)
        took = time.monotonic() - began
        after = {pid: reading(pid) for pid in everyone}
        say(f"  {told.backs - backs} pictures of looks back")
        kinds = {what: [limits[f"{what}-{n}"] for n in range(EACH)] for what in WHAT}
        kinds |= {level: [known[name] for name, one in by_level.items() if one == level] for level in LEVELS}
        return {kind: _cost(members, before, after, took) for kind, members in kinds.items()}


class _Turn:
    """The hub's part: says how to look, asks for looks back, and sees that processes live."""

    def __init__(self, fleet: Fleet, told: _Told, by_level: dict[str, str]) -> None:
        self._fleet = fleet
        self._told = told
        self._by_level = by_level
        self._said: set[str] = set()
        self._asked_ns = time.monotonic_ns()

    def until(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, death in self._fleet.watch():
                raise RuntimeError(f"{name}: {death.why.en}")
            for name, level in self._by_level.items():
                if name in self._told.reports and name not in self._said:
                    self._said.add(name)
                    watch = DecodeLevel.KEYFRAMES if level == "idle" else DecodeLevel.SAMPLED
                    self._fleet.send(name, Watch(watch, level == "idle"))
                if name in self._told.asked:
                    self._told.asked.discard(name)
                    self._fleet.send(name, Fit((1920, 1080), _SCALED))
            now_ns = time.monotonic_ns()
            if now_ns - self._asked_ns >= BACK_EVERY_S * NS_PER_S:
                self._asked_ns = now_ns
                to_ns = self._told.host.now_ns() - NS_PER_S
                for name, level in self._by_level.items():
                    if level == "looking back":
                        self._fleet.send(name, LookBack(f"{now_ns}", to_ns - BACK_S * NS_PER_S, to_ns, 250))
            time.sleep(0.25)


@contextmanager
def _limits(address: Callable[[str], str], folder: Path) -> Iterator[dict[str, int]]:
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for what in WHAT:
            for number in range(EACH):
                name = f"{what}-{number}"
                command = [sys.executable, "-m", "bench.live.limits", what, address(name), str(folder)]
                running[name] = subprocess.Popen(command, cwd=ROOT)
        yield {name: process.pid for name, process in running.items()}
        for name, process in running.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}")
    finally:
        for process in running.values():
            process.kill()
            process.wait()


@contextmanager
def _fleet(told: _Told, address: Callable[[str], str], folder: Path, names: list[str]) -> Iterator[Fleet]:
    def tell(camera: str, generation: int, message: FromCamera | Died) -> None:
        if isinstance(message, Report):
            told.reports[camera] = message
            fleet.heard(camera)
        elif isinstance(message, SizeAsked):
            told.asked.add(camera)
        elif isinstance(message, LookedBack):
            told.backs += message.image is not None

    fleet = Fleet(camera_process, tell, time.monotonic_ns, preload="streetproof.daemon.worker")
    for name in names:
        spec = _spec(name, address(name), folder / "recordings", told.host.line_ns)
        fleet.add(name, lambda spec=spec: spec)  # type: ignore[misc]
    try:
        yield fleet
    finally:
        fleet.stop("stopped", 8)


def _spec(camera: str, address: str, recordings: Path, line_ns: int) -> WorkerSpec:
    """A camera as the daemon would start it with an unchanged site file."""
    return WorkerSpec(
        site="bench",
        camera=camera,
        main=CameraAddress(address),
        sub=None,
        timeouts=Timeouts(),
        retry_max_ns=60 * NS_PER_S,
        recordings=recordings,
        segment_ns=10 * NS_PER_S,
        ring_ns=30 * NS_PER_S,
        ring_bytes=32 << 20,
        rate=_RATE,
        max_interval_ns=4 * NS_PER_S,
        skip_unchanged=True,
        max_reuse_ns=10 * NS_PER_S,
        previous=None,
        gap=None,
        view=None,
        line_ns=line_ns,
        reference=None,
    )


def _cost(members: list[int], before: dict[int, Reading], after: dict[int, Reading], took_s: float) -> Cost:
    def share(nanoseconds: float) -> float:
        return nanoseconds / len(members) / took_s / NS_PER_S

    threads: dict[str, float] = {}
    for pid in members:
        began = dict(before[pid].threads)
        if len(after[pid].threads) < len(THREADS):
            continue
        for place, (thread, cpu_ns) in enumerate(after[pid].threads):
            name = THREADS[place] if place < len(THREADS) else "other"
            threads[name] = threads.get(name, 0) + share(cpu_ns - began.get(thread, 0))
    return Cost(
        cpu=share(sum(after[pid].cpu_ns - before[pid].cpu_ns for pid in members)),
        threads=threads,
        switches_s=sum(after[pid].switches - before[pid].switches for pid in members) / len(members) / took_s,
        pss_mib=sum(pss_mib(pid) for pid in members) / len(members),
    )
