"""How far a case has come, and which steps lead on from where."""

from __future__ import annotations

from enum import StrEnum

from evidence_export.words import Said


class State(StrEnum):
    """How far a case has come."""

    LEAD = "lead"
    UNDER_REVIEW = "under_review"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ORDERED = "ordered"
    CORRECTED = "corrected"
    NOT_CORRECTED = "not_corrected"
    NOTIFIED = "notified"
    HEARD = "heard"
    DECIDED = "decided"
    CLOSED = "closed"


STATES = {
    State.LEAD: Said("线索", "lead"),
    State.UNDER_REVIEW: Said("审核中", "under review"),
    State.CONFIRMED: Said("已确认", "confirmed"),
    State.REJECTED: Said("不予认定", "rejected"),
    State.ORDERED: Said("已责令改正", "ordered to correct"),
    State.CORRECTED: Said("已改正", "corrected"),
    State.NOT_CORRECTED: Said("逾期未改正", "not corrected in time"),
    State.NOTIFIED: Said("已告知", "notified"),
    State.HEARD: Said("已听取陈述申辩", "heard"),
    State.DECIDED: Said("已决定", "decided"),
    State.CLOSED: Said("已结案", "closed"),
}


class Path(StrEnum):
    """Which way a case goes."""

    ORDER_FIRST = "order_first"
    """Occupation and the like: fined only when an order was not obeyed."""
    DIRECT = "direct"
    """Parking: notice and decision follow the confirmation."""


def path_of(kind: str) -> Path:
    """Of a violation's kind, as the manifest names it."""
    return Path.DIRECT if kind == "no_parking" else Path.ORDER_FIRST


def leads_to(state: State, step: str, path: Path) -> State | None:
    """The state after a step, where nothing stands against it; None: it cannot follow on this state."""
    direct = path is Path.DIRECT
    table = {
        (State.LEAD, "review"): State.UNDER_REVIEW,
        (State.UNDER_REVIEW, "review"): State.UNDER_REVIEW,
        (State.UNDER_REVIEW, "confirm"): State.CONFIRMED,
        (State.LEAD, "reject"): State.REJECTED,
        (State.UNDER_REVIEW, "reject"): State.REJECTED,
        (State.CONFIRMED, "reject"): State.REJECTED,
        (State.CONFIRMED, "order"): None if direct else State.ORDERED,
        (State.CONFIRMED, "notice"): State.NOTIFIED if direct else None,
        (State.NOT_CORRECTED, "notice"): State.NOTIFIED,
        (State.NOTIFIED, "statement"): State.HEARD,
        (State.HEARD, "statement"): State.HEARD,
        (State.NOTIFIED, "decide"): State.DECIDED,
        (State.HEARD, "decide"): State.DECIDED,
        (State.NOTIFIED, "reject"): State.REJECTED,
        (State.HEARD, "reject"): State.REJECTED,
        (State.REJECTED, "close"): State.CLOSED,
        (State.CORRECTED, "close"): State.CLOSED,
        (State.DECIDED, "close"): State.CLOSED,
    }
    if step == "exhibit":
        return None if state is State.CLOSED else state
    if step == "recheck":
        # What it leads to depends on what was seen, and when: `Procedure` says.
        return state if state in (State.ORDERED, State.NOT_CORRECTED) else None
    return table.get((state, step))
