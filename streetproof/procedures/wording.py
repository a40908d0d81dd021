"""What is wrong with a step, in words for who typed it: nothing of how it was found out."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

_FORMS = {
    "licence": "a licence is 4 to 32 letters, digits and -",
    "evidence_sha256": "a SHA-256 is 64 digits from 0 to 9 and a to f",
    "sha256": "a SHA-256 is 64 digits from 0 to 9 and a to f",
}
_TYPED = {"by.name": "--officer", "by.licence": "--licence", "checks": "--check"}
"""How values are given that are not given as NAME=VALUE."""


def mistake(error: ValueError, step: str = "") -> str:
    """The first thing that is wrong; `step`: what is named where it is wrong as a whole."""
    if not isinstance(error, ValidationError):
        return str(error)
    first: Any = error.errors()[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    # In front of all names stands the kind of step, by which the fields were chosen.
    place = ".".join(str(part) for part in first["loc"][1:] if part != "[key]") or step
    place = _TYPED.get(place, re.sub(r"^answers\.", "answer.", re.sub(r"^checks\..*", "--check", place)))
    return _said(first["type"], place, first.get("ctx", {}))


def _said(kind: str, place: str, context: dict[str, Any]) -> str:
    match kind:
        case "missing":
            return f"{place} is missing"
        case "extra_forbidden":
            return f"{place}: this step has no such value"
        case "string_too_short":
            return f"{place}: nothing is written"
        case "string_too_long":
            return f"{place}: longer than {context['max_length']} characters"
        case "enum" | "literal_error":
            known = ", ".join(re.findall(r"'([^']*)'", context["expected"]))
            return f"{place}: one of {known} is expected"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"{place}: a whole number is expected"
        case "greater_than_equal":
            return f"{place}: {context['ge']} or more is expected"
        case "less_than_equal":
            return f"{place}: {context['le']} or less is expected"
    if kind.startswith(("datetime", "timezone")):
        return f"{place}: no time"
    form = _FORMS.get(place.rpartition(".")[2].removeprefix("--"))
    return f"{place}: {form or 'it is written in another form'}"
