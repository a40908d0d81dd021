"""What is to be checked again, out of a bundle or out of a file of events."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures

from evidence_export.verifier import verify
from models.interface import Image
from streams.instant import Instant, TimeSource, from_iso
from streetproof.errors import StreetproofError
from streetproof.settings.site import Site
from vision.errors import PolicyError
from vision.interface import Box
from vision.policy import CameraRules, build_camera_rules, parse_policy
from vision.recheck import Question
from vision.regained import TakenGround

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
    called: str
    """The kind that the violation is called by: that of its rule, or how ground was taken."""
    fired_ns: int | None = None
    """When the rule was broken, UTC; None: not known."""
    before: tuple[Instant, Image] | None = None
    """The whole view before ground was taken, and when; only of a rule of the kind occupation."""
    recordings: Mapping[str, str] = field(default_factory=dict)
    """When each recording of the case begins, as the case says it, by the SHA-256 of the recording."""


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
    if report.recheck is not None:
        raise RecheckError("this is a re-check, and no case", where=str(path), remedy="Give the case's bundle")
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
    try:
        # Its own rule and zone, as they held then, whatever the site file says now.
        rules = build_camera_rules(
            camera, parse_policy(policy["policy"]), [policy["zone"]], policy.get("ground"), policy.get("shops", ())
        )
    except PolicyError as error:
        raise RecheckError(
            f"its policy is of a form that this version does not know ({error.what})", where=str(path)
        ) from error
    stay = violation["stay"]
    occupied = violation.get("occupied")
    taken = None if occupied is None else _taken(occupied)
    question = Question(rules, violation["rule"], violation["zone"], _box(stay["place"]), stay["class"], taken)
    picture = _picture(path, case["images"]["panoramas"][-1]["path"])
    source = {"case": case["case"]["id"], "case_sha256": hashlib.sha256(manifest).hexdigest(), "stay": stay["id"]}
    called = question.kind_of_rule.kind if occupied is None else str(occupied["kind"])
    before = None if taken is None else _before(path, case["images"])
    recordings = {str(one["sha256"]): str(one["start"]) for one in case["recordings"]}
    return Original(question, source, picture, called, from_iso(violation["fired_at"]), before, recordings)


def _before(path: Path, images: Mapping[str, Any]) -> tuple[Instant, Image]:
    """When the ground was still free, and the picture of it. Raises RecheckError where the bundle has none."""
    before = images.get("before", {"known": False})
    if before.get("known") is False:
        raise RecheckError(
            "the case has no picture of the ground before it was taken, so nobody can tell whether it is free again",
            where=str(path),
            remedy="Look at the place yourself",
        )
    return Instant(from_iso(before["at"]), TimeSource.OPERATOR, 0), _picture(path, before["path"])


def _picture(bundle: Path, name: str) -> Image:
    """H x W x 3 BGR uint8."""
    shown = np.asarray(Pictures.open(io.BytesIO(_member(bundle, name))).convert("RGB"))[:, :, ::-1]
    return np.ascontiguousarray(shown)


def _taken(occupied: Mapping[str, Any]) -> TakenGround:
    outlines = [[(float(x), float(y)) for x, y in outline] for outline in occupied["outlines"]]
    return TakenGround(outlines, [(float(x), float(y)) for x, y in occupied["ground"]])


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
    if entry.get("occupied") is not None:
        raise RecheckError(
            "a file of events has no picture of the ground before it was taken",
            where=str(path),
            remedy="Give the case's bundle",
        )
    question = Question(known, rule, zone, place, cls)
    return Original(question, {"stay": name, "events": path.name}, None, question.kind_of_rule.kind)


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
