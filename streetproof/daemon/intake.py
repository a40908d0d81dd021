"""Keeps a connection to one stream, and hands on what comes through a queue of bounded size.

The thread does nothing but read: each packet is stamped before anything else can delay it. Where whoever takes the
packets falls behind, whole groups of pictures are left out, and that is said in the queue, in its place.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from av.video.stream import VideoStream

from streams.instant import NS_PER_S
from streams.live.backoff import Backoff
from streams.live.interface import FaultKind, LiveError, LivePacket, LiveSource, StreamInfo

INBOX_BYTES = 32 << 20
INBOX_PACKETS = 5_000
_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """A connection stands. `template` is valid until the `Ended` that follows has been taken and answered."""

    info: StreamInfo
    template: VideoStream


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection ended, or none came about; the next attempt follows after `retry_ns`."""

    error: LiveError
    retry_ns: int


@dataclass(frozen=True, slots=True)
class Overflowed:
    """Packets were left out here: the disk, or this machine, was too slow. The next packet is a keyframe."""

    packets: int


@dataclass(frozen=True, slots=True)
class Trying:
    """An attempt to connect begins."""


Item = Trying | Begun | LivePacket | Overflowed | Ended


class Inbox:
    """A queue that never blocks its writer and never grows beyond its bounds."""

    def __init__(self, max_bytes: int = INBOX_BYTES, max_packets: int = INBOX_PACKETS) -> None:
        self._condition = threading.Condition()
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._packets = 0
        self._left_out = 0
        self._max_bytes = max_bytes
        self._max_packets = max_packets

    def put(self, item: Item) -> None:
        """Add an item; a packet only if there is room, and after a loss only from a keyframe on."""
        with self._condition:
            if isinstance(item, LivePacket):
                size = item.packet.size
                full = self._bytes + size > self._max_bytes or self._packets >= self._max_packets
                if full or (self._left_out and not item.key):
                    self._left_out += 1
                    return
                self._note_loss()
                self._bytes += size
                self._packets += 1
            else:
                self._note_loss()
            self._items.append(item)
            # Waking a thread costs more than all that is done with a packet. What nobody waits for is taken together:
            # by the next keyframe, when so many have come, or when `get` looks by itself.
            if not isinstance(item, LivePacket) or item.key or self._packets >= _BATCH:
                self._condition.notify()

    def get(self, timeout_s: float) -> Item | None:
        """The next item, or None after `timeout_s`. A packet may wait so long before it is handed out."""
        with self._condition:
            if not self._items and not self._condition.wait_for(lambda: self._items, timeout_s):
                return None
            item = self._items.popleft()
            if isinstance(item, LivePacket):
                self._bytes -= item.packet.size
                self._packets -= 1
            return item

    def _note_loss(self) -> None:
        if self._left_out:
            self._items.append(Overflowed(self._left_out))
            self._left_out = 0


class Intake(threading.Thread):
    """Connects, reads, and connects again, until it is told to stop."""

    def __init__(
        self, name: str, source: LiveSource, inbox: Inbox, *, retry_max_ns: int, monotonic: Callable[[], int]
    ) -> None:
        super().__init__(name=f"intake {name}", daemon=True)
        self._source = source
        self._inbox = inbox
        self._retry_max_ns = retry_max_ns
        self._backoff = Backoff(Random(), first_ns=min(NS_PER_S, retry_max_ns), cap_ns=retry_max_ns)
        self._monotonic = monotonic
        self._stop_asked = threading.Event()
        self._taken = threading.Event()
        self.connections = 0

    def stop(self) -> None:
        """Ask it to end; it does so at the next packet or timeout."""
        self._stop_asked.set()
        self._taken.set()

    def taken(self) -> None:
        """To be called by whoever took an `Ended`: the connection may be closed."""
        self._taken.set()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            self._inbox.put(Trying())
            try:
                pause_ns = self._read()
            except LiveError as error:
                pause_ns = self._pause(error)
                self._inbox.put(Ended(error, pause_ns))
            self._stop_asked.wait(pause_ns / 1e9)

    def _pause(self, error: LiveError) -> int:
        """The pause after an attempt that led to no connection."""
        pause_ns = self._backoff.pause()
        # A wrong password does not become right by itself, and many cameras lock a user out after a few attempts.
        return max(pause_ns, self._retry_max_ns // 2) if error.kind is FaultKind.UNAUTHORIZED else pause_ns

    def _read(self) -> int:
        """One connection, from beginning to end; the pause until the next."""
        with self._source.connect() as stream:
            began_ns = self._monotonic()
            self.connections += 1
            self._inbox.put(Begun(stream.info, stream.template))
            try:
                for packet in stream:
                    if self._stop_asked.is_set():
                        return 0
                    self._inbox.put(packet)
                error = LiveError(FaultKind.ENDED, "the stream ended", where=self._source.label)
            except LiveError as fault:
                error = fault
            pause_ns = self._backoff.pause(self._monotonic() - began_ns)
            self._taken.clear()
            self._inbox.put(Ended(error, pause_ns))
            # Muxers are made from the connection's template: it must live until the last packet was written.
            self._taken.wait()
            return pause_ns
