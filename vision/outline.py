"""The outline of a part of a picture as a polygon of few corners."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from shapely import Polygon  # type: ignore[import-untyped]

from vision.footprints import Point

MOST_CORNERS = 24
_CLOSE = (5, 5)
_BLUR = 0.2
"""Pixels at each side, less that half."""


def outline_of(mask: npt.NDArray[np.bool_], origin: tuple[int, int], size: tuple[int, int]) -> tuple[Point, ...] | None:
    """Corners, in order, of the largest part of `mask`, in fractions of a picture of `size` (width, height).

    `origin`: column and row of the mask's upper left pixel. None where there is too little of it.
    """
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones(_CLOSE, np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    slack, corners = 0.7, largest
    while len(corners) > MOST_CORNERS or slack == 0.7:
        corners = cv2.approxPolyDP(largest, slack, True)
        slack *= 1.4
    if len(corners) < 3:
        return None
    # A contour goes through the middles of the pixels at the rim, and half of each lies outside; but a thing looks
    # wider than it is by as much as the picture is blurred.
    shape = Polygon(corners.reshape(-1, 2)).buffer(-_BLUR, join_style="mitre", mitre_limit=2)
    if shape.geom_type == "MultiPolygon":  # what is as thin as a pole falls apart
        shape = max(shape.geoms, key=lambda part: part.area)
    if shape.geom_type != "Polygon" or shape.is_empty:
        return None
    width, height = size
    points = [
        (
            round(min(1.0, max(0.0, (x + 0.5 + origin[0]) / width)), 4),
            round(min(1.0, max(0.0, (y + 0.5 + origin[1]) / height)), 4),
        )
        for x, y in list(shape.exterior.coords)[:-1]
    ]
    return tuple(points) if len(points) >= 3 else None
