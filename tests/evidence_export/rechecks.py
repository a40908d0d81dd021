"""Re-checks to tamper with: whole and signed, their pictures a few bytes long."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evidence_export.bag import canonical, forms, layout, rechecks
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import digest_file
from evidence_export.bagging import BagDraft, Part
from evidence_export.case import Software
from evidence_export.keys import SealingKeys
from evidence_export.keys.sealing import signatures_of
from evidence_export.made import BagFile, Seal
from evidence_export.statements.sealed import file_json, seal_json
from evidence_export.texts import bag_info_text
from streams.instant import NS_PER_S, Instant, TimeSource, from_iso, iso_utc
from tests.evidence_export.helpers import renew_oxum

DUE = "2026-03-03T01:00:00.000000000Z"
SEALED_AT = Instant(from_iso("2026-03-03T02:00:00Z"), TimeSource.ARRIVAL, 0)
WINDOW_NS = 600 * NS_PER_S
RECORDING = "ab" * 32
_STATES = {"corrected": ["free"] * 3, "not_corrected": ["taken"] * 3, "cannot_tell": ["hidden", "free", "hidden"]}
_OUTCOMES: dict[str, dict[str, Any]] = {
    "corrected": {"reason": None, "looks": {"free": 600}, "free_ns": WINDOW_NS - NS_PER_S},
    "not_corrected": {"reason": None, "looks": {"taken": 590, "hidden": 10}, "free_ns": 0},
    "cannot_tell": {"reason": "hidden", "looks": {"hidden": 590, "free": 10}, "free_ns": 9 * NS_PER_S},
}


def make_recheck(
    out: Path,
    keys: SealingKeys,
    case: tuple[str, str] | None,
    verdict: str = "corrected",
    due: str = DUE,
    edit: Callable[[dict[str, Any]], object] | None = None,
) -> Path:
    """A re-check of a case (id, and SHA-256 of its `case.json`), as `streetproof recheck` would write it."""
    start = from_iso(due)
    moment = iso_utc(start)
    folder = out / f"recheck-cam-1-{moment[:19].replace(':', '').replace('-', '')}-{verdict}"
    (folder / "data").mkdir(parents=True)
    bag = BagDraft(folder, folder.name, forms.RECHECK)
    shown = []
    for number, state in enumerate(_STATES[verdict], start=1):
        still, overlay = f"{rechecks.STILLS}look-{number}.png", f"{rechecks.OVERLAYS}look-{number}.png"
        bag.add(
            [
                Part(still, "still", f"still {number} {due}".encode(), f"recording:{RECORDING}", "a frame"),
                Part(overlay, "overlay", f"overlay {number} {due}".encode(), still, "drawn on"),
            ]
        )
        shown.append(
            {
                "at": _iso(start + number * 100 * NS_PER_S),
                "state": state,
                "box": ["0.4", "0.5", "0.6", "0.75"],
                "recording": 0,
                "pts": number * 100,
                "still": {"path": still, "sha256": bag.files[-2].digests.sha256},
                "overlay": {"path": overlay, "sha256": bag.files[-1].digests.sha256},
            }
        )
    bag.add([Part(layout.OWN_VERIFIER, "verifier", b"a program")])
    bag.add_keys(keys)
    violation = {
        "rule": "no-parking",
        "zone": "kerb",
        "allowed_ns": 12 * NS_PER_S,
        "dwell_lower_bound_ns": 200 * NS_PER_S,
        "moments": [{"at": {"utc": one["at"]}} for one in shown],
    }
    original = {"stay": "stay-0001", "rule": "no-parking", "zone": "kerb", "allowed_ns": 12 * NS_PER_S}
    if case is not None:
        original |= {"case": case[0], "case_sha256": case[1]}
    software = Software("streetproof", "0")

    def build(files: Sequence[BagFile], seal: Seal) -> JsonObject:
        root: dict[str, Any] = {
            "format": rechecks.FORMAT,
            "version": rechecks.FORMAT_VERSION,
            "revision": rechecks.FORMAT_REVISION,
            "outcome": {
                "verdict": verdict,
                "violation": violation if verdict == "not_corrected" else None,
                **_OUTCOMES[verdict],
            },
            "asked": {"due": due, "until": _iso(start + WINDOW_NS), "rate": "1"},
            "original": original,
            "site": {"id": "demo", "name": "示范区综合行政执法局", "timezone": "Asia/Shanghai"},
            "camera": {"id": "cam-1", "name": "东大街1号机"},
            "recordings": [{"name": "门.mp4", "size": 1, "sha256": RECORDING}],
            "shown": shown,
            "config": {"sha256": "cd" * 32},
            "files": [file_json(file) for file in sorted(files, key=lambda file: file.path)],
            "seal": seal_json(seal, software),
        }
        if edit is not None:
            edit(root)
        return root

    site = ("demo", "示范区综合行政执法局")
    info = bag_info_text(site, folder.name, bag.files, "Streetproof re-check", rechecks.FORMAT_VERSION, "streetproof 0")
    bag.seal(keys, SEALED_AT, build, info=info, readme=b"read me\n")
    return folder


def resign(folder: Path, keys: SealingKeys, edit: Callable[[dict[str, Any]], object] | None = None) -> Path:
    """Sign it anew as it lies there, as somebody with that key could; `edit` has its way with recheck.json."""
    root = json.loads((folder / layout.RECHECK).read_bytes())
    (folder / layout.SITE_KEY).write_bytes(keys.first.public_key_pem)
    payload = {
        str(path.relative_to(folder)): digest_file(path).sha256
        for path in (folder / "data").rglob("*")
        if path.is_file()
    }
    (folder / layout.MANIFEST).write_bytes(layout.manifest_bytes(payload))
    renew_oxum(folder)
    for listed in root["files"]:
        found = digest_file(folder / listed["path"])
        listed.update(size=found.size, sha256=found.sha256, sm3=found.sm3)
    root["seal"] |= {"key_fingerprint": keys.first.fingerprint, "algorithm": keys.first.algorithm}
    if edit is not None:
        edit(root)
    data = canonical.dumps(root)
    outside = {layout.RECHECK: data, **signatures_of(keys, data, forms.RECHECK)}
    for name, content in outside.items():
        (folder / name).write_bytes(content)
    tags = {name: digest_file(folder / name).sha256 for name in {*forms.RECHECK.tag_files, *outside}}
    (folder / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))
    return folder


def _iso(ns: int) -> str:
    return Instant(ns, TimeSource.OPERATOR, 0).isoformat()
