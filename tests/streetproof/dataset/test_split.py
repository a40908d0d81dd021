from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from models.dataset.interface import Split
from streetproof.dataset.cases import CaseMaterial, Still
from streetproof.dataset.plan import plan
from streetproof.dataset.reasons import Treatment
from streetproof.dataset.reviews import Decision, Review
from streetproof.dataset.split import assign

DAY_NS = 86_400 * 10**9
H = 3600 * 10**9


def case(
    name: str, camera: str = "c1", day: int = 1, hours: tuple[float, float] = (9, 10), recording: str = ""
) -> CaseMaterial:
    start, end = (round(day * DAY_NS + hour * H) for hour in hours)
    still = Still("s.png", "0", recording or name, 0, (0.1, 0.1, 0.2, 0.2), 0)
    return CaseMaterial(Path(name), name, "site", camera, f"2026-11-{day:02d}", "car", (start, end), (still,), "0", "0")


def sides(*cases: CaseMaterial, val_share: float = 0.5, seed: int = 0, labelled: frozenset[str] | None = None):
    names = frozenset(one.id for one in cases) if labelled is None else labelled
    return assign(cases, names, val_share=val_share, seed=seed)


def test_a_day_of_a_camera_is_never_split() -> None:
    cases = [
        case(f"{camera}{day}{n}", camera, day, (n, n + 0.5)) for camera in "ab" for day in range(1, 9) for n in (6, 9)
    ]
    found = sides(*cases)
    assert set(found.values()) == {Split.TRAIN, Split.VAL}
    for one in cases:
        assert found[one.id] is found[one.id[:2] + "6"]


def test_what_stands_over_midnight_joins_two_days() -> None:
    for seed in range(20):
        far = [case(f"z{n}", f"other{n}") for n in range(4)]
        found = sides(case("late", day=1, hours=(23, 33)), case("early", day=2, hours=(7, 8)), *far, seed=seed)
        assert found["late"] is found["early"]
    alone = {(f := sides(case("a", day=1), case("b", day=2), *far, seed=s))["a"] is f["b"] for s in range(20)}
    assert alone == {True, False}


def test_one_recording_under_two_names_is_never_on_both_sides() -> None:
    for seed in range(20):
        found = sides(case("a", "c1", recording="r"), case("b", "c2", 2, recording="r"), case("z", "c3"), seed=seed)
        assert found["a"] is found["b"]


def test_neither_side_is_left_without_a_label_where_that_can_be() -> None:
    for seed in range(20):
        found = sides(case("a"), case("b", day=2), val_share=0.01, seed=seed)
        assert set(found.values()) == {Split.TRAIN, Split.VAL}
        found = sides(case("a"), case("b", day=2), val_share=0.99, seed=seed)
        assert set(found.values()) == {Split.TRAIN, Split.VAL}
    assert set(sides(case("a"), case("b", hours=(11, 12))).values()) in ({Split.TRAIN}, {Split.VAL})


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 20)), min_size=12, max_size=30, unique=True))
def test_a_side_stays_when_other_cases_come_later(days) -> None:
    cases = [case(f"{camera}{day}", camera, day) for camera, day in days]
    early, late = sides(*cases[:8], labelled=frozenset()), sides(*cases, labelled=frozenset())
    assert all(late[name] is side for name, side in early.items())


def review(name: str, treatment: Treatment = Treatment.OBJECT, cls: str | None = None, line: int = 2) -> Review:
    decision = Decision.ACCEPTED if treatment is Treatment.OBJECT else Decision.REJECTED
    return Review(name, decision, "r", treatment, "Li", cls, line)


def test_what_becomes_of_each_case_and_why() -> None:
    cases = [case(name) for name in ("ok", "two", "fight", "left", "none", "named")]
    reviews = {
        "ok": (review("ok"),),
        "two": (review("two"), review("two", line=3)),
        "fight": (review("fight"), review("fight", Treatment.NEGATIVE, line=9)),
        "left": (review("left", Treatment.LEAVE_OUT),),
        "named": (review("named", cls="van"),),
        "gone": (review("gone", line=7),),
    }
    used, left = plan(cases, reviews, {"car": "vehicle"})
    assert {one.case.id: (one.cls, one.reviews) for one in used} == {
        "ok": ("vehicle", 1),
        "two": ("vehicle", 2),
        "named": ("van", 1),
    }
    assert {(one.case, one.problem) for one in left} == {
        ("fight", True),
        ("left", False),
        ("none", False),
        ("gone", True),
    }
    assert "lines 2, 9" in next(one.why for one in left if one.case == "fight")


def test_no_cases_and_no_reviews_are_nothing() -> None:
    assert plan([], {}, {}) == ([], []) and assign([], frozenset(), val_share=0.5, seed=0) == {}
