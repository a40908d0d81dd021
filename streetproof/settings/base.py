"""What every part of a site file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A frozen model that refuses keys it does not know: a misspelt setting must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
