"""What was recorded and the index does not have yet. It cannot grow without end: beyond a limit, the files tell it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TypeAlias

from streams.recorder.interface import GapStatement, SegmentRecord

MOST = 10_000
"""About half an hour of 64 cameras."""

Reported: TypeAlias = SegmentRecord | GapStatement


class Backlog:
    """In the order in which it was reported. Safe from any thread; nothing here waits or fails."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._items: list[Reported] = []
        self._dropped = False
        self._lock = threading.Lock()

    def add(self, item: Reported) -> None:
        """A segment was closed; a gap began or ended."""
        with self._lock:
            if len(self._items) >= self._most:
                self._drop()
            self._items.append(item)

    def drop(self) -> None:
        """Leave it to the files, which tell everything but gaps that still last; of those each camera has one."""
        with self._lock:
            self._drop()

    def take_dropped(self) -> bool:
        """Whether something was dropped since the last time, so that the files have to be read."""
        with self._lock:
            dropped, self._dropped = self._dropped, False
            return dropped

    @property
    def dropped(self) -> bool:
        """Whether files have to be read before what is in here may be entered."""
        return self._dropped

    @property
    def empty(self) -> bool:
        """Nothing waits, and nothing was dropped."""
        with self._lock:
            return not self._items and not self._dropped

    def front(self, most: int) -> Sequence[Reported]:
        """The first, as far as they are of one sort: their order matters. Nothing newer than what was dropped."""
        with self._lock:
            if self._dropped or not self._items:
                return ()
            sort = type(self._items[0])
            end = next((i for i, item in enumerate(self._items) if type(item) is not sort), len(self._items))
            return self._items[: min(end, most)]

    def entered(self, batch: Sequence[Reported]) -> None:
        """The index has these now."""
        with self._lock:
            # By identity: what was reported meanwhile, or dropped, is no longer at the front.
            done = {id(item) for item in batch}
            self._items = [item for item in self._items if id(item) not in done]

    def numbers(self, camera: str) -> set[int]:
        """Of the segments of a camera that wait here."""
        with self._lock:
            return {
                one.opening.sequence for one in self._items if isinstance(one, SegmentRecord) and one.camera == camera
            }

    def lasting(self, camera: str) -> GapStatement | None:
        """The gap that lasts, where that is the last thing that was reported of a camera and still waits here."""
        with self._lock:
            return self._lasting().get(camera)

    def _drop(self) -> None:
        self._dropped = True
        self._items = list(self._lasting().values())

    def _lasting(self) -> dict[str, GapStatement]:
        found: dict[str, GapStatement] = {}
        for item in self._items:
            found.pop(item.camera, None)
            if isinstance(item, GapStatement) and item.end is None:
                found[item.camera] = item
        return found
