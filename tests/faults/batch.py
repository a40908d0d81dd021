"""The batch's path: `run_batch` over the demo clip, which was looked at before, so that only sealing is left to do.

Its workers are this process, so that one step after the other happens.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.bag import pubkey
from evidence_export.bag.digest import digest_file
from evidence_export.keys import load_key, load_or_create_key
from models.store import ModelStore
from streetproof.batch import run
from streetproof.batch.inputs import BatchRequest
from streetproof.batch.run import run_batch
from streetproof.cli.batch import overruled
from streetproof.errors import StreetproofError
from streetproof.settings.load import load_site
from tests.conftest import ROOT
from tests.faults.media import draw_plainly
from tests.faults.shim import Control
from tests.faults.state import Expected

_DEMO = ROOT / "configs" / "demo"
_CLIP = _DEMO / "footage" / "vtest-h264.mp4"


class _Here:
    """A pool without processes."""

    def __init__(
        self, work: Callable[[Any], Any], tasks: deque[Any], *, workers: int, on_message: Callable[[Any], None]
    ) -> None:
        self._work, self._tasks = work, tasks

    def results(self) -> Iterator[tuple[Any, Any]]:
        while self._tasks:
            task = self._tasks.popleft()
            try:
                outcome = self._work(task)
            except StreetproofError as error:
                outcome = error
            yield task, outcome


class CasesFailedError(StreetproofError):
    """A batch that reports failures ends with code 1, as this does."""


@dataclass(frozen=True, slots=True)
class BatchPath:
    """With a model that finds the van of the demo clip."""

    model: str

    @property
    def name(self) -> str:
        return "batch"

    @property
    def warms(self) -> bool:
        return False  # a model keeps threads

    def prepare(self, data: Path) -> None:
        data.mkdir(parents=True)
        load_or_create_key(data / "key.pem")
        text = (_DEMO / "site.yaml").read_text(encoding="utf-8")
        (data / "site.yaml").write_text(text, encoding="utf-8")
        self.run(data, None)
        shutil.rmtree(data / "cases")
        for left in (
            *data.glob("state.db*"),
            *data.glob("ledger.db*"),
            *data.glob("last-checkpoint*"),
            *data.glob("report.*"),
        ):
            left.unlink()

    def reset(self) -> None: ...

    def expected(self, data: Path) -> Expected:
        return Expected(
            pubkey.from_pem(load_key(data / "key.pem").public_key_pem), {str(_CLIP): digest_file(_CLIP).sha256}
        )

    def run(self, data: Path, control: Control | None) -> None:
        run.Pool = _Here  # type: ignore[misc, assignment]
        draw_plainly()
        loaded = overruled(load_site(data / "site.yaml"), model=self.model, as_zip=False)
        report = run_batch(
            BatchRequest(loaded, [str(_CLIP)], data, data / "key.pem", ModelStore.default(), 1), lambda event: None
        )
        if report.document["failures"]:
            raise CasesFailedError(str(report.document["failures"]))
