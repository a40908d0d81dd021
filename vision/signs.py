"""What a zone is for, and which signs and markings forbid standing in it: as the site's configuration names them.

Nothing here is recognised in a picture. Whoever draws a zone says what stands at the road and where it lies in the
camera's picture; the reviewing officer confirms it by the close-up that the case shows.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from vision.rules.interface import STRICT

MAX_SIGNS = 8


class Purpose(StrEnum):
    """What the ground of a zone is for (妨碍通行: what stands there is in the way of that)."""

    FIRE_LANE = "fire_lane"
    TACTILE_PAVING = "tactile_paving"
    BUS_STOP = "bus_stop"
    PAVEMENT = "pavement"
    CYCLE_LANE = "cycle_lane"
    CROSSING = "crossing"
    LANE = "lane"
    ENTRANCE = "entrance"


class SignPhoto(BaseModel):
    """A photograph of the sign or marking, taken on the spot."""

    model_config = STRICT

    file: str = Field(min_length=1, max_length=400, description="PNG or JPEG, a path relative to the site file")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file: another one is not carried")
    taken_by: str = Field(min_length=1, max_length=200, description="who took it")
    taken_on: date = Field(description="the day on which it was taken")


Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class Sign(BaseModel):
    """One sign or marking that forbids what the zone's rules forbid."""

    model_config = STRICT

    kind: Literal["sign", "marking"] = Field(description="sign 标志 on a post or wall, or marking 标线 on the ground")
    name: str = Field(min_length=1, max_length=100, description="what it is, for example 禁止停车标志 or 黄色实线")
    code: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        exclude_if=lambda code: code is None,
        description="its number in GB 5768, where it has one",
    )
    place: tuple[tuple[Coordinate, Coordinate], ...] = Field(
        default=(),
        max_length=32,
        exclude_if=lambda place: not place,
        description="where it lies in the camera's picture, corners as fractions; leave it out where it is not in view",
    )
    photo: SignPhoto | None = Field(
        default=None,
        exclude_if=lambda photo: photo is None,
        description="a photograph of it, which each case of the zone carries",
    )
