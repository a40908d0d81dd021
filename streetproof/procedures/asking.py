"""A step as an officer types it: `NAME=VALUE` for what it needs besides who and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from evidence_export.procedure.steps import Check, Step, read_step
from streetproof.errors import StreetproofError
from streetproof.procedures.wording import mistake
from streetproof.settings.procedure import ProcedureTerms

STEPS: dict[str, type[BaseModel]] = {one.model_fields["step"].default: one for one in get_args(Step)}
_GIVEN = {"step", "at", "by", "checks", "answers"}
_TIMES = {"deadline", "seen_at", "served_at", "taken_at"}


class StepError(StreetproofError):
    """What was typed is no step."""


def wanted(step: str) -> list[str]:
    """What a step needs as NAME=VALUE; what may be left out ends in `?`."""
    found = []
    for name, field in STEPS[step].model_fields.items():
        if name not in _GIVEN:
            parts = ["second.name", "second.licence"] if name == "second" else [name]
            found += [part if field.is_required() else f"{part}?" for part in parts]
    return found


def asked(
    step: str, officer: tuple[str, str], at: datetime, zone: str, checks: Sequence[Check], values: Sequence[str]
) -> Step:
    """The step that was typed. Times without an offset are those of the site's zone. Raises StepError."""
    given: dict[str, Any] = {"step": step, "at": at, "by": {"name": officer[0], "licence": officer[1]}}
    fields = STEPS[step].model_fields
    if "checks" in fields:
        given["checks"] = [str(check) for check in checks]
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise StepError(f"{value!r} is not NAME=VALUE", remedy=_needs(step))
        _set(given, fields, name.strip(), _time(text, zone) if name.strip() in _TIMES else text)
    try:
        return read_step(given)
    except ValueError as error:
        raise StepError(mistake(error, step), remedy=_needs(step)) from error


def with_terms(step: str, terms: ProcedureTerms | None, values: Sequence[str]) -> list[str]:
    """What the office's own terms add to a notice or a decision, as NAME=VALUE; nothing where a term was typed."""
    names = {"notice": "statement_days", "decide": "decision_days"}
    if terms is None or step not in names or any(value.startswith(names[step]) for value in values):
        return []
    return [f"{names[step]}={getattr(terms, names[step])}", f"term_basis={terms.basis}"]


def _set(given: dict[str, Any], fields: dict[str, Any], name: str, text: object) -> None:
    if name.startswith("answer."):
        given.setdefault("answers", {})[name.removeprefix("answer.")] = text
    elif name in ("second.name", "second.licence"):
        given.setdefault("second", {})[name.removeprefix("second.")] = text
    elif name == "waived":
        given[name] = str(text).lower() in ("yes", "true", "1", "是")
    else:
        given[name] = text


def _time(text: str, zone: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise StepError(f"{text!r} is no time", remedy="Write it as 2026-11-03T18:00, at the site") from error
    return when if when.tzinfo is not None else when.replace(tzinfo=ZoneInfo(zone))


def _needs(step: str) -> str:
    names = " ".join(wanted(step))
    return f"`{step}` takes {names or 'nothing'} as --set NAME=VALUE; those with ? may be left out"
