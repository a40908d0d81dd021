"""The one reading of the host's clock. The engine never gets it; seals and run records do."""

from __future__ import annotations

import time

from streams.instant import Instant, TimeSource

_RESOLUTION_NS = 1_000_000


def now() -> Instant:
    """The host's clock, now. Its offset to UTC was not measured, and whoever writes it down has to say so."""
    return Instant(time.time_ns(), TimeSource.ARRIVAL, _RESOLUTION_NS)
