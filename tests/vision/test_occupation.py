"""`occupation`: ground that is taken for too long by things that no detector has a class for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import shapely

from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from tests.vision import byhand
from tests.vision.byhand import SHANGHAI, Seen, at, detections
from tests.vision.test_taken import GROUND, METRES, block, outline, seen
from vision.codec import from_json, to_json
from vision.engine import Engine
from vision.errors import PolicyError, StateError
from vision.footprints import Footprint, View
from vision.interface import NO_PIXELS, Event, StayEnded, StayOpened, Violation, ViolationFired
from vision.policy import CameraRules, build_camera_rules, parse_policy, policy_hash

MODEL = replace(byhand.MODEL, classes=("person", "car", "truck", "umbrella", "bus", "motorcycle"))
ZONE = [[round(v, 4) for v in seen((x, y, 0))] for x, y in METRES]
FRONT = [[round(v, 4) for v in seen((x, 15.5, 0))] for x in (-4.0, 0.0)]
SHOPS = [
    {"id": "shop-1", "name": "阿明 水果店", "owner": "王阿明", "licence": "92330100MA2AAAAA01", "frontage": FRONT},
]
STALL = outline((block(2, 10, 1.8, 0.9), 0, 0.8))
GOODS = outline((block(-2, 14.4, 2.4, 1.2, 45), 0, 0.3))
CRATE = outline((block(2, 10, 0.5, 0.4), 0, 0.3))
Script = Callable[[float], tuple[Sequence[Footprint], list[Seen]]]


def rules(shops: Sequence[dict[str, Any]] = SHOPS, ground: Any = GROUND, **rule: Any) -> CameraRules:
    one = {"id": "taken", "kind": "occupation", "dwell": "60s", "min_area": 1.0} | rule
    policy = parse_policy({"id": "p", "name": "人行道", "version": "1", "rules": [one]})
    return build_camera_rules("gt-01", policy, [{"id": "west", "polygon": ZONE, "rules": ["taken"]}], ground, shops)


def footprint(
    shape: Sequence[tuple[float, float]] = STALL, shown: float = 1.0, since: float = 8.0, **more: float
) -> Footprint:
    corners = tuple((round(x, 4), round(y, 4)) for x, y in shape)
    told = {"replaced": 1.0, "fresh": 0.9} | more
    return Footprint(corners, (at(since - 2).utc_ns, at(since).utc_ns), shown, **told)


def play(
    engine: Engine, script: Script, until: float, start: float = 0, every: float = 2, begun: float = 0
) -> list[Event]:
    events: list[Event] = []
    for k in range(round((until - start) / every) + 1):
        t = start + k * every
        footprints, boxes = script(t)
        view = View(at(begun).utc_ns, tuple(footprints))
        events += engine.step("gt-01", at(t), detections(boxes, model=MODEL), NO_PIXELS, view)
    return events


def always(shape: Sequence[tuple[float, float]] = STALL, boxes: Sequence[Seen] = (), **how: Any) -> Script:
    return lambda t: ([footprint(shape, **how)] if t >= 10 else [], list(boxes) if t >= 10 else [])


def fired(events: Sequence[Event]) -> list[Violation]:
    return [event.violation for event in events if isinstance(event, ViolationFired)]


def person(x: float, y: float) -> Seen:
    (left, bottom), (right, _), (_, top) = seen((x - 0.25, y, 0)), seen((x + 0.25, y, 0)), seen((x, y, 1.7))
    return ("person", 0.8, (left, top, right, bottom))


def test_what_stands_longer_than_allowed_is_a_violation_with_its_area() -> None:
    events = play(Engine([rules()], SHANGHAI), always(), 120)
    (violation,) = fired(events)
    assert isinstance(events[0], StayOpened) and not events[0].looked_back
    assert violation.fired_at == at(72), "62 s after the first sighting at 10 s, the first look that passes 60"
    assert violation.dwell_lower_bound_ns == 62 * NS_PER_S > violation.allowed_ns
    assert violation.stay.arrived == (at(6), at(10)), "the street was last seen at 6 s"
    told = violation.occupied
    assert told is not None
    assert (told.kind, told.shop, told.looks, told.lingering) == ("occupation", None, 32, 0)
    assert told.area_m2 == pytest.approx(1.62, rel=0.2) and told.area_low_m2 <= told.area_m2 <= told.area_high_m2
    assert told.shop_distance_m == pytest.approx(5.0, abs=0.5)
    assert len(told.ground) >= 3 and told.outlines[0] == footprint().outline
    assert from_json(Violation, json.loads(json.dumps(to_json(violation)))) == violation


def test_what_hangs_is_shown_with_the_ground_below_it() -> None:
    rim = shapely.Point(1.0, 10.0).buffer(1.2, quad_segs=4)
    canopy = outline((rim, 2.0, 2.15))
    (violation,) = fired(play(Engine([rules()], SHANGHAI), always(canopy, parasol=True), 120))
    assert violation.occupied is not None and violation.occupied.area_m2 == pytest.approx(rim.area, rel=0.2)
    lowest = max(y for _, y in canopy)
    assert violation.stay.place[3] > lowest + 0.1, "its foot is not in the outline, but in the box"
    assert violation.stay.place[3] == pytest.approx(max(seen((x, y, 0))[1] for x, y in rim.exterior.coords), abs=0.05)


def test_of_a_line_of_people_a_detector_finds_but_some_in_each_look() -> None:
    crowd = [person(1 + 0.4 * i, 10) for i in range(6)]
    xs, ys = [v for _, _, b in crowd for v in (b[0], b[2])], [v for _, _, b in crowd for v in (b[1], b[3])]
    shape = ((min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys)))

    def script(of: int) -> Script:
        return lambda t: (
            [footprint(shape)] if t >= 10 else [],
            [("person", 0.2, crowd[int(t / 2 + k) % 6][2]) for k in range(of)] if t >= 10 else [],
        )

    assert not fired(play(Engine([rules()], SHANGHAI), script(3), 300)), "half of them, never enough to cover it"
    assert fired(play(Engine([rules()], SHANGHAI), script(1), 300)), "somebody"


def test_what_came_behind_something_so_that_its_foot_was_never_seen_is_not_told() -> None:
    """It may be people, and stand anywhere."""
    wall = outline((block(2, 9, 3.0, 0.3), 0, 1.6))
    top = min(y for _, y in wall)
    behind = [(x, min(y, top)) for x, y in STALL]
    assert top < max(y for _, y in STALL)

    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        seen_there = [footprint(wall, since=18.0)] if t >= 20 else []
        return ([*seen_there, footprint(behind, since=28.0)] if t >= 30 else seen_there), []

    (violation,) = fired(play(Engine([rules()], SHANGHAI), script, 200))
    assert violation.stay.arrived[1] == at(20), "only what stands in front"


def test_what_takes_the_place_of_something_is_timed_from_then_on() -> None:
    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        return ([footprint(since=8.0 if t < 50 else 44.0)] if t >= 10 else [], [])

    (violation,) = fired(play(Engine([rules()], SHANGHAI), script, 200))
    assert violation.fired_at == at(112), "62 s after the look of which the thing is known to be another one"
    assert violation.moments[0].at == at(50) and violation.dwell_lower_bound_ns == 62 * NS_PER_S


def test_exactly_what_is_allowed_is_none() -> None:
    assert not fired(play(Engine([rules()], SHANGHAI), always(), 70))


def test_what_grows_out_of_a_frontage_is_the_shops() -> None:
    (violation,) = fired(play(Engine([rules()], SHANGHAI), always(GOODS, [person(-2, 13.4)]), 90))
    told = violation.occupied
    assert told is not None
    assert (told.kind, told.shop, told.shop_name) == ("out_of_store", "shop-1", "阿明 水果店")
    assert told.shop_distance_m is not None and told.shop_distance_m < 0.8
    assert told.area_m2 == pytest.approx(2.88, rel=0.2)


def test_without_a_register_no_shop_is_near() -> None:
    (violation,) = fired(play(Engine([rules(shops=())], SHANGHAI), always(GOODS), 90))
    told = violation.occupied
    assert told is not None and (told.kind, told.shop, told.shop_distance_m) == ("occupation", None, None)


def test_somebody_who_stands_beside_it_makes_it_a_vendors() -> None:
    (violation,) = fired(
        play(Engine([rules()], SHANGHAI), always(STALL, [person(2, 11.2), ("umbrella", 0.5, (0.6, 0.2, 0.8, 0.6))]), 90)
    )
    told = violation.occupied
    assert told is not None
    assert told.kind == "street_vendor" and told.lingering > 0.9
    assert dict(told.supports) == {"person": 32, "umbrella": 32}


def test_who_walks_past_makes_no_vendor() -> None:
    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        return ([footprint()] if t >= 10 else []), [person(-3.5 + (t * 1.3) % 7, 11)]

    (violation,) = fired(play(Engine([rules()], SHANGHAI), script, 90))
    assert violation.occupied is not None and violation.occupied.kind == "occupation"


def box_about(shape: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in shape], [y for _, y in shape]
    return (min(xs), min(ys), max(xs), max(ys))


@pytest.mark.parametrize("cls", ["car", "truck"])
def test_a_parked_vehicle_is_no_occupation(cls: str) -> None:
    shape = outline((block(0, 11, 4.4, 1.8), 0, 1.9))
    vehicle = (cls, 0.7, box_about(shape))

    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        return ([footprint(shape)] if t >= 10 else []), [vehicle] if t >= 10 and int(t) % 4 else []

    assert not fired(play(Engine([rules()], SHANGHAI), script, 300)), (
        "though the detector misses it in every other look"
    )


@pytest.mark.parametrize("cls", ["car", "truck", "bus"])
def test_a_cart_that_a_detector_calls_a_vehicle_is_too_small_for_one(cls: str) -> None:
    """What it is called look after look does not make it one: no car takes 1.6 m2."""
    assert fired(play(Engine([rules()], SHANGHAI), always(STALL, [(cls, 0.7, box_about(STALL))]), 120))


def test_what_is_shown_of_a_vehicle_may_be_small() -> None:
    """A dark car on a dark road is seen in parts: the box is that of all of it."""
    whole = outline((block(1, 10.6, 4.4, 1.8), 0, 1.5))
    assert not fired(play(Engine([rules()], SHANGHAI), always(STALL, [("car", 0.7, box_about(whole))]), 120))


def test_a_cart_on_two_wheels_may_be_as_small_as_it_likes() -> None:
    boxes: list[Seen] = [("motorcycle", 0.7, box_about(STALL))]
    assert not fired(play(Engine([rules()], SHANGHAI), always(STALL, boxes), 120))


def test_people_who_wait_are_no_occupation() -> None:
    crowd = [person(1 + 0.4 * i, 10) for i in range(6)]
    xs, ys = [v for _, _, b in crowd for v in (b[0], b[2])], [v for _, _, b in crowd for v in (b[1], b[3])]
    shape = [(min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys))]
    assert not fired(play(Engine([rules()], SHANGHAI), always(shape, crowd), 300))


@pytest.mark.parametrize(("share", "accused"), [(1.0, False), (0.8, False), (0.5, False), (0.2, True), (0.0, True)])
def test_people_of_whom_a_detector_is_unsure_speak_against_a_violation_and_never_for_one(
    share: float, accused: bool
) -> None:
    """A queue by night, say: in most looks boxes with a low score cover it, each time others."""
    crowd = [person(1 + 0.4 * i, 10) for i in range(6)]
    xs, ys = [v for _, _, b in crowd for v in (b[0], b[2])], [v for _, _, b in crowd for v in (b[1], b[3])]
    shape = ((min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys)))
    faint = [("person", 0.12, box) for _, _, box in crowd]

    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        covered = t >= 10 and (t / 2) % 10 < 10 * share
        return ([footprint(shape)] if t >= 10 else [], list(faint) if covered else [])

    events = fired(play(Engine([rules()], SHANGHAI), script, 300))
    assert bool(events) is accused
    for violation in events:
        assert violation.occupied is not None and violation.occupied.lingering == 0.0
        assert dict(violation.occupied.supports).get("person", 0) == 0


@pytest.mark.parametrize(
    "how",
    [{"shape": CRATE}, {"shown": 0.2}, {"replaced": 0.3}, {"shape": outline((block(2, 30, 2.4, 1.2), 0, 0.3))}],
    ids=["too small", "never shown", "only lit differently", "outside of the zone"],
)
def test_what_is_not_enough_is_nothing(how: dict[str, Any]) -> None:
    assert not play(Engine([rules()], SHANGHAI), always(**how), 300)


def test_it_ends_when_the_street_is_seen_again_and_not_while_it_is_hidden() -> None:
    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        return ([footprint(shown=0.0 if 100 <= t < 130 else 1.0)] if 10 <= t < 160 else []), []

    events = play(Engine([rules()], SHANGHAI), script, 200)
    ended = [event for event in events if isinstance(event, StayEnded)]
    assert len(ended) == 1 and ended[0].violations == ("taken",)
    stay = ended[0].stay
    assert stay.departed == (at(158), at(160))
    assert stay.occluded_ns == 32 * NS_PER_S and stay.seen_ns + stay.occluded_ns == 148 * NS_PER_S


def test_a_view_that_was_learned_anew_does_not_say_that_anything_left() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, always(), 90)
    assert not play(engine, lambda t: ([], []), 400, start=92, begun=92), "what stands there is part of the street now"
    (ended,) = engine.finish("gt-01")
    assert isinstance(ended, StayEnded) and ended.stay.departed == (at(90), None)


def test_unseen_time_does_not_count_and_a_gap_is_none() -> None:
    def script(t: float) -> tuple[list[Footprint], list[Seen]]:
        return ([footprint(shown=0.0 if 30 <= t < 60 else 1.0)] if t >= 10 else []), []

    (violation,) = fired(play(Engine([rules()], SHANGHAI), script, 200))
    assert violation.fired_at == at(72 + 32)
    engine = Engine([rules()], SHANGHAI)
    assert not fired([*play(engine, always(), 60), *play(engine, always(), 120, start=110)])


def test_a_view_that_cannot_be_trusted_counts_for_nothing() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, always(), 60)
    engine.suspend("gt-01", at(20))
    (stay,) = engine.standing("gt-01")
    assert stay.seen_ns == 10 * NS_PER_S and stay.gap_ns == 40 * NS_PER_S


def test_restoring_in_the_middle_changes_nothing() -> None:
    script = always(STALL, [person(2, 11.2)])
    whole = play(Engine([rules()], SHANGHAI), script, 150)
    for cut in (12, 40, 72, 90):
        engine = Engine([rules()], SHANGHAI)
        first = play(engine, script, cut)
        again = Engine.restore([rules()], SHANGHAI, json.loads(json.dumps(engine.save())))
        assert again.standing("gt-01") == engine.standing("gt-01")
        assert [*first, *play(again, script, 150, start=cut + 2)] == whole


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("looks",), -1),
        (("lingered",), 10_000),
        (("areas",), []),
        (("areas", 0, "area"), -2.0),
        (("ground",), [[0, 0], [1, 1]]),
        (("box",), [0.5, 0.5, 1.5, 0.6]),
        (("object", "tallies", 0, "rule"), "other"),
        (("more",), 1),
        (("supports",), {"person": 999}),
    ],
)
def test_a_damaged_state_is_refused(path: tuple[str | int, ...], value: object) -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, always(STALL, [person(2, 11.2)]), 40)
    state: Any = json.loads(json.dumps(engine.save()))
    place = state["cameras"]["gt-01"]["judges"]["occupation"]["footings"][0]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(StateError):
        Engine.restore([rules()], SHANGHAI, state)


def test_it_is_looked_at_closely_until_it_is_decided() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, always(), 8)
    assert engine.attention("gt-01") is DecodeLevel.KEYFRAMES
    play(engine, always(), 30, start=10)
    assert engine.attention("gt-01") is DecodeLevel.SAMPLED and engine.timed("gt-01")
    play(engine, always(), 80, start=32)
    assert engine.attention("gt-01") is DecodeLevel.KEYFRAMES and not engine.timed("gt-01")


def test_without_pixels_nothing_is_found() -> None:
    engine = Engine([rules()], SHANGHAI)
    assert not any(engine.step("gt-01", at(t), detections([], model=MODEL)) for t in range(100))


def test_the_register_is_part_of_the_hash_only_where_it_is_asked() -> None:
    mine = rules()
    zone = mine.zones[0]
    assert policy_hash(mine.policy, zone, mine.ground, mine.shops) != policy_hash(mine.policy, zone, mine.ground)
    assert mine.watched_ground == (zone.polygon,)
    parking = byhand.rules()
    assert policy_hash(parking.policy, parking.zones[0]) == policy_hash(
        parking.policy, parking.zones[0], None, mine.shops
    )
    assert parking.watched_ground == ()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"ground": None}, "the camera has no `ground`"),
        ({"min_area": 0}, "greater than 0"),
        ({"dwell": "0s"}, "dwell must be more than 0"),
        ({"min_size": {"width": 0.1}}, "write `min_area`"),
        ({"supports": ["person", "person"]}, "named twice"),
        ({"classes": ["car"]}, "classes"),
        ({"shops": [SHOPS[0], SHOPS[0]]}, "two shops are called 'shop-1'"),
        ({"shops": [SHOPS[0] | {"frontage": [[0.1, 0.2]]}]}, "at least 2 points"),
        ({"shops": [SHOPS[0] | {"frontage": [[120, 200], [400, 210]]}]}, "divide pixels"),
    ],
)
def test_a_slip_is_refused_with_what_to_do(how: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        rules(**how)


def test_what_a_thing_leaves_behind_is_not_the_thing() -> None:
    def leaves(t: float) -> tuple[Sequence[Footprint], list[Seen]]:
        if t < 10:
            return [], []
        return [footprint(STALL if t < 50 else CRATE, since=8.0)], []

    events = play(Engine([rules()], SHANGHAI), leaves, 200)
    assert fired(events) == [], "it stood for 40 s, of which 60 are allowed; what is left takes less than 1 m²"
    (ended,) = [event for event in events if isinstance(event, StayEnded)]
    assert ended.stay.departed == (at(48), at(50))
