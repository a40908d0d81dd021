"""What was seen now and then is covered all the time between."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evidence_export.masking.areas import head_of, iou
from evidence_export.masking.interface import Box, Settings, Thing
from evidence_export.masking.tracks import Cover, Track, link

STEP = 0.2
HEIGHT = 100.0


def person(x: float, y: float, height: float = HEIGHT) -> Thing:
    box = (x, y, x + 0.4 * height, y + height)
    return Thing("person", box, head_of(box))


def covered(head: Box, areas: list[Box]) -> bool:
    """Whether every corner and the middle of each edge lies in some area; areas are larger than heads."""
    x1, y1, x2, y2 = head
    points = [(x, y) for x in (x1, (x1 + x2) / 2, x2) for y in (y1, (y1 + y2) / 2, y2)]
    return all(any(a[0] <= x <= a[2] and a[1] <= y <= a[3] for a in areas) for x, y in points)


def areas_at(tracks: list[Track], seconds: float, options: Settings) -> list[Box]:
    parts = [one for track in tracks for one in (track, *track.parts())]
    return [box for track in parts for box in Cover(track, options, STEP).at(seconds)]


def real_head(x: float, y: float, height: float = HEIGHT) -> Box:
    return x + 0.1 * height, y, x + 0.3 * height, y + height / 7


@settings(max_examples=150, deadline=None)
@given(
    speed=st.tuples(st.floats(-110, 110), st.floats(-25, 25)),
    seen=st.lists(st.booleans(), min_size=30, max_size=30),
    jitter=st.randoms(use_true_random=False),
)
def test_a_walk_is_covered_whatever_looks_miss_it(speed: tuple[float, float], seen: list[bool], jitter: object) -> None:
    """People walk at up to 1.1 of their heights a second; looks miss them for at most two seconds at a time."""
    options = Settings()
    times = [number * STEP for number in range(30)]
    kept = [at for at, here in zip(times, seen, strict=True) if here]
    assume(len(kept) >= 2 and all(b - a <= 2.0 for a, b in pairwise(kept)))

    def at(seconds: float) -> tuple[float, float]:
        return 500 + speed[0] * seconds, 300 + speed[1] * seconds

    def shaken() -> float:
        return float(jitter.uniform(-3, 3))  # type: ignore[attr-defined]

    looks = [(when, [person(at(when)[0] + shaken(), at(when)[1] + shaken())] if when in kept else []) for when in times]
    tracks = link(looks, options.bridge_s)
    begin, end = max(0.0, kept[0] - 1.0), min(times[-1], kept[-1] + 1.0)
    seconds = begin
    while seconds <= end:
        assert covered(real_head(*at(seconds)), areas_at(tracks, seconds, options)), f"at {seconds:.2f} s"
        seconds += 0.05


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(st.floats(0, 700), st.floats(0, 500)), max_size=4), min_size=1, max_size=12))
def test_each_sighting_is_in_exactly_one_track_and_covered_at_its_time(places: list[list[tuple[float, float]]]) -> None:
    looks = [(number * STEP, [person(x, y) for x, y in one]) for number, one in enumerate(places)]
    tracks = link(looks, 3.0)
    told = sorted((at, thing.box) for at, things in looks for thing in things)
    assert sorted((at, one.box) for track in tracks for at, one in zip(track.at, track.things, strict=True)) == told
    for track in tracks:
        assert track.at == sorted(set(track.at)), "a track has one sighting at a time, in order"
        parts = track.parts()
        assert [at for part in parts for at in part.at] == track.at
    for at, things in looks:
        for thing in things:
            x1, y1, x2, y2 = thing.area
            assert any(
                a[0] <= x1 + 1e-6 and a[1] <= y1 + 1e-6 and a[2] >= x2 - 1e-6 and a[3] >= y2 - 1e-6
                for a in areas_at(tracks, at, Settings())
            )


def test_two_who_cross_are_both_covered_though_one_is_missed_for_a_second() -> None:
    options = Settings()
    looks = []
    for number in range(40):
        at = number * STEP
        things = [person(100 + 80 * at, 300)]
        if not 3.0 <= at <= 4.4:
            things.append(person(700 - 80 * at, 310))
        looks.append((at, things))
    tracks = link(looks, options.bridge_s)
    for number in range(390):
        seconds = number * 0.02
        for x, y in ((100 + 80 * seconds, 300), (700 - 80 * seconds, 310)):
            assert covered(real_head(x, y), areas_at(tracks, seconds, options)), f"at {seconds} s"


def test_what_stands_is_one_thing_however_long_it_is_missed() -> None:
    parked = Thing.whole("car", (100, 100, 200, 180))
    looks = [(number * STEP, [parked] if number % 50 == 0 else []) for number in range(151)]
    (track,) = link(looks, 3.0)
    cover = Cover(track, Settings(), STEP)
    assert all(list(cover.at(seconds)) for seconds in (0.0, 4.9, 15.0, 29.9))


def test_a_model_that_missed_it_for_long_is_not_trusted_with_its_beginning() -> None:
    """What was seen every four seconds only may have stood there four seconds before it was first seen, and longer."""
    parked = Thing.whole("car", (100, 100, 200, 180))
    track = Track([10.0, 14.0, 18.0], [parked] * 3)
    cover = Cover(track, Settings(), STEP)
    assert list(cover.at(4.0)) and list(cover.at(24.0)) and not list(cover.at(1.0))


def test_what_is_unsure_and_was_seen_once_is_held_for_less() -> None:
    unsure = Thing("person", (100, 100, 140, 200), (100, 100, 140, 140), 0.2)
    cover = Cover(Track([5.0], [unsure]), Settings(), STEP)
    assert list(cover.at(5.4)) and not list(cover.at(5.6))


def test_different_people_at_one_time_are_different_tracks() -> None:
    here, there = person(100, 100), person(160, 100)
    tracks = link([(0.0, [here, there]), (STEP, [here, there])], 3.0)
    assert len(tracks) == 2
    assert all(iou(track.things[0].box, track.things[1].box) > 0.9 for track in tracks)


@pytest.mark.parametrize("wrong", [{"looks_per_s": 0}, {"hold_s": -1}, {"small_px": -1}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="nothing can be masked"):
        Settings(**wrong)  # type: ignore[arg-type]
