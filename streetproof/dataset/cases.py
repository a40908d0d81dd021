"""Takes out of a bundle what a detector can learn from, after the bundle has been verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from evidence_export.bag import layout
from evidence_export.verifier import find_bundles, verify
from evidence_export.verifier.container import Container, FolderContainer
from evidence_export.verifier.zipcontainer import ZipContainer
from models.interface import Image
from streams.instant import from_iso
from streetproof.dataset.errors import CaseRefusedError, DatasetExportError
from streetproof.errors import StreetproofError

MOST_STILL_BYTES = 400 * 1024**2
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 as fractions of the picture's width and height."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a case, and where the case's object is in it."""

    path: str
    """Inside the bundle."""
    sha256: str
    recording_sha256: str
    pts: int
    box: Box
    difference_ns: int
    """How much later the picture is than the sighting that the box is from."""

    @property
    def frame(self) -> tuple[str, int]:
        """Which frame of which recording it is: two cases may show the same."""
        return self.recording_sha256, self.pts


@dataclass(frozen=True, slots=True)
class CaseMaterial:
    """A verified case."""

    bundle: Path
    id: str
    site: str
    camera: str
    local_date: str
    """Of the arrival: YYYY-MM-DD."""
    cls: str
    span_ns: tuple[int, int]
    """From the arrival to when it was last seen, ns UTC."""
    stills: tuple[Still, ...]
    manifest_sha256: str
    key_fingerprint: str

    def load(self, still: Still) -> Image:
        """The picture, H x W x 3 BGR uint8. Raises CaseRefusedError where it is no longer the one that was verified."""
        try:
            data = _opened(self.bundle).read(still.path, MOST_STILL_BYTES)
        except (OSError, KeyError) as error:
            raise CaseRefusedError(f"{still.path} cannot be read ({error})", where=str(self.bundle)) from error
        image = None
        if hashlib.sha256(data).hexdigest() == still.sha256:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise CaseRefusedError(
                f"{still.path} was changed while it was read, or is no picture", where=str(self.bundle)
            )
        return np.asarray(image, np.uint8)


def bundles_in(folders: Iterable[Path]) -> list[Path]:
    """The bundles in the folders (or the bundles that are named), each once. Raises DatasetExportError."""
    found: dict[Path, None] = {}
    for folder in folders:
        try:
            found.update(dict.fromkeys(find_bundles(folder)))
        except (StreetproofError, OSError) as error:
            what = error.what if isinstance(error, StreetproofError) else str(error.strerror)
            raise DatasetExportError(what, where=str(folder), remedy="Name folders with bundles in them.") from error
    return list(found)


def read_case(bundle: Path, trusted_key: str | Path | None = None) -> CaseMaterial:
    """The case in a bundle that verifies. Raises CaseRefusedError for every other, naming the file to blame."""
    try:
        report = verify(bundle, trusted_key=trusted_key)
    except StreetproofError as error:
        raise CaseRefusedError(error.what, where=str(bundle)) from error
    if report.recheck is not None:
        raise CaseRefusedError("this is a re-check, and no case", where=str(bundle), remedy="Give the case's bundle")
    if not report.ok or report.case_id is None:
        culprits = ", ".join(report.culprits[:3]) or "see `streetproof verify`"
        raise CaseRefusedError(
            f"the bundle does not verify ({culprits})",
            where=str(bundle),
            remedy=f"Look at it with: streetproof verify {bundle}",
        )
    try:
        data = _opened(bundle).read(layout.CASE, layout.MAX_CASE_BYTES)
        if hashlib.sha256(data).hexdigest() != report.manifest_sha256:
            raise ValueError("case.json was changed while it was read")
        return _material(bundle, report.case_id, json.loads(data), report.manifest_sha256)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise CaseRefusedError(f"the case has nothing to learn from ({error})", where=str(bundle)) from error


def _material(bundle: Path, case_id: str, case: Mapping[str, Any], manifest_sha256: str) -> CaseMaterial:
    stay = case["violation"]["stay"]
    sha256 = {listed["path"]: listed["sha256"] for listed in case["files"]}
    stills = tuple(
        Still(
            one["path"],
            sha256[one["path"]],
            case["recordings"][one["recording"]]["sha256"],
            one["pts"],
            _box(one["box"]),
            one.get("difference_ns", 0),
        )
        for one in case["images"]["panoramas"]
    )
    return CaseMaterial(
        bundle,
        case_id,
        case["site"]["id"],
        case["camera"]["id"],
        case["case"]["local_date"],
        stay["class"],
        (from_iso(stay["arrived"]["by"]), from_iso(stay["last_seen"])),
        stills,
        manifest_sha256,
        case["seal"]["key_fingerprint"],
    )


def _box(given: Iterable[str]) -> Box:
    x1, y1, x2, y2 = (min(1.0, max(0.0, float(value))) for value in given)
    if not (x1 < x2 and y1 < y2):
        raise ValueError("a box without area")
    return x1, y1, x2, y2


def _opened(bundle: Path) -> Container:
    return FolderContainer(bundle) if bundle.is_dir() else ZipContainer(bundle)
