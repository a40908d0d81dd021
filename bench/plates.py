"""`python -m bench.plates FOLDER`: how well plates are read, and how often a read called certain is wrong.

The names of the pictures in FOLDER are their plates. Prints figures only, never a text, unless --show asks for it.
It measures the pictures as they are, then degraded copies of them: singly, and 2, 4 and 8 together as frames of one
stay. Two kinds of stay: `still` (camera and vehicle stand: all frames share blur, light, size and angle, and differ in
noise, pixel grid and compression) and `varied` (every frame draws its own). --calibrate chooses the thresholds on four
fifths of the plates and judges them on the rest, five times.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from bench.degrade import LEVELS, Level, degraded, draw
from models.plates.certainty import CertaintyRule, doubts
from models.plates.grammar import form_of
from models.plates.interface import PlateRead
from models.plates.loading import load_plate_reader
from models.plates.reader import ClprReader
from vision.plates import VoteRule, vote

FRAMES = (1, 2, 4, 8)
KINDS = ("still", "varied")
AROUND = 3.0
"""Degraded copies show this many plate widths to each side: about what the box of a vehicle shows."""
FOLDS = 5
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp"}


@dataclass(frozen=True)
class Stay:
    """Reads of one plate under one set of conditions."""

    plate: int
    """Which picture; copies of one picture never stand on both sides of a calibration."""
    truth: str
    level: str
    kind: str
    reads: tuple[PlateRead | None, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """Which degraded copies are made. Fewer levels or frames are the same copies as those of a larger draw."""

    stays: int
    seed: int
    levels: tuple[str, ...]
    frames: int


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over many verdicts."""

    total: int
    exact: int
    certain: int
    certain_wrong: int

    @property
    def wrong_rate(self) -> float:
        """Of those called certain; 0 where none was."""
        return self.certain_wrong / self.certain if self.certain else 0.0


Verdict = tuple[str | None, bool]
"""A text, and whether it is called certain."""


def main() -> int:
    """Measures and prints; ends with 0, or with 1 where the folder holds no pictures."""
    given = _arguments()
    excepted = set(given.excepted.read_text(encoding="utf-8").split()) if given.excepted else set()
    paths = sorted(path for path in given.folder.iterdir() if path.suffix.lower() in SUFFIXES)
    kept = [path for path in paths if path.stem not in excepted]
    console = Console()
    if not kept:
        print(f"{given.folder} holds no pictures", file=sys.stderr)
        return 1
    with ProcessPoolExecutor(given.processes) as pool:
        singles = list(pool.map(_original, range(len(paths)), paths))
        _singles_table(console, "pictures as they are, all", singles)
        if excepted:
            chosen = [stay for stay, path in zip(singles, paths, strict=True) if path.stem not in excepted]
            _singles_table(console, "without those excepted", chosen)
        if given.show:
            _show(console, singles)
        if not given.stays:
            return 0
        stays = _stays(given, kept, pool)
    _stays_table(console, stays)
    if given.calibrate:
        _calibrate(console, stays)
    if given.json:
        print(json.dumps([_row(stays, level, kind, n) for level, kind, n in _cells(stays)], indent=1))
    return 0


def _stays(given: argparse.Namespace, paths: Sequence[Path], pool: ProcessPoolExecutor) -> list[Stay]:
    """The degraded copies read, or what an earlier run kept of them."""
    if given.reads and given.reads.exists():
        kept: list[Stay] = pickle.loads(given.reads.read_bytes())
        return [replace(stay, reads=tuple(r and _judged(r, CertaintyRule()) for r in stay.reads)) for stay in kept]
    job = partial(_degraded, given=Draw(given.stays, given.seed, tuple(given.levels), given.frames))
    stays = [stay for some in pool.map(job, range(len(paths)), paths) for stay in some]
    if given.reads:
        given.reads.write_bytes(pickle.dumps(stays))
    return stays


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.plates", description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures whose names are their plates")
    parser.add_argument("--stays", type=int, default=1, help="stays per picture, level and kind; 0: none (1)")
    parser.add_argument("--except", dest="excepted", type=Path, help="file with names (without suffix) that are wrong")
    parser.add_argument("--reads", type=Path, help="file that keeps what was read (it holds plates), for another look")
    parser.add_argument("--calibrate", action="store_true", help="choose thresholds by cross-validation")
    parser.add_argument("--show", action="store_true", help="print what was read wrongly or is uncertain, with texts")
    parser.add_argument("--processes", type=int, default=2, help="how many at once (2)")
    parser.add_argument("--seed", type=int, default=1, help="of the degraded copies (1)")
    names = [level.name for level in LEVELS]
    parser.add_argument("--levels", nargs="+", choices=names, default=names, help="only these levels of degradation")
    parser.add_argument("--frames", type=int, choices=FRAMES, default=FRAMES[-1], help="frames per stay at most (8)")
    parser.add_argument("--json", action="store_true", help="print the table of stays as JSON as well")
    return parser.parse_args()


@cache
def _reader() -> ClprReader:
    return load_plate_reader()


def _picture(path: Path) -> np.ndarray:
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path.parent} holds a file that is no picture")
    return image


def _original(index: int, path: Path) -> Stay:
    reads = _reader().read(_picture(path))
    return Stay(index, path.stem, "original", "single", (reads[0] if reads else None,))


def _degraded(index: int, path: Path, *, given: Draw) -> list[Stay]:
    image = _picture(path)
    spots = _reader().find(image)
    if not spots:
        return []
    image, height = _around(image, spots[0].array), spots[0].size[1]
    made = []
    for number, level in enumerate(LEVELS):
        for kind in KINDS if level.name in given.levels else ():
            for stay in range(given.stays):
                rng = np.random.default_rng([given.seed, index, number, KINDS.index(kind), stay])
                reads = tuple(_frames(image, height, level, kind, rng, given.frames))
                made.append(Stay(index, path.stem, level.name, kind, reads))
    return made


def _frames(
    image: np.ndarray, height: float, level: Level, kind: str, rng: np.random.Generator, frames: int
) -> Iterable[PlateRead | None]:
    how = draw(level, rng)
    for _ in range(frames):
        if kind == "varied":
            how = draw(level, rng)
        reads = _reader().read(degraded(image, height, how, rng))
        yield reads[0] if reads else None


def _around(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    centre, reach = corners.mean(axis=0), AROUND * float(np.ptp(corners[:, 0]))
    x1, y1 = (int(max(0.0, v)) for v in centre - reach)
    x2, y2 = (int(v) for v in centre + reach)
    return image[y1:y2, x1:x2]


def _verdict(stay: Stay, frames: int, single: CertaintyRule | None = None, rule: VoteRule | None = None) -> Verdict:
    """What is said of the first `frames` frames; with other thresholds than those in force where they are given."""
    reads = [read if single is None else _judged(read, single) for read in stay.reads[:frames] if read is not None]
    verdict = vote(reads, rule)
    return verdict.text, verdict.certain


def _judged(read: PlateRead, rule: CertaintyRule) -> PlateRead:
    against = doubts(read.characters, form_of(read.text), read.colour, read.spot, rule)
    return replace(read, doubts=against)


def score(verdicts: Iterable[tuple[str, Verdict]]) -> Score:
    """Counts over pairs of the truth and what was said."""
    given = list(verdicts)
    return Score(
        len(given),
        sum(text == truth for truth, (text, _) in given),
        sum(certain for _, (_, certain) in given),
        sum(certain and text != truth for truth, (text, certain) in given),
    )


def _singles_table(console: Console, title: str, stays: Sequence[Stay]) -> None:
    found = score((stay.truth, _verdict(stay, 1)) for stay in stays)
    console.print(
        f"{title}: {found.total} pictures, {found.exact} read exactly ({found.exact / found.total:.1%}); "
        f"{found.certain} called certain, {found.certain_wrong} of these wrong ({found.wrong_rate:.1%})"
    )


def _show(console: Console, stays: Sequence[Stay]) -> None:
    for stay in stays:
        read = stay.reads[0]
        if read is None or read.text != stay.truth or not read.certain:
            said = "nothing" if read is None else f"{read.text} {read.weakest:.2f} {', '.join(read.doubts)}"
            console.print(f"  {stay.truth}: {said}", markup=False)


def _cells(stays: Sequence[Stay]) -> list[tuple[str, str, int]]:
    """Level, kind and number of frames, as far as there are any."""
    levels = {stay.level for stay in stays}
    return [(one.name, kind, n) for one in LEVELS if one.name in levels for kind in KINDS for n in _counts(stays)]


def _counts(stays: Sequence[Stay]) -> list[int]:
    most = max((len(stay.reads) for stay in stays), default=0)
    return [n for n in FRAMES if n <= most]


def _row(stays: Sequence[Stay], level: str, kind: str, frames: int) -> dict[str, object]:
    chosen = [stay for stay in stays if (stay.level, stay.kind) == (level, kind)]
    found = score((stay.truth, _verdict(stay, frames)) for stay in chosen)
    return {"level": level, "kind": kind, "frames": frames, **asdict(found)}


def _stays_table(console: Console, stays: Sequence[Stay]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("level", "stay", "frames", "exact", "certain", "certain and wrong"):
        table.add_column(column, justify="left" if column in ("level", "stay") else "right")
    wrong = certain = 0
    for level, kind, frames in _cells(stays):
        chosen = [stay for stay in stays if (stay.level, stay.kind) == (level, kind)]
        found = score((stay.truth, _verdict(stay, frames)) for stay in chosen)
        wrong, certain = wrong + found.certain_wrong, certain + found.certain
        table.add_row(
            level,
            kind,
            str(frames),
            f"{found.exact / found.total:.1%}",
            f"{found.certain / found.total:.1%}",
            f"{found.certain_wrong} of {found.certain}",
        )
    console.print(table)
    console.print(f"all rows: {wrong} of {certain} called certain are wrong ({wrong / max(1, certain):.2%})")


def _calibrate(console: Console, stays: Sequence[Stay]) -> None:
    """The lowest thresholds of confidence that keep the promise, and what every threshold gives and costs."""
    steps = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99]
    sharp = [0.0, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1]
    several = _counts(stays)[1:]

    def single(rule: CertaintyRule, some: Sequence[Stay]) -> Score:
        reads = [(s.truth, _judged(r, rule)) for s in some for r in s.reads if r is not None]
        return score((truth, (read.text, read.certain)) for truth, read in reads)

    def votes(rule: VoteRule, some: Sequence[Stay], one: CertaintyRule | None = None) -> Score:
        return score((s.truth, _verdict(s, n, one, rule)) for s in some for n in several)

    def single_share(threshold: float, some: Sequence[Stay]) -> Score:
        return single(CertaintyRule(min_character=threshold), some)

    def share(threshold: float, some: Sequence[Stay]) -> Score:
        return votes(VoteRule(min_character=threshold), some)

    def single_sharp(threshold: float, some: Sequence[Stay]) -> Score:
        return single(CertaintyRule(min_sharpness=threshold), some)

    def sharpest(threshold: float, some: Sequence[Stay]) -> Score:
        return votes(VoteRule(min_sharpness=threshold), some, CertaintyRule(min_sharpness=threshold))

    _folds(console, "one picture: min_character (the rest as in force)", stays, steps, single_share)
    _folds(console, "several: min_character (the rest as in force)", stays, steps, share)
    console.print("\none picture: min_sharpness (the rest as in force)")
    _curve(console, stays, sharp, single_sharp)
    console.print("\nseveral: min_sharpness (the rest as in force)")
    _curve(console, stays, sharp, sharpest)


def _folds(
    console: Console,
    title: str,
    stays: Sequence[Stay],
    steps: Sequence[float],
    measure: Callable[[float, Sequence[Stay]], Score],
) -> None:
    console.print(f"\n{title}; chosen: the lowest with at most 0.5 % wrong of those called certain")
    held: list[Score] = []
    for fold in range(FOLDS):
        inside = [stay for stay in stays if stay.plate % FOLDS != fold]
        outside = [stay for stay in stays if stay.plate % FOLDS == fold]
        chosen = next((step for step in steps if measure(step, inside).wrong_rate <= 0.005), steps[-1])
        found = measure(chosen, outside)
        held.append(found)
        console.print(
            f"  fold {fold + 1}: {chosen:g}; held out: {found.certain} of {found.total} certain, "
            f"{found.certain_wrong} wrong"
        )
    certain, wrong = sum(found.certain for found in held), sum(found.certain_wrong for found in held)
    console.print(f"  held out together: {wrong} of {certain} wrong ({wrong / max(1, certain):.2%})")
    _curve(console, stays, steps, measure)


def _curve(
    console: Console, stays: Sequence[Stay], steps: Sequence[float], measure: Callable[[float, Sequence[Stay]], Score]
) -> None:
    for step in steps:
        found = measure(step, stays)
        share = found.certain / max(1, found.total)
        console.print(f"    {step:5.3f}: {share:6.1%} certain, {found.certain_wrong} wrong ({found.wrong_rate:.2%})")


if __name__ == "__main__":
    sys.exit(main())
