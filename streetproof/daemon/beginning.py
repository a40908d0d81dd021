"""Opens the state database when the daemon starts."""

from __future__ import annotations

import os
import time
from pathlib import Path

import structlog

from streetproof.daemon.sdnotify import Notifier
from streetproof.databases.opening import begun_state, has_state
from streetproof.settings.load import LoadedSite
from streetproof.store.connection import StoreAwayError
from streetproof.store.database import Store

_log = structlog.get_logger(__name__)

BUSY_S = 1.0
"""So long the hub waits for somebody else who writes."""
ANSWERS_S = 10.0
"""So long the hub waits for an answer of the database's server, which keeps its connections also when it hangs."""
_AGAIN_S = 2.0
_STARTING_S = 60
"""So long systemd goes on waiting, each time that it is told of a start."""


def opened_store(data: Path, loaded: LoadedSite) -> Store:
    """The state database. One that the folder had before and whose server is away is waited for: after a power cut this
    machine may be up before the server is, and must not have to be started again by hand."""
    notifier, told = Notifier.from_environment(dict(os.environ)), False
    while True:
        try:
            return begun_state(data, loaded, by="daemon", busy_s=BUSY_S, answers_s=ANSWERS_S)
        except StoreAwayError as error:
            if not has_state(data):
                raise
            if not told:
                _log.error("database_awaited", error=str(error))
                told = True
            notifier.starting(_STARTING_S, "waits for the database; nothing is recorded yet")
            time.sleep(_AGAIN_S)
