"""Reads a `recheck.json` far enough to verify the re-check around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from evidence_export.bag import canonical, forms, layout, rechecks
from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.manifest import SealedManifest, read_sealed, start_of
from evidence_export.verifier.reading import hexdigest, integer, items, moment, optional, text


@dataclass(frozen=True, slots=True)
class ShownLook:
    """A look that the outcome stands on. `still`, `overlay`: path and SHA-256."""

    at_ns: int
    state: str
    recording: int
    still: tuple[str, str]
    overlay: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckManifest(SealedManifest):
    """What a `recheck.json` says beside."""

    case: tuple[str, str] | None
    """Id and SHA-256 of the `case.json` of the case whose place was looked at; None: of a stay in a file of events."""
    stay: str
    camera: str
    rule: str
    verdict: str
    reason: str | None
    looks: Mapping[str, int]
    free_ns: int
    due: str
    window: tuple[int, int]
    """What was asked for: from and until, ns UTC."""
    recordings: tuple[str, ...]
    """SHA-256 of each."""
    starts: tuple[str | None, ...]
    """When each begins, as it says; None: it does not."""
    shown: tuple[ShownLook, ...]


def read_recheck(data: bytes) -> RecheckManifest:
    """Parse and check. Raises ValueError that says what is wrong and where."""
    root = canonical.loads(data)
    common = read_sealed(root, forms.RECHECK, rechecks.FORMAT, rechecks.FORMAT_VERSION)
    due = text(root, "asked", "due")
    reason = optional(root, "outcome", "reason")
    if reason is not None and not isinstance(reason, str):
        raise ValueError("outcome.reason is no text")
    return RecheckManifest(
        **{field.name: getattr(common, field.name) for field in fields(common)},
        case=_case(root),
        stay=text(root, "original", "stay"),
        camera=text(root, "camera", "id"),
        rule=text(root, "original", "rule"),
        verdict=text(root, "outcome", "verdict"),
        reason=reason,
        looks=_looks(root),
        free_ns=integer(root, "outcome", "free_ns"),
        due=due,
        window=(moment(due), moment(text(root, "asked", "until"))),
        recordings=tuple(hexdigest(item, "sha256") for item in items(root, "recordings")),
        starts=tuple(start_of(item) for item in items(root, "recordings")),
        shown=tuple(_shown(item) for item in items(root, "shown")),
    )


def _case(root: JsonValue) -> tuple[str, str] | None:
    named = [optional(root, "original", key) for key in ("case", "case_sha256")]
    if named == [None, None]:
        return None
    case_id = text(root, "original", "case")
    if not layout.is_case_id(case_id):
        raise ValueError("original.case has no valid form")
    return case_id, hexdigest(root, "original", "case_sha256")


def _looks(root: JsonValue) -> dict[str, int]:
    looks = optional(root, "outcome", "looks")
    if not isinstance(looks, Mapping):
        raise ValueError("outcome.looks is missing")
    return {state: integer(looks, state) for state in looks}


def _shown(item: JsonValue) -> ShownLook:
    def picture(name: str) -> tuple[str, str]:
        return text(item, name, "path"), hexdigest(item, name, "sha256")

    integer(item, "pts")
    return ShownLook(
        moment(text(item, "at")),
        text(item, "state"),
        integer(item, "recording"),
        picture("still"),
        picture("overlay"),
    )
