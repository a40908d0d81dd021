"""Reads a `case.json` far enough to verify the bundle around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evidence_export.bag import canonical, layout
from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import at, flag, hexdigest, items, optional, text

_SEALED_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file as `case.json` lists it; `parent` is a path, or `recording:` and a SHA-256, or None for an original."""

    path: str
    size: int
    sha256: str
    sm3: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class CaseManifest:
    """The parts of a `case.json` that other parts of the bundle must agree with."""

    case_id: str
    derived_case_id: str
    algorithm: str
    key_fingerprint: str
    second: tuple[str, str] | None
    """Algorithm and fingerprint of the key of the second signature; None where there is none."""
    site: str
    sealed_at: str
    policy_sha256: str
    recordings_sha256: tuple[str, ...]
    files: Mapping[str, ListedFile]
    revision: int
    root: JsonValue
    """The whole manifest."""

    @property
    def signatures(self) -> tuple[str, ...]:
        """The files that sign it."""
        return (layout.SIGNATURE,) if self.second is None else (layout.SIGNATURE, layout.SECOND_SIGNATURE)


def read_manifest(data: bytes) -> CaseManifest:
    """Parse and check. Raises ValueError that says what is wrong and where."""
    root = canonical.loads(data)
    if text(root, "format") != layout.FORMAT:
        raise ValueError(f"its format is not {layout.FORMAT!r}")
    version = at(root, "version")
    if version != layout.FORMAT_VERSION or isinstance(version, bool):
        raise ValueError(f"format version {version!r}, where this verifier knows {layout.FORMAT_VERSION} only")
    revision = _revision(root)
    algorithm, second = _algorithm(root, "seal"), None
    if optional(root, "seal", "second") is not None:
        second = _algorithm(root, "seal", "second"), hexdigest(root, "seal", "second", "key_fingerprint")
    if revision < layout.KEYS_REVISION and (algorithm != layout.SIGNATURE_ALGORITHM or second):
        raise ValueError(f"its seal is none of revision {revision}: seal.algorithm or seal.second")
    recordings = tuple(hexdigest(item, "sha256") for item in items(root, "recordings"))
    decisive = [
        sha256 for sha256, item in zip(recordings, items(root, "recordings"), strict=True) if flag(item, "decisive")
    ]
    policy = hexdigest(root, "policy", "sha256")
    sealed_at = text(root, "seal", "sealed_at")
    if not _SEALED_AT.fullmatch(sealed_at):
        raise ValueError("seal.sealed_at is no UTC time with nine decimals")
    derived = layout.case_id(
        local_date=text(root, "case", "local_date"),
        site=text(root, "site", "id"),
        camera=text(root, "camera", "id"),
        rule=text(root, "violation", "rule"),
        zone=text(root, "violation", "zone"),
        policy_sha256=policy,
        recordings_sha256=decisive,
        stay=text(root, "violation", "stay", "id"),
    )
    return CaseManifest(
        case_id=text(root, "case", "id"),
        derived_case_id=derived,
        algorithm=algorithm,
        key_fingerprint=hexdigest(root, "seal", "key_fingerprint"),
        second=second,
        site=text(root, "site", "id"),
        sealed_at=sealed_at,
        policy_sha256=policy,
        recordings_sha256=recordings,
        files=_files(root),
        revision=revision,
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


def _files(root: JsonValue) -> dict[str, ListedFile]:
    files: dict[str, ListedFile] = {}
    for item in items(root, "files"):
        path = text(item, "path")
        size = at(item, "size")
        if not layout.is_path(path) or path in layout.UNLISTED or path == layout.SECOND_SIGNATURE:
            raise ValueError(f"files: {path!r} may not be listed")
        if not (path.startswith(layout.PAYLOAD) or path in layout.TAG_FILES):
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
    missing = [name for name in layout.TAG_FILES if name not in layout.UNLISTED and name not in files]
    if missing:
        raise ValueError(f"files: {missing[0]} is not listed")
    return files
