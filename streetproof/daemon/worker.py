"""The process of one camera: reads, records, looks. What it is not told it does not know; what it does it says.

Four threads: *intake* reads (one per stream), this one writes to disk, *looker* decodes, *orders* listens to the hub.
Only the writing must never be held up, so nothing here waits for the looker or for the hub.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock
from streams.live.source import open_source
from streetproof.daemon.intake import Ended, Inbox, Intake
from streetproof.daemon.logs import configure
from streetproof.daemon.looker import Looker
from streetproof.daemon.mainstream import MainStream
from streetproof.daemon.messages import (
    Fit,
    LookBack,
    ServerClock,
    Stop,
    StreamRole,
    ToCamera,
    Watch,
    WorkerSpec,
)
from streetproof.daemon.outbox import Outbox
from streetproof.daemon.process import set_title
from streetproof.daemon.substream import SubStream
from streetproof.daemon.views import restored_view
from streetproof.errors import StreetproofError
from vision.attention import ChangeGate
from vision.sight import Sight

_POLL_S = 0.2
_DRAIN_S = 2.0


class LookerHungError(StreetproofError):
    """Nothing is looked at any more. The process ends: it must not pass for a street on which nothing happens."""


def camera_process(spec: WorkerSpec, connection: Connection) -> None:
    """What a camera's process runs, and its end: no thread that sits in a read of a dead camera is waited for."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)  # the whole group gets them; the hub decides
    set_title(f"streetproof: camera {spec.camera}")
    configure(f"camera-{spec.camera}")
    log_uncaught = threading.excepthook

    def end(arguments: threading.ExceptHookArgs) -> None:
        """A thread that is gone would be missed by nobody: the process ends, and the fleet starts another."""
        log_uncaught(arguments)
        os._exit(1)

    threading.excepthook = end
    try:
        CameraWorker(spec, connection).run()
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        os._exit(1)
    os._exit(0)


class CameraWorker:
    """One camera's streams, recorder and looker."""

    def __init__(self, spec: WorkerSpec, connection: Connection) -> None:
        self._spec = spec
        self._connection = connection
        self._outbox = Outbox(connection, self._orphaned)
        self._host = HostClock(line_ns=spec.line_ns)
        self._host.note_reference(spec.reference)
        self._orders: deque[ToCamera] = deque()
        self._stopping: Stop | None = None
        self._inbox = Inbox()
        self._looker = Looker(
            self._outbox.put,
            room=self._outbox.room,
            rate=spec.rate,
            max_interval_ns=spec.max_interval_ns,
            sight=lambda: Sight(ChangeGate(spec.max_reuse_ns) if spec.skip_unchanged else None),
            monitor=restored_view(spec.view),
        )
        self._main = MainStream(spec, self._host, self._looker, self._outbox)
        self._intakes = [self._intake(StreamRole.MAIN, self._inbox)]
        self._sub: SubStream | None = None
        if spec.sub is not None:
            inbox = Inbox()
            self._intakes.append(self._intake(StreamRole.SUB, inbox))
            self._sub = SubStream(spec, self._host, self._looker, self._outbox.put, inbox, self._intakes[1])
        self._reported_ns = 0

    def run(self) -> None:
        """Work until told to stop, or until the hub is gone; the open segment is closed in either case."""
        self._outbox.start()
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        self._looker.tell_view()
        self._looker.start()
        self._main.start()
        for thread in (*self._intakes, *([self._sub] if self._sub else [])):
            thread.start()
        while self._stopping is None:
            item = self._inbox.get(_POLL_S)
            if item is not None:
                self._main.take(item)
                if isinstance(item, Ended):
                    self._intakes[0].taken()
            while self._orders:
                self._obey(self._orders.popleft())
            now_ns = time.monotonic_ns()
            if now_ns - self._reported_ns >= NS_PER_S:
                self._reported_ns = now_ns
                if self._looker.hangs(now_ns):
                    raise LookerHungError("the decoder does not come back", where=self._spec.camera)
                self._check_clock()
                self._outbox.put(self._main.report(now_ns))
        for intake in self._intakes:
            intake.stop()
        self._main.stop(self._stopping.cause)
        self._looker.close()
        self._outbox.drain(_DRAIN_S)

    def _intake(self, role: StreamRole, inbox: Inbox) -> Intake:
        spec = self._spec
        address = spec.main if role is StreamRole.MAIN else spec.sub
        assert address is not None
        return Intake(
            f"{spec.camera} {role}",
            open_source(address, spec.timeouts),
            inbox,
            retry_max_ns=spec.retry_max_ns,
            monotonic=time.monotonic_ns,
        )

    def _obey(self, order: ToCamera) -> None:
        match order:
            case Watch(level, idle):
                self._looker.set_level(level)
                self._main.idle = idle
                if self._sub is not None:
                    self._sub.idle = idle
            case Fit():
                self._looker.set_fit(order)
            case LookBack():
                self._main.look_back(order)
            case ServerClock(line_ns, reference):
                self._host.note_reference(reference)
                if line_ns != self._host.line_ns:
                    self._host.adopt(line_ns)
            case Stop():
                self._stopping = order

    def _check_clock(self) -> None:
        # The hub says it, and puts the line right; here it has to be known for the flags of this camera.
        self._host.check()

    def _listen(self) -> None:
        """Take orders; without a hub there is nobody to work for."""
        parent = parent_process()
        sentinels = [parent.sentinel] if parent is not None else []
        while True:
            ready = wait([self._connection, *sentinels])
            if self._connection in ready:
                try:
                    order = self._connection.recv()
                except (EOFError, OSError):
                    break
                if isinstance(order, Stop):
                    self._stopping = order
                self._orders.append(order)
            else:
                break
        self._orphaned()

    def _orphaned(self) -> None:
        self._stopping = self._stopping or Stop("crashed")
