"""Whether the time of a case is up. Pure: it decides and does nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from evidence_export.procedure.states import State
from evidence_export.procedure.steps import Step
from evidence_export.words import Said
from streams.instant import from_datetime, to_datetime
from streetproof.settings.periods import Period


class RetentionClass(StrEnum):
    """What became of a case. Part of tombstones and of the ledger: names are stable."""

    LEAD = "lead"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    DECIDED = "decided"


class Keeps(StrEnum):
    """Why a case stays."""

    OPEN = "in_procedure"
    HELD = "held"
    RECHECK = "recheck_waiting"
    DOUBT = "in_doubt"
    FOR_EVER = "no_period"
    NOT_DUE = "not_due"


CLASSES = {
    RetentionClass.LEAD: Said("未处理的线索", "a lead that nobody took up"),
    RetentionClass.REJECTED: Said("不予认定", "rejected"),
    RetentionClass.CORRECTED: Said("已改正结案", "closed after correction"),
    RetentionClass.DECIDED: Said("已决定并结案", "closed after a decision"),
}
KEEPS = {
    Keeps.OPEN: Said("在办案件，不删除", "in procedure: never deleted"),
    Keeps.HELD: Said("证据保全中，不删除", "on legal hold"),
    Keeps.RECHECK: Said("待复查", "it is to be looked at again"),
    Keeps.DOUBT: Said("记录存疑，须人工核查", "something about it does not fit: a person has to look"),
    Keeps.FOR_EVER: Said("未设期限，长期保存", "no period is set: kept for ever"),
    Keeps.NOT_DUE: Said("未到期", "not due yet"),
}


_NOTHING = Said("", "")


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a case."""

    case_id: str
    begun_ns: int
    """When it was sealed or came here, the later of what bundle and ledger say."""
    state: State
    steps: Sequence[Step]
    zone: ZoneInfo
    holds: int = 0
    rechecks_waiting: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """`keeps` None: it goes. `due`: the last day that it is kept, at the site, where there is one."""

    case_id: str
    cls: RetentionClass | None
    keeps: Keeps | None
    due: date | None = None
    why: Said = _NOTHING

    @property
    def goes(self) -> bool:
        return self.keeps is None


def judge(history: History, periods: Mapping[RetentionClass, Period | None], now_ns: int) -> Judgement:
    """Judge one case at `now_ns`. What is in procedure, on hold, or to be looked at again stays, whatever its age."""
    cls = class_of(history.state, history.steps)
    if cls is None:
        return _kept(history, None, Keeps.OPEN)
    if history.holds:
        return _kept(history, cls, Keeps.HELD)
    if history.rechecks_waiting:
        return _kept(history, cls, Keeps.RECHECK)
    period = periods[cls]
    if period is None:
        return _kept(history, cls, Keeps.FOR_EVER)
    began_ns = max([history.begun_ns, *(from_datetime(step.at) for step in history.steps)])
    begins, today = (to_datetime(ns).astimezone(history.zone).date() for ns in (began_ns, now_ns))
    due = period.last_day(begins)
    if today <= due:
        return _kept(history, cls, Keeps.NOT_DUE, due)
    said = CLASSES[cls]
    why = Said(
        f"{said.zh}，自 {begins} 起保存 {period}，至 {due} 期满",
        f"{said.en}: kept for {period} from {begins}, until {due}",
    )
    return Judgement(history.case_id, cls, None, due, why)


def class_of(state: State, steps: Sequence[Step]) -> RetentionClass | None:
    """The class of a case by how far it came; None: it is in procedure.

    A decision that nobody has closed yet is still being carried out. A lead with any step is somebody's work.
    """
    taken = {step.step for step in steps}
    if state is State.LEAD:
        return None if taken else RetentionClass.LEAD
    if state is State.REJECTED:
        return RetentionClass.REJECTED
    if state is not State.CLOSED:
        return None
    if "decide" in taken:
        return RetentionClass.DECIDED
    return RetentionClass.REJECTED if "reject" in taken else RetentionClass.CORRECTED


def in_doubt(case_id: str, why: Said) -> Judgement:
    """A case of which something does not fit: it stays until a person has looked."""
    return Judgement(case_id, None, Keeps.DOUBT, why=why)


def _kept(history: History, cls: RetentionClass | None, keeps: Keeps, due: date | None = None) -> Judgement:
    return Judgement(history.case_id, cls, keeps, due, KEEPS[keeps])
