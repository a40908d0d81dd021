"""What a model saw in one recording, kept beside it: one JSON line per frame between a header and an end line.

A line holds `{"camera","utc","pts","size","boxes":[{"xyxy","cls","score"}]}`, `"emptied":[[x1,y1,x2,y2]]`, `"kept"`,
`"covered"` and `"others"` where pixels say something of places (shares of the image, see `vision.remembered`), and
`"view"` where a camera watches its ground (`vision.footprints`); `utc` has nine decimals. The numbers are rounded on
the way in (a hundredth of a pixel, a ten-thousandth of score), so that judging from the file and judging while looking
cannot differ. The end line proves that the file is whole.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from models.interface import Detections, ModelInfo
from streams.instant import Instant, iso_utc
from streams.interface import Coverage, Gap, Problem
from streetproof.errors import StreetproofError
from vision.codec import from_json, to_json
from vision.footprints import View, view_json, view_of
from vision.interface import NO_PIXELS, Box, PixelEvidence

FORMAT = "streetproof-observations/1"


class ObservationsError(StreetproofError):
    """An observations file that is damaged or of another format."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in one frame. `repeated` means: nothing had changed since the model last ran, boxes are of then."""

    at: Instant
    pts: int
    detections: Detections
    repeated: bool
    pixels: PixelEvidence = NO_PIXELS
    view: View | None = None
    """What came to stay on the ground, see `vision.backdrop`."""


class ObservationWriter:
    """Writes one file; it appears under its name only when `finish` was called, whole and synced."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self._path = path
        self._partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        self._raw = self._partial.open("wb")
        # mtime 0 and no file name: the same observations make the same bytes.
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=6, mtime=0)
        self._line({"format": FORMAT, **header})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if not self._raw.closed:
            self._file.close()
            self._raw.close()
            self._partial.unlink(missing_ok=True)

    def add(
        self,
        camera: str,
        at: Instant,
        pts: int,
        detections: Detections,
        repeated: bool,
        pixels: PixelEvidence = NO_PIXELS,
        view: View | None = None,
    ) -> None:
        """Append one frame; frames come in order of time."""
        told: dict[str, Any] = {name: [list(box) for box in boxes] for name, boxes in asdict(pixels).items() if boxes}
        if view is not None:
            told["view"] = view_json(view)
        self._line(
            {
                "camera": camera,
                "utc": iso_utc(at.utc_ns),
                "utc_ns": at.utc_ns,
                "pts": pts,
                "size": list(detections.size),
                "repeated": repeated,
                "boxes": _boxes(detections),
                **told,
            }
        )

    def finish(self, end: dict[str, Any]) -> None:
        """Write the end line and let the file appear."""
        self._line({"end": end})
        self._file.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        os.replace(self._partial, self._path)

    def _line(self, value: dict[str, Any]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


@dataclass(frozen=True)
class ObservationHeader:
    """The first line: of what, with which model, on which clock."""

    camera: str
    time_base: Fraction
    start: Instant
    model: ModelInfo
    raw: dict[str, Any]


def read_header(path: Path) -> ObservationHeader:
    """The header of an observations file. Raises ObservationsError."""
    first = next(_lines(path), None)
    if first is None or first.get("format") != FORMAT:
        raise ObservationsError(
            "no observations of a known format", where=str(path), remedy="Delete the file; it is made again"
        )
    model = first["model"]
    return ObservationHeader(
        camera=first["camera"],
        time_base=Fraction(first["time_base"]),
        start=from_json(Instant, first["start"]),
        model=model_of(model),
        raw=first,
    )


def read_observations(path: Path) -> Iterator[Observation]:
    """The frames of an observations file, in order. Raises ObservationsError where the file is not whole."""
    header = read_header(path)
    index = {name: i for i, name in enumerate(header.model.classes)}
    lines = _lines(path)
    next(lines)
    whole = False
    for line in lines:
        if "end" in line:
            whole = True
            continue
        boxes = line["boxes"]
        yield Observation(
            at=Instant(line["utc_ns"], header.start.source, header.start.uncertainty_ns),
            pts=line["pts"],
            detections=Detections(
                xyxy=np.array([box["xyxy"] for box in boxes], np.float32).reshape(-1, 4),
                score=np.array([box["score"] for box in boxes], np.float32),
                cls=np.array([index[box["cls"]] for box in boxes], np.int64),
                size=(line["size"][0], line["size"][1]),
                model=header.model,
            ),
            repeated=line["repeated"],
            pixels=PixelEvidence(*(_places(line.get(one.name, ())) for one in fields(PixelEvidence))),
            view=view_of(line["view"]) if "view" in line else None,
        )
    if not whole:
        raise _cut_short(path)


def _places(boxes: Sequence[Sequence[float]]) -> tuple[Box, ...]:
    return tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in boxes)


def as_stored(detections: Detections) -> Detections:
    """`detections` as they come back from a file: what the daemon judges by, so that it judges as batch does."""
    boxes = _boxes(detections)
    return replace(
        detections,
        xyxy=np.array([box["xyxy"] for box in boxes], np.float32).reshape(-1, 4),
        score=np.array([box["score"] for box in boxes], np.float32),
    )


def _boxes(detections: Detections) -> list[dict[str, Any]]:
    return [
        {"xyxy": [round(float(v), 2) for v in box], "cls": name, "score": round(float(score), 4)}
        for box, name, score in zip(detections.xyxy, detections.names, detections.score, strict=True)
    ]


def model_json(model: ModelInfo) -> dict[str, Any]:
    """A model's identity as it stands in the header."""
    return {
        "name": model.name,
        "sha256": model.sha256,
        "licence": model.licence,
        "layout": model.layout,
        "classes": list(model.classes),
        "input_size": list(model.input_size),
    }


def model_of(value: Mapping[str, Any]) -> ModelInfo:
    """Undoes `model_json`."""
    return ModelInfo(
        name=value["name"],
        sha256=value["sha256"],
        licence=value["licence"],
        layout=value["layout"],
        classes=tuple(value["classes"]),
        input_size=(value["input_size"][0], value["input_size"][1]),
    )


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """A coverage as JSON; instants as in the header."""
    return {
        "start": to_json(coverage.start) if coverage.start else None,
        "end": to_json(coverage.end) if coverage.end else None,
        "packets": coverage.packets,
        "frames": coverage.frames,
        "gaps": [asdict(gap) for gap in coverage.gaps],
        "problems": [asdict(problem) for problem in coverage.problems],
    }


def coverage_of(value: dict[str, Any]) -> Coverage:
    """Undoes `coverage_json`."""
    return Coverage(
        start=from_json(Instant, value["start"]) if value["start"] else None,
        end=from_json(Instant, value["end"]) if value["end"] else None,
        packets=value["packets"],
        frames=value["frames"],
        gaps=tuple(Gap(**gap) for gap in value["gaps"]),
        problems=tuple(Problem(**problem) for problem in value["problems"]),
    )


def read_end(path: Path) -> dict[str, Any]:
    """The end line of an observations file. Raises ObservationsError where there is none."""
    end: dict[str, Any] | None = None
    for line in _lines(path):
        end = line.get("end")
    if end is None:
        raise _cut_short(path)
    return end


def _cut_short(path: Path) -> ObservationsError:
    return ObservationsError(
        "the observations end before their end line", where=str(path), remedy="Delete the file; it is made again"
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ObservationsError(
            f"the observations cannot be read: {error}", where=str(path), remedy="Delete the file; it is made again"
        ) from error
