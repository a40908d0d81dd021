"""What the ledger tells of a case's procedure, judged by what anyone can judge without the office's own rules.

The full rules, with their reasons, are applied where a step is taken (`evidence_export.procedure`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from evidence_export.bag.canonical import JsonValue
from evidence_export.ledger.entry import Happening
from evidence_export.verifier.reading import at, hexdigest, text


def proceeding_faults(steps: Sequence[Happening], case_sha256: str) -> Iterator[str]:
    """What is wrong with the steps, in order of the ledger; they are entries of the kind `case.step`."""
    last: datetime | None = None
    reviewer: tuple[str, str] | None = None
    confirmed = notified = decided = False
    for one in steps:
        try:
            root: JsonValue = dict(one.data)
            if hexdigest(root, "manifest_sha256") != case_sha256:
                yield "a step is about another case.json"
            step = at(root, "step")
            name, when = text(step, "step"), datetime.fromisoformat(text(step, "at"))
            who = _officer(step, "by")
            if when.tzinfo is None:
                raise ValueError("a time without a zone")
            if last is not None and when < last:
                yield f"the step {name!r} is dated before the one that was taken before it"
            last = when
            if name == "review":
                reviewer = who
            if name == "reject":
                confirmed = False
            notified = notified or name == "notice"
            if name == "confirm":
                confirmed = True
                if reviewer is None or _same(who, reviewer):
                    yield "it was confirmed by the officer who had reviewed it, or without a review"
            if name == "decide":
                if not confirmed:
                    yield "it was decided, and nobody had confirmed it"
                if not notified:
                    yield "it was decided, and the party had not been given notice"
                if _same(who, _officer(step, "second")):
                    yield "it was decided by one officer alone"
                if decided:
                    yield "it was decided twice"
                decided = True
            if name == "exhibit":
                hexdigest(step, "sha256")
        except ValueError as error:
            yield f"a step cannot be read: {error}"


def exhibits_told(steps: Sequence[Happening]) -> list[tuple[str, bool]]:
    """SHA-256 of each exhibit that the steps tell of, and whether it came after the decision. Raises ValueError."""
    found, decided = [], False
    for one in steps:
        step = at(dict(one.data), "step")
        name = text(step, "step")
        decided = decided or name == "decide"
        if name == "exhibit":
            found.append((hexdigest(step, "sha256"), decided))
    return found


def _officer(step: JsonValue, key: str) -> tuple[str, str]:
    return text(step, key, "name"), text(step, key, "licence")


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Two officers have two names and two licences."""
    return one[0] == other[0] or one[1] == other[1]
