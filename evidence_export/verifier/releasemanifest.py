"""Reads a `release.json` far enough to verify the release around it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from evidence_export.bag import canonical, forms, layout, releases
from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.manifest import SealedManifest, read_sealed
from evidence_export.verifier.reading import at, flag, hexdigest, integer, items, optional, text


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Material beside the case; `path` None: it is named and not carried."""

    path: str | None
    sha256: str
    after_decision: bool


@dataclass(frozen=True, slots=True)
class NamedRecheck:
    """A re-check of the case; `folder` None: it is named and not carried. `withheld`: path within it -> SHA-256."""

    folder: str | None
    sha256: str
    key_fingerprint: str | None
    withheld: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseManifest(SealedManifest):
    """What a `release.json` says beside."""

    release_id: str
    derived_id: str
    profile: str
    case_id: str
    case_sha256: str
    """SHA-256 of its `case.json`."""
    case_key: str
    """Fingerprint of the key that sealed the case."""
    withheld: dict[str, str]
    """Path within the case -> SHA-256."""
    recordings: tuple[tuple[str | None, str], ...]
    """Path, where it is carried, and SHA-256."""
    exhibits: tuple[Exhibit, ...]
    rechecks: tuple[NamedRecheck, ...]
    """None of a release before revision 1, whatever its ledger tells."""
    ledger: JsonValue
    """None: the release carries nothing of a ledger."""

    @property
    def stamped(self) -> bool:
        """It says that it carries a time stamp."""
        return self.ledger is not None and optional(self.ledger, "time_stamp") is not None


def read_release(data: bytes) -> ReleaseManifest:
    """Parse and check. Raises ValueError that says what is wrong and where."""
    root = canonical.loads(data)
    common = read_sealed(root, forms.RELEASE, releases.FORMAT, releases.FORMAT_VERSION)
    profile = text(root, "release", "profile")
    if profile not in set(releases.Profile):
        raise ValueError(f"release.profile is none of {', '.join(releases.Profile)}")
    case_id, case_sha256 = text(root, "case", "id"), hexdigest(root, "case", "manifest_sha256")
    if not layout.is_case_id(case_id):
        raise ValueError("case.id has no valid form")
    for name in ("name", "licence"):
        text(root, "release", "by", name)
    derived = releases.release_id(
        case_id,
        manifest_sha256=case_sha256,
        profile=profile,
        recipient=text(root, "release", "recipient"),
        purpose=text(root, "release", "purpose"),
        made_at=common.sealed_at,
    )
    ledger = optional(root, "ledger")
    if ledger is not None:
        text(ledger, "origin"), integer(ledger, "size"), integer(ledger, "entries")
    return ReleaseManifest(
        **{field.name: getattr(common, field.name) for field in fields(common)},
        release_id=text(root, "release", "id"),
        derived_id=derived,
        profile=profile,
        case_id=case_id,
        case_sha256=case_sha256,
        case_key=hexdigest(root, "case", "key_fingerprint"),
        withheld=_withheld(root),
        recordings=tuple((_path(item), hexdigest(item, "sha256")) for item in items(root, "recordings")),
        exhibits=tuple(
            Exhibit(_path(item), hexdigest(item, "sha256"), flag(item, "after_decision"))
            for item in items(root, "exhibits")
        ),
        rechecks=_rechecks(root) if common.revision >= releases.RECHECKS_REVISION else (),
        ledger=ledger,
    )


def _withheld(value: JsonValue) -> dict[str, str]:
    withheld: dict[str, str] = {}
    for item in items(value, "withheld"):
        path = text(item, "path")
        if path in withheld:
            raise ValueError(f"withheld: {path!r} stands twice")
        text(item, "why")
        withheld[path] = hexdigest(item, "sha256")
    return withheld


def _rechecks(root: JsonValue) -> tuple[NamedRecheck, ...]:
    found: list[NamedRecheck] = []
    for item in items(root, "rechecks"):
        folder, key = at(item, "folder"), at(item, "key_fingerprint")
        if folder is not None and not (isinstance(folder, str) and releases.is_recheck_folder(folder)):
            raise ValueError(f"rechecks: {folder!r} is no folder for one")
        named = None if key is None else hexdigest(item, "key_fingerprint")
        one = NamedRecheck(folder, hexdigest(item, "sha256"), named, _withheld(item))
        if any(one.sha256 == other.sha256 or (folder and folder == other.folder) for other in found):
            raise ValueError(f"rechecks: {one.folder or one.sha256!r} stands twice")
        found.append(one)
    return tuple(found)


def _path(item: JsonValue) -> str | None:
    found = at(item, "path")
    if found is not None and not isinstance(found, str):
        raise ValueError("a path is text, or null for what is not carried")
    return found
