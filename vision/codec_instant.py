"""What stored values share: strict models, durations, and instants."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from streams.instant import Instant, TimeSource, iso_utc
from vision.association.interface import JSON
from vision.errors import StateError

Ns = Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
"""A duration that a number in canonical JSON can hold."""


class Model(BaseModel):
    """Nothing is left over, and every number is one."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)


class InstantModel(Model):
    """An instant as stored."""

    utc: str
    utc_ns: Annotated[str, Field(pattern=r"^-?\d{1,19}$")]
    source: TimeSource
    uncertainty_ns: Ns

    def value(self) -> Instant:
        """The instant; raises StateError where its two forms differ."""
        ns = int(self.utc_ns)
        if not -(1 << 62) <= ns <= 1 << 62 or iso_utc(ns) != self.utc:
            raise StateError(f"utc {self.utc!r} and utc_ns {self.utc_ns} are not the same instant")
        return Instant(ns, self.source, self.uncertainty_ns)


def instant_json(at: Instant) -> dict[str, JSON]:
    """An instant for storage: `utc_ns` is text, because it passes what a number in canonical JSON can hold."""
    return {
        "utc": at.isoformat(),
        "utc_ns": str(at.utc_ns),
        "source": at.source.value,
        "uncertainty_ns": at.uncertainty_ns,
    }
