"""Ports on the loopback interface."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
