"""Builds validly signed bundles with arbitrary content, the way a hostile or careless signer could."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence_export.bag import canonical, forms, layout
from evidence_export.bag.digest import digest_bytes, digest_file
from evidence_export.keys import Ed25519Signer, SealingKeys, Signer
from evidence_export.keys.sealing import key_files, seal_of, signatures_of
from streams.instant import Instant, TimeSource

SEALED_AT = Instant(1772413200_000_000_000, TimeSource.ARRIVAL, 0)


def resign(bundle: Path, signer: Signer | SealingKeys, edit: Callable[[dict[str, Any]], object] | None = None) -> None:
    """Make the bundle's manifests and signature fit its files again, after `edit` has had its way with case.json."""
    keys = signer if isinstance(signer, SealingKeys) else SealingKeys(signer)
    case = json.loads((bundle / layout.CASE).read_bytes())
    (bundle / layout.SITE_KEY).write_bytes(keys.first.public_key_pem)
    case["seal"]["key_fingerprint"] = keys.first.fingerprint
    payload = {f["path"] for f in case["files"] if f["path"].startswith(layout.PAYLOAD)}
    (bundle / layout.MANIFEST).write_bytes(
        layout.manifest_bytes({path: digest_file(bundle / path).sha256 for path in payload})
    )
    renew_oxum(bundle)
    for listed in case["files"]:
        found = digest_file(bundle / listed["path"])
        listed.update(size=found.size, sha256=found.sha256, sm3=found.sm3)
    if edit:
        edit(case)
    sign_bytes(bundle, keys, canonical.dumps(case))


def renew_oxum(bundle: Path) -> None:
    """Make bag-info.txt tell of the payload that is there."""
    info = bundle / layout.BAG_INFO
    payload = [path.stat().st_size for path in (bundle / "data").rglob("*") if path.is_file()]
    oxum = f"{layout.PAYLOAD_OXUM}: {sum(payload)}.{len(payload)}"
    info.write_text(re.sub(rf"{layout.PAYLOAD_OXUM}: .*", oxum, info.read_text("utf-8")), "utf-8")


def sign_bytes(bundle: Path, signer: Signer | SealingKeys, case: bytes) -> None:
    """Sign any bytes as case.json and write the tag manifest that goes with them."""
    (bundle / layout.CASE).write_bytes(case)
    keys = signer if isinstance(signer, SealingKeys) else SealingKeys(signer)
    signatures = signatures_of(keys, case)
    for name, signature in signatures.items():
        (bundle / name).write_bytes(signature)
    tags = {name: digest_bytes((bundle / name).read_bytes()).sha256 for name in {*forms.CASE.tag_files, *signatures}}
    (bundle / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))


def reseal(
    bundle: Path,
    keys: SealingKeys,
    edit: Callable[[dict[str, Any]], object] | None = None,
    sealed_at: str | None = None,
) -> Path:
    """Seal the bundle's files again with other keys and at another time, as the sealer would have."""
    case = json.loads((bundle / layout.CASE).read_bytes())
    shutil.rmtree(bundle / layout.KEYS, ignore_errors=True)
    (bundle / layout.SECOND_SIGNATURE).unlink(missing_ok=True)
    case["files"] = [one for one in case["files"] if not one["path"].startswith(layout.KEYS)]
    for name, (role, data) in key_files(keys).items():
        (bundle / name).parent.mkdir(exist_ok=True)
        (bundle / name).write_bytes(data)
        case["files"].append({"path": name, "role": role})
    case["files"].sort(key=lambda one: one["path"])
    seal = seal_of(keys, SEALED_AT)
    case["seal"] |= {"algorithm": seal.algorithm, "key_fingerprint": seal.key_fingerprint}
    case["seal"].pop("second", None)
    if seal.second is not None:
        case["seal"]["second"] = {"algorithm": seal.second[0], "key_fingerprint": seal.second[1]}
    if sealed_at is not None:
        case["seal"]["sealed_at"] = sealed_at
    case["revision"] = layout.FORMAT_REVISION
    (bundle / layout.CASE).write_bytes(canonical.dumps(case))
    resign(bundle, keys, edit)
    return bundle


def tiny(sealed: Path, target: Path, signer: Ed25519Signer) -> Path:
    """A valid bundle whose media are a few bytes long, so that thousands of flips take seconds."""
    shutil.copytree(sealed, target)
    for path in sorted((target / "data").rglob("*")):
        if path.suffix in (".png", ".mp4", ".pyz"):
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
