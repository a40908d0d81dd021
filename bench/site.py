"""The rule that is measured, for our batch (as a site file) and for the peer script alike."""

from __future__ import annotations

from pathlib import Path

import yaml

CLASSES = ("car", "truck", "bus")
MIN_SCORE = 0.3
DWELL_S = 60
# The road, on which vehicles stand and across which people walk.
ZONE = ((0.30, 0.46), (0.60, 0.36), (0.76, 0.24), (0.90, 0.20), (0.99, 0.46), (0.99, 0.72), (0.60, 0.68))


def write_site(path: Path, cameras: list[str], dwell: str) -> None:
    """A site file: on each of `cameras` one no-parking zone with `dwell` (`60s`); recordings are `<camera>.mp4`."""
    rule = {
        "id": "no-parking",
        "kind": "no_parking",
        "classes": list(CLASSES),
        "min_score": MIN_SCORE,
        "dwell": dwell,
    }
    site = {
        "site": {"id": "bench", "name": "bench", "timezone": "Asia/Shanghai"},
        "policies": [{"id": "road", "name": "road", "version": "1", "rules": [rule]}],
        "cameras": [
            {
                "id": camera,
                "name": camera,
                "policy": "road",
                "recordings": [f"*/{camera}.mp4"],
                "time": {"sources": ["container"]},
                "zones": [{"id": "road", "polygon": [list(corner) for corner in ZONE], "rules": ["no-parking"]}],
            }
            for camera in cameras
        ],
    }
    path.write_text(yaml.safe_dump(site, sort_keys=False, allow_unicode=True), encoding="utf-8")
