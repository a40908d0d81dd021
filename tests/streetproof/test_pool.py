"""The worker pool: a crash is blamed on the right task, and nobody is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest

from streetproof.batch.pool import Pool, WorkerDiedError, send
from streetproof.errors import StreetproofError
from tests.conftest import ROOT
from tests.streetproof.pool_tasks import work


def run(tasks: list[str], workers: int = 2) -> tuple[dict[str, str | StreetproofError], list[str]]:
    messages: list[str] = []
    pool: Pool[str, str] = Pool(work, deque(tasks), workers=workers, on_message=messages.append)
    return dict(pool.results()), messages


def test_every_task_is_done_once_and_messages_arrive() -> None:
    results, messages = run(["a", "b", "say:hello", "c"])
    assert results == {"a": "a", "b": "b", "say:hello": "say:hello", "c": "c"}
    assert messages == ["hello"]


def test_an_error_crosses_the_process_border_whole() -> None:
    results, _ = run(["bad:文件.mp4"])
    error = results["bad:文件.mp4"]
    assert isinstance(error, StreetproofError)
    assert (error.what, error.where, error.remedy) == ("it is bad", "文件.mp4", "mend it")


def test_a_crash_is_blamed_on_its_task_and_costs_no_other() -> None:
    tasks = ["a", "die:1", "b", "c", "die:2", "d", "e", "f"]
    results, _ = run(tasks)
    assert {task for task, result in results.items() if isinstance(result, WorkerDiedError)} == {"die:1", "die:2"}
    assert {task for task, result in results.items() if task == result} == {"a", "b", "c", "d", "e", "f"}


def test_tasks_may_be_added_while_it_runs() -> None:
    tasks = deque(["a"])
    pool: Pool[str, str] = Pool(work, tasks, workers=1, on_message=lambda _: None)
    seen = []
    for task, _ in pool.results():
        seen.append(task)
        if len(seen) < 3:
            tasks.appendleft(f"more{len(seen)}")
    assert seen == ["a", "more1", "more2"]


def test_sending_outside_a_worker_does_nothing() -> None:
    send("nobody listens")


def test_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Pool(work, deque(["a"]), workers=0, on_message=lambda _: None)


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "from collections import deque\nfrom streetproof.batch.pool import Pool\n"
        "from tests.streetproof.pool_tasks import work\n"
        f"if __name__ == '__main__':\n    list(Pool(work, deque(['sleep:{note}']), workers=1,"
        " on_message=print).results())\n"
    )
    program = tmp_path / "parent.py"
    program.write_text(script)
    with subprocess.Popen([sys.executable, str(program)], env={**os.environ, "PYTHONPATH": str(ROOT)}) as parent:
        try:
            worker = int(_wait_for(note))
        finally:
            parent.kill()
    for _ in range(600):
        try:
            state = Path(f"/proc/{worker}/stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            return
        if state in (b"Z", b"X"):
            return
        time.sleep(0.1)
    pytest.fail(f"worker {worker} outlived its parent")


def test_giving_up_does_not_wait_for_long_tasks(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    pool: Pool[str, str] = Pool(work, deque(["a", f"sleep:{note}"]), workers=2, on_message=lambda _: None)
    results = pool.results()
    next(results)
    _wait_for(note)
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 300


def _wait_for(note: Path) -> str:
    for _ in range(1200):
        if note.exists() and note.read_text():
            return note.read_text()
        time.sleep(0.1)
    pytest.fail("the worker never began")
