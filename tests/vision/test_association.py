from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import NS_PER_S
from tests.vision.byhand import PARKED, T0, moved
from vision.association.bytetrack import ByteTrackAssociator
from vision.errors import StateError
from vision.interface import Box

Frame = tuple[int, list[Box], list[float]]

one = st.builds(moved, st.sampled_from([PARKED, (0.1, 0.1, 0.2, 0.2)]), st.integers(-9, 9).map(lambda n: n / 9))
frames = st.lists(
    st.tuples(st.sampled_from([1, 40_000_000, NS_PER_S, 7 * NS_PER_S, 10**12]), st.lists(one, min_size=1, max_size=4)),
    min_size=1,
    max_size=20,
)


@given(frames, st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_restored_in_the_middle_it_gives_the_same_ids(steps: list[tuple[int, list[Box]]], cut: int) -> None:
    plain, first, now = ByteTrackAssociator(), ByteTrackAssociator(), T0
    for number, (elapsed, boxes) in enumerate(steps):
        if number == cut:
            state = json.dumps(first.save())
            first = ByteTrackAssociator()
            first.restore(json.loads(state), now)
            assert json.dumps(first.save()) == state
        now += elapsed
        scores = [0.9] * len(boxes)
        assert first.update(now, boxes, scores) == plain.update(now, boxes, scores)
    assert json.dumps(first.save()) == json.dumps(plain.save())


def test_ids_follow_the_boxes_in_whatever_order_they_come() -> None:
    tracker = ByteTrackAssociator()
    other: Box = (0.1, 0.1, 0.2, 0.2)
    assert tracker.update(T0, [PARKED, other], [0.9, 0.3]) == [None, None]
    ids = tracker.update(T0 + NS_PER_S, [PARKED, other], [0.9, 0.3])
    assert None not in ids
    assert tracker.update(T0 + 2 * NS_PER_S, [other, PARKED], [0.3, 0.9]) == ids[::-1]


def test_a_track_is_forgotten_and_its_id_never_given_again() -> None:
    tracker = ByteTrackAssociator()
    for second in (0, 1, 60, 61):
        ids = tracker.update(T0 + second * NS_PER_S, [PARKED], [0.9])
        if second == 1:
            early = ids
    assert None not in [*early, *ids]
    assert ids != early


@pytest.mark.parametrize("state", [None, 1, [], {}, {"tracks": []}, {"origin_ns": 1.5}])
def test_a_foreign_state_is_refused(state: object) -> None:
    with pytest.raises(StateError, match="not one of ours"):
        ByteTrackAssociator().restore(state, T0)  # type: ignore[arg-type]
