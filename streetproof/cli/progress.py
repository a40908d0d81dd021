"""Shows a running batch: a live display on a terminal, plain lines elsewhere, nothing when told to be quiet."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.instant import NS_PER_S
from streetproof.batch.events import Advanced, BatchEvent, CaseReady, FileDone, FileFailed, Judged, Planned
from streetproof.cli.output import counted, err, span


class Display(Protocol):
    """Takes the events of a batch; entered before the batch begins, left when it has ended."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __call__(self, event: BatchEvent) -> None: ...


def display(*, quiet: bool) -> Display:
    """The display that suits standard error."""
    if quiet:
        return Silent()
    return LiveDisplay() if err.is_terminal else Lines()


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __call__(self, event: BatchEvent) -> None:
        pass


class Lines(Silent):
    """A line per thing that happened, for logs and pipes."""

    def __call__(self, event: BatchEvent) -> None:
        match event:
            case Planned(files, footage_ns):
                err.print(f"{counted(files, 'recording')}, {span(footage_ns)} of footage", markup=False)
            case FileDone(path, _, reused):
                err.print(f"done {path}{' (from an earlier run)' if reused else ''}", markup=False)
            case FileFailed(failure):
                err.print(f"FAILED {failure.path}: {failure.what}", markup=False)
            case CaseReady(case, bundle, new):
                err.print(f"{'sealed' if new else 'sealed before'} {case} {bundle}", markup=False)
            case Advanced() | Judged():
                pass


class LiveDisplay(Silent):
    """Files, real-time factor, stays being timed, violations and the time left, refreshed in place."""

    def __init__(self) -> None:
        self._began = time.monotonic_ns()
        self._files = self._done = self._failed = self._stays = self._violations = self._cases = 0
        self._footage_ns = self._finished_ns = self._reused_ns = 0
        self._judged = False
        self._under_way: dict[Path, int] = {}
        self._live = Live(console=err, refresh_per_second=4, transient=True, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: BatchEvent) -> None:
        match event:
            case Planned(files, footage_ns):
                self._files, self._footage_ns = files, footage_ns
                self._began = time.monotonic_ns()
            case Advanced(path, done_ns):
                self._under_way[path] = done_ns
            case FileDone(path, footage_ns, reused):
                self._under_way.pop(path, None)
                self._done += 1
                self._finished_ns += footage_ns
                self._reused_ns += footage_ns if reused else 0
            case FileFailed(failure):
                self._under_way.pop(Path(failure.path), None)
                self._failed += 1
                self._live.console.print(f"✗ {failure.path}: {failure.what}", style="red", markup=False)
            case Judged(stays, violations):
                self._stays, self._violations, self._judged = stays, violations, True
            case CaseReady():
                self._cases += 1

    def _render(self) -> RenderableType:
        wall_ns = max(1, time.monotonic_ns() - self._began)
        seen_ns = self._finished_ns + sum(self._under_way.values())
        factor = (seen_ns - self._reused_ns) / wall_ns
        left = span(int((self._footage_ns - seen_ns) / factor)) if factor > 0 and self._footage_ns > seen_ns else "–"
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=max(1, self._footage_ns), completed=min(seen_ns, self._footage_ns), width=40),
            f"{span(seen_ns)} of {span(self._footage_ns)}",
        )
        work, found = Table.grid(padding=(0, 3)), Table.grid(padding=(0, 3))
        work.add_row(
            Text.assemble(("files ", "dim"), f"{self._done}/{self._files}"),
            Text.assemble(("failed ", "dim"), (str(self._failed), "red" if self._failed else "")),
            Text.assemble(("real time ", "dim"), f"×{factor:.0f}" if seen_ns else "–"),
            Text.assemble(("left ", "dim"), left),
        )
        # Nothing is judged before the first recording has been looked at to its end.
        found.add_row(
            Text.assemble(("stays timed ", "dim"), str(self._stays) if self._judged else "–"),
            Text.assemble(("violations ", "dim"), (str(self._violations), "bold yellow" if self._violations else "")),
            Text.assemble(("cases ", "dim"), str(self._cases)),
        )
        current = [Text(f"  {path.name}  {done_ns / NS_PER_S:.0f} s", style="dim") for path, done_ns in self._shown()]
        return Group(bar, work, found, *current)

    def _shown(self) -> list[tuple[Path, int]]:
        return sorted(self._under_way.items())[:8]
