"""Ground that things take, measured from their outlines: things of known size before a camera of known place."""

from __future__ import annotations

from math import atan2, cos, degrees, pi, radians, sin

import pytest
import shapely
from shapely import Polygon

from vision.canopies import Part
from vision.ground import Ground, Plane
from vision.sides import Taken
from vision.taken import Standpoint

HEIGHT, PITCH, FOCAL, ASPECT = 5.0, 24.0, 1.3, 16 / 9
Solid = tuple[float, float, float]


def seen(point: Solid) -> tuple[float, float]:
    """A world point (X right, Y away, Z up) in fractions of the picture."""
    x, y, z = point
    down = radians(PITCH)
    ahead = y * cos(down) + (HEIGHT - z) * sin(down)
    below = (HEIGHT - z) * cos(down) - y * sin(down)
    return (0.5 + FOCAL * x / ahead / ASPECT, 0.5 + FOCAL * below / ahead)


METRES = ((-4.0, 7.0), (4.0, 7.0), (4.0, 16.0), (-4.0, 16.0))
GROUND = Ground(points=tuple(seen((x, y, 0)) for x, y in METRES), metres=METRES)
STANDPOINT = Standpoint(Plane(GROUND), ASPECT)


def outline(*solids: tuple[Polygon, float, float]) -> list[tuple[float, float]]:
    """Of things seen as one: each a footprint and how high its lower and upper side are."""
    shapes = []
    for foot, low, high in solids:
        ring = list(foot.exterior.coords)[:-1]
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
            shapes.append(
                Polygon([seen((x1, y1, low)), seen((x2, y2, low)), seen((x2, y2, high)), seen((x1, y1, high))])
            )
        shapes.append(Polygon([seen((x, y, high)) for x, y in ring]))
    whole = shapely.union_all([shape.buffer(1e-6) for shape in shapes])
    return list(whole.exterior.simplify(1e-5).coords)[:-1]


def block(x: float, y: float, wide: float, deep: float, turned: float = 25) -> Polygon:
    square = shapely.box(x - wide / 2, y - deep / 2, x + wide / 2, y + deep / 2)
    return shapely.affinity.rotate(square, turned)


def taken(*solids: tuple[Polygon, float, float]) -> Taken:
    laid = STANDPOINT.on_ground(outline(*solids))
    assert laid is not None
    found = STANDPOINT.taken([laid])
    assert found is not None
    return found


def test_the_camera_is_found_where_it_stands() -> None:
    place = Plane(GROUND).standpoint(ASPECT)
    assert place == pytest.approx((0, 0, HEIGHT), abs=1e-6)
    shifted = Ground(points=GROUND.points, metres=tuple((x + 512_000, y - 77_000) for x, y in METRES))
    assert Plane(shifted).standpoint(ASPECT) == pytest.approx((512_000, -77_000, HEIGHT), abs=1e-3)


def test_four_points_that_make_no_camera_have_no_standpoint() -> None:
    flat = Ground(points=((0.2, 0.3), (0.8, 0.3), (0.8, 0.9), (0.2, 0.9)), metres=((0, 9), (9, 9), (9, 0), (0, 0)))
    assert Plane(flat).standpoint(ASPECT) is None, "seen straight from above, from anywhere"
    flat_taken = Standpoint(Plane(flat), ASPECT).taken([shapely.box(1, 1, 3, 2)])
    assert flat_taken is not None
    assert (flat_taken.area_m2, flat_taken.low_m2) == (2.0, 0.0), "then nothing is known of heights"


@pytest.mark.parametrize("turned", [30, 45, 60, 120, 135])
@pytest.mark.parametrize(("wide", "deep", "high"), [(2.4, 1.2, 0.05), (2.0, 1.2, 0.3), (1.8, 0.9, 0.85)])
@pytest.mark.parametrize(("x", "y"), [(-2.5, 9.0), (2.0, 13.0)])
def test_a_block_takes_the_ground_under_it(
    x: float, y: float, wide: float, deep: float, high: float, turned: float
) -> None:
    foot = block(x, y, wide, deep, turned - degrees(atan2(x, y)))
    found = taken((foot, 0, high))
    assert found.area_m2 == pytest.approx(wide * deep, rel=0.2)
    assert found.low_m2 <= found.area_m2 <= found.high_m2
    assert found.shape.intersection(foot).area > 0.75 * foot.area, "and where it stands"


@pytest.mark.parametrize("place", [(2.0, 10.0), (3.0, 12.0), (0.5, 14.0)])
@pytest.mark.parametrize("high", [0.3, 0.9])
def test_what_is_seen_whole_is_measured_without_a_bias(place: tuple[float, float], high: float) -> None:
    """The rays that measure a side end a little within it, and its corners lie beyond."""
    found = taken((block(*place, 1.8, 0.9), 0, high))
    assert found.area_m2 == pytest.approx(1.62, rel=0.04)


def test_a_thing_seen_square_on_tells_little_of_its_depth_and_says_so() -> None:
    found = taken((block(0, 11, 2.4, 1.2, 0), 0, 0.35))
    assert found.low_m2 < 0.6 * 2.88 < 2.88 < found.high_m2


@pytest.mark.parametrize(("x", "y"), [(-2.0, 10.0), (1.5, 13.0)])
def test_a_parasol_takes_the_ground_below_its_canopy(x: float, y: float) -> None:
    rim = Polygon([(x + 1.2 * cos(k * pi / 4 + 0.2), y + 1.2 * sin(k * pi / 4 + 0.2)) for k in range(8)])
    canopy, pole, base = (rim, 2.0, 2.2), (block(x, y, 0.08, 0.08), 0, 2.1), (block(x, y, 0.5, 0.5), 0, 0.1)
    whole = taken(canopy, pole, base)
    assert whole.canopy and whole.area_m2 == pytest.approx(rim.area, rel=0.2)
    parts = []
    for solid in (canopy, base):  # the pole is too thin to be seen
        laid = STANDPOINT.on_ground(outline(solid))
        assert laid is not None
        alone = STANDPOINT.taken([laid])
        assert alone is not None
        parts.append(Part(laid, alone))
    ((numbers, found),) = STANDPOINT.things(parts, 0.45)
    assert sorted(numbers) == [0, 1]
    assert found.canopy and found.area_m2 == pytest.approx(rim.area, rel=0.2)
    late = [parts[0], Part(parts[1].laid, parts[1].taken, since_ns=60_000_000_000)]
    assert len(STANDPOINT.things(late, 0.45)) == 2, "a canopy comes with its foot"


def test_crates_are_one_thing_and_what_stands_apart_is_another() -> None:
    parts = []
    for x in (-1.0, -0.2, 2.5):
        laid = STANDPOINT.on_ground(outline((block(x, 10, 0.6, 0.5, 0), 0, 0.3)))
        assert laid is not None
        alone = STANDPOINT.taken([laid])
        assert alone is not None
        parts.append(Part(laid, alone))
    assert sorted(sorted(numbers) for numbers, _ in STANDPOINT.things(parts, 0.45)) == [[0, 1], [2]]


def test_what_reaches_the_horizon_takes_no_ground() -> None:
    assert STANDPOINT.on_ground([(0.4, -0.3), (0.6, 0.0), (0.5, 0.5)]) is None
    assert STANDPOINT.taken([]) is None


def hanging(*solids: tuple[Polygon, float, float]) -> Taken:
    """What a detector calls a parasol, whose foot is not seen."""
    laid = STANDPOINT.on_ground(outline(*solids))
    assert laid is not None
    alone = STANDPOINT.taken([laid])
    assert alone is not None
    ((_, whole),) = STANDPOINT.things([Part(laid, alone, hangs=True)], 0.45)
    return whole


@pytest.mark.parametrize(("x", "y"), [(-2.0, 9.0), (1.5, 13.0), (0.0, 19.0)])
@pytest.mark.parametrize("radius", [1.1, 1.4])
def test_a_parasol_whose_foot_is_hidden_is_taken_to_hang_as_high_as_they_do(x: float, y: float, radius: float) -> None:
    rim = Polygon([(x + radius * cos(k * pi / 4 + 0.2), y + radius * sin(k * pi / 4 + 0.2)) for k in range(8)])
    peak = Polygon([(x + 0.2 * cos(k * pi / 4), y + 0.2 * sin(k * pi / 4)) for k in range(8)])
    found = hanging((rim, 2.0, 2.15), (peak, 2.0, 2.5))
    assert found.canopy and found.area_m2 == pytest.approx(rim.area, rel=0.2)
    assert found.low_m2 < rim.area < found.high_m2
    assert found.shape.centroid.distance(rim.centroid) < 0.7, "and it hangs there, not metres behind"


def test_what_is_no_circle_at_that_height_stands_whatever_a_detector_calls_it() -> None:
    found = hanging((block(0, 11, 3.2, 0.5, 20), 0, 0.2))
    assert not found.canopy and found.shape.distance(block(0, 11, 3.2, 0.5, 20)) == 0


@pytest.mark.parametrize(("x", "y"), [(-2.5, 9.0), (2.0, 12.0)])
def test_a_box_before_the_end_of_a_cart_does_not_hide_most_of_it(x: float, y: float) -> None:
    turned = 35 - degrees(atan2(x, y))
    cart = shapely.affinity.rotate(shapely.box(x, y - 0.45, x + 1.2, y + 0.45), turned, origin=(x, y))
    crate = shapely.affinity.rotate(shapely.box(x - 0.62, y - 0.45, x, y + 0.05), turned, origin=(x, y))
    found = taken((cart, 0, 0.9), (crate, 0, 0.6))
    truth = cart.union(crate).area
    assert 0.6 * truth < found.area_m2 < 1.4 * truth
    assert found.low_m2 <= truth * 1.1 and truth * 0.9 <= found.high_m2
