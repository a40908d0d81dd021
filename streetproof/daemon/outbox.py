"""What a camera's process has to say to the hub, sent by a thread of its own: whoever says it never waits.

A hub that does not listen for a while costs pictures, of which only the newest few are kept; it costs no facts and no
packet of the recording.
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
        self._orphaned = False
        """The newest picture of a look was left out: what is unchanged since speaks of nothing that the hub has."""
        self.unsent = 0
        """Looks left out because the hub had not taken the ones before."""

    def put(self, message: FromCamera) -> None:
        """Say something. Of pictures, the oldest that wait are left out where too many do."""
        with self._condition:
            if _is_picture(message):
                if self._pictures >= MAX_PICTURES:
                    self._drop_oldest_picture()
                self._pictures += 1
            elif len(self._waiting) - self._pictures >= MAX_FACTS:
                # Half a day without a hub: segments tell of themselves, and are found again on disk.
                del self._waiting[next(place for place, one in enumerate(self._waiting) if not _is_picture(one))]
            if isinstance(message, Look):
                if message.image is None and self._orphaned:
                    self.unsent += 1
                    return
                self._orphaned = False
            self._waiting.append(message)
            self._condition.notify_all()

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

    def _drop_oldest_picture(self) -> None:
        place = next(place for place, one in enumerate(self._waiting) if _is_picture(one))
        picture = self._waiting[place]
        del self._waiting[place]
        self._pictures -= 1
        self.unsent += 1
        if isinstance(picture, Look):
            self._drop_looks_behind(place)

    def _drop_looks_behind(self, place: int) -> None:
        """The picture that stood there is gone, and "unchanged since" would be taken to mean the one before it: what
        has left in between would stand there still. So the looks go with it, up to the next picture."""
        behind = list(islice(self._waiting, place, None))
        kept: list[FromCamera] = []
        self._orphaned = True
        for message in behind:
            if isinstance(message, Look) and message.image is not None:
                self._orphaned = False
            if isinstance(message, Look) and self._orphaned:
                self.unsent += 1
            else:
                kept.append(message)
        for _ in behind:
            self._waiting.pop()
        self._waiting.extend(kept)


def _is_picture(message: FromCamera) -> bool:
    return isinstance(message, Look | LookedBack) and message.image is not None
