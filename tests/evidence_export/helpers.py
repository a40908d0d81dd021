"""Builds validly signed bundles with arbitrary content, the way a hostile or careless signer could."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence_export.bag import canonical, layout
from evidence_export.bag.digest import digest_bytes, digest_file
from evidence_export.keys import Ed25519Signer


def resign(bundle: Path, signer: Ed25519Signer, edit: Callable[[dict[str, Any]], object] | None = None) -> None:
    """Make the bundle's manifests and signature fit its files again, after `edit` has had its way with case.json."""
    case = json.loads((bundle / layout.CASE).read_bytes())
    (bundle / layout.SITE_KEY).write_bytes(signer.public_key_pem)
    case["seal"]["key_fingerprint"] = signer.fingerprint
    payload = {f["path"] for f in case["files"] if f["path"].startswith(layout.PAYLOAD)}
    (bundle / layout.MANIFEST).write_bytes(
        layout.manifest_bytes({path: digest_file(bundle / path).sha256 for path in payload})
    )
    for listed in case["files"]:
        found = digest_file(bundle / listed["path"])
        listed.update(size=found.size, sha256=found.sha256, sm3=found.sm3)
    if edit:
        edit(case)
    sign_bytes(bundle, signer, canonical.dumps(case))


def sign_bytes(bundle: Path, signer: Ed25519Signer, case: bytes) -> None:
    """Sign any bytes as case.json and write the tag manifest that goes with them."""
    (bundle / layout.CASE).write_bytes(case)
    (bundle / layout.SIGNATURE).write_bytes(signer.sign(case))
    tags = {name: digest_bytes((bundle / name).read_bytes()).sha256 for name in layout.TAG_FILES}
    (bundle / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))


def tiny(sealed: Path, target: Path, signer: Ed25519Signer) -> Path:
    """A valid bundle whose media are a few bytes long, so that thousands of flips take seconds."""
    shutil.copytree(sealed, target)
    for path in sorted((target / "data").rglob("*")):
        if path.suffix in (".png", ".mp4"):
            path.write_bytes(path.name.encode() * 4)
    (target / layout.README).write_bytes((target / layout.README).read_bytes()[:400] + b"\n")
    resign(target, signer)
    return target


def flip(path: Path, offset: int, bit: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)[0]
        stream.seek(offset)
        stream.write(bytes([byte ^ (1 << bit)]))


def files_of(bundle: Path) -> list[str]:
    return sorted(str(p.relative_to(bundle)) for p in bundle.rglob("*") if p.is_file())
