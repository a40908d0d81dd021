"""What a batch is asked to do, and which of the files that it was given it can look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evidence_export.keys import KeySpec
from models.store import ModelStore
from streams.archive.discover import search
from streams.instant import Instant
from streetproof.batch.observe import Probe
from streetproof.batch.plan import Failure, camera_named, camera_of
from streetproof.errors import StreetproofError
from streetproof.settings.load import LoadedSite
from streetproof.settings.times import time_rules


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a batch is asked to do. `camera` and `start` overrule what the site file says of the inputs."""

    loaded: LoadedSite
    inputs: Sequence[str]
    out: Path
    key: KeySpec | Path
    models: ModelStore
    workers: int
    camera: str | None = None
    start: Instant | None = None
    events: Path | None = None
    """Where the events are written as well (docs/replay.md); None: nowhere."""
    stays: bool = False
    """Whether they hold every stay, not only violations."""


def probes(request: BatchRequest, fail: Callable[[Failure], None]) -> Iterator[Probe]:
    """A probe for every file whose camera is known; of the others it is told why not.

    Raises StreetproofError where one start was stated for several files.
    """
    site = request.loaded.site
    found = search(request.inputs)
    for problem in found.problems:
        fail(Failure(problem.where, problem.what, "Check the path; files of other kinds can be named one by one"))
    if request.start is not None and len(found.paths) > 1:
        raise StreetproofError(
            f"one start was stated for {len(found.paths)} recordings; they cannot all begin then",
            where=", ".join(request.inputs),
            remedy="Give recordings one at a time with --start, or let their names tell (docs/footage.md)",
        )
    out = request.out.resolve()
    for path in found.paths:
        if out in path.resolve().parents:
            continue  # what this batch wrote itself is no input
        if not _can_be_written_down(path):
            name = str(path).encode("utf-8", "backslashreplace").decode()
            fail(Failure(name, "its name is not valid UTF-8", "Rename the file"))
        elif _in_a_bundle(path.parent):
            fail(Failure(str(path), "is part of an evidence bundle", "Give the recording it was taken from"))
        else:
            try:
                named = request.camera
                camera = camera_of(site, path) if named is None else camera_named(site, named)
            except StreetproofError as error:
                fail(Failure.of(str(path), error))
                continue
            yield Probe(path, camera.id, time_rules(site, camera, request.start))


def _can_be_written_down(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _in_a_bundle(folder: Path) -> bool:
    return (folder / "bagit.txt").is_file() or (folder.parent != folder and _in_a_bundle(folder.parent))
