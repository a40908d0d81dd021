"""From a bundle's manifest to its entry in the ledger of vehicles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streams.instant import from_iso
from streetproof.store.tables import VehicleRow


def vehicle_row(manifest: Mapping[str, Any]) -> VehicleRow | None:
    """The entry that a `case.json` makes; None where no plate was looked for when it was sealed."""
    plate = manifest["plate"]
    if "status" not in plate:
        return None
    violation, stay = manifest["violation"], manifest["violation"]["stay"]
    text = _known(plate, "text")
    return VehicleRow(
        case_id=manifest["case"]["id"],
        site=manifest["site"]["id"],
        timezone=manifest["site"]["timezone"],
        camera=manifest["camera"]["id"],
        camera_name=manifest["camera"]["name"],
        zone=violation["zone"],
        zone_name=_known(violation, "zone_name") or violation["zone"],
        rule=violation["rule"],
        arrived_ns=from_iso(stay["arrived"]["by"]),
        last_seen_ns=from_iso(stay["last_seen"]),
        status=plate["status"],
        plate=text,
        length=len(text or ""),
        colour=_known(plate, "colour"),
        reading=json.dumps(plate, ensure_ascii=False, sort_keys=True),
    )


def _known(holder: Mapping[str, Any], name: str) -> str | None:
    found = holder.get(name)
    return found if isinstance(found, str) else None
