"""What every manifest says of its files and of its seal."""

from __future__ import annotations

from evidence_export.bag.canonical import JsonObject
from evidence_export.case import Software
from evidence_export.made import BagFile, Seal


def file_json(file: BagFile) -> JsonObject:
    """One item of `files`."""
    listed: JsonObject = {
        "path": file.path,
        "role": file.role,
        "size": file.digests.size,
        "sha256": file.digests.sha256,
        "sm3": file.digests.sm3,
    }
    if file.parent is not None:
        listed["derived_from"] = {"parent": file.parent, "transform": file.transform or ""}
    return listed


def seal_json(seal: Seal, software: Software) -> JsonObject:
    """`seal`: who signed, when, and what made it."""
    found: JsonObject = {
        "sealed_at": seal.sealed_at.isoformat(),
        "algorithm": seal.algorithm,
        "key_fingerprint": seal.key_fingerprint,
        "software": {"name": software.name, "version": software.version},
    }
    if seal.second is not None:
        found["second"] = {"algorithm": seal.second[0], "key_fingerprint": seal.second[1]}
    return found
