"""The register of shops (一店一档) along a road, as far as a camera sees them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from vision.rules.interface import STRICT, Id

Coordinate = Annotated[float, Field(allow_inf_nan=False)]
_SHORTEST = 0.002
"""Of the picture: a shorter frontage is a slip of the pen."""


class Shop(BaseModel):
    """One shop and the line where it ends and the street begins."""

    model_config = STRICT

    id: Id
    name: str = Field(min_length=1, description="as its sign says")
    owner: str | None = Field(default=None, description="who runs it")
    licence: str | None = Field(default=None, description="unified social credit code, 统一社会信用代码")
    frontage: tuple[tuple[Coordinate, Coordinate], ...] = Field(
        description="the foot of its front on the ground, in the picture: two points or more, in order"
    )

    @field_validator("frontage", mode="after")
    @classmethod
    def _drawn_well(cls, frontage: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if len(frontage) < 2:
            raise ValueError(f"a frontage needs at least 2 points, got {len(frontage)}")
        for number, (x, y) in enumerate(frontage, start=1):
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ValueError(
                    f"point {number} [{x:g}, {y:g}] lies outside the image; coordinates are fractions from 0 to 1"
                    + (": divide pixels by the image's width and height" if max(x, y) > 2 else "")
                )
        xs, ys = [x for x, _ in frontage], [y for _, y in frontage]
        if max(max(xs) - min(xs), max(ys) - min(ys)) < _SHORTEST:
            raise ValueError("the frontage is a single spot; give both ends of the shop's front")
        return frontage
