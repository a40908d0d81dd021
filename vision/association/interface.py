"""What the engine may know of a tracker: ids that last for seconds, and a state that survives a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vision.interface import Box

JSON = None | bool | int | float | str | Sequence["JSON"] | dict[str, "JSON"]


class Associator(Protocol):
    """Gives boxes of successive frames the same number while they move little. Deterministic."""

    def update(self, utc_ns: int, boxes: Sequence[Box], scores: Sequence[float]) -> list[int | None]:
        """A track id for each box, in the order given; None while a track is too young to have one.

        Called with increasing `utc_ns`, and only for frames that hold boxes of interest.
        """

    def release(self, track: int) -> None:
        """Forget a track: its number is kept elsewhere now, and is not given to anything else."""

    def save(self) -> JSON:
        """All that later ids depend on, as JSON."""

    def restore(self, state: JSON, now_ns: int) -> None:
        """Continue from what `save` gave: later ids are the same as without the interruption.

        `now_ns` is the time of the camera's last sample, in UTC ns. Raises StateError where the state is not one that
        `save` can have given by then.
        """
