"""The notices that wait, on disk. Bounded by age and by number; what is given up is counted and said."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from streetproof.daemon.notices.interface import Message, Notice
from streetproof.store.connection import StoreError
from streetproof.store.database import Store
from streetproof.store.notices import Outgoing, StoredNotice, Waiting

_log = structlog.get_logger(__name__)

MAX_WAITING = 10_000
"""Per target. A site that raises more than this within what is kept has another problem."""
MAX_UNWRITTEN = 1_000


class NoticeQueue:
    """The queue of one site, for `targets` (their keys). Safe to use from several threads.

    `put` never fails and never waits for the database: what it cannot take now is written later, from a bounded list.
    Nothing is kept where there is nobody to tell.
    """

    def __init__(
        self,
        store: Store,
        targets: Sequence[str],
        *,
        keep_ns: int,
        now_ns: Callable[[], int],
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._rows = store.notices
        self._targets = tuple(dict.fromkeys(targets))
        self._keep_ns = keep_ns
        self._now_ns = now_ns
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._unwritten: deque[StoredNotice] = deque()
        self._given_up = 0

    @property
    def given_up(self) -> int:
        """Deliveries that nobody took in time, since the start."""
        return self._given_up

    def put(self, notice: Notice) -> None:
        """Take a notice. It is on disk after the next `flush`."""
        if not self._targets:
            return
        with self._lock:
            if len(self._unwritten) >= MAX_UNWRITTEN:
                self._unwritten.popleft()
                self._say_given_up(len(self._targets), "the database has been refusing notices for too long")
            self._unwritten.append(self._stored(notice))

    def outgoing(self, notice: Notice) -> Outgoing:
        """For whoever puts it into the database together with what it tells of."""
        return Outgoing(self._stored(notice), self._targets)

    def flush(self) -> None:
        """Bring to disk what was put. Raises StoreError; nothing is lost then."""
        with self._lock:
            batch = list(self._unwritten)
        if not batch:
            return
        # Written outside the lock, so that `put` never waits. Writing one twice changes nothing.
        self._rows.put(batch, self._targets)
        with self._lock:
            written = {notice.id for notice in batch}
            self._unwritten = deque(notice for notice in self._unwritten if notice.id not in written)

    def due(self, target: str, limit: int) -> list[tuple[Message, int]]:
        """The oldest messages for a target that may be tried now, with the attempts made. Raises StoreError."""
        return [(_message(waiting), waiting.attempts) for waiting in self._rows.due(target, self._now_ns(), limit)]

    def delivered(self, message: str, target: str) -> None:
        """The target has it. Raises StoreError."""
        self._rows.delivered(message, target)

    def failed(self, message: str, target: str, error: str, *, pause_ns: int = 0) -> None:
        """An attempt failed; that message is left alone for `pause_ns`. Raises StoreError."""
        self._rows.failed(message, target, error, self._now_ns() + pause_ns if pause_ns else 0)

    def tidy(self) -> None:
        """Give up what is too old or too much, and what waits for targets that are no more. Raises StoreError."""
        too_old = self._now_ns() - self._keep_ns
        for target in self._rows.waiting():
            if target not in self._targets:
                while dropped := self._rows.drop(target):
                    self._say_given_up(dropped, "their target is no longer configured")
                continue
            while dropped := self._rows.drop(target, before_ns=too_old):
                self._say_given_up(dropped, "nobody took them in time")
            while dropped := self._rows.drop(target, beyond=self._max_waiting):
                self._say_given_up(dropped, "too many are waiting")

    def waiting(self) -> int:
        """How many deliveries wait. Raises StoreError."""
        with self._lock:
            unwritten = len(self._unwritten) * len(self._targets)
        return unwritten + sum(self._rows.waiting().values())

    def _stored(self, notice: Notice) -> StoredNotice:
        return StoredNotice(notice.id, notice.kind.value, notice.body().decode(), self._now_ns())

    def _say_given_up(self, count: int, why: str) -> None:
        self._given_up += count
        _log.warning("notices_given_up", count=count, why=why)


def waiting_or_none(queue: NoticeQueue) -> int | None:
    """How many deliveries wait; None where the database does not say."""
    try:
        return queue.waiting()
    except StoreError:
        return None


def _message(waiting: Waiting) -> Message:
    stored = waiting.notice
    site = json.loads(stored.body)["site"]
    return Message(stored.id, stored.kind, site, stored.body.encode())
