"""Ground below things, read by drawing blocks onto their outlines: before a camera of known place."""

from __future__ import annotations

from math import atan2, degrees

import pytest
from shapely import Polygon

from tests.vision.byhand import SHANGHAI
from tests.vision.test_occupation import always, fired, play, rules
from tests.vision.test_taken import ASPECT, GROUND, STANDPOINT, block, outline, taken
from vision.blocks import Drawing
from vision.engine import Engine
from vision.errors import GroundError
from vision.ground import Ground, Plane
from vision.sides import Taken
from vision.taken import Standpoint

PLANE = Plane(GROUND)
Corners = list[tuple[float, float]]


def drawing(*outlines: Corners) -> Drawing:
    place = STANDPOINT.place
    assert place is not None
    return Drawing(outlines, PLANE, place, ASPECT)


def closely(outline_of: Corners, quick: Taken) -> Taken:
    return STANDPOINT.closely([outline_of], quick)


def bitten(whole: Corners, share: float = 0.3) -> Corners:
    """An outline of which a corner of the near side is not told from the street."""
    shape = Polygon(whole)
    left, top, right, bottom = shape.bounds
    near_x = max(whole, key=lambda corner: corner[1])[0]
    wide, high = (right - left) * share, (bottom - top) * share
    bite = Polygon([
        (near_x - wide / 2, bottom - high), (near_x + wide / 2, bottom - high),
        (near_x + wide / 2, bottom + 1), (near_x - wide / 2, bottom + 1),
    ])  # fmt: skip
    left_over = shape.difference(bite)
    assert left_over.geom_type == "Polygon"
    return list(left_over.exterior.coords)[:-1]


@pytest.mark.parametrize("turned", [20, 45, 70, 110])
@pytest.mark.parametrize(("wide", "deep", "high"), [(2.4, 1.2, 0.3), (1.8, 0.9, 0.9)])
@pytest.mark.parametrize(("x", "y"), [(-2.5, 9.0), (2.0, 13.0)])
def test_a_block_is_found_where_it_stands(
    x: float, y: float, wide: float, deep: float, high: float, turned: float
) -> None:
    foot = block(x, y, wide, deep, turned - degrees(atan2(x, y)))
    one, upon = drawing(outline((foot, 0, high))).readings(1.0)
    assert one.off < 0.02 and one.area_m2 == pytest.approx(wide * deep, rel=0.05)
    assert one.ground.intersection(foot).area > 0.95 * foot.area
    assert upon.area_m2 == pytest.approx(wide * deep, rel=0.15), "and with another on it that is not there"


def test_crates_on_a_table_take_no_ground() -> None:
    table, crates = block(1, 10, 1.8, 0.9), block(1.2, 10.2, 0.9, 0.5)
    shape = outline((table, 0, 0.8), (crates, 0.8, 1.1))
    _, upon = drawing(shape).readings(1.6)
    assert upon.off < 0.03 and upon.area_m2 == pytest.approx(1.62, rel=0.06)


@pytest.mark.parametrize("turned", [30, 45, 60])
def test_a_cart_with_a_box_beside_it_is_two_blocks(turned: float) -> None:
    cart, box = block(1, 10, 1.7, 0.9, turned), block(0, 0, 0.6, 0.5, 0)
    along, across = (Polygon(block(0, 0, 2, 2, turned)).exterior.coords[i] for i in (0, 1))
    x, y = (along[0] + across[0]) / 2, (along[1] + across[1]) / 2
    x, y = (x, y) if y < 0 else (-x, -y)  # on the side of the camera
    box = block(1 + x * 1.2, 10 + y * 1.2, 0.6, 0.5, turned)
    both = cart.union(box).buffer(0.15, join_style="mitre").buffer(-0.15, join_style="mitre")
    shape = outline((cart, 0, 0.9), (box, 0, 0.5))
    told = closely(shape, taken((cart, 0, 0.9), (box, 0, 0.5)))
    assert told.area_m2 == pytest.approx(both.area, rel=0.2)
    assert told.low_m2 < both.area < told.high_m2


@pytest.mark.parametrize("high", [0.35, 0.8])
def test_a_corner_that_is_not_seen_moves_the_near_side_and_hardly_a_block(high: float) -> None:
    foot = block(1.5, 11, 1.9, 1.1)
    shape = bitten(outline((foot, 0, high)))
    laid = STANDPOINT.on_ground(shape)
    assert laid is not None
    quick = STANDPOINT.taken([laid])
    assert quick is not None and abs(quick.area_m2 / foot.area - 1) > 0.2, "so much that it matters"
    assert closely(shape, quick).area_m2 == pytest.approx(foot.area, rel=0.2)


def test_the_reading_in_the_middle_is_told_and_the_others_bound_it() -> None:
    foot = block(1.5, 11, 1.9, 1.1)
    shape = outline((foot, 0, 0.4))
    for wrong in (0.3, 3.0):
        quick = Taken(foot, foot.area * wrong, 0.1, 9.0)
        told = closely(shape, quick)
        assert told.area_m2 == pytest.approx(foot.area, rel=0.06), "one reading that is far off does not count"
        assert told.low_m2 < foot.area < told.high_m2
        assert told.low_m2 < quick.area_m2 < told.high_m2, "and is not kept secret"


def test_the_same_outline_reads_the_same_each_time() -> None:
    shape = bitten(outline((block(-1, 9, 1.5, 0.8, 50), 0, 0.7)))
    assert drawing(shape).readings(1.2) == drawing(shape).readings(1.2)


def test_two_parts_of_one_thing_are_read_together() -> None:
    foot = block(1, 10, 2.0, 1.0, 40)
    shape = Polygon(outline((foot, 0, 0.5)))
    left, top, right, bottom = shape.bounds
    middle = (left + right) / 2
    halves = [
        list(shape.intersection(Polygon([(a, top), (b, top), (b, bottom), (a, bottom)])).exterior.coords)[:-1]
        for a, b in ((left, middle - 0.002), (middle + 0.002, right))
    ]
    one, _ = drawing(*halves).readings(2.0)
    assert one.area_m2 == pytest.approx(2.0, rel=0.06)


def test_canopies_and_views_from_nowhere_are_left_as_they_are() -> None:
    shape = outline((block(1, 10, 1.8, 0.9), 0, 0.8))
    canopy = Taken(block(1, 10, 2, 2), 4.0, 3.0, 5.0, canopy=True)
    assert closely(shape, canopy) is canopy
    flat = Ground(points=((0.2, 0.3), (0.8, 0.3), (0.8, 0.9), (0.2, 0.9)), metres=((0, 9), (9, 9), (9, 0), (0, 0)))
    quick = Taken(block(1, 10, 2, 2), 4.0, 3.0, 5.0)
    assert Standpoint(Plane(flat), ASPECT).closely([shape], quick) is quick


@pytest.mark.parametrize("shape", [[(0.5, 0.9)] * 3, [(0.2, -0.3), (0.4, -0.3), (0.3, -0.2)]])
def test_what_is_no_outline_on_the_ground_is_refused(shape: Corners) -> None:
    with pytest.raises(GroundError):
        drawing(shape)


def test_a_camera_as_low_as_the_thing_reads_no_blocks() -> None:
    """From 0.8 m above the ground nothing is looked down on."""
    metres = ((-1.0, 2.0), (1.0, 2.0), (1.0, 6.0), (-1.0, 6.0))
    points = tuple((0.5 + x / y / 2, 0.5 + 0.4 / y) for x, y in metres)
    low = Standpoint(Plane(Ground(points=points, metres=metres)), 1.0)
    assert low.place is not None and low.place[2] < 1
    quick = Taken(block(0, 3, 0.6, 0.6), 0.36, 0.3, 0.5)
    shape = [(0.35, 0.4), (0.65, 0.4), (0.65, 0.63), (0.35, 0.63)]
    told = low.closely([shape], quick)
    assert told.area_m2 <= 0.36, "nothing larger is told than what is known"


def test_what_is_smaller_when_measured_with_care_breaks_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """At first sight it takes enough; the rule is about what it takes."""
    looked: list[float] = []

    def small(self: Standpoint, outlines: object, quick: Taken) -> Taken:
        looked.append(quick.area_m2)
        return Taken(quick.shape, 0.9, 0.7, 1.8)

    monkeypatch.setattr(Standpoint, "closely", small)
    assert not fired(play(Engine([rules()], SHANGHAI), always(), 300))
    assert 2 <= len(looked) <= 5, "it is asked once each time that it has stood for as long as the rule allows"
    assert all(area > 1 for area in looked)


def test_the_ground_of_a_case_is_that_of_the_reading_that_is_told() -> None:
    foot = block(2, 10, 1.8, 0.9)
    (violation,) = fired(play(Engine([rules()], SHANGHAI), always(bitten(outline((foot, 0, 0.8)))), 90))
    told = violation.occupied
    assert told is not None
    ground = Polygon(told.ground)
    assert told.area_m2 == pytest.approx(foot.area, rel=0.12) and ground.area == pytest.approx(told.area_m2, rel=0.05)
    assert ground.intersection(foot).area > 0.85 * foot.area
