"""A crash, a full disk, a disk that fails, at steps of a sealing: what is left is nothing or a whole case, known once.

The daemon is stopped at each of its steps, whether cases are folders or zips, and with PostgreSQL at each commit. Other
ways to break are sampled, and `python -m tests.faults daemon --folder F` does all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.choice import chosen, kind_of
from tests.faults.shim import COMPILER
from tests.postgres import requires_postgres

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler: apt-get install gcc libc6-dev")


def injected(scenario: str, folder: Path, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults", scenario, "--folder", str(folder), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800, check=False)
    assert done.stdout, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if found["failures"] else 0)
    return found


def test_the_daemon_stopped_anywhere_seals_one_case_and_tells_once(tmp_path: Path) -> None:
    found = injected("daemon", tmp_path / "数据 一", "--mode", "stop", "--mode", "kill=24", "--mode", "torn=56")
    assert not found["failures"]
    assert found["points"]["stop"] == found["steps"] > 200 and found["points"]["kill"] == 24
    assert set(found["ended"]) == {"stop: left anew", "stop: left as before", "kill: died", "torn: died"}
    assert found["ended"]["stop: left anew"] > 80
    kinds = set(found["kinds"])
    assert {"rename case name", "fsync case .json", "write state.db-wal", "fsync ledger.db-wal"} <= kinds


def test_nor_does_a_zip_come_twice_or_halved(tmp_path: Path) -> None:
    found = injected("daemon-zip", tmp_path / "数据 五", "--mode", "stop", "--mode", "torn=24")
    assert not found["failures"]
    assert found["points"]["stop"] == found["steps"] > 200
    assert found["ended"]["stop: left anew"] > 80 and found["ended"]["torn: died"] == found["points"]["torn"] > 4
    assert {"write case name", "rename case name", "rmdir case name"} <= set(found["kinds"])


@requires_postgres
def test_with_postgresql_the_daemon_killed_around_each_commit_seals_one_case_and_tells_once(tmp_path: Path) -> None:
    """In front of a commit nothing of its transaction may count, and behind it all of it. So it is where the connection
    breaks there, and the daemon goes on."""
    commit = "send postgresql COMMIT"
    found = injected("daemon-postgresql", tmp_path / "数据 六", "--mode", "kill", "--mode", "eio", "--around", commit)
    assert not found["failures"]
    commits, points = found["kinds"][commit], found["points"]["kill"]
    assert commits > 20 and commits < points <= 2 * commits
    assert found["ended"]["kill: died"] >= points - 2 and found["ended"]["eio: went on"] > 30
    assert "write state.db-wal" not in found["kinds"], "all of it is at the server"


def test_a_disk_that_is_full_or_fails_stops_nothing_for_good(tmp_path: Path) -> None:
    found = injected("daemon-zip", tmp_path / "数据 二", "--mode", "enospc=14", "--mode", "eio=14")
    assert not found["failures"]
    assert found["points"] == {"enospc": 14, "eio": 14}


def test_a_batch_stopped_anywhere_ends_with_one_case(tmp_path: Path, real_model: str) -> None:
    found = injected("batch", tmp_path / "数据 三", "--mode", "kill=8", "--mode", "enospc=8", "--model", real_model)
    assert not found["failures"]
    assert found["points"] == {"kill": 8, "enospc": 8}


def test_a_sample_has_every_kind_of_step_where_it_can() -> None:
    import random

    steps = [("write", "/state.db-wal")] * 50 + [("rename", "/cases/SP-1"), ("fsync", "/cases/SP-1.partial/case.json")]
    picked = chosen(steps, 6, random.Random(1))
    assert {kind_of(steps[number - 1]) for number in picked} == {kind_of(step) for step in steps}
    assert len(picked) == 6 and chosen(steps, None, random.Random(1)) == list(range(1, 53))
    assert chosen(steps, None, random.Random(1), "rename case name") == [51, 52]
    assert chosen(steps[:51], None, random.Random(1), "rename case name") == [51], "nothing is behind the last"


def test_nothing_gets_its_name_before_it_is_on_the_disk(tmp_path: Path) -> None:
    """A crash of a process keeps what was written; a power cut keeps only what was synced. So before the renaming
    everything below the draft is synced after it was last changed, and behind it the folder that holds the name."""
    injected("daemon", tmp_path / "数据 四", "--mode", "stop=0")
    steps = [line.split("\t")[1:] for line in (tmp_path / "数据 四" / "steps.log").read_text().splitlines()]
    assert_durable([(op, path) for op, path in steps])


def assert_durable(steps: list[tuple[str, str]]) -> None:
    (renamed,) = [at for at, (op, path) in enumerate(steps) if op == "rename" and _is_case(path)]
    draft = f"{steps[renamed][1]}.partial"
    unsynced: set[str] = set()
    for op, path in steps[:renamed]:
        if not path.startswith(draft):
            continue
        if op == "fsync":
            unsynced.discard(path)
        elif op in ("write", "truncate"):
            unsynced.add(path)
        if op in ("create", "mkdir", "rename", "unlink", "rmdir"):
            unsynced.add(path.rpartition("/")[0])
        if op in ("create", "mkdir", "rename"):
            unsynced.add(path)
        if op in ("unlink", "rmdir"):
            unsynced.discard(path)
    assert not {path for path in unsynced if path.startswith(draft)}
    behind = steps[renamed + 1 :]
    synced = next(at for at, step in enumerate(behind) if step == ("fsync", "/cases"))
    told = next(at for at, (op, path) in enumerate(behind) if op == "write" and path.startswith("/state.db"))
    assert synced < told, "the database is told once the name is on the disk"


def _is_case(path: str) -> bool:
    return path.startswith("/cases/") and path.count("/") == 2 and not path.endswith(".partial")


@pytest.mark.parametrize("left_out", ["/cases/SP-1.partial/case.json", "/cases/SP-1.partial", "/cases"])
def test_a_sync_that_is_left_out_is_found(left_out: str) -> None:
    steps = [
        ("mkdir", "/cases/SP-1.partial"), ("create", "/cases/SP-1.partial/case.json"),
        ("write", "/cases/SP-1.partial/case.json"), ("fsync", "/cases/SP-1.partial/case.json"),
        ("fsync", "/cases/SP-1.partial"), ("rename", "/cases/SP-1"), ("fsync", "/cases"), ("write", "/state.db-wal"),
        ("fsync", "/cases"),
    ]  # fmt: skip
    assert_durable(steps)
    steps.remove(("fsync", left_out))
    with pytest.raises(AssertionError):
        assert_durable(steps)
