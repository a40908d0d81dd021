"""A saved state is a file that anyone may have written."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, play, rules
from vision.engine import Engine
from vision.errors import StateError
from vision.tuning import Tuning


def saved() -> dict[str, Any]:
    """A car stands, and another has just come: only that is followed by the tracker."""
    engine = Engine([rules()], SHANGHAI)
    coming: Seen = ("car", 0.9, moved(PARKED, dy=1.5))
    play(engine, lambda t: [*([("car", 0.9, PARKED)] if t % 10 else []), *([coming] if t >= 38 else [])], 40)
    return json.loads(json.dumps(engine.save()))


STATE = saved()


def refusal(state: Any, **other: Any) -> str:
    with pytest.raises(StateError) as caught:
        Engine.restore(other.get("cameras", [rules()]), other.get("zone", SHANGHAI), state, other.get("tuning"))
    return str(caught.value)


def test_the_saved_state_is_restored() -> None:
    assert Engine.restore([rules()], SHANGHAI, STATE).save() == STATE


def test_a_camera_that_is_new_begins_from_nothing() -> None:
    engine = Engine.restore([rules(), rules("new")], SHANGHAI, STATE)
    assert engine.step("new", at(0), detections([])) == []


def test_the_state_of_other_rules_is_refused() -> None:
    assert "has changed" in refusal(STATE, cameras=[rules(dwell="61s")]).replace("have", "has")
    assert "not configured" in refusal(STATE, cameras=[rules("other")])
    assert "time zone 'Asia/Shanghai', not 'UTC'" in refusal(STATE, zone=UTC)
    assert "thresholds" in refusal(STATE, tuning=Tuning(stand_sightings=5))


def deeper(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "state",
    [
        *[None, [], {}, "x", 1, {"format": "other"}, {"format": "streetproof.engine-state/1"}, {1: 2}, {"a": object()}],
        *[{"format": float("nan")}, {"format": deeper(100_000)}, {"format": "x" * 10_000_000}],
    ],
    ids=lambda value: str(type(value)),
)
def test_what_is_no_state_is_refused(state: Any) -> None:
    assert refusal(state)


def test_a_state_of_a_later_version_is_refused_by_name() -> None:
    assert "'streetproof.engine-state/2'" in refusal(STATE | {"format": "streetproof.engine-state/2"})


def memory(state: dict[str, Any]) -> dict[str, Any]:
    return state["cameras"]["gt-01"]["memory"]


def standing(state: dict[str, Any]) -> dict[str, Any]:
    return memory(state)["standings"][0]


CONTRADICTIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "more seen than there was time": lambda s: standing(s).update(seen_ns=10**15),
    "negative": lambda s: standing(s).update(seen_ns=-1, occluded_ns=standing(s)["occluded_ns"] + 1),
    "seen in the future": lambda s: standing(s)["last_seen"].update(utc_ns=1 << 61),
    "a tally beyond what was seen": lambda s: standing(s)["tallies"][0].update(counted_ns=10**15),
    "an unknown rule": lambda s: standing(s)["tallies"][0].update(rule="x"),
    "a tally without zones": lambda s: standing(s)["tallies"][0].update(zones=[]),
    "an unknown zone": lambda s: standing(s).update(zones=["x"]),
    "no class": lambda s: standing(s).update(classes={}),
    "counts that differ": lambda s: standing(s).update(sightings=3),
    "a negative number": lambda s: standing(s).update(track=-1),
    "a number before it stands": lambda s: memory(s)["standings"][1].update(track=1),
    "a place outside": lambda s: standing(s).update(place=[0, 0, 2, 2]),
    "a place turned over": lambda s: standing(s).update(place=[0.5, 0.5, 0.4, 0.6]),
    "a box of three": lambda s: memory(s).update(boxes=[[0, 0, 1]]),
    "a negative interval": lambda s: memory(s).update(intervals=[-1]),
    "many intervals": lambda s: memory(s).update(intervals=[1] * 1000),
    "an endless list": lambda s: standing(s)["tallies"][0].update(pool=standing(s)["tallies"][0]["pool"] * 100),
    "a stride of 0": lambda s: standing(s)["tallies"][0].update(stride=0),
    "no last sample": lambda s: memory(s).update(last=None),
    "a text for a number": lambda s: standing(s).update(sightings="3"),
    "an unknown source": lambda s: memory(s)["last"].update(source="guess"),
    "a negative uncertainty": lambda s: memory(s)["last"].update(uncertainty_ns=-1),
    "an unknown field": lambda s: standing(s).update(extra=1),
    "a missing field": lambda s: standing(s).pop("place"),
    "no tracks": lambda s: s["cameras"]["gt-01"].pop("tracks"),
    "a short covariance": lambda s: s["cameras"]["gt-01"]["tracks"]["tracks"][0].update(covariance=[1.0]),
    "an id below -1": lambda s: s["cameras"]["gt-01"]["tracks"]["tracks"][0].update(id=-2),
    "a negative variance": lambda s: s["cameras"]["gt-01"]["tracks"]["tracks"][0]["covariance"].__setitem__(0, -0.1),
    "tracks of the future": lambda s: s["cameras"]["gt-01"]["tracks"].update(last_s=1e6),
    "an id not given yet": lambda s: s["cameras"]["gt-01"]["tracks"]["tracks"][0].update(id=10**6),
    "tracks of antiquity": lambda s: s["cameras"]["gt-01"]["tracks"].update(origin_ns=-(1 << 63)),
    "no numbers in tracks": lambda s: s["cameras"]["gt-01"]["tracks"].update(last_s="now"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_state_that_contradicts_itself_is_refused(name: str) -> None:
    state = copy.deepcopy(STATE)
    CONTRADICTIONS[name](state)
    text = refusal(state)
    assert len(text) < 1000


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for key in range(len(value)) for leaf in leaves(value[key], (*path, key))]
    return [path]


json_values = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(allow_nan=False), st.text(max_size=5),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@given(st.sampled_from(leaves(STATE)), json_values)
@settings(max_examples=300, deadline=None)
def test_any_changed_leaf_is_refused_or_harmless(path: tuple[Any, ...], value: Any) -> None:
    """Whatever is put in, only StateError comes out; and a state that is taken can be worked with."""
    state = copy.deepcopy(STATE)
    target = state
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    try:
        engine = Engine.restore([rules()], SHANGHAI, state)
    except StateError:
        return
    last = engine._watches["gt-01"].memory.last
    start = 0.0 if last is None else (last.utc_ns - at(0).utc_ns) / 1e9 + 2
    if start < 10**9:
        play(engine, lambda t: [("car", 0.9, PARKED), ("car", 0.9, moved(PARKED, 0, 0.5))], start + 20, start=start)
        json.dumps(engine.save())
