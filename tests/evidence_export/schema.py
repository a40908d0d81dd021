"""docs/schema/case-1.schema.json, and seeing that every manifest which is built in a test is what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from jsonschema import Draft202012Validator

from tests.conftest import ROOT

SCHEMA = ROOT / "docs/schema/case-1.schema.json"


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def faults(case: object) -> list[str]:
    """Where and how it is not what the schema says."""
    return [f"{one.json_path}: {one.message[:300]}" for one in validator().iter_errors(case)]


def fits(case: object) -> bool:
    """Whether it is what the schema says: looks no further than the first fault."""
    return validator().is_valid(case)


def watched(build: Callable[..., Any]) -> Callable[..., Any]:
    """`manifest.build`, whose outcome is compared with the schema every time."""

    @wraps(build)
    def built(*arguments: Any, **named: Any) -> Any:
        case = build(*arguments, **named)
        if found := faults(case):
            raise AssertionError("; ".join(found))
        return case

    return built
