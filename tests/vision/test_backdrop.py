"""What came to stay on a street, told from pixels alone: drawn pictures of a pavement, 320 x 180."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from shapely import Polygon, box

from models.interface import Image
from streams.instant import NS_PER_S
from tests.vision.byhand import Seen, at, detections
from vision.backdrop import Backdrop, size_for
from vision.footprints import View, view_json, view_of

SIZE = (320, 180)
ZONE = [((0.05, 0.3), (0.95, 0.3), (0.95, 0.95), (0.05, 0.95))]
PLACE = (100, 80, 160, 120)
Canvas = npt.NDArray[np.float32]
Draw = Callable[[Canvas, float], Sequence[Seen] | None]


def street() -> Canvas:
    rng = np.random.default_rng(3)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (SIZE[1], SIZE[0])).astype(np.float32), (0, 0), 1.2)
    canvas = np.full((SIZE[1], SIZE[0], 3), (120, 124, 128), np.float32) + (grain / grain.std() * 9)[..., None]
    canvas[::18] -= 25
    canvas[:, ::24] -= 25
    return canvas


def crates(canvas: Canvas, place: tuple[int, int, int, int] = PLACE, seed: int = 5) -> None:
    rng = np.random.default_rng(seed)
    x1, y1, x2, y2 = place
    for x in range(x1, x2, 12):
        for y in range(y1, y2, 10):
            canvas[y : min(y + 10, y2), x : min(x + 12, x2)] = rng.uniform(20, 235, 3)


def dim(canvas: Canvas, place: tuple[int, int, int, int], by: float, soft: float = 0.8) -> None:
    x1, y1, x2, y2 = place
    mask = np.zeros(canvas.shape[:2], np.float32)
    mask[y1:y2, x1:x2] = 1 - by
    canvas *= 1 - cv2.GaussianBlur(mask, (0, 0), soft)[..., None]


def watch(
    draw: Draw, until: float = 40, sigma: float = 2.0, gain: Callable[[float], float] = lambda t: 1.0, every: int = 2
) -> list[View | None]:
    """A look every two seconds."""
    backdrop, rng, seen = Backdrop(ZONE), np.random.default_rng(1), []
    for t in range(0, int(until) + 1, every):
        canvas = street()
        boxes = draw(canvas, t) or []
        noisy = canvas * gain(t) + rng.normal(0, sigma, canvas.shape)
        image: Image = np.clip(noisy, 0, 255).astype(np.uint8)
        seen.append(backdrop.look(at(t), image, detections(boxes, SIZE)))
    return seen


def from_(second: float, draw: Callable[[Canvas], None]) -> Draw:
    return lambda canvas, t: draw(canvas) if t >= second else None


def counts(seen: list[View | None]) -> list[int | None]:
    return [None if view is None else len(view.footprints) for view in seen]


@pytest.mark.parametrize(
    "how",
    [{}, {"sigma": 6.0}, {"gain": lambda t: 1 - 0.5 * t / 40}, {"gain": lambda t: 1 + 0.2 * np.sin(t)}],
    ids=["day", "noise", "dusk", "exposure"],
)
def test_goods_that_stay_are_found_where_they_stand(how: dict[str, float]) -> None:
    seen = watch(from_(10, crates), **how)  # type: ignore[arg-type]
    assert counts(seen)[:2] == [None, None], "the street is learned first"
    view = seen[-1]
    assert view is not None and view.begun == at(4).utc_ns
    (one,) = view.footprints
    truth = box(*(v / s for v, s in zip(PLACE, (*SIZE, *SIZE), strict=True)))
    shape = Polygon(one.outline)
    assert shape.intersection(truth).area / shape.union(truth).area > 0.85
    assert one.since == (at(8).utc_ns, at(10).utc_ns)
    assert one.shown > 0.9 and one.replaced > 0.8 and one.fresh > 0.5
    assert all(count == 0 for count in counts(seen)[3:8]), "not before it has stayed for a while"


@pytest.mark.parametrize(
    "draw",
    [
        lambda canvas, t: None,
        lambda canvas, t: dim(canvas, PLACE, 0.55) if t >= 10 else None,
        lambda canvas, t: dim(canvas, (20 + 2 * int(t), 80, 90 + 2 * int(t), 150), 0.5),
        lambda canvas, t: dim(canvas, (60, 80, 60 + 2 * int(t), 120), 0.72, 2.0),
        lambda canvas, t: dim(canvas, (0, 0, 320, 180), 1.5) if t >= 20 else None,
        lambda canvas, t: crates(canvas, (12 * int(t) - 100, 80, 12 * int(t) - 60, 120)) if 10 <= t < 34 else None,
        lambda canvas, t: crates(canvas, (100, 80, 106, 86)),
    ],
    ids=["nothing", "shadow", "creeping shadow", "growing puddle", "a lamp", "passing cart", "a bag"],
)
def test_what_is_no_thing_that_stays_is_not_told(draw: Draw) -> None:
    assert not any(counts(watch(draw, 60)))


def test_what_stood_there_from_the_start_is_not_told_and_leaves_without_a_trace() -> None:
    seen = watch(lambda canvas, t: crates(canvas) if t < 20 else None, 60)
    assert not any(counts(seen))


def test_a_bin_that_is_moved_is_no_new_thing() -> None:
    new = (200, 80, 240, 110)
    seen = counts(watch(lambda canvas, t: crates(canvas, (60, 80, 100, 110) if t < 16 else new), 60))
    assert seen[-10:] == [0] * 10, "it was part of the street before, and is again"

    def another(canvas: Canvas, t: float) -> None:
        if t < 16:
            crates(canvas, (60, 80, 100, 110))
        else:
            canvas[80:110, 200:240] = (40, 60, 200)

    assert counts(watch(another, 60))[-1] == 1, "what comes as something else leaves is new"


def test_what_is_put_out_below_a_passing_cloud_is_not_learned_as_the_street() -> None:
    def cloud(canvas: Canvas, t: float) -> None:
        if t >= 16:
            canvas[80:120, 100:160] = (150, 89, 163)  # not much unlike the street
            canvas[80:120:8, 100:160] += 25
        if 10 <= t < 60:
            edge = (t - 10) * 9 - 60  # its soft edge passes over the street
            canvas *= np.interp(np.arange(SIZE[0]), (edge - 110, edge, edge + 110), (0.25, 0.6, 1.0))[:, None]

    seen = counts(watch(cloud, 100))
    assert seen[-10:] == [1] * 10


def test_it_is_gone_as_soon_as_the_street_is_seen_again() -> None:
    seen = counts(watch(lambda canvas, t: crates(canvas) if 10 <= t < 40 else None, 60))
    assert seen[19] == 1 and seen[22:] == [0] * len(seen[22:])


def test_a_thing_stays_however_long_it_stands() -> None:
    seen = watch(from_(10, crates), 360, every=6)
    assert set(counts(seen)[7:]) == {1}
    assert seen[-1] is not None and seen[-1].footprints[0].since[1] <= at(18).utc_ns


def since(view: View | None) -> list[int]:
    """Seconds after which each thing came."""
    return [] if view is None else [round((one.since[1] - at(0).utc_ns) / NS_PER_S) for one in view.footprints]


def test_what_takes_the_place_of_a_thing_has_come_then() -> None:
    """In a line of people the place stays taken, and nobody stays."""
    seen = watch(lambda canvas, t: crates(canvas, seed=5 if t < 40 else 6) if t >= 10 else None, 80)
    assert since(seen[18]) == [10] and since(seen[-1]) == [40]


def test_who_stands_before_a_thing_for_a_moment_does_not_make_it_another() -> None:
    def draw(canvas: Canvas, t: float) -> None:
        if t >= 10:
            crates(canvas)
        if 30 <= t < 34 or 50 <= t < 62:
            crates(canvas, (104, 84, 156, 118), seed=6)

    seen = watch(draw, 90)
    assert [since(view) for view in seen[10:25]] == [[10]] * 15, "who passes"
    assert since(seen[-1]) == [10], "who stood there, and is gone"


def test_what_came_before_is_told_apart_from_what_hides_its_foot_later() -> None:
    def draw(canvas: Canvas, t: float) -> None:
        if t >= 10:
            crates(canvas, (110, 60, 150, 84))
        if t >= 40:
            crates(canvas, (90, 84, 170, 110), seed=6)

    assert sorted(since(watch(draw, 70)[-1])) == [10, 40]


def test_people_and_vehicles_hide_the_ground() -> None:
    def draw(canvas: Canvas, t: float) -> list[Seen]:
        crates(canvas)
        return [("car", 0.8, (0.2, 0.3, 0.6, 0.8))] if t >= 4 else []

    hidden = watch(lambda canvas, t: draw(canvas, t) if t >= 10 else None, 60)
    assert not any(counts(hidden)), "what a vehicle's box covers is a vehicle"

    def passing(canvas: Canvas, t: float) -> list[Seen]:
        if t >= 10:
            crates(canvas)
        if t < 30:
            return []
        canvas[40:150, 90:170] = (30, 30, 30)
        return [("person", 0.8, (0.27, 0.2, 0.54, 0.85))]

    view = watch(passing, 60)[-1]
    assert view is not None
    (one,) = view.footprints
    assert one.shown < 0.1, "it cannot be seen, and has not gone either"


def test_a_look_without_change_repeats_the_last_and_another_size_begins_anew() -> None:
    backdrop = Backdrop(ZONE)
    image = np.clip(street(), 0, 255).astype(np.uint8)
    empty = detections([], SIZE)
    assert backdrop.look(at(0), None, empty) is None, "nothing was seen yet"
    looks = [backdrop.look(at(t), image if t == 1 else None, empty) for t in (1, 3, 5, 7)]
    assert looks[-1] == View(at(5).utc_ns)
    larger = cv2.resize(image, (480, 270))
    assert backdrop.look(at(9), larger, empty) is None
    assert size_for((1920, 1080)) == (640, 360) and size_for((352, 288)) == (352, 288)


def test_the_same_pictures_give_the_same_values() -> None:
    assert watch(from_(10, crates), 24) == watch(from_(10, crates), 24)


def test_a_view_survives_being_written_down() -> None:
    view = watch(from_(10, crates), 24)[-1]
    assert view is not None and view.footprints
    assert view_of(view_json(view)) == view
    assert all(round(v, 4) == v for one in view.footprints for point in one.outline for v in point)


GOOD = {
    "begun": NS_PER_S,
    "footprints": [
        {
            "outline": [[0, 0], [1, 0], [1, 1]],
            "since": [1, 2],
            "shown": 1,
            "replaced": 0.5,
            "fresh": 0.25,
            "parasol": False,
        }
    ],
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"begun": 1.5}, "`begun`"),
        ({"footprints": {}}, "a list of at most"),
        ({"more": 1}, "nothing else"),
        ({"outline": [[0, 0], [1, 0]]}, "3 to 64 points"),
        ({"outline": [[0, 0], [1, 0], [1, 1.5]]}, "within the image"),
        ({"since": [2, 1]}, "in order"),
        ({"shown": float("nan")}, "shares from 0 to 1"),
        ({"fresh": True}, "shares from 0 to 1"),
    ],
)
def test_a_damaged_view_is_refused(change: dict[str, object], words: str) -> None:
    assert view_of(GOOD).footprints[0].shown == 1
    (key,) = change
    if key in ("begun", "footprints", "more"):
        damaged: dict[str, object] = GOOD | change
    else:
        damaged = GOOD | {"footprints": [GOOD["footprints"][0] | change]}  # type: ignore[index]
    with pytest.raises(ValueError, match=words):
        view_of(damaged)


def test_what_came_at_one_time_on_both_sides_of_something_else_is_two_things() -> None:
    """Joined by what came between them, each is still told; the larger one alone was, before."""
    left, middle, right = (60, 80, 110, 120), (110, 80, 150, 120), (150, 80, 190, 120)

    def draw(canvas: Canvas, t: float) -> None:
        if t >= 10:
            crates(canvas, left)
            crates(canvas, right)
        if t >= 40:
            crates(canvas, middle)

    view = watch(draw, 70)[-1]
    assert view is not None
    found = sorted(Polygon(one.outline).bounds[0] * SIZE[0] for one in view.footprints)
    assert found == pytest.approx([60, 110, 150], abs=4)


def test_a_thing_that_is_in_part_as_grey_as_the_street_is_not_eaten_away() -> None:
    """Its grey side differs from the street by little more than counts, and by less where slabs meet."""

    def draw(canvas: Canvas, t: float) -> None:
        if t >= 10:
            crates(canvas, (100, 80, 160, 100))
            canvas[100:124, 100:160] = 105
            canvas[100:124, 100:160:7] = 96

    areas = [
        sum(Polygon(one.outline).area for one in view.footprints) if view is not None else 0.0
        for view in watch(draw, 120)
    ]
    assert areas[-1] > 0.97 * areas[20] > 0
