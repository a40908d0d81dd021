"""What is found on one pavement, by the code path of `streetproof batch`: site file, `observe`, `Course`, events.

Observations are kept, so that another engine is tried in seconds; the engine itself runs each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.occupation.footage import Footage
from models.store import ModelStore
from streetproof.batch.observations import coverage_of, read_observations
from streetproof.batch.observe import DetectorSpec, Observe, Observed, observe
from streetproof.course import Course
from streetproof.events import EventLog
from streetproof.settings.load import load_site
from streetproof.settings.times import time_rules

SHARED_MODEL = Path(__file__).parents[3] / "shared" / "models" / "yolox_nano.onnx"
BOOTSTRAP = "yolov3-tiny"
Events = dict[str, Any]


def model() -> str:
    """The better model where it is there, else the bootstrap model."""
    return str(SHARED_MODEL) if SHARED_MODEL.exists() else BOOTSTRAP


def look(footage: Footage, folder: Path) -> Observed:
    """The dear part: what the model and the pixels tell, made or found from before."""
    site = load_site(footage.site).site
    camera = site.cameras[0]
    kept = folder / "observations" / footage.key
    kept.mkdir(parents=True, exist_ok=True)
    return observe(
        Observe(
            path=footage.video,
            camera=camera.id,
            time_rules=time_rules(site, camera),
            look=camera.look,
            detector=DetectorSpec(model(), ModelStore.default(), site.model.min_score, site.model.iou),
            folder=kept,
            sha256=None,
            ground=site.rules_of(camera).watched_ground,
        )
    )


def events(footage: Footage, folder: Path) -> Events:
    """What is found, as a document of events."""
    site = load_site(footage.site).site
    camera = site.cameras[0]
    rules = site.rules_of(camera)
    seen = look(footage, folder)
    course, log = Course(rules, site.site.zone), EventLog(site.site.id, stays=False)
    course.begin(seen.sha256, str(seen.path))
    for one in read_observations(seen.file):
        log.add(rules, course.see(one.at, one.detections, one.pixels, one.view) or ())
    course.cover(coverage_of(seen.end["coverage"]).end)
    log.add(rules, course.finish())
    return log.document()
