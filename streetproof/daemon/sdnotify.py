"""Tells systemd how the daemon is (sd_notify(3)): ready, alive, reloading, stopping. Does nothing where nobody asked.

The protocol is one datagram of `KEY=value` lines to the socket that `NOTIFY_SOCKET` names; a name that begins with `@`
lies in the abstract namespace.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping

_NS_PER_US = 1000
_MAX_STATUS = 500


class Notifier:
    """Speaks to the service manager. Every method is safe to call at any time, from any thread, and never waits.

    A manager that cannot be reached is no reason to stop watching streets: methods return whether the message went out.
    """

    def __init__(self, address: str | None = None, watchdog_ns: int | None = None) -> None:
        self._address = None if not address else "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_ns = watchdog_ns

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Notifier:
        """As the manager asks for it in NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.

        The variables are taken out, so that camera processes do not speak for the daemon.
        """
        address = environ.pop("NOTIFY_SOCKET", "")
        interval, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        meant = not pid or pid == str(os.getpid())
        watchdog_ns = int(interval) * _NS_PER_US if meant and interval.isascii() and interval.isdecimal() else 0
        return cls(address if address.startswith(("/", "@")) else None, watchdog_ns or None)

    @property
    def active(self) -> bool:
        """Whether somebody listens."""
        return self._address is not None

    @property
    def watchdog_interval_ns(self) -> int | None:
        """How often `watchdog()` should be called: half of what the manager allows. None: it does not watch."""
        return None if self._watchdog_ns is None else self._watchdog_ns // 2

    def ready(self, status: str = "") -> bool:
        """Start-up, or a reload, is finished."""
        return self._send("READY=1", status)

    def starting(self, within_s: int, status: str) -> bool:
        """Start-up takes longer than the manager expects: it is to wait for `within_s` from now on."""
        return self._send(f"EXTEND_TIMEOUT_USEC={within_s * 1_000_000}", status)

    def status(self, status: str) -> bool:
        """One line for `systemctl status`."""
        return self._send("", status)

    def watchdog(self) -> bool:
        """The hub is alive. To be called by what is watched, not by a timer beside it."""
        return self._send("WATCHDOG=1", "")

    def reloading(self, status: str = "") -> bool:
        """A reload begins; `ready()` must follow. The time tells the manager which reload is answered."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // _NS_PER_US}", status)

    def stopping(self, status: str = "") -> bool:
        """An orderly stop begins."""
        return self._send("STOPPING=1", status)

    def _send(self, state: str, status: str) -> bool:
        if self._address is None:
            return False
        if status:
            # A line break would begin another assignment; camera names and error texts come from outside.
            plain = "".join(character if character.isprintable() else " " for character in status)
            state = f"{state}\nSTATUS={plain[:_MAX_STATUS]}".lstrip("\n")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                sender.connect(self._address)
                sender.send(state.encode())
        except OSError:
            return False
        return True
