"""What is to be checked again, out of a bundle or out of a file of events."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures

from evidence_export.verifier import verify
from models.interface import Image
from streetproof.errors import StreetproofError
from streetproof.settings.site import Site
from vision.interface import Box
from vision.policy import CameraRules
from vision.recheck import Question

_MAX_EVENTS = 1 << 28


class RecheckError(StreetproofError):
    """A re-check that cannot be done as asked."""


@dataclass(frozen=True)
class Original:
    """The violation, as far as a re-check needs it."""

    question: Question
    source: Mapping[str, Any]
    """How the evidence names it: a case with the SHA-256 of its manifest, or a stay of a file of events."""
    picture: Image | None
    """The whole view when the rule was broken, H x W x 3 BGR uint8; None: not known."""


def read_original(path: Path, site: Site, stay: str | None = None) -> Original:
    """The violation of a bundle (folder or zip), or the one with the id `stay` in a file of events.

    A bundle is verified first, and brings its own rule and zone; for an event those of the site hold. Raises
    RecheckError, and StreetproofError where the bundle cannot be read.
    """
    if path.is_file() and path.suffix.lower() == ".json":
        return _of_events(path, site, stay)
    if stay is not None:
        raise RecheckError("a bundle is of one stay only", where=str(path), remedy="Leave --stay out")
    return _of_bundle(path, site)


def _of_bundle(path: Path, site: Site) -> Original:
    report = verify(path)
    if not report.ok:
        raise RecheckError(
            "the bundle does not verify: what it says is not to be built on",
            where=str(path),
            remedy=f"`streetproof verify {path}` names the file that is to blame",
        )
    import hashlib

    manifest = _member(path, "case.json")
    case = json.loads(manifest)
    policy = json.loads(_member(path, "data/policy.json"))
    violation, camera = case["violation"], str(case["camera"]["id"])
    if case["site"]["id"] != site.site.id:
        raise RecheckError(
            f"the case is of site {case['site']['id']!r}, and the site file is of {site.site.id!r}",
            where=str(path),
            remedy="Give the site file of the case",
        )
    _camera_of(site, camera, str(path))
    rules = CameraRules.model_validate(
        {"camera": camera, "policy": policy["policy"], "zones": [policy["zone"]], "ground": policy.get("ground")}
    )
    stay = violation["stay"]
    question = Question(rules, violation["rule"], violation["zone"], _box(stay["place"]), stay["class"])
    shown = case["images"]["panoramas"][-1]["path"]
    picture = np.asarray(Pictures.open(io.BytesIO(_member(path, shown))).convert("RGB"))[:, :, ::-1]
    source = {"case": case["case"]["id"], "case_sha256": hashlib.sha256(manifest).hexdigest(), "stay": stay["id"]}
    return Original(question, source, np.ascontiguousarray(picture))


def _of_events(path: Path, site: Site, stay: str | None) -> Original:
    try:
        if path.stat().st_size > _MAX_EVENTS:
            raise ValueError("larger than any file of events")
        entries = [one for one in json.loads(path.read_bytes())["entries"] if stay in (None, one["stay"])]
        if len(entries) != 1:
            what = "no violation" if not entries else f"{len(entries)} violations"
            raise RecheckError(
                f"{what} {'of stay ' + stay if stay else 'in it'}",
                where=str(path),
                remedy="Name one with --stay, by its id in the file",
            )
        entry = entries[0]
        camera, rule, zone = str(entry["camera"]), str(entry["rule"]), str(entry["zone"])
        place, cls, name = _box(entry["box"]), str(entry["cls"]), str(entry["stay"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecheckError(f"this is no file of events ({error})", where=str(path)) from error
    known = _camera_of(site, camera, str(path))
    return Original(Question(known, rule, zone, place, cls), {"stay": name, "events": path.name}, None)


def _camera_of(site: Site, camera: str, where: str) -> CameraRules:
    known = site.camera(camera)
    if known is None:
        raise RecheckError(
            f"the site has no camera {camera!r}", where=where, remedy="Give the site file that has the camera"
        )
    return site.rules_of(known)


def _box(value: Any) -> Box:
    x1, y1, x2, y2 = (float(part) for part in value)
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        raise ValueError(f"{value} is no box")
    return (x1, y1, x2, y2)


def _member(bundle: Path, name: str) -> bytes:
    """A file of a bundle that was verified."""
    if bundle.is_dir():
        return (bundle / name).read_bytes()
    with zipfile.ZipFile(bundle) as packed:
        inside = next(one for one in packed.namelist() if one.partition("/")[2] == name)
        return packed.read(inside)
