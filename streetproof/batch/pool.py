"""Runs tasks in worker processes, survives the death of a worker, and leaves no worker behind.

Decoders and model runtimes are native code fed with hostile files: one of them may take its process down. Then the
tasks that were under way are tried again one by one, each alone, so that the guilty one is known by name and the
others lose nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_sentinel
from multiprocessing.queues import SimpleQueue
from typing import Any, Generic, TypeVar

from streetproof.errors import StreetproofError

Task = TypeVar("Task")
Result = TypeVar("Result")

_POLL_S = 0.2
_send: Callable[[Any], None] | None = None


class WorkerDiedError(StreetproofError):
    """A worker process ended without an answer: it crashed in native code or was killed, perhaps for memory."""


def send(message: object) -> None:
    """From inside a task: hand a message to the consumer of the pool. Does nothing outside a worker."""
    if _send is not None:
        _send(message)


class Pool(Generic[Task, Result]):
    """Runs `work(task)` for every task of `tasks`, which may grow while it runs, in `workers` processes."""

    def __init__(
        self,
        work: Callable[[Task], Result],
        tasks: deque[Task],
        *,
        workers: int,
        on_message: Callable[[Any], None],
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self._work = work
        self._tasks = tasks
        self._workers = workers
        self._on_message = on_message
        # Threads of the parent (progress display) make fork unsafe.
        self._context = multiprocessing.get_context("spawn")

    def results(self) -> Iterator[tuple[Task, Result | StreetproofError]]:
        """Yield each task with its result, or with the StreetproofError it raised, in order of completion."""
        while self._tasks:
            suspects: list[Task] = []
            yield from self._run(self._workers, self._tasks, suspects)
            for task in suspects:
                alone: list[Task] = []
                yield from self._run(1, deque([task]), alone)
                if alone:
                    yield (
                        task,
                        WorkerDiedError(
                            "the process that worked on it died",
                            remedy="The file may be made to crash a decoder, or memory ran out; try it alone, and "
                            "report it if it happens again",
                        ),
                    )

    def _run(
        self, workers: int, tasks: deque[Task], died: list[Task]
    ) -> Iterator[tuple[Task, Result | StreetproofError]]:
        """Work until `tasks` is empty or a worker dies; then `died` holds what was under way."""
        # A new queue each time: a worker that died may have held the lock of the old one.
        queue: SimpleQueue[Any] = self._context.SimpleQueue()
        executor = ProcessPoolExecutor(workers, mp_context=self._context, initializer=_start_worker, initargs=(queue,))
        under_way: dict[Future[Result], Task] = {}
        try:
            while (tasks or under_way) and not died:
                # No more tasks than workers are handed out: those handed out are exactly those under way.
                while tasks and len(under_way) < workers:
                    task = tasks.popleft()
                    try:
                        under_way[executor.submit(self._work, task)] = task
                    except BrokenProcessPool:
                        tasks.appendleft(task)
                        break
                done, _ = wait(under_way, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                self._drain(queue)
                for future in done:
                    task = under_way.pop(future)
                    try:
                        outcome: Result | StreetproofError = future.result()
                    except BrokenProcessPool:
                        died.append(task)
                        continue
                    except StreetproofError as error:
                        outcome = error
                    yield task, outcome
            died.extend(under_way.values())
        finally:
            if under_way and not died:
                # The consumer gave up (Ctrl-C, an error of its own): a long task would keep it waiting.
                for child in multiprocessing.active_children():
                    child.terminate()
            executor.shutdown(wait=True, cancel_futures=True)
            self._drain(queue)

    def _drain(self, queue: SimpleQueue[Any]) -> None:
        while not queue.empty():
            self._on_message(queue.get())


def _start_worker(queue: SimpleQueue[Any]) -> None:
    global _send
    _send = queue.put
    # Ctrl-C reaches the whole group; the parent decides, workers must not print tracebacks of their own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=die_with_parent, daemon=True).start()


def die_with_parent() -> None:
    """A parent that was killed cannot tell its workers: they watch it, so that none is left behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_sentinel([parent.sentinel])
        os._exit(1)
