"""What `replay` and `whatif` have in common at the terminal: reading under a progress bar, and saying what was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from streetproof.cli.exits import Exit
from streetproof.cli.output import counted, err, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from streetproof.replay.replaying import Replayed
    from streetproof.settings.load import LoadedSite
    from streetproof.settings.site import Site

Detections = Annotated[
    list[Path],
    typer.Argument(
        help="Detections: files of JSON lines (also .gz), folders of them, or the output folder of a batch.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no tables; what was left out still shows.")]


def replayed(paths: Sequence[Path], sites: Sequence[LoadedSite], *, stays: bool, quiet: bool) -> Replayed:
    """Replay under a progress bar, which only a terminal gets."""
    from streetproof.replay.replaying import replay

    with _progress(quiet=quiet) as on_bytes:
        return replay(paths, sites, stays=stays, on_bytes=on_bytes)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet or not err.is_terminal:
        yield None
        return
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def read_json(result: Replayed, sites: Sequence[Site]) -> dict[str, Any]:
    """What was read, and what a person should look at, as JSON values."""
    from streetproof.replay.problems import classes_never_seen

    problems = [{"what": one.what, "where": one.where, "remedy": one.remedy} for one in result.problems]
    never = classes_never_seen(result.read, sites)
    return {"read": {**result.read.as_json(), "classes_never_seen": never}, "problems": problems}


def show_problems(result: Replayed, console: Console) -> None:
    """What was left out, where that began, and what to do."""
    for one in result.problems:
        console.print("! ", style="bold yellow", end="")
        console.print(one.what, markup=False)
        if one.where:
            console.print(f"    first: {one.where}", markup=False)
        console.print(f"    → {one.remedy}", markup=False, style="cyan")


def show_notes(result: Replayed, sites: Sequence[Site], console: Console) -> None:
    """What is worth knowing, and no fault."""
    from streetproof.replay.problems import classes_never_seen

    read = result.read
    never = classes_never_seen(read, sites)
    notes = [
        (read.overlapping.count, "of time that earlier files cover, left out", "frame"),
        (read.copies.count, "of a recording that another file is of, left out", "file"),
        (read.clipped, "reaching out of the image, cut to it", "box"),
    ]
    for count, what, thing in notes:
        if count:
            plural = "boxes" if thing == "box" and count > 1 else None
            console.print(f"· {f'{count} {plural}' if plural else counted(count, thing)} {what}", markup=False)
    if never:
        console.print(f"· no box is a {' or a '.join(never)}, which rules are about", markup=False)


def read_line(result: Replayed) -> str:
    """How much was judged, in half a sentence."""
    read = result.read
    judged = read.judged()
    of = "" if judged == read.frames else f" of {read.frames:,}"
    return f"{counted(len(read.cameras), 'camera')}, {judged:,}{of} frames judged"


def exit_with(result: Replayed) -> None:
    """Raise typer.Exit where something could not be used."""
    if result.problems:
        raise typer.Exit(Exit.PARTIAL)


def clock(iso: str | None, zone: ZoneInfo) -> str:
    """A time of the events file on the wall of the site, to the second, cut."""
    return "before" if iso is None else f"{datetime.fromisoformat(iso).astimezone(zone):%F %T}"


def stood(entry: dict[str, Any]) -> str:
    """How long a stay was seen to stand."""
    return span(round(entry["seen_s"] * 1e9))


def allowed(entry: dict[str, Any]) -> str:
    """How long the rule allows."""
    return span(round(entry["allowed_s"] * 1e9))
