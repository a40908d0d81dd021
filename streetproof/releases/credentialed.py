"""Masked copies with Content Credentials (C2PA) in them, where an officer asks for that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evidence_export.bagging import Part
from evidence_export.case import Software
from evidence_export.keys import SealingKeys
from evidence_export.provenance.credentials import FORMATS, Derived, embed
from evidence_export.release.carried import CarriedCase

ADDED = "; then a C2PA manifest was put into the file"


def with_credentials(
    parts: tuple[Part, ...], case: CarriedCase, keys: SealingKeys, software: Software, scratch: Path
) -> tuple[Part, ...]:
    """The same parts; those that are pictures and clips made of one of the case lie in `scratch`, with a manifest.

    Raises CredentialError, SigningKeyError.
    """
    sealed = {
        f"case:{listed['path']}": (str(listed["path"]), str(listed["sha256"])) for listed in case.manifest["files"]
    }
    made = []
    for number, part in enumerate(parts):
        content, transform = part.content, part.transform or ""
        if not isinstance(content, Path) or content.suffix not in FORMATS or part.parent not in sealed:
            made.append(part)
            continue
        path, sha256 = sealed[part.parent]
        out = scratch / f"{number}{content.suffix}"
        embed(content, out, Derived(case.case_id, path, sha256, transform), keys, software)
        made.append(replace(part, content=out, transform=transform + ADDED))
    return tuple(made)
