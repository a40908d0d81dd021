"""`python -m tests.faults SCENARIO`: stops a sealing at every step, or breaks every step, and looks what is left.

The steps are those that leave something outside the process: each file made, written, synced, renamed, removed, each
commit of a database with its writes. What is below the data folder is counted, whoever does it (shim.c).
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from tests.faults import scenarios
from tests.faults.shim import Control, Fault, Mode, build
from tests.faults.state import all_done, half_way

_REFUSED, _ESCAPED = 3, 4
"""Exit codes of a child: the error that the program means to raise, and any other."""
MODES = {
    "kill": (Mode.KILL, 0),
    "torn": (Mode.TORN, 0),
    "enospc": (Mode.FULL, errno.ENOSPC),
    "eio": (Mode.FAIL_ONCE, errno.EIO),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("scenario", choices=sorted(scenarios.ALL))
    parser.add_argument("--folder", type=Path, required=True, help="where to work; made")
    parser.add_argument("--mode", choices=sorted(MODES), action="append", help="how a step breaks; all ways without")
    parser.add_argument("--sample", type=int, help="so many steps of each way, all kinds among them; all without")
    parser.add_argument("--at", type=int, action="append", help="these steps only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", help="of the scenario batch")
    given = parser.parse_args()
    if "FAULTS_CONTROL" not in os.environ:
        given.folder.mkdir(parents=True, exist_ok=True)
        control = Control(given.folder / "control")
        environment = {**os.environ, **control.environment(build(), given.folder / "steps.log")}
        environment["STREETPROOF_KEYS"] = str(given.folder / "keys")
        command = [sys.executable, "-m", "tests.faults", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    found = _Runner(given.scenario, given.folder, given.model).run(
        given.mode or sorted(MODES), given.sample, given.at, random.Random(given.seed)
    )
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 1 if found["failures"] else 0


class _Runner:
    """One scenario, in a folder."""

    def __init__(self, scenario: str, folder: Path, model: str | None) -> None:
        self._scenario = scenarios.ALL[scenario](model)
        self._folder = folder
        self._control = Control(folder / "control")
        self._log = folder / "steps.log"
        self._data = folder / "work" / "data"
        self._prepared = folder / "prepared"

    def run(
        self, modes: Sequence[str], sample: int | None, at: Sequence[int] | None, dice: random.Random
    ) -> dict[str, object]:
        started = time.monotonic()
        if not self._prepared.exists():
            code = self._child(lambda: self._scenario.prepare(self._prepared))
            assert code == 0, "the scenario cannot be prepared"
        steps = self.steps()
        failures: list[dict[str, object]] = []
        counts: dict[str, int] = {}
        ended: dict[str, int] = {}
        for name in modes:
            mode, error = MODES[name]
            points = at or chosen(steps, sample, dice)
            if mode is Mode.TORN:
                points = [point for point in points if steps[point - 1][0] == "write"]
            counts[name] = len(points)
            for point in points:
                what, how = self._point(Fault(mode, point, error))
                ended[f"{name}: {how}"] = ended.get(f"{name}: {how}", 0) + 1
                if what is not None:
                    failures.append({"mode": name, "at": point, "step": " ".join(steps[point - 1]), "what": what})
                    print(f"{name} at {point} ({' '.join(steps[point - 1])}): {what}", file=sys.stderr)
        kinds: dict[str, int] = {}
        for step in steps:
            kinds[kind_of(step)] = kinds.get(kind_of(step), 0) + 1
        return {
            "scenario": self._scenario.name, "steps": len(steps), "points": counts, "ended": ended, "kinds": kinds,
            "failures": failures, "seconds": round(time.monotonic() - started),
        }  # fmt: skip

    def steps(self) -> list[tuple[str, str]]:
        """What an undisturbed run does, in order: operation and path; and it ends well."""
        self._log.write_bytes(b"")
        self._begin(Fault(Mode.COUNT, 0), log=True)
        code = self._child(lambda: self._scenario.run(self._data, None))
        self._control.disarm()
        assert code == 0, f"undisturbed it ends with {code}"
        found = [line.split("\t") for line in self._log.read_text(errors="replace").splitlines()]
        in_order = sorted(found, key=lambda line: int(line[0]))
        problem = self._checked(lambda: all_done(self._data, self._scenario.expected(self._data)))
        assert problem is None, f"undisturbed: {problem}"
        return [(op, path) for _, op, path in in_order]

    def _point(self, fault: Fault) -> tuple[str | None, str]:
        """What is wrong, where one step breaks; and how the run ended."""
        self._begin(fault)
        expected = self._scenario.expected(self._data)
        control = self._control if fault.mode in (Mode.FULL, Mode.FAIL_ONCE) else None
        code = self._child(lambda: self._scenario.run(self._data, control))
        self._control.disarm()
        how = {-signal.SIGKILL: "died", 0: "went on", _REFUSED: "refused"}.get(code, f"code {code}")
        if code == _ESCAPED:
            return "an exception escaped (see above)", how
        if fault.mode in (Mode.KILL, Mode.TORN) and code != -signal.SIGKILL:
            return f"it was to die, and ended with {code}", how
        problem = self._checked(lambda: half_way(self._data, expected))
        if problem is not None:
            return f"before the restart: {problem}", how
        code = self._child(lambda: self._scenario.run(self._data, None))
        if code != 0:
            return f"started again it ends with {code}", how
        return self._checked(lambda: all_done(self._data, expected)), how

    def _begin(self, fault: Fault, *, log: bool = False) -> None:
        scenarios.copied(self._prepared, self._data)
        self._control.arm(self._data, fault, log=log)
        self._control.disarm()
        self._fault, self._logs = fault, log
        self._pending = True

    def _child(self, work: Callable[[], object]) -> int:
        """The exit code of a child that does it; minus the signal that ended it."""
        armed = getattr(self, "_pending", False)
        self._pending = False
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            code = _ESCAPED
            try:
                if armed:
                    self._control.arm(self._data, self._fault, log=self._logs)
                work()
                code = 0
            except scenarios.MEANT as error:
                print(f"refused: {error}", file=sys.stderr)
                code = _REFUSED
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _checked(self, check: Callable[[], None]) -> str | None:
        """In a child, too: this process never opens a database."""
        note = self._folder / "problem"
        note.write_text("")

        def work() -> None:
            try:
                check()
            except AssertionError as error:
                note.write_text(str(error)[:2000] or "".join(traceback.format_exc())[-2000:])

        code = self._child(work)
        return note.read_text() or (None if code == 0 else f"the check ended with {code}")


def kind_of(step: tuple[str, str]) -> str:
    """An operation and on what kind of file."""
    op, path = step
    parts = path.strip("/").split("/")
    if parts[0] != "cases":
        return f"{op} {parts[0]}"
    inside = "folder" if len(parts) == 1 else "name" if len(parts) == 2 else Path(parts[-1]).suffix or "folder"
    return f"{op} case {inside}"


def chosen(steps: Sequence[tuple[str, str]], sample: int | None, dice: random.Random) -> list[int]:
    """Which steps to break, counted from 1: all, or a sample with one of each kind, as far as it reaches."""
    everything = list(range(1, len(steps) + 1))
    if sample is None or sample >= len(everything):
        return everything
    by_kind: dict[str, list[int]] = {}
    for number in everything:
        by_kind.setdefault(kind_of(steps[number - 1]), []).append(number)
    one_each = [dice.choice(numbers) for numbers in by_kind.values()]
    picked = set(one_each if len(one_each) <= sample else dice.sample(one_each, sample))
    # The end of a sealing is where it becomes visible: its last steps and those around the renaming are always in.
    rest = [number for number in everything if number not in picked]
    picked |= set(dice.sample(rest, sample - len(picked)))
    return sorted(picked)


if __name__ == "__main__":
    sys.exit(main())
