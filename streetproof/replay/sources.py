"""Which files of detections there are, of which kind, and in which order they are read.

Order is decided before anything is judged, from the first line of each file: by the time at which it begins. Where a
batch's output folder is named, its report tells the files and their order, so that a replay cannot differ from the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.instant import Instant
from streetproof.batch.observations import FORMAT
from streetproof.batch.report import FORMAT as REPORT
from streetproof.replay.frames import FrameError, parse_json, time_of
from streetproof.replay.lines import DetectionsError, lines_of
from vision.codec import from_json
from vision.errors import StateError

ENDINGS = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
"""Files taken from a folder; a file that is named itself may be called anything."""
_REPORT_MAX = 1 << 28


@dataclass(frozen=True, slots=True)
class Own:
    """What the header of an observations file says."""

    camera: str
    start: Instant
    classes: tuple[str, ...]
    """All that the model knows."""
    recording: str
    """SHA-256 of the recording, or the file's own path where the header does not tell."""
    look: str
    """Model and settings of the look, as canonical text."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of detections; `own` is None for foreign ones, `begins_ns` the time of its first frame."""

    path: Path
    begins_ns: int
    own: Own | None


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """All files that `paths` name (files, folders, output folders of a batch), in the order in which to read them.

    Raises DetectionsError for what cannot be read, for folders with no detections, and where two files hold different
    looks at one recording: which of them is meant, nobody can tell.
    """
    listed: list[Source] = []
    found: list[Source] = []
    for path in paths:
        if not path.is_dir():
            found += _opened(path)
            continue
        run = _of_batch(path)
        if run is not None:
            listed += [source for file in run for source in _opened(file)]
            continue
        files = sorted(file for file in path.rglob("*") if file.name.endswith(ENDINGS) and file.is_file())
        if not files:
            raise DetectionsError(
                "the folder holds no detections",
                where=str(path),
                remedy=f"Name a folder with files that end in {', '.join(ENDINGS)}, or the output folder of a batch",
            )
        found += [source for file in files for source in _opened(file)]
    found.sort(key=lambda source: (source.begins_ns, source.path.name, str(source.path)))
    sources = [*listed, *found]
    if not sources:
        raise DetectionsError(
            "there is not one frame", where=", ".join(map(str, paths)), remedy="Give files that hold detections"
        )
    _refuse_two_looks(sources)
    return sources


def _of_batch(folder: Path) -> list[Path] | None:
    """The observations that a batch judged, in its order; None: the folder is not one that a batch wrote."""
    report = folder / "report.json"
    try:
        with report.open("rb") as file:
            document = json.loads(file.read(_REPORT_MAX))
        if document["format"] != REPORT:
            return None
        names = [one["observations"] for one in document["inputs"]]
    except KeyError:
        return None  # by a version that did not name them: all that lie there are taken
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    place = folder / "observations"
    files = [folder / name for name in names if isinstance(name, str)]
    if not files or any(file.parent != place for file in files):
        return None
    return files


def _opened(path: Path) -> Iterator[Source]:
    """The source at `path`; none where the file holds nothing at all."""
    for number, line in lines_of(path):
        where = f"{path}:{number}"
        try:
            value = parse_json(line)
            if "format" in value:
                own = _header(value, where)
                yield Source(path, own.start.utc_ns, own)
            else:
                yield Source(path, time_of(value), None)
        except FrameError as error:
            raise DetectionsError(str(error), where=where, remedy=error.remedy) from error
        return


def _header(value: dict[str, Any], where: str) -> Own:
    if value["format"] != FORMAT:
        raise DetectionsError(
            f"the format {str(value['format'])[:80]!r} is not known",
            where=where,
            remedy=f"Give {FORMAT}, or lines of frames as docs/replay.md shows; a newer file needs a newer program",
        )
    try:
        classes = value["model"]["classes"]
        camera = value["camera"]
        recording = value.get("recording_sha256") or where
        look = json.dumps([value.get(key) for key in ("model", "detector", "look")], sort_keys=True)
        if not all(isinstance(name, str) for name in (*classes, camera, recording)):
            raise TypeError
        return Own(camera, from_json(Instant, value["start"]), tuple(classes), recording, look)
    except (KeyError, TypeError, ValueError, StateError) as error:
        raise DetectionsError(
            "the header of the observations is damaged", where=where, remedy="Let `streetproof batch` make them again"
        ) from error


def _refuse_two_looks(sources: Sequence[Source]) -> None:
    seen: dict[tuple[str, str], Source] = {}
    for source in sources:
        if source.own is None:
            continue
        first = seen.setdefault((source.own.camera, source.own.recording), source)
        if first.own is not None and first.own.look != source.own.look:
            raise DetectionsError(
                f"another look, with another model or other settings, at the recording of {first.path.name}",
                where=str(source.path),
                remedy="Name the files of one look, or the output folder of the batch: its report says which it used",
            )
