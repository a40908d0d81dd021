"""Checks what a `case.json` says of those that came to stand with what broke the rule, and of the time for which it was
held back for that. Hostile input: nothing is taken for true."""

from __future__ import annotations

from collections.abc import Iterator

from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import at, flag, integer, items, moment, optional, text, texts

_BLOCK = "may_be_standing_traffic"
_LEFT, _PASSED, _ENDED = "company_left", "hold_passed", "ended"


def company_faults(root: JsonValue) -> Iterator[str]:
    """What contradicts itself. Raises ValueError where a part is malformed."""
    company = optional(root, "violation", "company")
    held = _held(root)
    yield from _held_faults(held)
    blocked = _BLOCK in texts(root, "case", "approval_blocked_by")
    if company is None:
        if blocked:
            yield f"case.approval_blocked_by: {_BLOCK} does not follow from violation.company"
        return
    where, why = "violation.company", text(company, "why")
    if why not in (_LEFT, _PASSED):
        raise ValueError(f"{where}: a reason that cannot be")
    if blocked is not (why == _PASSED):
        yield f"case.approval_blocked_by: it does not follow from {where}"
    others, standing = items(company, "others"), integer(company, "standing")
    if not others or len(others) != integer(company, "came") or standing != sum(flag(one, "stands") for one in others):
        yield f"{where}: its numbers are not those of its vehicles"
    if why == _LEFT and 2 * standing > len(others):
        yield f"{where}: most of them are said to have left, and stand there"
    since, fired = moment(text(company, "since")), moment(text(root, "violation", "fired_at"))
    for one in others:
        after, by = (moment(text(one, "arrived", name)) for name in ("after", "by"))
        if not after < by <= since:
            yield f"{where}: one came when it cannot have come with it"
    passed = optional(root, "violation", "reckoning")
    if not since < fired or (passed is not None and moment(text(passed, "passed")) > since):
        yield f"{where}: its times do not fit each other"
    if integer(company, "within_ns") <= 0:
        raise ValueError(f"{where}: no time")
    told = (text(company, "since"), text(root, "violation", "fired_at"), why, len(others), standing)
    own = [one for one in held if text(one, "rule") == text(root, "violation", "rule")]
    if optional(root, "violation", "stay", "trace") is not None and [_told(one) for one in own] != [told]:
        yield f"{where}: it is not what the trace says"


def _held(root: JsonValue) -> list[JsonValue]:
    trace = optional(root, "violation", "stay", "trace")
    return [] if trace is None or optional(trace, "held") is None else items(trace, "held")


def _told(one: JsonValue) -> tuple[str, JsonValue, JsonValue, int, int]:
    return text(one, "since"), at(one, "until"), at(one, "why"), integer(one, "others"), integer(one, "standing")


def _held_faults(held: list[JsonValue]) -> Iterator[str]:
    where = "violation.stay.trace.held"
    for one in held:
        since, until, why, others, standing = _told(one)
        text(one, "rule")
        if (until is None) is not (why is None) or why not in (None, _LEFT, _PASSED, _ENDED):
            raise ValueError(f"{where}: a reason that cannot be")
        if (until is not None and moment(text(one, "until")) < moment(since)) or not 0 <= standing <= others:
            yield f"{where}: it does not fit together"
