"""A proxy that understands RTSP over TCP (RFC 2326, 10.12) and does to single RTP and RTCP packets what networks do.

    with Interleaved(server.port) as proxy:
        url = proxy.url("/cam")
        proxy.lose(lambda number: number % 7 == 0)   # units by their number since then, with all their packets
        proxy.swap(5)                                # from now on every fifth changes places with the one behind it
        proxy.set_clock(5.0)                         # from now on sender reports tell a time 5 s ahead
        proxy.cut()                                  # all connections are closed
        proxy.units                                  # NAL units that were handed on, per connection, in order

It is the measure of what reached the machine: `units` holds the NAL units of H.264 whose last byte was handed on
(RFC 6184: single units and FU-A). One thread per direction; nothing is left when the context ends.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_PIECE = 65_536
_FU_A = 28
_STAP_A = 24
_SENDER_REPORT = 200


@dataclass(eq=False)
class _Link:
    """One connection: the client's side and the server's."""

    near: socket.socket
    far: socket.socket
    units: list[bytes] = field(default_factory=list)
    part: bytearray = field(default_factory=bytearray)
    """What has been handed on of a unit that comes in pieces."""
    waiting: bytes | None = None
    """A packet that changes places with the next."""
    losing: bool = False
    """The unit of which pieces are coming does not arrive."""
    handing_on: threading.Lock = field(default_factory=threading.Lock)
    """Held while something is handed on and noted: between two units, `units` is what was sent."""
    ending: bool = False
    """To be closed as soon as the unit under way is whole."""


class Interleaved:
    """See the module. A context manager."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._links: list[_Link] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._lost: Callable[[int], bool] = lambda number: False
        self._every = 0
        self._ahead_s = 0.0
        self._number = 0
        self.reports = 0
        """Sender reports that were handed on since the clock was set last."""
        self.lost = 0
        """RTP packets that were not handed on."""

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()  # from now on there are no new links
        with self._lock:
            links = list(self._links)
        for link in links:
            _close(link)
        for thread in self._threads:
            thread.join()

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}{mount}"

    def lose(self, which: Callable[[int], bool]) -> None:
        """From now on, units are counted from 0, and the packets of those of `which` do not arrive."""
        with self._lock:
            self._lost, self._number = which, 0

    def swap(self, every: int) -> None:
        """From now on every so many-th unit, if it is a single packet, arrives behind the next packet; 0: none."""
        with self._lock:
            self._every = every

    def set_clock(self, ahead_s: float) -> None:
        """From now on the camera's clock, as its sender reports tell it, is so far ahead of what it was at first."""
        with self._lock:
            self._ahead_s, self.reports = ahead_s, 0

    def cut(self) -> None:
        """Close all connections, each at the end of a unit; what was handed on before arrives."""
        with self._lock:
            links = list(self._links)
        for link in links:
            with link.handing_on:
                link.ending = True
                if not link.part:
                    _close(link)

    @property
    def units(self) -> list[list[bytes]]:
        """NAL units that were handed on, of every connection so far."""
        with self._lock:
            return [list(link.units) for link in self._links]

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            link = _Link(near, far)
            with self._lock:
                self._links.append(link)
            self._start(self._serve, link)

    def _start(self, what: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=what, args=arguments, name="interleaved", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _serve(self, link: _Link) -> None:
        with link.near, link.far:
            requests = self._start(self._requests, link)
            self._answers(link)
            requests.join()

    def _requests(self, link: _Link) -> None:
        try:
            while piece := link.near.recv(_PIECE):
                link.far.sendall(piece)
        except OSError:
            pass
        finally:
            with suppress(OSError):
                link.far.shutdown(socket.SHUT_RDWR)

    def _answers(self, link: _Link) -> None:
        buffer = bytearray()
        try:
            while piece := link.far.recv(_PIECE):
                buffer += piece
                while (length := _length(buffer)) is not None:
                    whole = bytes(buffer[:length])
                    del buffer[:length]
                    for out in self._passed(link, whole):
                        with link.handing_on:
                            link.near.sendall(out)
                            self._handed_on(link, out)
                            if link.ending and not link.part:
                                _close(link)
        except OSError:
            pass
        finally:
            _close(link)

    def _passed(self, link: _Link, whole: bytes) -> list[bytes]:
        """What is handed on where `whole` came: an answer of RTSP, or a packet with its four bytes in front."""
        if not whole.startswith(b"$"):
            return [whole]
        with self._lock:
            if whole[1] % 2:
                return [self._reported(whole)]
            payload = _payload(whole)
            piece = payload[0] & 0x1F == _FU_A
            # What libav makes of half a unit is its own matter: the pieces of one share its fate.
            if not piece or payload[1] & 0x80:
                number, self._number = self._number, self._number + 1
                link.losing = self._lost(number)
                if not piece and not link.losing and link.waiting is None and self._every and number % self._every == 0:
                    link.waiting = whole
                    return []
            if link.losing:
                self.lost += 1
                return []
            behind, link.waiting = link.waiting, None
            if behind is None:
                return [whole]
            return [behind, whole] if piece else [whole, behind]

    def _reported(self, whole: bytes) -> bytes:
        if whole[5] != _SENDER_REPORT:
            return whole
        self.reports += 1
        # RFC 3550, 6.4.1: behind header and SSRC stands the NTP timestamp, 32.32 bits since 1900.
        (stamp,) = struct.unpack_from("!Q", whole, 12)
        return whole[:12] + struct.pack("!Q", stamp + int(self._ahead_s * (1 << 32))) + whole[20:]

    def _handed_on(self, link: _Link, out: bytes) -> None:
        if not out.startswith(b"$") or out[1] % 2:
            return
        payload = _payload(out)
        kind = payload[0] & 0x1F
        with self._lock:
            if kind == _FU_A:
                if payload[1] & 0x80:
                    link.part = bytearray([payload[0] & 0xE0 | payload[1] & 0x1F])
                link.part += payload[2:]
                if payload[1] & 0x40:
                    link.units.append(bytes(link.part))
                    link.part.clear()
            elif kind == _STAP_A:
                link.units += _aggregated(payload)
            else:
                link.units.append(payload)


def _close(link: _Link) -> None:
    """Both sides; whoever reads them gets what was sent before, and then the end."""
    for end in (link.near, link.far):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _payload(packet: bytes) -> bytes:
    """Of an RTP packet with four bytes in front (RFC 3550, 5.1), whose header has no extension."""
    return packet[4 + 12 + 4 * (packet[4] & 0x0F) :]


def _length(buffer: bytearray) -> int | None:
    """How long the message is with which `buffer` begins; None: it has not come whole."""
    if not buffer:
        return None
    if buffer[:1] == b"$":
        length = 4 + int.from_bytes(buffer[2:4], "big") if len(buffer) >= 4 else 4
    else:
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = head + 4
        for line in bytes(buffer[:head]).split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length += int(line.partition(b":")[2])
    return length if len(buffer) >= length else None


def _aggregated(payload: bytes) -> list[bytes]:
    found, position = [], 1
    while position + 2 <= len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        found.append(payload[position + 2 : position + 2 + size])
        position += 2 + size
    return found
