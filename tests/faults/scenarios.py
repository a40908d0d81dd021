"""The ways to a sealed case that faults are injected into."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from streetproof.errors import StreetproofError
from tests.faults.batch import BatchPath
from tests.faults.daemon import DaemonPath
from tests.faults.server import Server
from tests.faults.shim import Control
from tests.faults.state import Expected

MEANT = (StreetproofError,)
"""What a program may raise where a disk refuses."""


class Scenario(Protocol):
    """One way."""

    @property
    def name(self) -> str: ...

    @property
    def warms(self) -> bool:
        """Whether it leaves no thread behind, so that who did it once can fork."""

    def prepare(self, data: Path) -> None:
        """Make a data folder in which nothing is sealed yet."""

    def reset(self) -> None:
        """Bring back what is kept outside of the data folder as it was prepared."""

    def expected(self, data: Path) -> Expected: ...

    def run(self, data: Path, control: Control | None) -> None:
        """From there to the end, or again after a crash. `control`: to mend what breaks, where it goes on by itself."""


ALL: dict[str, Callable[[str | None], Scenario]] = {
    "daemon": lambda model: DaemonPath(),
    "daemon-zip": lambda model: DaemonPath(as_zip=True),
    "daemon-postgresql": lambda model: DaemonPath(server=Server.given()),
    "batch": lambda model: BatchPath(model or "yolov3-tiny"),
}


def copied(prepared: Path, work: Path) -> Path:
    """A fresh copy of what was prepared, with the modes and times that it had."""
    shutil.rmtree(work, ignore_errors=True)
    work.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copytree(prepared, work))
