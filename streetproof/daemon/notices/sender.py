"""Brings waiting notices to their targets: one thread, one loop, one task per target, so that none waits for another.

At least once: a notice is taken off the queue after its target has confirmed it. A process that is killed in between
sends it again, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from streams.instant import NS_PER_S
from streetproof.daemon.notices.interface import Deliver, DeliveryError, Message, Notice, Target
from streetproof.daemon.notices.queue import NoticeQueue
from streetproof.store.connection import StoreError
from streetproof.store.notices import Outgoing

_log = structlog.get_logger(__name__)
_BATCH = 50
_ASK_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds."""

    first_s: float = 2.0
    """After the first failure of a target; doubled with each further one, with jitter ..."""
    longest_s: float = 300.0
    """... up to this."""
    refused_s: float = 600.0
    """After a target refused one notice, for that notice; doubled with each further time ..."""
    refused_longest_s: float = 6 * 3600.0
    """... up to this."""
    idle_s: float = 30.0
    """Between two looks at the queue when nobody says that there is something new."""


class Sender:
    """Sends what is in `queue` to `targets`. `start` once, `wake` after a notice was put, `stop` at the end."""

    def __init__(
        self,
        queue: NoticeQueue,
        targets: Sequence[Target],
        *,
        randomness: random.Random,
        pace: Pace | None = None,
    ) -> None:
        self._queue = queue
        self._targets = tuple(targets)
        self._random = randomness
        self._pace = pace or Pace()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakes: list[asyncio.Event] = []
        self._stop: asyncio.Event | None = None
        self._running = threading.Event()

    @property
    def alive(self) -> bool:
        """The thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to send, also what was left by an earlier run."""
        # At its usual level the HTTP client logs every whole URL, and those of webhooks can be secrets.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        logging.getLogger("httpcore2").setLevel(logging.WARNING)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="notices", daemon=True)
        self._thread.start()
        self._running.wait()

    def wake(self) -> None:
        """Something was put. From any thread; does nothing once stopped."""
        self._call(self._wake_all)

    def outgoing(self, notice: Notice) -> Outgoing:
        """See `NoticeQueue.outgoing`; `wake` once it is in the database."""
        return self._queue.outgoing(notice)

    def stop(self, timeout_s: float) -> bool:
        """End, within `timeout_s`; what is not sent stays on disk. False: it did not end in time."""
        if self._stop is not None:
            self._call(self._stop.set)
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _wake_all(self) -> None:
        for wake in self._wakes:
            wake.set()

    def _call(self, action: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        try:
            loop.call_soon_threadsafe(action)
        except RuntimeError:
            # Closed since the line before.
            return

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._wakes = [asyncio.Event() for _ in self._targets]
        keeper = asyncio.Event()
        self._wakes.append(keeper)
        self._running.set()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._keep(keeper))]
            tasks += [
                group.create_task(self._serve(target, wake))
                for target, wake in zip(self._targets, self._wakes, strict=False)
            ]
            await self._stop.wait()
            await _end(tasks)
        await asyncio.to_thread(self._flush)

    async def _keep(self, wake: asyncio.Event) -> None:
        """Bring to disk what was put, and keep the queue within its bounds."""
        while True:
            wake.clear()
            if await asyncio.to_thread(self._flush):
                for other in self._wakes:
                    if other is not wake:
                        other.set()
            await _wait(wake, self._pace.idle_s)

    def _flush(self) -> bool:
        try:
            self._queue.flush()
            self._queue.tidy()
        except StoreError as error:
            _log.warning("notices_not_written", error=str(error))
            return False
        return True

    async def _serve(self, target: Target, wake: asyncio.Event) -> None:
        failures = 0
        while True:
            wake.clear()
            try:
                batch = await asyncio.to_thread(self._queue.due, target.key, _BATCH)
                if batch:
                    await self._hand_over(target, batch)
            except DeliveryError as error:
                failures += 1
                pause = self._pause(self._pace.first_s, self._pace.longest_s, failures)
                _log.warning("notices_wait", target=target.label, error=error.what, failures=failures, pause_s=pause)
                # Not ended early by new notices: the target is left alone.
                await asyncio.sleep(pause)
            except StoreError as error:
                _log.warning("notices_not_read", error=str(error))
                await asyncio.sleep(self._pace.first_s)
            else:
                failures = 0
                if not batch:
                    await _wait(wake, self._pace.idle_s)

    async def _hand_over(self, target: Target, batch: Sequence[tuple[Message, int]]) -> None:
        async with target.connect() as deliver:
            for message, attempts in batch:
                await self._one(target, deliver, message, attempts)

    async def _one(self, target: Target, deliver: Deliver, message: Message, attempts: int) -> None:
        try:
            await deliver(message)
        except DeliveryError as error:
            pause = 0.0
            if not error.whole_target:
                pause = self._pause(self._pace.refused_s, self._pace.refused_longest_s, attempts + 1)
                _log.warning("notice_refused", target=target.label, notice=message.id, error=error.what)
            await asyncio.to_thread(
                self._queue.failed, message.id, target.key, error.what, pause_ns=int(pause * NS_PER_S)
            )
            if error.whole_target:
                raise
            return
        await asyncio.to_thread(self._queue.delivered, message.id, target.key)

    def _pause(self, first_s: float, longest_s: float, failures: int) -> float:
        """Exponential, between half of it and all of it at random: targets that fell over together are not woken
        together."""
        whole = min(longest_s, first_s * 2.0 ** min(failures - 1, 30))
        return whole * (0.5 + 0.5 * self._random.random())


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until all have ended. Once is not enough: before Python 3.12, `asyncio.wait_for`, which the MQTT client
    uses, swallows a cancellation that comes in the instant in which what it waits for is done."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_ASK_AGAIN_S)


async def _wait(wake: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await wake.wait()
    except TimeoutError:
        return
