"""`python -m bench.occupation`: how well taken ground is told, per scenario, on known truth."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.occupation import judge
from bench.occupation.footage import Footage, footage
from bench.occupation.scenarios import SCENARIOS
from bench.occupation.scoring import Told, figures, told

OUT = Path(__file__).parents[1] / "out" / "occupation"
HELD_OUT, TUNING = (800, 801, 802), (100, 101, 102)
"""Scenes that figures are reported of, and scenes to look at while something is being improved."""
_COLUMNS = (
    "scenes", "asked", "right kind", "other kind", "missed", "false", "again", "area off", "within 20 %",
    "arrival off, s", "max",
)  # fmt: skip


def main() -> int:
    """Composes, looks, judges, scores; what an earlier run composed and saw is not done again."""
    given = _arguments()
    console = Console(stderr=given.json, width=None if sys.stdout.isatty() else 140)
    scenes = [footage(name, seed, OUT) for seed in given.seeds for name in given.scenarios]
    _work(scenes, given, console)
    if given.make_only:
        return 0
    found: dict[str, list[Told]] = {name: [] for name in given.scenarios}
    for one in scenes:
        truth = json.loads(one.truth.read_text(encoding="utf-8"))
        found[one.scenario] += told(one.scenario, truth, judge.events(one, OUT))
    result = figures(found, {name: len(given.seeds) for name in found}, given.seeds)
    _show(console, result)
    (OUT / "result.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.occupation", description=__doc__)
    parser.add_argument("--tuning", action="store_true", help=f"seeds {TUNING} instead of {HELD_OUT}")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds")
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), metavar="NAME", help="only these")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--make-only", action="store_true", help="compose recordings, truths and site files, and stop")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    given.seeds = given.seeds or list(TUNING if given.tuning else HELD_OUT)
    given.scenarios = given.scenarios or list(SCENARIOS)
    return given


def _work(scenes: Sequence[Footage], given: argparse.Namespace, console: Console) -> None:
    """All that is dear: each recording is made, and looked at, once."""
    started = time.monotonic()
    with ProcessPoolExecutor(given.workers) as pool:
        tasks = {pool.submit(_one, one, make_only=given.make_only): one for one in scenes}
        for number, task in enumerate(as_completed(tasks)):
            task.result()
            gone = time.monotonic() - started
            console.print(f"{number + 1}/{len(scenes)} {tasks[task].video} ({gone:.0f} s)", markup=False)


def _one(one: Footage, *, make_only: bool) -> None:
    one.make()
    if not make_only:
        judge.look(one, OUT)


def _show(console: Console, result: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for name, one in [*result["scenarios"].items(), ("overall", result["overall"])]:
        zh = SCENARIOS[name].zh if name in SCENARIOS else ""
        table.add_row(f"{name} {zh}", *_cells(one), style="bold" if name == "overall" else None)
    console.print(table)
    for wrong in result["wrong"]:
        console.print(f"{wrong['camera']}: {wrong['kind']} {wrong['what']} at {wrong['box']}", markup=False)


def _cells(one: Mapping[str, Any]) -> list[str]:
    counts = ("scenes", "asked", "right", "confused", "missed", "false", "again")
    return [
        *(str(one[key]) for key in counts),
        *("–" if one[key] is None else f"{100 * one[key]:.0f} %" for key in ("area_median", "area_within")),
        *("–" if one[key] is None else f"{one[key]:.1f}" for key in ("arrival_median_s", "arrival_max_s")),
    ]


if __name__ == "__main__":
    sys.exit(main())
