"""The accuracy bench: its scenes are sound, its truth asks for what is seen, its figures are those of `evaluate`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supervision as sv

from bench.accuracy.__main__ import _free
from bench.accuracy.conditions import BETWEEN, CONDITIONS, RESTART_S, SECONDS, scene
from bench.accuracy.contenders import _site, judge
from bench.accuracy.footage import Footage, footage
from bench.accuracy.hours import condition_of, in_table, kept
from bench.accuracy.report import figures, render
from bench.accuracy.scoring import Kind, beside, event_entries, score, truth_entries
from bench.accuracy.truth import Answer, accuracy_truth, answer_of, standing_seen
from bench.peer import Timers
from bench.site import DWELL_S
from streams.instant import Instant, TimeSource
from streetproof.batch.observations import ObservationWriter, model_json
from streetproof.batch.observe import Observed
from tests.scenes import Actor, Gap, Look, Occluder, OracleDetector, Scene, Stop, truth_of
from tests.scenes.motion import placements
from tests.scenes.truth import true_ns
from vision.codec import to_json

SEED = 500
CLEARLY_OVER_S = 4
_SUCCESSION = {"look-alikes"}
"""Where one follows the other in one place within seconds: that is the condition."""
PLACE = (0.63, 0.635)


def stands(arrived: float, departed: float | None, name: str = "v", **more: Any) -> Actor:
    return Actor(name, Look.VAN, stops=(Stop(PLACE, arrived, departed),), **more)


@pytest.mark.parametrize("name", CONDITIONS)
def test_scenes_are_sound(name: str) -> None:
    script = scene(CONDITIONS[name], SEED)
    truth = accuracy_truth(script)
    assert truth["scene"]["condition"] == name
    assert sum(not entry["ignore"] for entry in truth["entries"]) >= 4, "too little is asked"
    if name not in _SUCCESSION:
        for actor in script.actors:
            for other in script.actors:
                for stop, after in ((s, t) for s in actor.stops for t in other.stops if (s, actor) != (t, other)):
                    if near(stop.at, after.at, 0.06, 0.04) and stop.arrived <= after.arrived:
                        assert stop.departed is not None
                        assert after.arrived - stop.departed >= BETWEEN[0] - 0.2, (actor.name, other.name)
    for index in range(0, script.frame_count, int(script.fps)):
        placed = [one for one in placements(script, index) if one.actor and one.look is not Look.WALKER]
        for moving in (one for one in placed if one.moving):
            for still in (one for one in placed if not one.moving):
                assert not near(moving.ground, still.ground, 0.09, 0.035), (moving.name, still.name, index)


@pytest.mark.parametrize("seed", range(100, 106))
def test_in_a_jam_the_lane_stands_for_longer_than_is_allowed_and_is_not_asked_for(seed: int) -> None:
    script = scene(CONDITIONS["jam"], seed)
    stops = {actor.name: stop for actor in script.actors for stop in actor.stops}
    queue = sorted((stop for name, stop in stops.items() if name.startswith("q")), key=lambda stop: stop.arrived)
    assert 3 <= len(queue) <= 6
    for ahead, behind in pairwise(queue):
        assert ahead.at[0] < behind.at[0], "from front to back"
        assert ahead.departed is not None and behind.departed is not None and ahead.departed < behind.departed
    lengths = [float(stop.departed or 0) - float(stop.arrived) for stop in queue]
    assert all(DWELL_S + CLEARLY_OVER_S < length < 165 for length in lengths)
    assert 0 < float(queue[-1].arrived) - float(queue[0].arrived) <= 20.1
    assert max(float(stop.departed or 0) for stop in queue) < SECONDS
    asked = {entry["actor"] for entry in accuracy_truth(script)["entries"]}
    assert len(asked) >= 4 and all(name.startswith("v") for name in asked)


def test_a_scene_of_hours_has_long_stays_a_dusk_and_lamps() -> None:
    script = scene(condition_of("hours-2"), SEED)
    assert script.frame_count == 7200 and script == scene(condition_of("hours-2"), SEED)
    stands = [min(float(s.departed or 7200), 7200) - float(s.arrived) for a in script.actors for s in a.stops]
    assert sum(20 * 60 <= length <= 70 * 60 for length in stands) >= 6 and sum(length < 60 for length in stands) >= 1
    levels = [script.light.level(share * 7200) for share in (0.1, 0.62, 0.9)]
    assert levels == [1.0, 0.15, 0.4]
    assert in_table(["hours-2", "night", "day"]) == ["day", "night", "hours-2"]
    with pytest.raises(KeyError):
        condition_of("no such")


def near(one: tuple[float, float], other: tuple[float, float], x: float, y: float) -> bool:
    return ((one[0] - other[0]) / x) ** 2 + ((one[1] - other[1]) / y) ** 2 < 1


def test_the_same_seed_is_the_same_scene_and_another_is_another() -> None:
    night = CONDITIONS["night"]
    assert scene(night, 500) == scene(night, 500) != scene(night, 501)
    assert scene(night, 500).actors != scene(CONDITIONS["day"], 500).actors


@pytest.mark.parametrize(
    ("seen", "together", "answer"),
    [
        (40, 40, Answer.ALLOWED),
        (55.9, 55.9, Answer.ALLOWED),
        (56, 56, Answer.IGNORED),
        (68, 68, Answer.IGNORED),
        (69, 69, Answer.ASKED),
        (100, 50, Answer.IGNORED),
    ],
)
def test_near_the_limit_either_answer_is_right(seen: float, together: float, answer: Answer) -> None:
    assert answer_of(seen, together) is answer


def test_only_what_could_be_seen_counts() -> None:
    plain = Scene(seconds=SECONDS, fps=Fraction(5), actors=(stands(10, 100),))
    key = ("v", 10.0)
    assert standing_seen(plain)[key] == (90, 90)
    assert standing_seen(replace(plain, gaps=(Gap(40, 70),)))[key] == (60, 60), "a hole shows nothing"
    long = replace(plain, actors=(stands(10, 230),), gaps=(Gap(60, 130),))
    assert standing_seen(long)[key] == (150, 100), "a look away of more than a minute begins anew"
    bus = Occluder(((0.62, 0.76), (0.62, 0.76)), (50, 90), 39, size=1.3)
    assert standing_seen(replace(plain, occluders=(bus,)))[key] == (50, 50), "nobody sees through a bus"
    assert [e["ignore"] for e in accuracy_truth(replace(plain, gaps=(Gap(40, 70),)))["entries"]] == [True]
    assert accuracy_truth(replace(plain, actors=(stands(10, 50),)))["entries"] == []
    assert len(truth_of(plain)["entries"]) == 1  # type: ignore[arg-type]


def test_no_scene_is_worked_on_twice_at_once() -> None:
    one, other = (footage("day", seed, Path("nowhere")) for seed in (1, 2))
    tasks = [(one, ()), (other, ()), (one, ())]
    assert _free(tasks, []) is tasks[0]
    assert _free(tasks, ["day-1"]) is tasks[1]
    assert _free(tasks, ["day-1", "day-2"]) is None


def entry(arrived: int, departed: int | None, x: float, camera: str = "day-1", **more: Any) -> dict[str, Any]:
    def at(second: int) -> str:
        return f"2026-11-02T00:{second // 60:02d}:{second % 60:02d}Z"

    return {
        "camera": camera, "kind": "no_parking", "cls": "car", "arrived": at(arrived),
        "departed": None if departed is None else at(departed), "box": [x, 0.4, x + 0.1, 0.5], **more,
    }  # fmt: skip


def test_scoring_of_a_tiny_run() -> None:
    truth = truth_entries(
        [
            {
                "scene": {"camera": "day-1", "condition": "day"},
                "entries": [
                    entry(10, 100, 0.1, condition="day"),
                    entry(120, 200, 0.1, condition="day"),
                    entry(10, 100, 0.5, condition="day"),
                    entry(10, 72, 0.8, condition="day", ignore=True),
                ],
            }
        ]
    )
    # One case for two vehicles that stood in one place, two cases of another stay, one of nothing, one near the limit.
    events = event_entries(
        [
            {"entries": [entry(11, 200, 0.1), entry(10, 60, 0.5), entry(61, 100, 0.5), entry(5, 90, 0.3)]},
            {"entries": [entry(12, 72, 0.8)]},
        ]
    )
    scored = score("ours", truth, events)
    overall = scored.evaluation.overall
    assert (overall.matched, overall.missed, overall.false, overall.duplicates, overall.ignored) == (2, 1, 1, 1, 1)
    assert sorted((one.kind, one.swallowed) for one in scored.failures) == [
        (Kind.DUPLICATE, False),
        (Kind.FALSE, False),
        (Kind.MISSED, True),
    ]
    assert sum(one.kind is Kind.MISSED for one in scored.failures) == overall.missed
    assert scored.arrivals_s.keys() == {"day"}
    assert len(scored.arrivals_s["day"]) == overall.arrival.measured == 2
    missed = next(one for one in scored.failures if one.kind is Kind.MISSED)
    others = beside(missed, truth, events)
    assert [len(one) for one in others] == [2, 1]


def test_the_report_has_all_figures_in_both_languages() -> None:
    script = footage("day", 1, Path("nowhere"))
    truth = truth_entries(
        [{"scene": {"camera": "day-1", "condition": "day"}, "entries": [entry(10, 100, 0.1, condition="day")]}]
    )
    scored = [score(name, truth, event_entries([{"entries": [entry(12, 100, 0.1)]}])) for name in ("ours", "peer")]
    result = figures(scored, scored, {"ours": [script], "peer": [script]}, [1])
    assert result["contenders"]["ours"]["conditions"]["day"]["f1"] == 1
    assert result["contenders"]["ours"]["arrivals_s"] == {"day": [2.0]}
    page = render(result, [])
    for text in ("白天", "F1", "查准率", "到达时间误差分布", "<svg", "1.000"):
        assert text in page
    assert "http" not in page, "the page must need nothing but itself"


def test_an_engine_that_is_restarted_says_the_same(tmp_path: Path) -> None:
    script = replace(scene(CONDITIONS["day"], SEED), stamped=True)
    oracle = OracleDetector(script)
    start = Instant(true_ns(script, 0), TimeSource.CONTAINER, 0)
    header = {
        "camera": script.camera,
        "time_base": "1/90000",
        "start": to_json(start),
        "model": model_json(oracle.info),
    }
    file = tmp_path / "seen.jsonl.gz"
    with ObservationWriter(file, header) as writer:
        for index in range(0, script.frame_count, 10):
            at = replace(start, utc_ns=true_ns(script, Fraction(index) / script.fps))
            writer.add(script.camera, at, index * 18_000, oracle.at(index), False)
        nothing = {"start": None, "end": None, "packets": 0, "frames": 0, "gaps": [], "problems": []}
        writer.finish({"coverage": nothing})
    seen = Observed(file, script.camera, 0, 0, "0" * 64, file, {"coverage": nothing}, False)
    own = Footage("day", SEED, script, "key", file, file)
    site = _site(own, tmp_path)
    straight = judge(site, seen, (), own)
    assert straight["entries"]
    assert judge(site, seen, (50.0, RESTART_S, 200.0), own) == straight
    assert kept(site, seen) == [], "less than ten minutes"


def test_the_scripts_timers_count_frames_per_track() -> None:
    timers = Timers(5.0, (768, 576))
    nothing = sv.Detections.empty()
    car = np.array([[400, 250, 500, 340]], np.float32)
    for number in range(500):
        there = sv.Detections(xyxy=car, confidence=np.array([0.8]), class_id=np.array([2]))
        timers.add(number, there if 50 <= number < 400 else nothing)
    result = timers.result(500)
    assert result.frames == 500
    case = max(result.cases, key=lambda one: one.dwell_s)
    assert 9.9 < case.arrived_s < 12
    assert 79 < case.last_seen_s < 80
    assert case.box == pytest.approx((400 / 768, 250 / 576, 500 / 768, 340 / 576), abs=0.01)
