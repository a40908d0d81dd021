"""Reads a signed manifest far enough to verify the bundle around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from evidence_export.bag import canonical, forms, layout
from evidence_export.bag.canonical import JsonValue
from evidence_export.bag.forms import Form
from evidence_export.verifier.reading import at, flag, hexdigest, items, moment, optional, text


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file as `case.json` lists it; `parent` is a path, or `recording:` and a SHA-256, or None for an original."""

    path: str
    size: int
    sha256: str
    sm3: str
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedManifest:
    """The parts of a signed manifest that other parts of the bundle must agree with."""

    form: Form
    algorithm: str
    key_fingerprint: str
    second: tuple[str, str] | None
    """Algorithm and fingerprint of the key of the second signature; None where there is none."""
    site: str
    sealed_at: str
    files: Mapping[str, ListedFile]
    revision: int
    root: JsonValue
    """The whole manifest."""

    @property
    def signatures(self) -> tuple[str, ...]:
        """The files that sign it."""
        return (self.form.signature,) if self.second is None else (self.form.signature, self.form.second_signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseManifest(SealedManifest):
    """What a `case.json` says beside."""

    case_id: str
    derived_case_id: str
    policy_sha256: str
    recordings: Mapping[str, str]
    """The SM3 of each by its SHA-256."""
    starts: Mapping[str, str | None]
    """When each begins, as the case says, by its SHA-256; None: it does not say."""


def read_manifest(data: bytes) -> CaseManifest:
    """Parse and check. Raises ValueError that says what is wrong and where."""
    root = canonical.loads(data)
    common = read_sealed(root, forms.CASE, layout.FORMAT, layout.FORMAT_VERSION)
    if common.revision < layout.KEYS_REVISION and (common.algorithm != layout.SIGNATURE_ALGORITHM or common.second):
        raise ValueError(f"its seal is none of revision {common.revision}: seal.algorithm or seal.second")
    recordings = {hexdigest(item, "sha256"): hexdigest(item, "sm3") for item in items(root, "recordings")}
    decisive = [hexdigest(item, "sha256") for item in items(root, "recordings") if flag(item, "decisive")]
    policy = hexdigest(root, "policy", "sha256")
    derived = layout.case_id(
        local_date=text(root, "case", "local_date"),
        site=common.site,
        camera=text(root, "camera", "id"),
        rule=text(root, "violation", "rule"),
        zone=text(root, "violation", "zone"),
        policy_sha256=policy,
        recordings_sha256=decisive,
        stay=text(root, "violation", "stay", "id"),
    )
    return CaseManifest(
        **{field.name: getattr(common, field.name) for field in fields(common)},
        case_id=text(root, "case", "id"),
        derived_case_id=derived,
        policy_sha256=policy,
        recordings=recordings,
        starts={hexdigest(item, "sha256"): start_of(item) for item in items(root, "recordings")},
    )


def start_of(recording: JsonValue) -> str | None:
    """When a recording begins, as a manifest writes it; None where it does not."""
    found = optional(recording, "start")
    return found if isinstance(found, str) else None


def read_sealed(root: JsonValue, form: Form, named: str, known: int) -> SealedManifest:
    """What every manifest has. `named`: what it must name as its format, `known`: the version. Raises ValueError."""
    if text(root, "format") != named:
        raise ValueError(f"its format is not {named!r}")
    version = at(root, "version")
    if version != known or isinstance(version, bool):
        raise ValueError(f"format version {version!r}, where this verifier knows {known} only")
    second = None
    if optional(root, "seal", "second") is not None:
        second = _algorithm(root, "seal", "second"), hexdigest(root, "seal", "second", "key_fingerprint")
    sealed_at = text(root, "seal", "sealed_at")
    moment(sealed_at)
    return SealedManifest(
        form=form,
        algorithm=_algorithm(root, "seal"),
        key_fingerprint=hexdigest(root, "seal", "key_fingerprint"),
        second=second,
        site=text(root, "site", "id"),
        sealed_at=sealed_at,
        files=_files(root, form),
        revision=_revision(root),
        root=root,
    )


def _algorithm(root: JsonValue, *keys: str) -> str:
    found = text(root, *keys, "algorithm")
    if found not in layout.ALGORITHMS:
        raise ValueError(f"{'.'.join(keys)}.algorithm is none of {', '.join(layout.ALGORITHMS)}")
    return found


def _revision(root: JsonValue) -> int:
    """0 where none is named: the first bundles did not."""
    found = optional(root, "revision")
    if found is None:
        return 0
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError("revision is no number")
    return found


def _files(root: JsonValue, form: Form) -> dict[str, ListedFile]:
    files: dict[str, ListedFile] = {}
    for item in items(root, "files"):
        path = text(item, "path")
        size = at(item, "size")
        if not layout.is_path(path) or path in form.unlisted or path == form.second_signature:
            raise ValueError(f"files: {path!r} may not be listed")
        if not (path.startswith(layout.PAYLOAD) or path in form.tag_files):
            raise ValueError(f"files: {path!r} has no place in a bundle")
        if files and path <= next(reversed(files)):
            raise ValueError(f"files: {path!r} stands twice or out of order")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ValueError(f"files: the size of {path!r} is no size")
        text(item, "role")
        derived = at(item, "derived_from") if isinstance(item, Mapping) and "derived_from" in item else None
        parent = None
        if derived is not None:
            parent = text(derived, "parent")
            text(derived, "transform")
        files[path] = ListedFile(path, size, hexdigest(item, "sha256"), hexdigest(item, "sm3"), parent)
    missing = [name for name in form.tag_files if name not in form.unlisted and name not in files]
    if missing:
        raise ValueError(f"files: {missing[0]} is not listed")
    return files
