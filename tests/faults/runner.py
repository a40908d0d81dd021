"""Breaks the steps of one scenario, one after the other, and looks what is left."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path

import cv2
import structlog

from tests.faults import scenarios
from tests.faults.choice import chosen, kind_of
from tests.faults.shim import Control, Fault, Mode
from tests.faults.state import Expected, all_done, half_way

_REFUSED, _ESCAPED = 3, 4
"""Exit codes of a child: the error that the program means to raise, and any other."""
_HOW: dict[str, tuple[Mode, int]] = {
    "stop": (Mode.STOP, 0),
    "kill": (Mode.KILL, 0),
    "torn": (Mode.TORN, 0),
    "enospc": (Mode.FULL, errno.ENOSPC),
    "eio": (Mode.FAIL_ONCE, errno.EIO),
}


class Runner:
    """One scenario, in a folder. Its process was started with the library of `shim`."""

    def __init__(self, scenario: str, folder: Path, model: str | None) -> None:
        self._scenario = scenarios.ALL[scenario](model)
        self._folder = folder
        self._control = Control(folder / "control")
        self._log = folder / "steps.log"
        self._data = folder / "work" / "data"
        self._prepared = folder / "prepared"

    def run(
        self, modes: Mapping[str, int | None], dice: random.Random, *, at: Sequence[int] | None, around: str | None
    ) -> dict[str, object]:
        """`modes`: at how many steps each way is tried, None for all; 0 only says which there are. `at`: these only;
        `around`: those of this kind only, and the one behind each."""
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        started = time.monotonic()
        if not self._prepared.exists():
            code = self._child(lambda: self._scenario.prepare(self._prepared))
            assert code == 0, "the scenario cannot be prepared"
        if self._scenario.warms and any(sample != 0 for sample in modes.values()):
            self._warm()
        steps = self.steps()
        failures: list[dict[str, object]] = []
        counts: dict[str, int] = {}
        ended: dict[str, int] = {}
        for name, sample in modes.items():
            mode, error = _HOW[name]
            points = at or chosen(steps, sample, dice, around)
            if mode is Mode.TORN:
                points = [point for point in points if steps[point - 1][0] in ("write", "send")]
            counts[name] = len(points)
            if mode is Mode.STOP:
                found = self._stopped(points)
            else:
                found = [(point, *self._point(Fault(mode, point, error))) for point in points]
            for point, what, how in found:
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

    def _warm(self) -> None:
        """Do it once here, so that no child has to import and compile it anew."""
        cv2.setNumThreads(0)  # its threads would not be there in a child
        warm = scenarios.copied(self._prepared, self._folder / "warm" / "data")
        self._reset()
        self._scenario.run(warm, None)
        all_done(warm, self._scenario.expected(warm))
        shutil.rmtree(warm.parent)
        gc.collect()  # of what had a database open, children inherit nothing
        gc.freeze()
        threads = os.listdir("/proc/self/task")
        assert len(threads) == 1, f"who forks should have one thread, not {len(threads)}"

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

    def _stopped(self, points: Sequence[int]) -> list[tuple[int, str | None, str]]:
        """Of each step: what is wrong where the process dies in front of it, and whether that leaves anything new.

        What several deaths leave byte for byte alike is started again once.
        """
        self._begin(Fault(Mode.STOP, 0))
        expected = self._scenario.expected(self._data)
        found: list[tuple[int, str | None, str]] = []
        kept: dict[str, tuple[int, Path]] = {}
        pid, number = self._forked(lambda: self._scenario.run(self._data, None)), 0
        try:
            while os.WIFSTOPPED(status := os.waitpid(pid, os.WUNTRACED)[1]):
                number += 1
                if number in points:
                    left = scenarios.copied(self._data, self._folder / "left" / f"{number}")
                    problem = self._checked(partial(half_way, left, expected))
                    if problem is None and kept.setdefault(fingerprint(left), (number, left))[1] != left:
                        shutil.rmtree(left)
                        found.append((number, None, "left as before"))
                    elif problem is not None:
                        found.append((number, f"before the restart: {problem}", "left broken"))
                os.kill(pid, signal.SIGCONT)
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            raise
        self._control.disarm()
        assert (code := os.waitstatus_to_exitcode(status)) == 0, f"with nothing broken it ends with {code}"
        assert number >= max(points, default=0), f"it took {number} steps, which are fewer than before"
        for number, left in kept.values():
            shutil.rmtree(self._data)
            left.rename(self._data)
            found.append((number, self._again(expected), "left anew"))
        return sorted(found, key=itemgetter(0))

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
        if fault.mode in (Mode.KILL, Mode.TORN) and code == 0 and self._control.seen < fault.at:
            how = "ended before"  # a connection that is collected later is one step fewer
        elif fault.mode in (Mode.KILL, Mode.TORN) and code != -signal.SIGKILL:
            return f"it was to die, and ended with {code}", how
        problem = self._checked(lambda: half_way(self._data, expected))
        if problem is not None:
            return f"before the restart: {problem}", how
        return self._again(expected), how

    def _again(self, expected: Expected) -> str | None:
        """What is wrong once it was started again."""
        code = self._child(lambda: self._scenario.run(self._data, None))
        if code != 0:
            return f"started again it ends with {code}"
        return self._checked(lambda: all_done(self._data, expected))

    def _begin(self, fault: Fault, *, log: bool = False) -> None:
        scenarios.copied(self._prepared, self._data)
        self._reset()
        self._control.arm(self._data, fault, log=log)
        self._control.disarm()
        self._fault, self._logs = fault, log
        self._pending = True

    def _reset(self) -> None:
        assert self._child(self._scenario.reset) == 0, "what was prepared cannot be brought back"

    def _child(self, work: Callable[[], object]) -> int:
        """The exit code of a child that does it; minus the signal that ended it."""
        _, status = os.waitpid(self._forked(work), 0)
        return os.waitstatus_to_exitcode(status)

    def _forked(self, work: Callable[[], object]) -> int:
        """A child that does it; after `_begin` with the fault in force."""
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
        return pid

    def _checked(self, check: Callable[[], None]) -> str | None:
        """In a child, too: this process has no database open when it forks."""
        note = self._folder / "problem"
        note.write_text("")

        def work() -> None:
            try:
                check()
            except AssertionError as error:
                note.write_text(str(error)[:2000] or "".join(traceback.format_exc())[-2000:])

        code = self._child(work)
        return note.read_text() or (None if code == 0 else f"the check ended with {code}")


def fingerprint(data: Path) -> str:
    """Of all that is below a folder: names, modes and each byte, and not when it was written."""
    found = hashlib.sha256()
    for path in sorted(data.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        found.update(repr((str(path.relative_to(data)), path.lstat().st_mode, content)).encode())
    return found.hexdigest()
