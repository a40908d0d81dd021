"""What a camera's process has to say to the hub, sent by a thread of its own: whoever says it never waits.

A hub that does not listen for a while costs pictures, of which only the newest few are kept, and looks before looks
back; it costs no facts and no packet of the recording.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from multiprocessing.connection import Connection

from streetproof.daemon.messages import FromCamera, Look, LookedBack

MAX_PICTURES = 8
MAX_FACTS = 10_000


class Outbox(threading.Thread):
    """Sends in order. `lost` is called where the hub is gone."""

    def __init__(self, connection: Connection, lost: Callable[[], None]) -> None:
        super().__init__(name="outbox", daemon=True)
        self._connection = connection
        self._lost = lost
        self._condition = threading.Condition()
        self._waiting: deque[FromCamera] = deque()
        self._pictures = 0
        self._sending = False
        self.unsent = 0
        """Looks left out because the hub had not taken the ones before."""

    def put(self, message: FromCamera) -> None:
        """Say something. Where too many pictures wait, the oldest are left out: of looks back first, then of looks."""
        with self._condition:
            if _is_picture(message):
                if self._pictures >= MAX_PICTURES and not self._make_room(isinstance(message, LookedBack)):
                    return
                self._pictures += 1
            elif len(self._waiting) - self._pictures >= MAX_FACTS:
                # Half a day without a hub: segments tell of themselves, and are found again on disk.
                del self._waiting[next(place for place, one in enumerate(self._waiting) if not _is_picture(one))]
            self._waiting.append(message)
            self._condition.notify_all()

    def room(self, timeout_s: float) -> None:
        """Wait until there is plenty of room for pictures, or for `timeout_s`."""
        with self._condition:
            self._condition.wait_for(lambda: self._pictures < MAX_PICTURES // 2, timeout_s)

    def drain(self, timeout_s: float) -> None:
        """Wait until all is sent, or for `timeout_s`."""
        with self._condition:
            self._condition.wait_for(lambda: not self._waiting and not self._sending, timeout_s)

    def run(self) -> None:
        while True:
            with self._condition:
                self._sending = False
                self._condition.notify_all()
                while not self._waiting:
                    self._condition.wait()
                message = self._waiting.popleft()
                self._pictures -= _is_picture(message)
                self._sending = True
            try:
                self._connection.send(message)
            except OSError:
                self._lost()
                return

    def _make_room(self, back: bool) -> bool:
        """Leave out one picture; False where that has to be the one that comes, which is of a look `back`.

        So the newest picture of a look is never left out, and what is unchanged since speaks of one that the hub has.
        """
        pictures = [place for place, one in enumerate(self._waiting) if _is_picture(one)]
        place = next((place for place in pictures if isinstance(self._waiting[place], LookedBack)), None)
        if place is not None:
            del self._waiting[place]
        elif back:
            return False
        else:
            self._drop_look(pictures[0])
        self._pictures -= 1
        return True

    def _drop_look(self, place: int) -> None:
        """Leave out a picture and the looks behind it, up to the next picture: "unchanged since" would be taken to mean
        the one before it, and what has left in between would stand there still.
        """
        kept: list[FromCamera] = []
        behind = list(islice(self._waiting, place + 1, None))
        for number, message in enumerate(behind):
            if isinstance(message, Look) and message.image is not None:
                kept += behind[number:]
                break
            if isinstance(message, Look):
                self.unsent += 1
            else:
                kept.append(message)
        while len(self._waiting) > place:
            self._waiting.pop()
        self._waiting.extend(kept)
        self.unsent += 1


def _is_picture(message: FromCamera) -> bool:
    return isinstance(message, Look | LookedBack) and message.image is not None
