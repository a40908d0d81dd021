"""Who is measured: our batch with two models, and the peer script. Each gives events of one scene.

Ours is the code path of `streetproof batch`: a site file, `observe`, `Course`, and events as `--events` writes them.
Observations are kept, so that another engine is tried in seconds; the engine itself runs each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from bench import peer
from bench.accuracy.footage import Footage
from bench.accuracy.hours import condition_of
from bench.site import DWELL_S, MIN_SCORE, write_site
from models.detector import YoloDetector
from models.store import ModelStore, load_detector
from streams.instant import NS_PER_S, iso_utc
from streetproof.batch.observations import coverage_of, read_observations
from streetproof.batch.observe import DetectorSpec, Observe, Observed, observe
from streetproof.course import Course
from streetproof.events import EventLog
from streetproof.settings.load import load_site
from streetproof.settings.site import Site
from streetproof.settings.times import time_rules
from tests.scenes.truth import true_ns
from vision.engine import Engine
from vision.sight import REVISION

ROOT = Path(__file__).parents[2]
SHARED_MODEL = ROOT.parent / "shared" / "models" / "yolox_nano.onnx"
BOOTSTRAP = "yolov3-tiny"
KIND = "no_parking"
Events = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the comparison."""

    name: str
    zh: str
    model: str
    ours: bool


def contenders() -> tuple[Contender, ...]:
    """Ours with the better model where it is there, ours with the bootstrap model, and the peer with the better one."""
    best = str(SHARED_MODEL) if SHARED_MODEL.exists() else BOOTSTRAP
    boot = Contender("ours-bootstrap", "本系统（引导模型）", BOOTSTRAP, ours=True)
    rows = [Contender("ours", "本系统", best, ours=True)] + ([boot] if best != BOOTSTRAP else [])
    return (*rows, Contender("peer", "常见脚本", best, ours=False))


def look(contender: Contender, footage: Footage, folder: Path) -> None:
    """The dear part, done once for each scene: what the model saw (ours), or all that the script does (peer)."""
    if contender.ours:
        observed(contender, footage, folder)
    elif not (kept := _peer_file(contender, footage, folder)).exists():
        result = peer.watch(footage.video, _detector(contender.model))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(result)), encoding="utf-8")
        partial.replace(kept)


def looked(contender: Contender, footage: Footage, folder: Path) -> bool:
    """Whether `look` was done, for this scene and this code."""
    return (
        _mark(contender, footage, folder).exists()
        if contender.ours
        else _peer_file(contender, footage, folder).exists()
    )


def events(contender: Contender, footage: Footage, folder: Path) -> Events:
    """What is found in one scene, as a document of events."""
    if contender.ours:
        site = _site(footage, folder)
        return judge(site, observed(contender, footage, folder), condition_of(footage.condition).restarts, footage)
    found = json.loads(_peer_file(contender, footage, folder).read_text(encoding="utf-8"))
    return {"entries": [_peer_entry(case, footage) for case in found["cases"]]}


def observed(contender: Contender, footage: Footage, folder: Path) -> Observed:
    """The observations of one scene, made or found from before."""
    site = _site(footage, folder)
    camera = site.cameras[0]
    kept = folder / "observations"
    kept.mkdir(parents=True, exist_ok=True)
    result = observe(
        Observe(
            path=footage.video,
            camera=camera.id,
            time_rules=time_rules(site, camera),
            look=camera.look,
            detector=DetectorSpec(contender.model, ModelStore.default(), site.model.min_score, site.model.iou),
            folder=kept,
            sha256=None,
        )
    )
    mark = _mark(contender, footage, folder)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return result


def judge(site: Site, seen: Observed, restarts: Sequence[float], footage: Footage) -> Events:
    """The engine over observations; at each of `restarts` (seconds) it is saved, as JSON, and another one goes on."""
    camera = site.cameras[0]
    rules = site.rules_of(camera)
    course, log = Course(rules, site.site.zone), EventLog(site.site.id, stays=True)
    course.begin(seen.sha256, str(seen.path))
    waiting = [true_ns(footage.scene, second) for second in restarts]
    for one in read_observations(seen.file):
        while waiting and one.at.utc_ns >= waiting[0]:
            waiting.pop(0)
            state = json.loads(json.dumps(course.engine.save()))
            course.engine = Engine.restore([rules], site.site.zone, state)
        log.add(rules, course.see(one.at, one.detections, one.pixels) or ())
    course.cover(coverage_of(seen.end["coverage"]).end)
    log.add(rules, course.finish())
    return log.document()


def _site(footage: Footage, folder: Path) -> Site:
    path = folder / "sites" / f"{footage.scene.camera}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_site(path, [footage.scene.camera], f"{DWELL_S}s")
    return load_site(path).site


def _mark(contender: Contender, footage: Footage, folder: Path) -> Path:
    return folder / "looked" / f"{footage.scene.camera}-{footage.key}-{contender.name}-{REVISION}"


def _peer_file(contender: Contender, footage: Footage, folder: Path) -> Path:
    code = hashlib.sha256(Path(peer.__file__).read_bytes() + _model_bytes(contender.model)).hexdigest()[:12]
    return folder / "peer" / f"{footage.scene.camera}-{footage.key}-{code}.json"


@cache
def _model_bytes(model: str) -> bytes:
    return Path(model).read_bytes() if Path(model).exists() else model.encode()


@cache
def _detector(model: str) -> YoloDetector:
    return load_detector(model, min_score=MIN_SCORE, threads=1)


def _peer_entry(case: dict[str, Any], footage: Footage) -> dict[str, Any]:
    """A timer that ran out, in the words of events. What a script calls arrival is a point."""
    arrived, last = (
        true_ns(footage.scene, 0) + int(Fraction(case[k]) * NS_PER_S) for k in ("arrived_s", "last_seen_s")
    )
    return {
        "camera": footage.scene.camera,
        "kind": KIND,
        "cls": "vehicle",
        "arrived": iso_utc(arrived),
        "departed": iso_utc(last),
        "box": case["box"],
        "condition": None,
        "stay": f"track {case['track']}",
    }
