"""The steps of a procedure, as what is written down of each. Nothing here decides whether a step may be taken."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, field_serializer, model_validator

from evidence_export.words import Said

_STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Officer(BaseModel):
    """A named officer with a licence (执法证)."""

    model_config = _STRICT

    name: Annotated[str, Field(min_length=1, max_length=100)]
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{4,32}$")]


class Check(StrEnum):
    """What a reviewer has to find, each by itself (design duty 7)."""

    GENUINE = "genuine"
    CLEAR = "clear"
    COMPLETE = "complete"
    ACCURATE = "accurate"


CHECKS = {
    Check.GENUINE: Said("真实", "genuine"),
    Check.CLEAR: Said("清晰", "clear"),
    Check.COMPLETE: Said("完整", "complete"),
    Check.ACCURATE: Said("准确", "accurate"),
}


class Rejection(StrEnum):
    """Why a case is not upheld. The first five are exemptions."""

    EMERGENCY_DUTY = "emergency_duty"
    CLONED_OR_STOLEN_PLATE = "cloned_or_stolen_plate"
    CONFLICTING_SIGNS = "conflicting_signs"
    ALREADY_HANDLED = "already_handled"
    DRIVER_PRESENT = "driver_present"
    TRAFFIC_QUEUE = "traffic_queue"
    NOT_A_VIOLATION = "not_a_violation"
    EVIDENCE_INSUFFICIENT = "evidence_insufficient"
    OTHER = "other"


REJECTIONS = {
    Rejection.EMERGENCY_DUTY: Said("执行紧急任务", "on emergency duty"),
    Rejection.CLONED_OR_STOLEN_PLATE: Said("套牌或被盗抢", "cloned plate, or stolen vehicle"),
    Rejection.CONFLICTING_SIGNS: Said("标志标线冲突", "signs and markings conflict"),
    Rejection.ALREADY_HANDLED: Said("已被处理", "handled already"),
    Rejection.DRIVER_PRESENT: Said("驾驶人在场", "the driver was present"),
    Rejection.TRAFFIC_QUEUE: Said("排队等候的车流", "traffic that queued"),
    Rejection.NOT_A_VIOLATION: Said("不构成违法", "no violation"),
    Rejection.EVIDENCE_INSUFFICIENT: Said("证据不足", "the evidence does not suffice"),
    Rejection.OTHER: Said("其他", "another reason"),
}


class _Step(BaseModel):
    model_config = _STRICT

    at: AwareDatetime
    by: Officer


_S = TypeVar("_S", bound=_Step)


class _Checked(_Step):
    checks: frozenset[Check]

    @field_serializer("checks", when_used="json")
    def _in_order(self, checks: frozenset[Check]) -> list[str]:
        """The same checks are written the same way each time: they are hashed."""
        return sorted(checks)


def _with_basis(step: _S, days: int | None, basis: str | None) -> _S:
    if (days is None) != (basis is None):
        raise ValueError("another term than the default needs `term_basis`, the provision that sets it, and only then")
    return step


class Review(_Checked):
    """审核: an officer looks at the evidence; what is not checked was not found so."""

    step: Literal["review"] = "review"
    note: Text | None = None


class Confirm(_Checked):
    """确认: another officer upholds it, and says of each open question why it does not stand against that."""

    step: Literal["confirm"] = "confirm"
    answers: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")], Text] = {}


class Reject(_Step):
    """不予认定, with a reason in words."""

    step: Literal["reject"] = "reject"
    reason: Rejection
    note: Text


class Order(_Step):
    """责令改正, with a time by which it has to be obeyed."""

    step: Literal["order"] = "order"
    deadline: AwareDatetime
    document: Text


class Rechecked(_Step):
    """复查: what was seen, with the hash of the statement that `streetproof recheck` signed."""

    step: Literal["recheck"] = "recheck"
    verdict: Literal["corrected", "not_corrected", "cannot_tell"]
    seen_at: AwareDatetime
    evidence_sha256: Hash


class Notice(_Step):
    """告知: facts, reasons, basis and rights, served to the party.

    `statement_days`: how long the party may speak, where that is not the five days of the default; the notice tells
    them, and `term_basis` why.
    """

    step: Literal["notice"] = "notice"
    served_at: AwareDatetime
    document: Text
    statement_days: Annotated[int, Field(ge=3, le=60)] | None = None
    term_basis: Text | None = None

    @model_validator(mode="after")
    def _has_basis(self) -> Self:
        return _with_basis(self, self.statement_days, self.term_basis)


class Statement(_Step):
    """陈述申辩: what the party said, or that they waive it; and what became of it."""

    step: Literal["statement"] = "statement"
    waived: bool = False
    said: Text
    considered: Text | None = None


class Decide(_Step):
    """处罚决定. `decision_days`: within how many days it was due, where that is not the ninety of the default."""

    step: Literal["decide"] = "decide"
    second: Officer
    document: Text
    late_because: Text | None = None
    decision_days: Annotated[int, Field(ge=7, le=730)] | None = None
    term_basis: Text | None = None

    @model_validator(mode="after")
    def _has_basis(self) -> Self:
        return _with_basis(self, self.decision_days, self.term_basis)


class Exhibit(_Step):
    """Material that is added: a photograph of an officer, something from another department (相互印证).

    `by` and `at` are who added it, and when. Whoever took it, and when that was, may be somebody and some time else.
    """

    step: Literal["exhibit"] = "exhibit"
    origin: Text
    relation: Text
    sha256: Hash
    file: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^/\x00-\x1f\x7f]+$")] | None = None
    """The name that the file had."""
    taken_by: Text | None = None
    taken_at: AwareDatetime | None = None


class Close(_Step):
    """结案."""

    step: Literal["close"] = "close"
    why: Text


Step = Review | Confirm | Reject | Order | Rechecked | Notice | Statement | Decide | Exhibit | Close
_STEP: TypeAdapter[Step] = TypeAdapter(Annotated[Step, Field(discriminator="step")])


def read_step(value: object) -> Step:
    """The step that `model_dump(mode="json")` wrote. Hostile input: raises ValueError for anything else."""
    return _STEP.validate_python(value)
