"""A TCP proxy between a camera and who watches it, to make networks that stall, lag and break.

    with Proxy(server.port) as proxy:
        url = f"rtsp://127.0.0.1:{proxy.port}/cam"   # RTSP over TCP; over UDP the media would pass it by
        proxy.pause()         # bytes wait; connections stay
        proxy.resume()        # what waited comes in one go
        proxy.delay(0.3)      # from now on every byte comes so much later
        proxy.cut()           # connections are closed; new ones are welcome
        proxy.refuse()        # connections are closed, new ones are refused ...
        proxy.accept()        # ... until now

One thread with one selector; nothing is left when the context ends.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.ports import ReservedPort

_PIECE = 65_536
_MAX_WAITING = 16 << 20
"""Bytes held for one direction. Beyond it the proxy stops reading, and the sender's own buffers fill."""


@dataclass(eq=False)
class _Pipe:
    """One direction of one connection."""

    source: socket.socket
    sink: socket.socket
    waiting: list[tuple[float, int, bytes]] = field(default_factory=list)
    held: int = 0


class Proxy:
    """See the module. A context manager."""

    def __init__(self, target_port: int, *, target_host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._selector = selectors.DefaultSelector()
        self._order = itertools.count()
        self._pipes: list[_Pipe] = []
        self._paused = False
        self._delay_s = 0.0
        self._ended = False
        self._calls: list[tuple[Callable[[], None], Future[None]]] = []
        self._lock = threading.Lock()
        self._waker, self._wakened = socket.socketpair()
        self._wakened.setblocking(False)
        self._selector.register(self._wakened, selectors.EVENT_READ)
        # Also while connections are refused, nobody else listens there.
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self.connections = 0
        """How many were accepted so far."""
        self._listener: socket.socket | None = None
        self._listen()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._end)
        self._thread.join()
        self._reserved.release()

    def pause(self) -> None:
        """Hold back every byte in both directions."""
        self._do(lambda: self._set_paused(True))

    def resume(self) -> None:
        self._do(lambda: self._set_paused(False))

    def delay(self, seconds: float) -> None:
        """Let every byte that comes from now on arrive so much later; 0 ends it. Order is kept."""
        self._do(lambda: setattr(self, "_delay_s", seconds))

    def cut(self) -> None:
        """Close all connections."""
        self._do(self._cut)

    def refuse(self) -> None:
        """Close all connections and accept no new ones: connecting is refused, until `accept`."""
        self._do(self._refuse)

    def accept(self) -> None:
        self._do(self._listen)

    def _do(self, call: Callable[[], None]) -> None:
        """Run something in the proxy's own thread, and wait until it is done."""
        done: Future[None] = Future()
        with self._lock:
            self._calls.append((call, done))
        self._waker.send(b"x")
        done.result(timeout=60)

    def _run(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(self._until_due()):
                if key.fileobj is self._wakened:
                    self._wakened.recv(_PIECE)
                elif key.fileobj is self._listener:
                    self._connect()
                elif key.data in self._pipes:
                    self._read(key.data)
            with self._lock:
                calls, self._calls = self._calls, []
            for call, done in calls:
                call()
                done.set_result(None)
            if not self._paused:
                self._deliver()

    def _until_due(self) -> float | None:
        if self._paused:
            return None
        due = [pipe.waiting[0][0] for pipe in self._pipes if pipe.waiting]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _connect(self) -> None:
        assert self._listener is not None
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target, timeout=5)
        except OSError:
            near.close()
            return
        self.connections += 1
        for end in (near, far):
            end.settimeout(30)
        for pipe in (_Pipe(near, far), _Pipe(far, near)):
            self._pipes.append(pipe)
            self._selector.register(pipe.source, selectors.EVENT_READ, pipe)

    def _read(self, pipe: _Pipe) -> None:
        try:
            piece = pipe.source.recv(_PIECE)
        except OSError:
            piece = b""
        if piece:
            heapq.heappush(pipe.waiting, (time.monotonic() + self._delay_s, next(self._order), piece))
            pipe.held += len(piece)
        if not piece and not pipe.waiting:
            self._close(pipe)
        elif not piece or pipe.held > _MAX_WAITING:
            self._selector.unregister(pipe.source)
            if not piece:
                # The end keeps its place behind what is still on its way.
                heapq.heappush(pipe.waiting, (time.monotonic() + self._delay_s, next(self._order), b""))

    def _deliver(self) -> None:
        now = time.monotonic()
        for pipe in list(self._pipes):
            while pipe in self._pipes and pipe.waiting and pipe.waiting[0][0] <= now:
                _, _, piece = heapq.heappop(pipe.waiting)
                try:
                    if not piece:
                        raise BrokenPipeError
                    pipe.sink.sendall(piece)
                except OSError:
                    self._close(pipe)
                    break
                full = pipe.held > _MAX_WAITING
                pipe.held -= len(piece)
                if full and pipe.held <= _MAX_WAITING:
                    self._selector.register(pipe.source, selectors.EVENT_READ, pipe)

    def _close(self, pipe: _Pipe) -> None:
        """Close both directions of the connection that `pipe` belongs to."""
        for end in (pipe.source, pipe.sink):
            if end in (key.fileobj for key in self._selector.get_map().values()):
                self._selector.unregister(end)
            end.close()
        self._pipes = [other for other in self._pipes if other.source not in (pipe.source, pipe.sink)]

    def _set_paused(self, paused: bool) -> None:
        self._paused = paused

    def _cut(self) -> None:
        while self._pipes:
            self._close(self._pipes[0])

    def _refuse(self) -> None:
        self._cut()
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _end(self) -> None:
        self._refuse()
        self._selector.unregister(self._wakened)
        self._selector.close()
        self._waker.close()
        self._wakened.close()
        self._paused = self._ended = True
