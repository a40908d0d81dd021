"""Evaluation: figures that can be checked by hand, and what must hold for all of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.instant import from_iso, iso_utc
from streetproof.evaluation.assignment import assign
from streetproof.evaluation.entries import Entries, EntriesError, Entry, Span, read_entries
from streetproof.evaluation.matching import match_entries
from streetproof.evaluation.measures import Evaluation, error_ns, evaluate
from tests.scenes import Actor, Look, Scene, Stop, truth_of
from tests.streetproof.commands import inside

S = 1_000_000_000
T0 = from_iso("2026-11-02T00:00:00Z")


def point(second: float) -> Span:
    return Span(T0 + round(second * S), T0 + round(second * S))


def entry(arrived: float, departed: float | None, x: float = 0.1, **other: Any) -> Entry:
    gone = None if departed is None else point(departed)
    return replace(Entry("c", "no_parking", "car", point(arrived), gone, (x, 0.4, x + 0.1, 0.5)), **other)


def scored(truth: Sequence[Entry], events: Sequence[Entry]) -> Evaluation:
    cameras: dict[str, set[str]] = {}
    for one in truth:
        if one.condition:
            cameras.setdefault(one.camera, set()).add(one.condition)
    named = {camera: frozenset(conditions) for camera, conditions in cameras.items()}
    return evaluate(Entries(tuple(truth), named), Entries(tuple(events)))


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_figures_by_hand() -> None:
    truth = [entry(0, 100), entry(200, 300), entry(400, None), entry(0, 50, x=0.6)]
    events = [
        entry(2, 96),  # found, 2 s late, 4 s early
        entry(20, 90, x=0.11),  # again: a duplicate
        entry(203, 300),  # found, 3 s late
        entry(600, 700, x=0.3),  # nothing is there
        entry(60, 80, x=0.6),  # after it left
        entry(400, 450, kind="occupation"),  # another kind
    ]
    one = scored(truth, events).overall
    assert (one.truth, one.events, one.matched, one.missed, one.false, one.duplicates) == (4, 6, 2, 2, 3, 1)
    assert one.precision == 2 / 5
    assert one.recall == 2 / 4
    assert one.f1 == pytest.approx(2 * 0.4 * 0.5 / 0.9)
    assert one.cases_per_stay == 1.5
    assert (one.arrival.measured, one.arrival.median_s, one.arrival.max_s) == (2, 2.5, 3)
    assert one.arrival.rmse_s == pytest.approx(6.5**0.5)
    assert (one.departure.median_s, one.departure.max_s, one.departure.width_max_s) == (2, 4, 0)


def test_areas_are_compared_where_both_tell_one() -> None:
    truth = [entry(100 * n, 100 * n + 50, area_m2=4.0) for n in range(4)] + [entry(400, 450)]
    told = (4.8, 3.0, 4.0, None, 4.0)
    events = [entry(100 * n, 100 * n + 50, area_m2=area) for n, area in enumerate(told)]
    area = scored(truth, events).overall.area
    assert (area.measured, area.median, area.max, area.within) == (3, 0.2, 0.25, 2 / 3), "20 % is still told"
    none = scored(truth[4:], events).overall.area
    assert (none.measured, none.median, none.max, none.within) == (0, None, None, None)


def test_errors_of_intervals_are_distances() -> None:
    def span(low: float | None, high: float | None) -> Span:
        return Span(*(None if end is None else T0 + round(end * S) for end in (low, high)))

    def seconds(truth: Span, event: Span) -> float | None:
        error = error_ns(truth, event)
        return None if error is None else error / S

    assert seconds(point(5), span(4, 6)) == 0
    assert seconds(point(5), span(5, 5)) == 0
    assert seconds(point(5), span(8, 9)) == 3
    assert seconds(point(5), span(1, 2)) == 3
    assert seconds(span(4, 6), span(6, 9)) == 0
    assert seconds(span(4, 6), span(7, 9)) == 1
    assert seconds(point(5), span(None, 9)) is None, "it may be right by any amount"
    assert seconds(point(5), span(None, 3)) == 2, "it is too early whatever it leaves open"
    assert seconds(point(5), span(7, None)) == 2
    assert seconds(point(5), span(4, None)) is None
    assert seconds(span(None, None), span(4, 6)) is None, "what never left has no departure"


def test_the_width_of_intervals_is_told() -> None:
    arrived = [Span(T0 - 4 * S, T0 + 2 * S), Span(None, T0 + 2 * S), Span(T0, T0 + 1 * S)]
    truth = [entry(1, 100, x=0.2 * k) for k in range(3)]
    events = [replace(one, arrived=span) for one, span in zip(truth, arrived, strict=True)]
    arrival = scored(truth, events).overall.arrival
    assert (arrival.measured, arrival.unmeasured, arrival.max_s) == (2, 1, 0)
    assert (arrival.width_median_s, arrival.width_max_s) == (3.5, 6)


def test_what_is_to_be_ignored_is_neither_missed_nor_false() -> None:
    short = entry(0, 30, ignore=True, condition="night")
    assert scored([short], []).overall.missed == 0
    one = scored([short, entry(40, 100, condition="night")], [entry(1, 29), entry(2, 28), entry(41, 99)])
    assert (one.overall.matched, one.overall.false, one.overall.duplicates, one.overall.ignored) == (1, 0, 0, 2)
    assert one.overall.f1 == 1
    assert set(one.conditions) == {"night"}


def test_false_events_count_to_the_one_condition_of_their_camera() -> None:
    truth = [entry(0, 10, condition="rain"), entry(0, 10, camera="d", condition="day")]
    truth += [entry(0, 10, camera="d", x=0.5, condition="night")]
    events = [entry(50, 60), entry(50, 60, camera="d"), entry(50, 60, camera="e")]
    conditions = scored(truth, events).conditions
    assert {name: one.false for name, one in conditions.items()} == {"rain": 1, "day": 0, "night": 0, "unknown": 2}
    assert conditions["rain"].precision == 0 and conditions["day"].precision is None
    assert conditions["unknown"].recall is None


def test_an_event_that_fits_two_stays_leaves_neither_without_one() -> None:
    """Best first would give the long event the first stay, and leave the second event none."""
    truth = [entry(0, 100), entry(110, 200)]
    events = [entry(0, 150), entry(0, 60)]
    assert scored(truth, events).overall.matched == 2


def test_scenes_make_truth_that_can_be_read(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.json"
    quiet.write_text(json.dumps(truth_of(Scene(camera="q", condition="fog"))), encoding="utf-8")
    busy = tmp_path / "busy.json"
    actor = Actor("car", Look.DRAWN_CAR, stops=(Stop((0.5, 0.6), 3, 12),))
    busy.write_text(json.dumps(truth_of(Scene(camera="b", actors=(actor,)))), encoding="utf-8")
    truth = read_entries([quiet, busy])
    assert [one.kind for one in truth.entries] == ["no_parking"]
    false = evaluate(truth, Entries((replace(entry(0, 9), camera="q"),)))
    assert false.conditions["fog"].false == 1, "a scene without stays has a condition too"


# -- what must hold --------------------------------------------------------------------------------------------------


FEW = settings(max_examples=40)


@st.composite
def entries(draw: st.DrawFn, most: int = 7) -> list[Entry]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        since = draw(st.integers(0, 60))
        until = draw(st.none() | st.integers(since, 90))
        x = draw(st.sampled_from([0.1, 0.12, 0.16, 0.5]))
        condition = draw(st.sampled_from([None, "day", "night"]))
        camera = draw(st.sampled_from(["c", "d"]))
        found.append(entry(since, until, x=x, camera=camera, condition=condition))
    return found


@FEW
@given(entries())
def test_perfect_events_have_an_f1_of_one(truth: list[Entry]) -> None:
    overall = scored(truth, truth).overall
    assert overall.f1 == (1 if truth else None)
    assert overall.cases_per_stay == (1 if truth else None)


@FEW
@given(entries(), entries(), st.randoms())
def test_the_order_of_entries_does_not_matter(truth: list[Entry], events: list[Entry], chance: Any) -> None:
    expected = scored(truth, events)
    chance.shuffle(truth)
    chance.shuffle(events)
    assert scored(truth, events) == expected


@FEW
@given(entries(), entries())
def test_with_truth_and_events_exchanged_precision_and_recall_are_exchanged(
    truth: list[Entry], events: list[Entry]
) -> None:
    one, other = scored(truth, events).overall, scored(events, truth).overall
    assert one.matched == other.matched
    # What is a duplicate one way is missed the other way: precision does not count duplicates, recall counts misses.
    assert one.missed - other.duplicates == other.false
    assert other.missed - one.duplicates == one.false
    if not one.duplicates and not other.duplicates:
        assert (one.precision, one.recall, one.f1) == (other.recall, other.precision, other.f1)
        assert one.arrival.rmse_s == other.arrival.rmse_s


@FEW
@given(entries(), entries())
def test_conditions_add_up_to_the_whole(truth: list[Entry], events: list[Entry]) -> None:
    evaluation = scored(truth, events)
    for name in ("truth", "events", "matched", "missed", "false", "duplicates", "ignored"):
        assert sum(getattr(one, name) for one in evaluation.conditions.values()) == getattr(evaluation.overall, name)
    assert evaluation.overall.truth == len(truth)
    assert evaluation.overall.events + evaluation.overall.ignored == len(events)


fit = st.dictionaries(st.integers(0, 4), st.integers(0, 4).map(lambda n: n / 4), max_size=5)


@settings(max_examples=100)
@given(st.lists(fit, max_size=5))
def test_no_assignment_is_better(fits: list[dict[int, float]]) -> None:
    def worth(pairing: Sequence[int | None]) -> tuple[int, float]:
        pairs = [(row, col) for row, col in enumerate(pairing) if col is not None]
        return len(pairs), sum(fits[row][col] for row, col in pairs)

    found = assign(fits)
    taken = [col for col in found if col is not None]
    assert len(set(taken)) == len(taken)
    every = itertools.product(*([None, *row] for row in fits))
    possible = (one for one in every if len(set(one) - {None}) == len(one) - one.count(None))
    assert worth(found) == max(map(worth, possible))


def test_many_entries_are_matched_in_a_moment() -> None:
    truth = [entry(10 * k, 10 * k + 300, x=0.4 * (k % 2)) for k in range(1500)]
    events = [entry(10 * k + 2, 10 * k + 297, x=0.4 * (k % 2)) for k in range(1500)]
    assert len(match_entries(truth, events).pairs) == 1500


# -- files -----------------------------------------------------------------------------------------------------------

GOOD = {
    "camera": "c", "kind": "no_parking", "cls": "car", "arrived": "2026-11-02T00:00:00Z",
    "departed": None, "box": [0.1, 0.1, 0.2, 0.2], "condition": None,
}  # fmt: skip
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "camera": ({"camera": 7}, "`camera` must be text"),
    "kind": ({"kind": ""}, "`kind` must be text"),
    "no ground": ({"area_m2": 0}, "`area_m2` must be a number"),
    "a truth for ground": ({"area_m2": True}, "`area_m2` must be a number"),
    "ground without end": ({"area_m2": 10**400}, "`area_m2` must be a number"),
    "naive": ({"arrived": "2026-11-02T00:00:00"}, "no offset"),
    "arrival unknown": ({"arrived": [iso_utc(T0), None]}, "by when"),
    "arrival null": ({"arrived": None}, "by when"),
    "three ends": ({"arrived": [None, None, None]}, "two ends"),
    "backwards": ({"departed": [iso_utc(T0 + S), iso_utc(T0)]}, "ends before it begins"),
    "left first": ({"departed": iso_utc(T0 - S)}, "before it arrived"),
    "departure open": ({"departed": [None, iso_utc(T0)]}, "until when"),
    "pixels": ({"box": [651, 41, 724, 99]}, "fractions"),
    "no area": ({"box": [0.1, 0.1, 0.1, 0.2]}, "with an area"),
    "NaN": ({"box": [0.1, float("nan"), 0.3, 0.4]}, "fractions"),
    "ignore": ({"ignore": 1}, "`ignore` must be true or false"),
    "condition": ({"condition": 3}, "`condition` must be text or null"),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_entry_that_cannot_be_meant_is_named(tmp_path: Path, kind: str) -> None:
    change, message = BAD[kind]
    path = tmp_path / "truth.json"
    path.write_text(json.dumps([GOOD, GOOD | change]), encoding="utf-8")
    with pytest.raises(EntriesError, match=message) as caught:
        read_entries([path])
    assert caught.value.where.startswith(f"{path}: entries[1]") and caught.value.remedy


def test_files_that_hold_no_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    for content, message in (
        ("{}", "no entries"), ("7", "no entries"), ("[", "not valid JSON"), ("[" * 10**5, "not valid JSON"),
        ("[1]", "no JSON object"), (json.dumps([{k: v for k, v in GOOD.items() if k != "departed"}]), "is missing"),
    ):  # fmt: skip
        path.write_text(content, encoding="utf-8")
        with pytest.raises(EntriesError, match=message):
            read_entries([path])
    with pytest.raises(EntriesError, match="cannot be read"):
        read_entries([tmp_path / "nowhere.json"])


def test_the_command_prints_tables_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = Path(__file__).parent / "golden" / "events.json"
    bare = tmp_path / "truth.json"
    found = json.loads(golden.read_bytes())["entries"]
    bare.write_text(json.dumps([one | {"condition": "day"} for one in found]), encoding="utf-8")
    ran = inside(capsys, monkeypatch, "evaluate", "--truth", bare, "--events", golden, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["overall"]["f1"] == ran.json["conditions"]["day"]["f1"] == 1
    assert ran.json["overall"]["arrival"]["width_median_s"] == 2
    ran = inside(capsys, monkeypatch, "evaluate", "--truth", bare, "--events", golden, width=80)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "departure" in ran.out and "1.000" in ran.out
    assert "area of" not in ran.out
    bare.write_text(json.dumps([one | {"condition": "day", "area_m2": 2.5} for one in found]), encoding="utf-8")
    told = tmp_path / "told.json"
    told.write_text(json.dumps([one | {"area_m2": 2.0} for one in found]), encoding="utf-8")
    ran = inside(capsys, monkeypatch, "evaluate", "--truth", bare, "--events", told, width=80)
    assert "area of" in ran.out and "20 %" in ran.out
    bare.write_text("[7]", encoding="utf-8")
    ran = inside(capsys, monkeypatch, "evaluate", "--truth", bare, "--events", golden)
    assert ran.code == 4 and "entries[0]" in ran.err
