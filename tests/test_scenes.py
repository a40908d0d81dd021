"""The scene composer itself: its truth is what every other figure stands on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenes import (
    Actor,
    Backdrop,
    Clock,
    Encoding,
    Faults,
    Gap,
    Light,
    Look,
    Noise,
    Occluder,
    OracleDetector,
    Renderer,
    Scene,
    Shade,
    Stop,
    compose,
    stage,
    stamp,
    truth_of,
)
from tests.scenes.motion import actor_at, along, placements

EAST = ((1.05, 0.72), (0.85, 0.5))
PARKED = Actor("van", enter=EAST, stops=(Stop((0.8, 0.42), 3, 8),), leave=((0.9, 0.17),), approach=2)
SMALL = Scene(seconds=12, size=(256, 192), fps=Fraction(5), actors=(PARKED,), stamped=True, seed=4)


def decoded(path: Path) -> list[tuple[Fraction, bool, np.ndarray]]:
    with av.open(path) as box:
        stream = box.streams.video[0]
        return [(f.pts * f.time_base, f.key_frame, f.to_ndarray(format="bgr24")) for f in box.decode(stream)]


def test_same_scene_same_bytes(tmp_path: Path) -> None:
    first = compose(SMALL, tmp_path / "甲 一.mp4")
    second = compose(SMALL, tmp_path / "b.mp4")
    other = compose(replace(SMALL, seed=5), tmp_path / "c.mp4")
    assert first.video.read_bytes() == second.video.read_bytes()
    assert first.truth.read_bytes() == second.truth.read_bytes()
    assert first.video.read_bytes() != other.video.read_bytes(), "the seed must reach the noise"
    assert sorted(p.name for p in tmp_path.iterdir() if "partial" in p.name) == []


def test_frames_do_not_depend_on_the_order_they_are_asked_for() -> None:
    scene = replace(
        SMALL,
        occluders=(Occluder(((-0.3, 0.5), (1.3, 0.5)), (2, 9), hold=2),),
        light=Light(((0, 1.0), (12, 0.15)), pumping=0.1),
        noise=Noise(rain=0.5, shake=1.0),
        actors=(PARKED, Actor("walker", Look.WALKER, ((0.9, 0.8), (0.2, 0.5)), passes=(1, 10))),
    )
    forward, backward = Renderer(scene), Renderer(scene)
    indexes = range(0, scene.frame_count, 7)
    shown = {i: hashlib.sha256(forward.frame(i)).digest() for i in indexes}
    assert {i: hashlib.sha256(backward.frame(i)).digest() for i in reversed(indexes)} == shown


def test_length_and_keyframes(tmp_path: Path) -> None:
    frames = decoded(compose(SMALL, tmp_path / "a.mp4", Encoding(gop=10)).video)
    assert len(frames) == SMALL.frame_count == 60
    assert [t for t, _, _ in frames] == [Fraction(i, 5) for i in range(60)]
    assert [i for i, (_, key, _) in enumerate(frames) if key] == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("a.mkv", Encoding(codec="libx265", preset="ultrafast")),
        ("a.ts", Encoding()),
        ("a.avi", Encoding(codec="mpeg4", b_frames=0)),
        ("a.mov", Encoding(codec="mjpeg")),
        ("a.flv", Encoding()),
    ],
)
def test_other_codecs_and_containers(tmp_path: Path, name: str, encoding: Encoding) -> None:
    scene = replace(SMALL, seconds=3)
    frames = decoded(compose(scene, tmp_path / name, encoding).video)
    assert [stamp.read(image) for _, _, image in frames] == list(range(15))


def test_gap_leaves_a_hole_in_time_and_ends_with_a_keyframe(tmp_path: Path) -> None:
    scene = replace(SMALL, gaps=(Gap(4, 6.5),))
    frames = decoded(compose(scene, tmp_path / "a.mp4").video)
    numbers = [stamp.read(image) for _, _, image in frames]
    assert numbers == [*range(20), *range(33, 60)]
    assert [t for t, _, _ in frames] == [Fraction(i, 5) for i in numbers if i is not None]
    assert frames[20][1]
    truth = truth_of(scene)
    assert truth["scene"]["frames"] == len(frames)
    assert truth["scene"]["gaps"] == [["2026-11-02T00:00:04.000000000Z", "2026-11-02T00:00:06.500000000Z"]]


def test_the_cameras_clock_runs_its_own_way(tmp_path: Path) -> None:
    scene = replace(SMALL, clock=Clock(datetime(2026, 11, 2, 1, tzinfo=UTC), offset_ms=3000, drift_ppm=10_000))
    files = compose(scene, tmp_path / "a.mkv")
    with av.open(files.video) as box:
        assert box.metadata["creation_time"] == "2026-11-02T01:00:03.000000Z"
    last = decoded(files.video)[-1][0]
    assert abs(last - Fraction("11.8") * Fraction("1.01")) <= Fraction(1, 1000)
    entry = json.loads(files.truth.read_text())["entries"][0]
    assert entry["arrived"] == "2026-11-02T01:00:03.000000000Z", "truth is true time, not the camera's"


def test_truth_of_an_empty_scene(tmp_path: Path) -> None:
    scene = replace(SMALL, actors=(), seconds=2)
    files = compose(scene, tmp_path / "a.mp4")
    assert json.loads(files.truth.read_text())["entries"] == []
    assert len(OracleDetector(scene).at(0)) == 0
    still = Renderer(replace(scene, stamped=False, noise=Noise(sigma=0, night_sigma=0)))
    assert np.array_equal(still.frame(0), still.frame(9))


def test_truth_entries() -> None:
    scene = replace(
        SMALL,
        condition="dusk",
        actors=(
            PARKED,
            Actor("there before", stops=(Stop((0.3, 0.5), -60, None, condition="night"),)),
            Actor("outlasts", Look.CAR, enter=EAST, stops=(Stop((0.6, 0.6), 5, 500),), approach=1),
            Actor("queue", enter=EAST, stops=(Stop((0.7, 0.6), 2, 3, kind=None),), leave=((0.9, 0.2),)),
            Actor("passes", Look.WALKER, EAST, passes=(1, 4)),
        ),
    )
    entries = truth_of(scene)["entries"]
    assert [(e["actor"], e["cls"], e["condition"]) for e in entries] == [
        ("there before", "truck", "night"),
        ("van", "truck", "dusk"),
        ("outlasts", "car", "dusk"),
    ]
    assert entries[0]["arrived"] == "2026-11-01T23:59:00.000000000Z"
    assert [e["departed"] for e in entries] == [None, "2026-11-02T00:00:08.000000000Z", None]
    for entry in entries:
        x1, y1, x2, y2 = entry["box"]
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1


def test_the_van_is_drawn_where_the_truth_says() -> None:
    quiet = replace(SMALL, size=(768, 576), stamped=False, noise=Noise(sigma=0, night_sigma=0))
    renderer, empty = Renderer(quiet), Renderer(replace(quiet, actors=()))
    changed = np.abs(renderer.bgr(30).astype(int) - empty.bgr(30).astype(int)).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    found = (columns.min() / 768, rows.min() / 576, (columns.max() + 1) / 768, (rows.max() + 1) / 576)
    assert found == pytest.approx(truth_of(quiet)["entries"][0]["box"], abs=0.02)
    assert np.array_equal(renderer.bgr(59), empty.bgr(59)), "nothing of it may stay behind when it has left"


def test_it_stands_still_exactly_while_the_truth_says_so() -> None:
    places = {i: {p.name: p for p in placements(SMALL, i)}.get("van") for i in range(60)}
    standing = [i for i, p in places.items() if p is not None and not p.moving]
    assert standing == list(range(15, 40))
    assert len({places[i].ground for i in standing}) == 1
    assert places[4] is None
    assert places[5] is not None
    assert places[51] is None


def test_an_occluder_hides_and_is_no_truth() -> None:
    bus = Occluder(((0.1, 0.5), (1.5, 0.5)), (2, 9), hold=3, size=1.5)
    scene = replace(SMALL, occluders=(bus,))
    oracle = OracleDetector(scene)
    assert oracle.at(27).names == ("bus",)
    assert "truck" in oracle.at(39).names
    assert [e["actor"] for e in truth_of(scene)["entries"]] == ["van"]


def test_the_oracle_reads_the_number_off_encoded_and_scaled_frames(tmp_path: Path) -> None:
    oracle = OracleDetector(SMALL)
    for number, (_, _, image) in enumerate(decoded(compose(SMALL, tmp_path / "a.mp4", Encoding(crf=38)).video)):
        for size in ((256, 192), (128, 96), (416, 312)):
            seen = oracle.detect([cv2.resize(image, size, interpolation=cv2.INTER_AREA)])[0]
            expected = oracle.at(number, size)
            assert seen.size == size
            assert np.array_equal(seen.xyxy, expected.xyxy)
    with pytest.raises(ValueError, match="no frame number"):
        oracle.detect([np.full((192, 256, 3), 90, np.uint8)])


def test_the_oracle_errs_as_told_and_the_same_way_each_time() -> None:
    still = replace(SMALL, seconds=400, actors=(Actor("van", stops=(Stop((0.5, 0.5), 0),)),))
    perfect, faulty = OracleDetector(still), OracleDetector(still, Faults(misses=0.3, jitter=0.05, false_positives=0.2))
    seen = [faulty.at(i) for i in range(still.frame_count)]
    assert all(len(perfect.at(i)) == 1 for i in range(0, still.frame_count, 50))
    boxes = sum(len(s) for s in seen) / len(seen)
    assert boxes == pytest.approx(0.7 + 0.2, abs=0.06)
    assert all(np.array_equal(faulty.at(i).xyxy, seen[i].xyxy) for i in range(0, 100, 9))
    assert faulty.info.sha256 != perfect.info.sha256


def test_light_falls_and_lamps_shine() -> None:
    scene = replace(
        SMALL, stamped=False, light=Light(((0, 1.0), (1, 0.15))), noise=Noise(sigma=0, night_sigma=0), seconds=12
    )
    renderer = Renderer(scene)
    day, night = renderer.frame(0)[:192].mean(), renderer.frame(20)[:192].mean()
    assert night < day * 0.5
    moving, parked = renderer.frame(9)[:192].max(), renderer.frame(20)[:192].max()
    assert int(moving) > int(parked) + 30, "a vehicle that moves at night has its lamps on"


QUIET = Noise(sigma=0, night_sigma=0)


def test_fog_takes_contrast_and_more_of_it_with_distance() -> None:
    clear = Renderer(replace(SMALL, stamped=False, noise=QUIET)).frame(0)[:192].astype(float)
    foggy = Renderer(replace(SMALL, stamped=False, noise=replace(QUIET, fog=0.5))).frame(0)[:192].astype(float)
    far, near = (foggy[rows].std() / clear[rows].std() for rows in (slice(20, 70), slice(140, 190)))
    assert far < near / 2 < 0.4
    colour = Renderer(replace(SMALL, stamped=False, noise=replace(QUIET, fog=3.0))).frame(0)[192:].astype(float)
    assert abs(colour[:4] - 128).max() < 2, "what is far away in thick fog has no colour"


def test_a_shade_darkens_what_it_lies_on_and_wanders_off() -> None:
    bare = Renderer(replace(SMALL, actors=(), stamped=False, noise=QUIET)).frame(0)[:192].astype(float)
    for soft in (0.2, 0.002):
        shade = Shade((2, 10), width=0.4, dark=0.5, soft=soft)
        renderer = Renderer(replace(SMALL, actors=(), stamped=False, noise=QUIET, shades=(shade,)))
        assert np.array_equal(renderer.frame(9)[:192], bare), "it has not come yet"
        assert np.array_equal(renderer.frame(50)[:192], bare), "it has gone"
        share = renderer.frame(30)[:192].astype(float) / np.maximum(bare, 1)
        assert abs(share.min() - 0.5) < 0.1
        assert 0.1 < (share < 0.75).mean() < 0.7
        between = ((share > 0.6) & (share < 0.9)).mean()
        assert between > 0.05 if soft > 0.1 else between < 0.05, "the edge is as soft as told"


def test_a_view_that_drifts_ends_up_elsewhere() -> None:
    still = Renderer(replace(SMALL, stamped=False, noise=QUIET))
    drifting = Renderer(replace(SMALL, stamped=False, noise=replace(QUIET, drift=60)))
    assert np.array_equal(drifting.frame(0)[:192], still.frame(0)[:192])
    # 60 px a minute of a 768 px picture: after 9 s, 9 px there, 3 px here, and half as far down.
    moved = drifting.frame(45)[20:150, 20:230].astype(int)
    there = still.frame(45)[18:148, 17:227].astype(int)
    assert np.abs(moved - there).mean() < 6 < np.abs(moved - still.frame(45)[20:150, 20:230].astype(int)).mean()


def test_who_is_towed_leaves_slowly() -> None:
    towed = replace(PARKED, leaving=30)
    assert actor_at(towed, 8 - 1e-6) == actor_at(PARKED, 8 - 1e-6)
    assert actor_at(PARKED, 10.1) is None
    where = actor_at(towed, 10.1)
    assert where is not None and where[1]
    assert abs(where[0][1] - 0.42) < 0.01, "two seconds on, it has hardly moved"
    assert actor_at(towed, 38.1) is None


def test_drawn_backdrop_and_every_look_render_at_any_size() -> None:
    for size in ((64, 64), (320, 180), (1920, 1080)):
        for backdrop in Backdrop:
            actors = tuple(
                Actor(look.value, look, stops=(Stop((0.1 + 0.15 * n, 0.3 + 0.1 * n), 0),), mirrored=n % 2 == 1)
                for n, look in enumerate(Look)
            )
            scene = Scene(size=size, backdrop=backdrop, actors=actors)
            assert Renderer(scene).frame(0).shape == (size[1] * 3 // 2, size[0])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Actor("x"),
        lambda: Actor("x", stops=(Stop((0, 0), 5, 5),)),
        lambda: Actor("x", stops=(Stop((0, 0), 5, None), Stop((1, 0), 9))),
        lambda: Actor("x", enter=((0, 0), (1, 1)), passes=(3, 2)),
        lambda: Occluder(((0, 0), (1, 1)), (0, 5), hold=5),
        lambda: Scene(actors=(PARKED, PARKED)),
        lambda: Scene(size=(101, 100)),
        lambda: Clock(datetime(2026, 1, 1)),
    ],
)
def test_scripts_that_cannot_be_meant_are_refused(make) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


@given(st.integers(0, (1 << 24) - 1), st.sampled_from([(64, 64), (256, 192), (1920, 1080)]))
@settings(max_examples=60, deadline=None)
def test_stamps_are_read_back(number: int, size: tuple[int, int]) -> None:
    planes = np.full((size[1] * 3 // 2, size[0]), 77, np.uint8)
    stamp.write(planes, size, number)
    assert stamp.read(planes[: size[1]]) == number


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5),
    st.floats(-0.5, 1.5),
)
def test_a_point_along_a_path_lies_on_it(path: list[tuple[float, float]], share: float) -> None:
    x, y = along(tuple(path), share)
    assert min(p[0] for p in path) - 1e-9 <= x <= max(p[0] for p in path) + 1e-9
    assert min(p[1] for p in path) - 1e-9 <= y <= max(p[1] for p in path) + 1e-9


@given(st.floats(0, 12))
def test_motion_has_no_jumps(t: float) -> None:
    """Nothing moves further in a hundredth of a second than a fast car does."""
    before, after = actor_at(PARKED, t), actor_at(PARKED, t + 0.01)
    if before is not None and after is not None:
        assert abs(before[0][0] - after[0][0]) + abs(before[0][1] - after[0][1]) < 0.02


def test_boxes_grow_towards_the_camera() -> None:
    def height(row: float) -> float:
        scene = Scene(actors=(Actor("van", stops=(Stop((0.5, row), 0),)),))
        box = stage.box_of(placements(scene, 0)[0], scene.size)
        return box[3] - box[1]

    assert height(0.3) < height(0.5) < height(0.8)
