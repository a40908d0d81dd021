"""The ground plane: what four points make of a picture, and what zones and sizes become on it."""

from __future__ import annotations

from itertools import permutations
from math import cos, radians, sin

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from streetproof.groundlines import ground_lines
from tests.vision.byhand import PARKED, SHANGHAI, play, rules
from vision.engine import Engine
from vision.errors import GroundError, PolicyError
from vision.footprint import Area, GroundArea, area_of, ground_contact
from vision.ground import Ground, Plane, corners
from vision.interface import Box, ViolationFired
from vision.lint import ground_remarks
from vision.policy import CameraRules, Zone, build_camera_rules, parse_policy, policy_content, policy_hash

Point = tuple[float, float]


class Camera:
    """A camera without a lens's faults, `height` m over a flat road, looking down along Y by `tilt` degrees."""

    def __init__(self, height: float = 4.0, tilt: float = 12.0, focal: float = 0.8) -> None:
        self.height, self.tilt, self.focal = height, radians(tilt), focal

    def sees(self, point: Point) -> Point:
        x, y = point
        depth = y * cos(self.tilt) + self.height * sin(self.tilt)
        down = self.height * cos(self.tilt) - y * sin(self.tilt)
        return 0.5 + self.focal * x / depth, 0.5 + self.focal * 16 / 9 * down / depth

    def ground(self, metres: tuple[Point, ...] = ((-2, 9), (2, 9), (2, 18), (-2, 18))) -> Ground:
        return Ground(points=tuple(self.sees(point) for point in metres), metres=metres)


PLANE = Plane(Camera().ground())
DEMO = Ground(
    points=((0.355, 0.552), (0.935, 0.552), (0.808, 0.255), (0.397, 0.255)),
    metres=((-2, 14), (6, 14), (6, 22), (-2, 22)),
)
on_the_road = st.tuples(st.floats(-3, 3), st.floats(9, 25))


@given(on_the_road)
def test_a_point_of_the_road_is_found_where_it_is(point: Point) -> None:
    assert PLANE.to_ground([Camera().sees(point)])[0] == pytest.approx(point, abs=1e-9)
    assert PLANE.to_image([point])[0] == pytest.approx(Camera().sees(point), abs=1e-9)


@given(st.tuples(st.floats(0, 1), st.floats(0.3, 1)))
def test_there_and_back_is_the_same_point(point: Point) -> None:
    assume(PLANE.sees(point))
    assert PLANE.to_image(PLANE.to_ground([point]))[0] == pytest.approx(point, abs=1e-9)


@given(st.floats(3, 6), st.floats(8, 20), on_the_road, on_the_road)
def test_lengths_do_not_depend_on_where_the_camera_hangs(height: float, tilt: float, a: Point, b: Point) -> None:
    camera = Camera(height, tilt)
    metres = ((-2.0, 9.0), (2.0, 9.0), (2.0, 18.0), (-2.0, 18.0))
    seen = [camera.sees(point) for point in (*metres, a, b)]
    assume(all(0 <= value <= 1 for point in seen for value in point))
    plane = Plane(camera.ground(metres))
    assert plane.length_m(*seen[4:]) == pytest.approx(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5, abs=1e-6)


@given(st.floats(0.2, 10), st.floats(-1e6, 1e6))
def test_areas_scale_with_the_metres_and_do_not_depend_on_the_origin(scale: float, origin: float) -> None:
    base = Camera().ground()
    moved = Ground(points=base.points, metres=tuple((scale * x + origin, scale * y - origin) for x, y in base.metres))
    bay = [Camera().sees(point) for point in ((-1, 10), (1, 10), (1, 15), (-1, 15))]
    assert PLANE.area_m2(bay) == pytest.approx(10)
    assert Plane(moved).area_m2(bay) == pytest.approx(10 * scale * scale, rel=1e-6)
    assert Plane(moved).length_m(bay[0], bay[2]) == pytest.approx(scale * 29**0.5, rel=1e-6)


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_the_order_of_the_four_points_does_not_matter_as_long_as_it_is_one(order: tuple[int, ...]) -> None:
    base = Camera().ground()
    plane = Plane(Ground(points=tuple(base.points[i] for i in order), metres=tuple(base.metres[i] for i in order)))
    assert plane.to_ground([(0.45, 0.6)])[0] == pytest.approx(PLANE.to_ground([(0.45, 0.6)])[0])


def test_a_mirrored_plan_measures_the_same() -> None:
    base = Camera().ground()
    mirrored = Plane(Ground(points=base.points, metres=tuple((-x, y) for x, y in base.metres)))
    assert mirrored.length_m((0.4, 0.7), (0.6, 0.6)) == pytest.approx(PLANE.length_m((0.4, 0.7), (0.6, 0.6)))


def test_distance_of_a_footprint_to_a_line() -> None:
    see = Camera().sees
    kerb = [see((-2.5, 9)), see((-2.5, 14)), see((-2.5, 20))]
    bay = [see(point) for point in ((-1, 10), (1, 10), (1, 15), (-1, 15))]
    assert PLANE.distance_m(bay, kerb) == pytest.approx(1.5)
    assert PLANE.distance_m([see((0, 12))], kerb) == pytest.approx(2.5)
    assert PLANE.distance_m([see((0, 12)), see((-1, 12))], kerb) == pytest.approx(1.5)
    assert PLANE.distance_m(bay, [see((-3, 12)), see((3, 12))]) == 0


def test_uncertainty_grows_with_distance_and_is_what_a_slip_does() -> None:
    near, far = Camera().sees((0, 9)), Camera().sees((0, 40))
    assert PLANE.uncertainty_m(far) > 5 * PLANE.uncertainty_m(near)
    for point in (near, Camera().sees((2, 15))):
        slipped = [(point[0] + 1e-5 * i, point[1] + 1e-5 * j) for i in (-1, 1) for j in (-1, 1)]
        worst = max(PLANE.length_m(point, one) for one in slipped)
        assert worst <= PLANE.uncertainty_m(point, 1e-5) * 1.01
        assert PLANE.uncertainty_m(point, 1e-5) <= 1.5 * worst


def test_the_sky_is_not_ground() -> None:
    assert not PLANE.sees((0.5, 0.0))
    with pytest.raises(GroundError, match=r"\[0\.5, 0\] lies at the horizon of the ground or above it"):
        PLANE.to_ground([(0.5, 0.0)])
    with pytest.raises(GroundError, match="behind the camera"):
        PLANE.to_image([(0, -100)])


GOOD = {"points": [[0.3, 0.9], [0.7, 0.9], [0.6, 0.4], [0.4, 0.4]], "metres": [[0, 0], [4, 0], [4, 12], [0, 12]]}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"points": GOOD["points"][:3]}, "give 4 points, not 3"),
        (
            {"points": [[0.3, 0.9], [0.5, 0.9], [0.7, 0.9], [0.4, 0.4]]},
            "points 1, 2, 3 lie in one line or in one spot in",
        ),
        ({"points": [[0.3, 0.9], [0.3, 0.9], [0.6, 0.4], [0.4, 0.4]]}, "in one spot in the picture"),
        ({"points": [[0.3, 0.9], [0.7, 0.9], [0.6, 1.4], [0.4, 0.4]]}, "less than or equal to 1"),
        ({"metres": [[0, 0], [4, 0], [8, 0], [0, 12]]}, "points 1, 2, 3 lie in one line or in one spot on the ground"),
        ({"metres": [[0, 0], [4, 0], [0, 12], [4, 12]]}, "in the same order"),
        ({"metres": [[0, 0], [4, 12], [4, 0], [0, 12]]}, "in the same order"),
        ({"metres": [[0, 0], [4000, 0], [4000, 12000], [0, 12000]]}, "not in millimetres"),
        ({"metres": [[0, 0], [0.4, 0], [0.4, 1.2], [0, 1.2]]}, "span 0.48 m² of ground"),
        ({"metres": [[0, 0], [4, 0], [4, float("nan")], [0, 12]]}, "finite"),
        ({"scale": 2}, "scale"),
    ],
)
def test_points_that_make_no_plane_are_refused(changed: dict[str, object], words: str) -> None:
    Ground.model_validate(GOOD)
    with pytest.raises(ValidationError) as caught:
        Ground.model_validate(GOOD | changed)
    assert words in str(caught.value)


# -- zones ------------------------------------------------------------------------------------------------------


def test_without_ground_everything_is_as_it_was() -> None:
    polygon = [(0.2, 0.5), (0.8, 0.5), (0.8, 0.9), (0.2, 0.9)]
    assert isinstance(area_of(polygon, None), Area)
    assert policy_content(rules().policy, rules().zones[0]).keys() == {"policy", "zone"}
    assert "ground" not in rules().model_dump(mode="json")


def zone_on(plane: Plane, *metres: Point) -> GroundArea:
    return GroundArea(plane.to_image(metres), plane)


def test_what_is_far_away_counts_for_as_much_ground_as_what_is_near() -> None:
    """Half of the contact lies in the zone by its share of the picture, and much more by its square metres."""
    box = (0.45, 0.1, 0.55, 0.75)  # its contact is that of the lowest fifth: 0.62 to 0.75
    x1, y1, x2, y2 = ground_contact(box)
    middle = (y1 + y2) / 2
    far_half = [(0.0, y1), (1.0, y1), (1.0, middle), (0.0, middle)]
    assert Area(far_half).overlap(box) == pytest.approx(0.5)
    strips = [PLANE.area_m2(corners((x1, top, x2, bottom))) for top, bottom in ((y1, middle), (middle, y2))]
    assert GroundArea(far_half, PLANE).overlap(box) == pytest.approx(strips[0] / sum(strips), abs=1e-8)
    assert strips[0] > 1.2 * strips[1]


def test_overlap_on_the_ground_is_a_share_and_boxes_without_area_count() -> None:
    area = zone_on(PLANE, (-2, 9), (0, 9), (0, 18), (-2, 18))
    left, right = Camera().sees((-1, 12)), Camera().sees((1, 12))
    inside = (left[0], left[1], left[0], left[1])
    assert area.overlap(inside) == 1
    assert area.overlap((right[0], right[1], right[0], right[1])) == 0
    assert area.overlap((left[0], left[1], right[0], right[1])) == pytest.approx(0.5)
    assert area.overlap((0.4, 0.0, 0.6, 0.001)) == 0, "what does not stand on the ground is in no zone"


@given(st.tuples(st.floats(0.1, 0.9), st.floats(0.3, 0.95)), st.floats(0.01, 0.2), st.floats(0.01, 0.3))
def test_two_halves_of_a_zone_hold_what_the_whole_holds(foot: Point, width: float, height: float) -> None:
    box: Box = (max(0.0, foot[0] - width / 2), max(0.0, foot[1] - height), min(1.0, foot[0] + width / 2), foot[1])
    halves = [zone_on(PLANE, (x, 9), (x + 2, 9), (x + 2, 18), (x, 18)).overlap(box) for x in (-2, 0)]
    whole = zone_on(PLANE, (-2, 9), (2, 9), (2, 18), (-2, 18)).overlap(box)
    assert sum(halves) == pytest.approx(whole, abs=1e-7)
    assert 0 <= whole <= 1


def on_ground(**rule: object) -> CameraRules:
    one = {"id": "no-parking", "kind": "no_parking", "classes": ["car"], "dwell": "60s"} | rule
    policy = parse_policy({"id": "guta-road", "name": "古塔路一路一策", "version": "1", "rules": [one]})
    metres = ((0, 0), (6, 0), (6, 20), (0, 20))
    # Straight from above: 1 m is 1/20 of the picture's width and of its height.
    plan = Ground(points=((0.0, 1.0), (0.3, 1.0), (0.3, 0.0), (0.0, 0.0)), metres=metres)
    return build_camera_rules("gt-01", policy, rules().zones, plan)


@pytest.mark.parametrize(("metres", "fires"), [(2.3, True), (2.5, False)])
def test_a_size_in_metres_is_that_of_the_lower_edge(metres: float, fires: bool) -> None:
    engine = Engine([on_ground(min_size={"metres": metres})], SHANGHAI)  # PARKED is 0.12 wide: 2.4 m
    events = play(engine, lambda t: [("car", 0.9, PARKED)], 80)
    assert any(isinstance(event, ViolationFired) for event in events) == fires


def test_the_ground_is_part_of_what_a_verdict_depends_on() -> None:
    plain, measured = rules(classes=["car"]), on_ground()
    zone = measured.zones[0]
    assert measured.ground is not None
    content = policy_content(measured.policy, zone, measured.ground)
    assert {**content, "ground": None} == {**policy_content(plain.policy, zone), "ground": None}
    digest = policy_hash(measured.policy, zone, measured.ground)
    assert digest != policy_hash(plain.policy, zone)
    (fired,) = [
        event
        for event in play(Engine([measured], SHANGHAI), lambda t: [("car", 0.9, PARKED)], 80)
        if isinstance(event, ViolationFired)
    ]
    assert fired.violation.policy_hash == digest


def test_a_zone_that_reaches_the_horizon_is_refused() -> None:
    sky = {"id": "sky", "polygon": [[0.2, 0.0], [0.8, 0.0], [0.8, 0.9], [0.2, 0.9]], "rules": ["no-parking"]}
    with pytest.raises(
        PolicyError, match=r"zone sky: corner 1 \[0\.2, 0\] lies at the horizon of `ground` or above it"
    ):
        build_camera_rules("gt-01", rules().policy, [sky], Camera().ground())


def test_zones_too_far_away_to_be_measured_are_warned_of() -> None:
    def remarks(*metres: Point) -> list[str]:
        zone = Zone(id="z", polygon=tuple(PLANE.to_image(metres)), rules=("r",))
        return [remark.text for remark in ground_remarks([zone], PLANE)]

    assert remarks((-2, 9), (2, 9), (2, 18), (-2, 18)) == []
    assert "a slip of 1/500 of the picture is" in remarks((-2, 9), (2, 9), (2, 80), (-2, 80))[0]


# -- the picture ------------------------------------------------------------------------------------------------


def test_the_grid_is_one_of_metres_and_the_outlines_are_of_cars() -> None:
    zone = Zone(id="z", polygon=((0.82, 0.13), (0.95, 0.12), (0.95, 0.17), (0.82, 0.23)), rules=("r",))
    lines, plane = ground_lines(DEMO, [zone]), Plane(DEMO)
    assert lines.step_m == 1
    assert {round(plane.length_m(a, b), 6) for a, b in lines.grid} == {1.0}
    assert len(lines.cars) == 2
    for car in lines.cars:
        assert sorted(round(plane.length_m(car[i], car[i - 1]), 6) for i in range(4)) == [2, 2, 5, 5]
        assert plane.area_m2(car) == pytest.approx(10)


def test_a_large_view_has_a_wider_grid_and_never_many_lines() -> None:
    wide = Ground(
        points=((0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)), metres=((0, 0), (300, 0), (300, 200), (0, 200))
    )
    lines = ground_lines(wide, [])
    assert lines.step_m == 5
    assert len(lines.grid) < 2 * 80 * 80


def test_points_at_the_edge_of_the_horizon_do_no_harm() -> None:
    steep = Ground(points=((0.1, 0.9), (0.9, 0.9), (0.52, 0.5), (0.48, 0.5)), metres=((0, 0), (4, 0), (4, 60), (0, 60)))
    assert ground_lines(steep, []).grid
