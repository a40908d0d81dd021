"""What the daemon begins with: what it needs at once, and how its state database is opened."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from streams.live.hostclock import HostClock
from streetproof.daemon.sdnotify import Notifier
from streetproof.databases.opening import begun_state
from streetproof.settings.load import LoadedSite
from streetproof.store.database import Store

BUSY_S = 1.0
"""So long the hub waits for somebody else who writes."""
ANSWERS_S = 10.0
"""So long the daemon waits for an answer of the database's server, which keeps its connections also when it hangs."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a daemon has before its database, and keeps: its line of time, and what it was told."""

    host: HostClock = field(default_factory=HostClock)
    notifier: Notifier = field(default_factory=Notifier.from_environment)
    stop: threading.Event = field(default_factory=threading.Event)
    """SIGTERM or SIGINT came."""
    reload: threading.Event = field(default_factory=threading.Event)
    """SIGHUP came."""
    began_ns: int = field(default_factory=time.monotonic_ns)

    def listen(self) -> None:
        """Take signals from now on. In the main thread."""
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: self.stop.set())
        signal.signal(signal.SIGHUP, lambda *_: self.reload.set())


def daemon_store(data: Path, loaded: LoadedSite) -> Store:
    """The state database, as the daemon opens it. Raises PlaceError, SecretError and StoreError."""
    return begun_state(data, loaded, by="daemon", busy_s=BUSY_S, answers_s=ANSWERS_S)
