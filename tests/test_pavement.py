"""Pavements are what their script says: drawn where the homography puts it, of the stated area, the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.occupation.actors import SECONDS
from bench.occupation.scenarios import SCENARIOS, pavement
from bench.occupation.site import DWELL_S, MIN_AREA_M2, site_of
from streams.instant import from_iso
from tests.scenes import Noise, Scene
from tests.scenes.pavement import (
    KERB,
    WALL,
    Blocks,
    Camera,
    Figure,
    Parasol,
    Pavement,
    PavementRenderer,
    Piece,
    Taking,
    Thing,
    pavement_truth,
    record,
)
from tests.scenes.pavement.truth import ground_of
from tests.scenes.truth import true_ns
from vision.boxes import iou
from vision.ground import Ground, Plane

STILL = Scene(camera="p-1", seconds=20, noise=Noise(sigma=0, night_sigma=0))
SLAB = Piece(2.0, 1.5, 0.01, "carton", 3)


def one(thing: Thing, kind: str = "occupation", **more: object) -> Pavement:
    return Pavement(STILL, (thing,), (Taking(kind, (thing.name,), thing.marks[0][0], thing.until),), **more)  # type: ignore[arg-type]


def changed(script: Pavement, t: float) -> np.ndarray:
    """Where a frame differs from the first one."""
    renderer = PavementRenderer(script)
    before, after = renderer.bgr(0).astype(int), renderer.bgr(int(t * script.view.fps)).astype(int)
    return np.abs(before - after).max(axis=2) > 12


def test_the_site_measures_what_was_drawn() -> None:
    """A flat thing of 3 m², its pixels put through the site's homography."""
    script = one(Thing("slab", Blocks((SLAB,)), ((5.0, 10.0, 7.5),)))
    plane = Plane(Ground.model_validate(site_of(script)["cameras"][0]["ground"]))
    mask = cv2.morphologyEx(changed(script, 10).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    (outline, *_), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    width, height = script.view.size
    area = plane.area_m2([((x + 0.5) / width, (y + 0.5) / height) for x, y in outline.reshape(-1, 2).tolist()])
    (entry,) = pavement_truth(script, MIN_AREA_M2)["entries"]
    assert entry["area_m2"] == 3.0
    assert area == pytest.approx(3.0, rel=0.05)


def test_things_appear_where_and_when_truth_says() -> None:
    for form in (Blocks((Piece(1.4, 0.9, 0.8, "crate", 1),)), Parasol()):
        script = one(Thing("it", form, ((6.0, 11.0, 6.0),), 14.0))
        (entry,) = pavement_truth(script, MIN_AREA_M2)["entries"]
        assert not changed(script, 5.9).any() and not changed(script, 14.1).any()
        rows, columns = np.nonzero(changed(script, 6.1))
        width, height = script.view.size
        seen = (columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
        assert iou(seen, tuple(entry["box"])) > 0.75, "but for its shadow"
        assert [from_iso(at) for at in entry["arrived"]] == [true_ns(STILL, 6)] * 2
        assert [from_iso(at) for at in entry["departed"]] == [true_ns(STILL, 14)] * 2


def test_a_parasol_takes_the_ground_under_its_canopy_and_gaps_between_goods_count() -> None:
    script = one(Thing("it", Parasol(radius=1.2), ((6.0, 11.0, 6.0),)))
    assert ground_of(script, script.takings[0]).area == pytest.approx(2 * 2**0.5 * 1.2**2, rel=1e-6)
    pieces = [
        Thing(f"g{n}", Blocks((Piece(0.6, 0.5, 0.4, "crate"),)), ((5.0 + n, 8 + 0.8 * n, 9.0),)) for n in range(3)
    ]
    goods = Pavement(STILL, tuple(pieces), (Taking("out_of_store", ("g0", "g1", "g2"), 5.0),))
    (entry,) = pavement_truth(goods, 0.5)["entries"]
    assert entry["area_m2"] == pytest.approx(2.2 * 0.5, abs=1e-3)
    arrived = [from_iso(at) for at in entry["arrived"]]
    assert arrived == [true_ns(STILL, 5), true_ns(STILL, 6)], "0.5 m² are taken by the second"
    with pytest.raises(ValueError, match="never take 5 m2"):
        pavement_truth(goods, 5)


def test_frames_are_the_same_in_any_order_and_any_run(tmp_path: Path) -> None:
    script = pavement(SCENARIOS["mixed"], 100)
    indices = [1000, 40, 1003, 700]
    once = {index: PavementRenderer(script).frame(index) for index in indices[:1]}
    renderer = PavementRenderer(script)
    for index in reversed(indices):
        once.setdefault(index, renderer.frame(index))
    again = PavementRenderer(script)
    assert all((again.frame(index) == once[index]).all() for index in indices)
    files = [record(script, tmp_path / name / "a.mp4", MIN_AREA_M2, frames=range(6)) for name in ("1", "2")]
    assert files[0].video.read_bytes() == files[1].video.read_bytes()
    assert files[0].truth.read_bytes() == files[1].truth.read_bytes()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_are_sound(name: str) -> None:
    for seed in (100, 500):
        script = pavement(SCENARIOS[name], seed)
        entries = pavement_truth(script, MIN_AREA_M2)["entries"]
        asked = bool(script.takings)
        assert asked == (len(entries) > 0)
        for taking in script.takings:
            assert (taking.until or SECONDS) - taking.since >= DWELL_S + 40, "stands clearly longer than is allowed"
            assert ground_of(script, taking).area >= MIN_AREA_M2 * 1.2, "takes clearly more than is allowed"
            for other in script.takings:
                if other is not taking:
                    assert ground_of(script, taking).distance(ground_of(script, other)) > 0.4
        boxes = [tuple(entry["box"]) for entry in entries]
        assert all(0 < box[0] < box[2] < 1 and 0 < box[1] < box[3] < 1 for box in boxes), "wholly in the picture"
        for thing in script.things:
            if isinstance(thing.form, Figure):
                for (t0, x0, y0), (t1, x1, y1) in zip(thing.marks, thing.marks[1:], strict=False):
                    assert np.hypot(x1 - x0, y1 - y0) / (t1 - t0) < 5, (thing.name, "runs", t0)


def test_the_site_names_what_the_rule_needs() -> None:
    (camera,) = site_of(pavement(SCENARIOS["goods"], 100))["cameras"]
    assert json.loads(json.dumps(camera)) == camera
    inside = np.array([*camera["zones"][0]["polygon"], *(p for shop in camera["shops"] for p in shop["frontage"])])
    assert inside.min() >= 0 and inside.max() <= 1
    plane = Plane(Ground.model_validate(camera["ground"]))
    for shop in camera["shops"]:
        assert all(y == pytest.approx(WALL, abs=0.05) for _, y in plane.to_ground(shop["frontage"]))
    assert KERB < Camera().height < WALL
