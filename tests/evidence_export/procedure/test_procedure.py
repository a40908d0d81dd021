"""The procedure of a case: both ways from lead to decision, and every guard on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evidence_export.procedure.procedure import ANSWERABLE, Facts, Procedure, ProcedureError, Terms
from evidence_export.procedure.states import STATES, Path, State, leads_to, path_of
from evidence_export.procedure.steps import (
    CHECKS,
    REJECTIONS,
    Check,
    Close,
    Confirm,
    Decide,
    Exhibit,
    Notice,
    Officer,
    Order,
    Rechecked,
    Reject,
    Rejection,
    Review,
    Statement,
    Step,
    read_step,
)

T0 = datetime(2026, 11, 2, 0, 2, tzinfo=UTC)
LI, WANG, ZHAO = (Officer(name=name, licence=f"3301{n:04d}") for n, name in enumerate(("李明", "王芳", "赵强")))
ALL = frozenset(Check)
SHA = "a" * 64


def day(days: float) -> datetime:
    return T0 + timedelta(days=days)


def facts(path: Path = Path.DIRECT, *blockers: str) -> Facts:
    return Facts("SP-1", path, T0, frozenset({"not_reviewed", *blockers}))


def review(at: float = 1, by: Officer = LI, checks: frozenset[Check] = ALL) -> Review:
    return Review(at=day(at), by=by, checks=checks)


def confirm(at: float = 2, by: Officer = WANG, **more: Any) -> Confirm:
    return Confirm(at=day(at), by=by, checks=more.pop("checks", ALL), **more)


def order(at: float = 3, deadline: float = 4) -> Order:
    return Order(at=day(at), by=LI, deadline=day(deadline), document="责令改正通知书 2026-17")


def recheck(seen: float, verdict: str = "not_corrected", at: float | None = None) -> Rechecked:
    when = day(seen if at is None else at)
    return Rechecked(at=when, by=LI, verdict=verdict, seen_at=day(seen), evidence_sha256=SHA)  # type: ignore[arg-type]


def notice(at: float) -> Notice:
    return Notice(at=day(at), by=LI, served_at=day(at), document="行政处罚事先告知书")


def decide(at: float, by: Officer = LI, second: Officer = WANG, **more: Any) -> Decide:
    return Decide(at=day(at), by=by, second=second, document="行政处罚决定书", **more)


def exhibit(at: float) -> Exhibit:
    return Exhibit(at=day(at), by=ZHAO, origin="执法记录仪", relation="同一地点的现场照片", sha256=SHA)


def statement(at: float, *, waived: bool = False) -> Statement:
    return Statement(at=day(at), by=LI, said="当事人表示放弃" if waived else "当时正在卸货", waived=waived)


def close(at: float) -> Close:
    return Close(at=day(at), by=LI, why="已缴纳罚款")


def after(*steps: Step, path: Path = Path.DIRECT, blockers: tuple[str, ...] = ()) -> Procedure:
    return Procedure.replayed(facts(path, *blockers), steps)


def refused(procedure: Procedure, step: Step) -> str:
    with pytest.raises(ProcedureError) as caught:
        procedure.take(step)
    error = caught.value
    assert error.where == "SP-1" and error.said.zh and error.said.en
    return error.code


def test_parking_goes_from_review_to_decision_without_an_order() -> None:
    done = after(review(), confirm(), notice(3), statement(4), decide(5), close(6))
    assert done.state is State.CLOSED and done.decided
    assert refused(after(review(), confirm()), order()) == "not_now"


def test_occupation_is_fined_only_when_an_order_was_not_obeyed() -> None:
    ordered = after(review(), confirm(), order(3, 4), path=Path.ORDER_FIRST)
    assert refused(after(review(), confirm(), path=Path.ORDER_FIRST), notice(3)) == "not_now"
    assert refused(ordered, notice(5)) == "not_now"
    assert ordered.take(recheck(3.5)).state is State.ORDERED, "before the deadline nothing is disobeyed"
    assert ordered.take(recheck(5, "cannot_tell")).state is State.ORDERED, "what nobody can tell proves nothing"
    obeyed = ordered.take(recheck(3.5, "corrected"))
    assert obeyed.state is State.CORRECTED and obeyed.take(close(6)).state is State.CLOSED
    assert refused(obeyed, notice(6)) == "not_now", "who has obeyed is not fined"
    disobeyed = ordered.take(recheck(4))
    assert disobeyed.state is State.NOT_CORRECTED, "at the deadline it is over"
    done = disobeyed.take(notice(5)).take(decide(11))
    assert done.state is State.DECIDED


def test_what_was_corrected_late_is_not_fined_as_if_it_were_not() -> None:
    late = after(review(), confirm(), order(3, 4), recheck(5), recheck(6, "corrected"), path=Path.ORDER_FIRST)
    assert late.state is State.CORRECTED


@pytest.mark.parametrize("by", [LI, Officer(name="李明", licence="99999999"), Officer(name="某人", licence=LI.licence)])
def test_whoever_reviews_does_not_confirm(by: Officer) -> None:
    assert refused(after(review()), confirm(by=by)) == "same_officer"


@pytest.mark.parametrize("check", list(Check))
def test_nothing_is_confirmed_that_was_not_found_so_by_both(check: Check) -> None:
    without = ALL - {check}
    assert refused(after(review(checks=without)), confirm()) == "checklist"
    assert refused(after(review()), confirm(checks=without)) == "checklist"
    assert after(review(checks=without), review(1.5), confirm()).state is State.CONFIRMED, "a second look counts"


@pytest.mark.parametrize(
    "blocker",
    ["legal_basis_unknown", "calibration_unknown", "location_unpublished_or_unknown", "gap_in_decisive_interval",
     "camera_offset_over_1s", "clock_offset_unknown", "view_fault_in_decisive_interval", "something_new"],
)  # fmt: skip
def test_what_words_cannot_put_right_blocks(blocker: str) -> None:
    """Legal basis, camera register, time, continuity: and whatever a later format may add."""
    procedure = after(review(), blockers=(blocker,))
    assert refused(procedure, confirm()) == "blocked"
    assert refused(procedure, confirm(answers={blocker: "看起来没问题"})) == "blocked"
    assert procedure.take(Reject(at=day(2), by=WANG, reason=Rejection.EVIDENCE_INSUFFICIENT, note="x")).state is (
        State.REJECTED
    )


@pytest.mark.parametrize("blocker", sorted(ANSWERABLE))
def test_what_a_reviewer_may_answer_for_has_to_be_answered(blocker: str) -> None:
    procedure = after(review(), blockers=(blocker,))
    assert refused(procedure, confirm()) == "unanswered"
    assert procedure.take(confirm(answers={blocker: "两侧车道通行顺畅"})).state is State.CONFIRMED


def test_a_lead_is_not_confirmed_unseen() -> None:
    assert refused(after(), confirm()) == "not_now"
    assert refused(after(), notice(3)) == "not_now"
    assert refused(after(), decide(9)) == "not_now"


def test_the_party_is_heard_or_has_had_the_time_to_speak() -> None:
    told = after(review(), confirm(), notice(3))
    assert refused(told, decide(7.9)) == "too_early"
    assert told.take(decide(8)).state is State.DECIDED
    assert told.take(statement(4)).take(decide(4.5)).state is State.DECIDED
    assert told.take(statement(4, waived=True)).take(decide(4.5)).state is State.DECIDED
    short = Procedure.replayed(facts(), [review(), confirm(), notice(3)], Terms(statement=timedelta(days=3)))
    assert short.take(decide(6)).state is State.DECIDED, "an office may set another term"


@pytest.mark.parametrize(
    "second", [LI, Officer(name="李明", licence="00000000"), Officer(name="别名", licence=LI.licence)]
)
def test_two_officers_decide(second: Officer) -> None:
    assert refused(after(review(), confirm(), notice(3)), decide(9, second=second)) == "same_officer"


def test_a_decision_after_ninety_days_says_why() -> None:
    told = after(review(), confirm(), notice(3))
    assert told.take(decide(90)).state is State.DECIDED
    assert refused(told, decide(90.1)) == "too_late"
    assert told.take(decide(90.1, late_because="案情复杂，经负责人批准延长三十日")).state is State.DECIDED


def test_after_the_decision_the_evidence_is_frozen() -> None:
    done = after(review(), exhibit(1.5), confirm(), notice(3), decide(9), exhibit(10))
    assert [one.at for one in done.evidence] == [day(1.5)]
    assert [one.at for one in done.afterwards] == [day(10)]
    for step in (review(11), confirm(11), notice(11), statement(11), decide(11), recheck(11)):
        assert refused(done, step) == "not_now"
    assert refused(done.take(close(11)), exhibit(12)) == "not_now"


def test_steps_come_in_order_of_time() -> None:
    assert refused(after(review(2)), confirm(1.9)) == "out_of_order"
    told = after(review(), confirm(), path=Path.ORDER_FIRST)
    assert refused(told, order(3, 3)) == "time", "a deadline lies ahead"
    ordered = told.take(order(3, 4))
    assert refused(ordered, recheck(2.9, at=5)) == "time", "what was seen before the order says nothing of it"
    assert refused(ordered, recheck(5, at=4.5)) == "time", "nobody writes down what is still to be seen"
    served_later = Notice(at=day(3), by=LI, served_at=day(4), document="x")
    assert refused(after(review(), confirm()), served_later) == "time"


def test_another_reason_is_written_out() -> None:
    vague = Reject(at=day(2), by=WANG, reason=Rejection.OTHER, note="不行")
    assert refused(after(review()), vague) == "reason"


def test_a_party_that_is_believed_is_not_fined() -> None:
    heard = after(review(), confirm(), notice(3), statement(4))
    rejected = heard.take(Reject(at=day(5), by=WANG, reason=Rejection.CLONED_OR_STOLEN_PLATE, note="经核实系套牌"))
    assert rejected.state is State.REJECTED
    assert refused(rejected, decide(9)) == "not_now"


def steps_in_any_order() -> st.SearchStrategy[list[Step]]:
    officers = st.sampled_from((LI, WANG, ZHAO))
    checks = st.sampled_from((ALL, ALL - {Check.CLEAR}))

    def one(at: float) -> st.SearchStrategy[Step]:
        return st.one_of(
            st.builds(lambda by, c: review(at, by, c), officers, checks),
            st.builds(lambda by, c: confirm(at, by, checks=c), officers, checks),
            st.just(order(at, at + 0.5)),
            st.builds(lambda v: recheck(at, v), st.sampled_from(("corrected", "not_corrected", "cannot_tell"))),
            st.just(notice(at)),
            st.just(statement(at)),
            st.builds(lambda a, b: decide(at, a, b), officers, officers),
            st.just(exhibit(at)),
            st.just(close(at)),
            st.just(Reject(at=day(at), by=LI, reason=Rejection.NOT_A_VIOLATION, note="x")),
        )

    return st.integers(0, 30).flatmap(lambda n: st.tuples(*(one(1 + k) for k in range(n))).map(list))


@settings(max_examples=150)
@given(steps_in_any_order(), st.sampled_from(list(Path)))
def test_however_steps_come_a_decision_has_all_that_it_needs(steps: list[Step], path: Path) -> None:
    procedure = Procedure(facts(path))
    for step in steps:
        try:
            procedure = procedure.take(step)
        except ProcedureError:
            continue
    taken = [step.step for step in procedure.steps]
    assert Procedure.replayed(procedure.facts, procedure.steps) == procedure
    if "decide" in taken:
        before = taken[: taken.index("decide")]
        assert "confirm" in before and "notice" in before and taken.count("decide") == 1
        assert ("order" in before) is (path is Path.ORDER_FIRST)
        names = {step.by.licence for step in procedure.steps if isinstance(step, Review | Confirm)}
        assert len(names) >= 2
        assert set(taken[taken.index("decide") + 1 :]) <= {"exhibit", "close"}
    if path is Path.ORDER_FIRST and "notice" in taken:
        last = [step for step in procedure.steps[: taken.index("notice")] if isinstance(step, Rechecked)][-1]
        assert last.verdict == "not_corrected"


def test_every_state_step_and_reason_has_words_and_is_reached() -> None:
    assert set(STATES) == set(State) and set(CHECKS) == set(Check) and set(REJECTIONS) == set(Rejection)
    names = ("review", "confirm", "reject", "order", "notice", "statement", "decide", "close")
    reached = {leads_to(state, step, path) for state in State for step in names for path in Path}
    assert set(State) - reached == {State.LEAD, State.CORRECTED, State.NOT_CORRECTED}, "those by re-checks, or at first"
    assert path_of("no_parking") is Path.DIRECT and path_of("street_vendor") is Path.ORDER_FIRST


def test_steps_are_written_and_read_back_and_nothing_else_is() -> None:
    answered = confirm(answers={"plate_unknown": "人工辨认清楚"})
    rejected = Reject(at=T0, by=LI, reason=Rejection.OTHER, note="另案处理中")
    some = (review(), answered, order(), recheck(5), notice(3), statement(4), decide(9), exhibit(1), close(9), rejected)
    for step in some:
        assert read_step(step.model_dump(mode="json")) == step
    good = review().model_dump(mode="json")
    broken: tuple[Any, ...] = (
        {}, [], None, "review", good | {"step": "pay"}, good | {"more": 1}, good | {"at": "2026-11-02T00:00:00"},
        good | {"by": {"name": "", "licence": "33010001"}}, good | {"by": {"name": "李", "licence": "3 3"}},
        good | {"checks": ["handsome"]},
    )  # fmt: skip
    for bad in broken:
        with pytest.raises(ValidationError):
            read_step(bad)


def test_other_terms_count_where_the_step_names_the_provision_that_sets_them() -> None:
    basis = "某市行政处罚程序规定 第二十条"
    short = Notice(at=day(3), by=LI, served_at=day(3), document="告知书", statement_days=3, term_basis=basis)
    assert refused(after(review(), confirm(), short), decide(5.9)) == "too_early"
    assert after(review(), confirm(), short, decide(6)).state is State.DECIDED
    assert refused(after(review(), confirm(), notice(3)), decide(6)) == "too_early"
    assert refused(after(review(), confirm(), short), decide(31, decision_days=30, term_basis=basis)) == "too_late"
    assert after(review(), confirm(), short, decide(120, decision_days=180, term_basis=basis)).state is State.DECIDED
    for wrong in ({"statement_days": 3}, {"term_basis": basis}, {"statement_days": 1, "term_basis": basis}):
        with pytest.raises(ValidationError):
            Notice(at=day(3), by=LI, served_at=day(3), document="告知书", **wrong)
