"""`python -m bench.accuracy`: how well stays are told, per condition, ours beside a plain script, on known truth."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.accuracy.conditions import CONDITIONS
from bench.accuracy.contenders import ROOT, Contender, _site, contenders, events, look, looked, observed
from bench.accuracy.footage import Footage, footage
from bench.accuracy.hours import kept, name_of, resident, resident_mib
from bench.accuracy.report import figures, write_report
from bench.accuracy.scoring import Scored, event_entries, score, truth_entries
from bench.accuracy.tables import show

OUT = ROOT / "bench" / "out" / "accuracy"
HELD_OUT, TUNING = (600, 601, 602), (100, 101, 102)
"""Scenes that figures are reported of, and scenes to look at while something is being improved."""
_Task = tuple[Footage, Sequence[Contender]]
QUICK = ("day", "night", "bus", "look-alikes")


def main() -> int:
    """Composes, looks, judges, scores, reports; what an earlier run did is not done again."""
    given = _arguments()
    console = Console(stderr=given.json, width=None if sys.stdout.isatty() else 140)
    chosen = [one for one in contenders() if not given.contenders or one.name in given.contenders]
    scenes = [footage(name, seed, OUT) for seed in given.seeds for name in given.conditions]
    if not given.only_done:
        _work(scenes, chosen, given.workers, console)
    started = time.monotonic()
    scored, shared, done = _score(scenes, chosen)
    if not done:
        console.print("Nothing was measured yet", style="red")
        return 1
    console.print(f"Judged and scored in {time.monotonic() - started:.1f} s\n")
    result = figures(scored, shared, done, given.seeds)
    show(console, result)
    if given.hours:
        _memory(done, console)
    (OUT / "result.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if not given.no_report:
        page = write_report(OUT / "report", result, scored, done, chosen, OUT, console)
        console.print(f"\n{page.relative_to(ROOT)}", markup=False)
    if given.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"one scene each of {', '.join(QUICK)}")
    parser.add_argument("--tuning", action="store_true", help=f"seeds {TUNING} instead of {HELD_OUT}")
    parser.add_argument("--seeds", type=int, nargs="+", help="other seeds")
    parser.add_argument("--conditions", nargs="+", choices=list(CONDITIONS), metavar="NAME", help="only these")
    parser.add_argument(
        "--hours", type=float, metavar="H", help="one scene of H hours instead: a day that turns into night; ours alone"
    )
    parser.add_argument("--contenders", nargs="+", choices=[one.name for one in contenders()], help="only these")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only-done", action="store_true", help="score what is there, compose and look at nothing")
    parser.add_argument("--no-report", action="store_true", help="no HTML, no clips")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    given.seeds = given.seeds or list(TUNING if given.tuning else HELD_OUT)
    if given.hours:
        if given.hours < 0.25:
            parser.error("--hours: less than a quarter of an hour is no scene of hours")
        given.conditions, given.seeds = [name_of(given.hours)], given.seeds[:1]
        given.contenders = given.contenders or [one.name for one in contenders() if one.ours][:1]
    if given.quick:
        given.seeds = given.seeds[:1]
    given.conditions = given.conditions or list(QUICK if given.quick else CONDITIONS)
    return given


def _work(scenes: Sequence[Footage], chosen: Sequence[Contender], workers: int, console: Console) -> None:
    """All that is dear, in an order in which a run that is cut off leaves whole seeds: the peer comes a seed behind."""
    cheap = [one for one in chosen if one.ours]
    dear = [one for one in chosen if not one.ours]
    seeds = list(dict.fromkeys(one.seed for one in scenes))
    order: list[_Task] = []
    for turn in range(len(seeds) + 1):
        order += [(one, cheap) for one in scenes if turn < len(seeds) and one.seed == seeds[turn]]
        order += [(one, dear) for one in scenes if turn and one.seed == seeds[turn - 1]]
    tasks = [(one, who) for one, who in order if not one.made or any(not looked(c, one, OUT) for c in who)]
    started, number, whole = time.monotonic(), 0, len(tasks)
    with ProcessPoolExecutor(workers) as pool:
        running: dict[Future[None], str] = {}
        while tasks or running:
            while len(running) < workers and (task := _free(tasks, running.values())) is not None:
                tasks.remove(task)
                running[pool.submit(_task, *task)] = task[0].scene.camera
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                future.result()
                number += 1
                gone = time.monotonic() - started
                left = gone / number * (whole - number)
                console.print(f"{number}/{whole} {name} ({gone:.0f} s, about {left:.0f} s left)")


def _free(tasks: Sequence[_Task], cameras: Collection[str]) -> _Task | None:
    """The first task whose scene is not being worked on: two tasks of one scene must not compose it at once."""
    return next((task for task in tasks if task[0].scene.camera not in cameras), None)


def _task(one: Footage, who: Sequence[Contender]) -> None:
    one.make()
    for contender in who:
        if one.condition in CONDITIONS or looked(contender, one, OUT):
            look(contender, one, OUT)
        else:
            with resident(_resident_file(contender, one)):
                look(contender, one, OUT)


def _resident_file(who: Contender, one: Footage) -> Path:
    return OUT / "memory" / f"{one.scene.camera}-{one.key}-{who.name}.json"


def _memory(done: Mapping[str, Sequence[Footage]], console: Console) -> None:
    """Whether memory grows with the hours: of looking, and of judging."""
    for who in (one for one in contenders() if one.ours and one.name in done):
        for one in done[who.name]:
            mib = resident_mib(_resident_file(who, one))
            if mib:
                tenths = ", ".join(f"{value:.0f}" for value in mib)
                console.print(f"{who.name}, {one.scene.camera}: looking held {tenths} MiB after each tenth of it")
            held = kept(_site(one, OUT), observed(who, one, OUT))
            for row in held[:: max(1, len(held) // 8)]:
                console.print(f"  {row.second} s judged: state {row.state_bytes} bytes, {row.objects} objects")


def _score(
    scenes: Sequence[Footage], chosen: Sequence[Contender]
) -> tuple[list[Scored], list[Scored], dict[str, list[Footage]]]:
    """Figures of each contender on all its scenes, and of all of them on the scenes that all did."""
    done = {who.name: [one for one in scenes if one.made and looked(who, one, OUT)] for who in chosen}
    done = {name: some for name, some in done.items() if some}
    for one in {one.scene.camera: one for some in done.values() for one in some}.values():
        one.make()
    found: dict[tuple[str, str], Any] = {
        (who.name, one.scene.camera): events(who, one, OUT) for who in chosen for one in done.get(who.name, ())
    }

    def scored(name: str, some: Sequence[Footage]) -> Scored:
        truth = truth_entries([json.loads(one.truth.read_text(encoding="utf-8")) for one in some])
        return score(name, truth, event_entries([found[name, one.scene.camera] for one in some]))

    common = [one for one in scenes if done and all(one in some for some in done.values())]
    return (
        [scored(name, some) for name, some in done.items()],
        [scored(name, common) for name in done] if common else [],
        done,
    )


if __name__ == "__main__":
    sys.exit(main())
