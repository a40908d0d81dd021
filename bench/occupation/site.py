"""The rule that is measured, and the camera that it is measured on, as a site file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely  # type: ignore[import-untyped]
import yaml

from tests.scenes.pavement import KERB, WALL, Camera, Pavement, Shopfront

MIN_AREA_M2 = 1.0
DWELL_S = 60
MIN_SCORE = 0.3
_SURVEYED = ((6.0, KERB), (16.0, KERB), (16.0, WALL), (6.0, WALL))
"""Corners of the pavement that somebody measured."""
_WATCHED = (3.0, 24.0)
"""From where to where along the street the pavement is watched."""


def write_site(path: Path, pavement: Pavement) -> None:
    """A site file for one pavement: recordings are `<camera>.mp4`."""
    path.write_text(yaml.safe_dump(site_of(pavement), sort_keys=False, allow_unicode=True), encoding="utf-8")


def site_of(pavement: Pavement) -> dict[str, Any]:
    """The site as plain values."""
    camera, name = pavement.camera, pavement.view.camera
    rule = {"id": "occupation", "kind": "occupation", "min_area": MIN_AREA_M2, "dwell": f"{DWELL_S}s"}
    points = [[round(v, 6) for v in point] for point in camera.ground_points(_SURVEYED)]
    return {
        "site": {"id": "bench", "name": "bench", "timezone": "Asia/Shanghai"},
        "policies": [{"id": "pavement", "name": "人行道", "version": "1", "rules": [rule]}],
        "cameras": [
            {
                "id": name,
                "name": name,
                "policy": "pavement",
                "recordings": [f"*/{name}.mp4"],
                "time": {"sources": ["container"]},
                "ground": {"points": points, "metres": [list(point) for point in _SURVEYED]},
                "shops": [
                    {
                        "id": shop.id,
                        "name": shop.name,
                        "owner": shop.owner,
                        "licence": shop.licence,
                        "frontage": _frontage(camera, shop),
                    }
                    for shop in pavement.shops
                ],
                "zones": [{"id": "pavement", "polygon": _zone(camera), "rules": ["occupation"]}],
            }
        ],
    }


def _zone(camera: Camera) -> list[list[float]]:
    """The pavement in the picture."""
    start, end = _WATCHED
    corners = camera.ground_points([(start, KERB), (end, KERB), (end, WALL - 0.05), (start, WALL - 0.05)])
    seen = shapely.Polygon(corners).intersection(shapely.box(0, 0, 1, 1))
    return [[round(x, 4), round(y, 4)] for x, y in list(seen.exterior.coords)[:-1]]


def _frontage(camera: Camera, shop: Shopfront) -> list[list[float]]:
    seen = shapely.LineString(camera.ground_points(shop.frontage)).intersection(shapely.box(0, 0, 1, 1))
    return [[round(x, 4), round(y, 4)] for x, y in seen.coords]
