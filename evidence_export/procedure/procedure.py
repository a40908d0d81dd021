"""A case on its way: which steps were taken, which may be, and why one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evidence_export.blockers import blocker_said
from evidence_export.errors import EvidenceError
from evidence_export.procedure.states import STATES, Path, State, leads_to
from evidence_export.procedure.steps import (
    CHECKS,
    Check,
    Confirm,
    Decide,
    Exhibit,
    Notice,
    Order,
    Rechecked,
    Reject,
    Rejection,
    Review,
    Step,
)
from evidence_export.words import Said

ANSWERABLE = frozenset(
    {"may_be_standing_traffic", "plate_unknown", "panoramas_too_close", "sign_not_shown", "obstruction_not_shown"}
)
"""What a reviewer may answer for in words. All else that blocks has to be put right, or the case is rejected."""
_ALWAYS = "not_reviewed"
"""Stands in every bundle: this procedure is what takes it away."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Times that the law, or the office, sets. Days, as the calendar counts them from the moment itself."""

    statement: timedelta = timedelta(days=5)
    """From the notice: before it has passed nothing is decided unless the party has spoken or waived. 行政处罚法 (2021)
    第六十四条 gives five days to ask for a hearing; where no hearing is due an office may set another."""
    decision: timedelta = timedelta(days=90)
    """From the beginning of the case: 第六十条; a later decision needs the reason for it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sealed case says, as far as the procedure depends on it."""

    case_id: str
    path: Path
    seen_at: datetime
    """When the violation was seen last."""
    blockers: frozenset[str]
    """`case.approval_blocked_by` of the manifest."""


class ProcedureError(EvidenceError):
    """A step that may not be taken. `code` is stable; `said` is for officers."""

    def __init__(self, code: str, said: Said, case_id: str) -> None:
        super().__init__(said.en, where=case_id)
        self.code, self.said = code, said


@dataclass(frozen=True, slots=True)
class Procedure:
    """The steps of one case so far. Never changed: `take` gives the next one."""

    facts: Facts
    terms: Terms = Terms()
    steps: tuple[Step, ...] = ()
    state: State = State.LEAD

    @classmethod
    def replayed(cls, facts: Facts, steps: Sequence[Step], terms: Terms | None = None) -> Procedure:
        """The procedure after these steps. Raises ProcedureError for steps that cannot have been taken."""
        procedure = cls(facts, terms or Terms())
        for step in steps:
            procedure = procedure.take(step)
        return procedure

    @property
    def decided(self) -> bool:
        """Whether the evidence is frozen: a decision was made, and what comes later is no part of its evidence."""
        return any(isinstance(step, Decide) for step in self.steps)

    @property
    def evidence(self) -> tuple[Exhibit, ...]:
        """What was added before the decision."""
        return tuple(step for step in self._until_decision() if isinstance(step, Exhibit))

    @property
    def afterwards(self) -> tuple[Exhibit, ...]:
        """What was added after the decision: kept apart from its evidence."""
        taken = self._until_decision()
        return tuple(step for step in self.steps[len(taken) :] if isinstance(step, Exhibit))

    def take(self, step: Step) -> Procedure:
        """The procedure after a step. Raises ProcedureError, with the reason, where it may not be taken."""
        after = leads_to(self.state, step.step, self.facts.path)
        if after is None:
            state = STATES[self.state]
            raise self._refused(
                "not_now",
                Said(f"案件状态为“{state.zh}”，不能进行此步骤", f"the case is {state.en}: this step cannot follow"),
            )
        if self.steps and step.at < self.steps[-1].at:
            raise self._refused(
                "out_of_order",
                Said("时间早于上一步骤", "it is dated before the step that was taken last"),
            )
        match step:
            case Review():
                pass
            case Confirm():
                self._may_be_confirmed(step)
            case Reject():
                self._may_be_rejected(step)
            case Order():
                self._must_be_later(step.deadline, step.at, "整改期限", "the deadline")
            case Rechecked():
                after = self._after_recheck(step)
            case Notice():
                self._must_be_later(step.at, step.served_at, "登记时间", "what is written down", equal=True)
            case Decide():
                self._may_be_decided(step)
            case _:
                pass
        return replace(self, steps=(*self.steps, step), state=after)

    # -- guards -----------------------------------------------------------------------------------------------------

    def _may_be_confirmed(self, step: Confirm) -> None:
        review = next(one for one in reversed(self.steps) if isinstance(one, Review))
        if step.by.licence == review.by.licence or step.by.name == review.by.name:
            raise self._refused(
                "same_officer",
                Said("审核与确认须由两名不同的执法人员作出", "review and confirmation need two different officers"),
            )
        for checks in (review.checks, step.checks):
            missing = [check for check in Check if check not in checks]
            if missing:
                raise self._refused(
                    "checklist",
                    Said(
                        "审核清单未全部通过：" + "、".join(CHECKS[check].zh for check in missing),
                        "the checklist is not complete: " + ", ".join(CHECKS[check].en for check in missing),
                    ),
                )
        stands = sorted(self.facts.blockers - {_ALWAYS})
        # All of them at once: whoever puts right one after the other asks as often.
        if blocked := [one for one in stands if one not in ANSWERABLE]:
            said = _listed(blocked)
            raise self._refused(
                "blocked",
                Said(
                    f"存在不能以说明代替的问题：{said.zh}",
                    f"this stands against it, and words do not change that: {said.en}",
                ),
            )
        if unanswered := [one for one in stands if one not in step.answers]:
            said = _listed(unanswered)
            raise self._refused(
                "unanswered",
                Said(f"须说明为何不影响认定：{said.zh}", f"say why this does not stand against it: {said.en}"),
            )

    def _may_be_rejected(self, step: Reject) -> None:
        if step.reason is Rejection.OTHER and len(step.note) < 8:
            raise self._refused(
                "reason", Said("“其他”须写明具体理由", "`other` needs a reason that somebody else can understand")
            )

    def _after_recheck(self, step: Rechecked) -> State:
        order = next(one for one in reversed(self.steps) if isinstance(one, Order))
        self._must_be_later(step.at, step.seen_at, "登记时间", "what is written down", equal=True)
        self._must_be_later(step.seen_at, order.at, "复查时间", "the re-check")
        if step.verdict == "corrected":
            return State.CORRECTED
        if step.verdict == "not_corrected" and step.seen_at >= order.deadline:
            return State.NOT_CORRECTED
        return self.state  # before the deadline nothing is disobeyed, and what nobody can tell proves nothing

    def _may_be_decided(self, step: Decide) -> None:
        if step.by.licence == step.second.licence or step.by.name == step.second.name:
            raise self._refused(
                "same_officer", Said("决定须由两名不同的执法人员作出", "a decision needs two different officers")
            )
        notice = next(one for one in reversed(self.steps) if isinstance(one, Notice))
        statement = _days(notice.statement_days, self.terms.statement)
        decision = _days(step.decision_days, self.terms.decision)
        if self.state is State.NOTIFIED and step.at < notice.served_at + statement:
            raise self._refused(
                "too_early",
                Said(
                    f"告知后 {statement.days} 日内，当事人尚可陈述申辩",
                    f"the party may speak for {statement.days} days after the notice",
                ),
            )
        if step.at > self.facts.seen_at + decision and step.late_because is None:
            raise self._refused(
                "too_late",
                Said(
                    f"已超过 {decision.days} 日办案期限，须写明延期理由和批准情况",
                    f"more than {decision.days} days have passed: say why, and who allowed it",
                ),
            )

    def _must_be_later(self, one: datetime, other: datetime, zh: str, en: str, *, equal: bool = False) -> None:
        if one > other or (equal and one == other):
            return
        raise self._refused("time", Said(f"{zh}须晚于相应事项", f"{en} must be later than what it is about"))

    def _refused(self, code: str, said: Said) -> ProcedureError:
        return ProcedureError(code, said, self.facts.case_id)

    def _until_decision(self) -> tuple[Step, ...]:
        for number, step in enumerate(self.steps):
            if isinstance(step, Decide):
                return self.steps[: number + 1]
        return self.steps


def _listed(blockers: Sequence[str]) -> Said:
    found = [(blocker_said(one), one) for one in blockers]
    return Said(
        "、".join(f"{said.zh}（{one}）" for said, one in found), ", ".join(f"{said.en} ({one})" for said, one in found)
    )


def _days(told: int | None, default: timedelta) -> timedelta:
    """A term that a step tells, so that the same steps are judged the same way for ever; else the default."""
    return default if told is None else timedelta(days=told)
