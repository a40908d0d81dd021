"""`release.json`: what a release is, what it carries, and what it withholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence_export.bag import releases
from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.made import BagFile, Seal
from evidence_export.release.carried import CarriedCase
from evidence_export.release.interface import ReleaseRequest
from evidence_export.statements.sealed import file_json, seal_json
from evidence_export.statements.values import known


def build(
    request: ReleaseRequest,
    release_id: str,
    case: CarriedCase,
    withheld: Mapping[str, tuple[str, str]],
    files: Sequence[BagFile],
    seal: Seal,
) -> JsonObject:
    """The whole manifest, ready for `canonical.dumps`."""
    name, licence = request.by
    carried = {file.digests.sha256: file.path for file in files if file.path.startswith(releases.RECORDINGS)}
    ledger = request.ledger
    return {
        "format": releases.FORMAT,
        "version": releases.FORMAT_VERSION,
        "revision": releases.FORMAT_REVISION,
        "release": {
            "id": release_id,
            "profile": str(request.profile),
            "recipient": request.recipient,
            "purpose": request.purpose,
            "by": {"name": name, "licence": licence},
        },
        "site": {"id": request.site[0], "name": request.site[1]},
        "case": {
            "id": case.case_id,
            "manifest_sha256": case.manifest_sha256,
            "key_fingerprint": case.key_fingerprint,
        },
        "withheld": _withheld(withheld),
        "recordings": [
            {"sha256": one["sha256"], "path": carried.get(one["sha256"])} for one in case.manifest["recordings"]
        ],
        "masking": request.masking,
        "exhibits": [
            {
                "path": one.path,
                "sha256": one.sha256,
                "origin": one.origin,
                "relation": one.relation,
                "by": one.by,
                "at": one.at,
                "after_decision": one.after_decision,
                "file": known(one.file),
                "taken_by": known(one.taken_by),
                "taken_at": known(one.taken_at),
            }
            for one in request.exhibits
        ],
        "rechecks": [
            {
                "folder": one.folder,
                "sha256": one.sha256,
                "key_fingerprint": one.key_fingerprint,
                "withheld": _withheld(one.withheld),
            }
            for one in request.rechecks
        ],
        "ledger": None
        if ledger is None
        else {
            "origin": ledger.origin,
            "size": ledger.size,
            "entries": ledger.entries,
            "checkpoint_at": ledger.checkpoint_at,
            "time_stamp": None
            if ledger.stamped_at is None
            else {"at": ledger.stamped_at, "authority": ledger.stamped_by},
        },
        "files": [file_json(file) for file in sorted(files, key=lambda file: file.path)],
        "seal": seal_json(seal, request.software),
    }


def _withheld(files: Mapping[str, tuple[str, str]]) -> list[JsonValue]:
    return [{"path": path, "sha256": value, "why": why} for path, (value, why) in sorted(files.items())]
