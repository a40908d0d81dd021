from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vision.boxes import family, iou, nested, shift
from vision.footprint import CONTACT_SHARE, Area, ground_contact
from vision.interface import Box

unit = st.integers(0, 1000).map(lambda n: n / 1000)
boxes = st.tuples(unit, unit, unit, unit).map(
    lambda v: (min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)


def rectangle(box: Box) -> list[tuple[float, float]]:
    x1, y1, x2, y2 = box
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]


def has_area(box: Box) -> bool:
    return box[2] - box[0] >= 0.01 and box[3] - box[1] >= 0.01


@given(boxes, boxes)
def test_overlap_is_a_share(zone: Box, box: Box) -> None:
    assume(has_area(zone))
    assert 0 <= Area(rectangle(zone)).overlap(box) <= 1


@given(boxes, boxes)
def test_overlap_with_a_rectangle_is_what_arithmetic_says(zone: Box, box: Box) -> None:
    assume(has_area(zone) and has_area(box))
    x1, y1, x2, y2 = ground_contact(box)
    width = max(0.0, min(x2, zone[2]) - max(x1, zone[0]))
    height = max(0.0, min(y2, zone[3]) - max(y1, zone[1]))
    expected = width * height / ((x2 - x1) * (y2 - y1))
    assert Area(rectangle(zone)).overlap(box) == pytest.approx(expected, abs=1e-9)


@given(boxes, boxes, st.integers(0, 100))
def test_a_larger_zone_never_holds_less(zone: Box, box: Box, grow: int) -> None:
    assume(has_area(zone))
    g = grow / 1000
    larger = (zone[0] - g, zone[1] - g, zone[2] + g, zone[3] + g)
    assert Area(rectangle(larger)).overlap(box) >= Area(rectangle(zone)).overlap(box) - 1e-9


@given(boxes, boxes, st.sampled_from([0.25, 0.5, 2.0, 1920.0]), st.sampled_from([0.5, 3.0, 1080.0]))
def test_overlap_does_not_depend_on_the_scale(zone: Box, box: Box, sx: float, sy: float) -> None:
    assume(has_area(zone) and has_area(box))

    def scaled(b: Box) -> Box:
        return (b[0] * sx, b[1] * sy, b[2] * sx, b[3] * sy)

    assert Area(rectangle(scaled(zone))).overlap(scaled(box)) == pytest.approx(
        Area(rectangle(zone)).overlap(box), abs=1e-9
    )


def test_only_the_ground_contact_counts() -> None:
    lorry = (0.2, 0.1, 0.4, 0.6)
    behind_it = Area(rectangle((0.0, 0.0, 1.0, 0.45)))
    under_it = Area(rectangle((0.0, 0.49, 1.0, 1.0)))
    assert behind_it.overlap(lorry) == 0
    assert under_it.overlap(lorry) == 1
    assert ground_contact(lorry) == (0.2, pytest.approx(0.6 - CONTACT_SHARE * 0.5), 0.4, 0.6)


def test_boxes_without_area() -> None:
    area = Area(rectangle((0.0, 0.0, 0.5, 1.0)))
    assert area.overlap((0.25, 0.5, 0.75, 0.5)) == pytest.approx(0.5)
    assert area.overlap((0.25, 0.5, 0.25, 0.5)) == 1
    assert area.overlap((0.75, 0.5, 0.75, 0.5)) == 0


def test_a_concave_zone_is_not_its_hull() -> None:
    around_a_corner = Area([(0, 0), (1, 0), (1, 0.2), (0.2, 0.2), (0.2, 1), (0, 1)])
    assert around_a_corner.overlap((0.5, 0.5, 0.7, 0.7)) == 0


def test_box_arithmetic() -> None:
    box = (0.2, 0.2, 0.4, 0.4)
    assert iou(box, box) == 1
    assert iou(box, (0.5, 0.5, 0.6, 0.6)) == 0
    assert iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0
    assert shift(box, (0.3, 0.2, 0.5, 0.4)) == pytest.approx(0.5)
    assert shift(box, (0.2, 0.3, 0.4, 0.5)) == pytest.approx(0.5)
    assert nested(box, (0.22, 0.25, 0.38, 0.39), inside=0.8, level=0.25)
    assert not nested(box, (0.22, 0.21, 0.38, 0.3), inside=0.8, level=0.25), "stands farther away"
    assert family("truck") == family("van") == family("bus") == family("car") != family("person")
    assert family("dog") == "dog"
