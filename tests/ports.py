"""Ports on the loopback interface that belong to one test alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class ReservedPort:
    """Nobody gets it by chance until `release`, neither to listen on nor to connect from.

    A socket is bound to it that never listens, so connections are refused. Whoever asks for it by number and with
    SO_REUSEADDR, as servers do, can listen there, as often as they like (Linux, socket(7)).
    """

    def __init__(self) -> None:
        self._holder = socket.socket()
        try:
            self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._holder.bind(("127.0.0.1", 0))
        except OSError:
            self.release()
            raise
        self.number = int(self._holder.getsockname()[1])

    def release(self) -> None:
        """From now on it is a port like any other. As often as one likes."""
        self._holder.close()


@contextmanager
def reserved_port() -> Iterator[int]:
    """The number of a port that is reserved as long as the context lasts; nobody listens there."""
    port = ReservedPort()
    try:
        yield port.number
    finally:
        port.release()
