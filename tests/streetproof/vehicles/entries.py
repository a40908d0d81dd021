"""Entries of the ledger made by hand, as bundles would make them."""

from __future__ import annotations

import json
from typing import Any

from streams.instant import iso_utc
from streetproof.store.tables import VehicleRow
from streetproof.vehicles.rows import vehicle_row

T0 = 1_793_577_600_000_000_000  # 2026-11-02T00:00:00Z, 08:00 in Shanghai
MINUTE = 60 * 10**9


def manifest(number: int, text: str | None, *, certain: bool = True, **changes: Any) -> dict[str, Any]:
    """What the ledger takes from a `case.json`. `weak`: for positions (by index) what else they may be."""
    weak: dict[int, str] = changes.pop("weak", {})
    arrived = changes.pop("arrived_ns", T0 + number * MINUTE)
    characters = [
        {
            "text": one,
            "confidence": "0.6000" if index in weak else "0.9950",
            "doubtful": index in weak,
            "alternatives": [{"text": other, "share": "0.2000"} for other in weak.get(index, "")],
        }
        for index, one in enumerate(text or "")
    ]
    marked = "".join(f"[{one}/{'/'.join(weak[i])}]" if i in weak else one for i, one in enumerate(text or ""))
    plate: dict[str, Any] = {"status": "none_found"}
    if text is not None:
        plate = {
            "status": "certain" if certain and not weak else "uncertain",
            "text": text,
            "marked": marked,
            "colour": "blue",
            "rows": "single",
            "characters": characters,
            "doubts": ["weak_character"] if weak else [] if certain else ["seen_once"],
        }
    return {
        "case": {"id": f"SP-20261102-{number:012d}"},
        "site": {"id": "t", "timezone": "Asia/Shanghai"},
        "camera": {"id": changes.pop("camera", "c1"), "name": changes.pop("camera_name", "东门 1")},
        "violation": {
            "rule": "no-parking",
            "zone": "kerb",
            "zone_name": changes.pop("zone_name", "西侧路缘"),
            "stay": {"arrived": {"by": iso_utc(arrived)}, "last_seen": iso_utc(arrived + 5 * MINUTE)},
        },
        "plate": plate,
    }


def entry(number: int, text: str | None, **changes: Any) -> VehicleRow:
    row = vehicle_row(json.loads(json.dumps(manifest(number, text, **changes))))
    assert row is not None
    return row
