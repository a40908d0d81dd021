"""`python -m bench.occupation`: how well taken ground is told, per scenario, on known truth."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console

from bench.occupation.footage import Footage, footage
from bench.occupation.scenarios import SCENARIOS

OUT = Path(__file__).parents[1] / "out" / "occupation"
HELD_OUT, TUNING = (500, 501, 502), (100, 101, 102)
"""Scenes that figures are reported of, and scenes to look at while something is being improved."""


def main() -> int:
    """Composes; what an earlier run did is not done again."""
    given = _arguments()
    console = Console(stderr=given.json)
    scenes = [footage(name, seed, OUT) for seed in given.seeds for name in given.scenarios]
    started = time.monotonic()
    with ProcessPoolExecutor(given.workers) as pool:
        tasks = {pool.submit(one.make): one for one in scenes}
        for number, task in enumerate(as_completed(tasks)):
            task.result()
            one: Footage = tasks[task]
            console.print(f"{number + 1}/{len(scenes)} {one.video} ({time.monotonic() - started:.0f} s)", markup=False)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.occupation", description=__doc__)
    parser.add_argument("--tuning", action="store_true", help=f"seeds {TUNING} instead of {HELD_OUT}")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds")
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), metavar="NAME", help="only these")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    given.seeds = given.seeds or list(TUNING if given.tuning else HELD_OUT)
    given.scenarios = given.scenarios or list(SCENARIOS)
    return given


if __name__ == "__main__":
    sys.exit(main())
