"""The one reading of the host's clock: the engine never gets it, seals and run records do. And times for showing."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from streams.instant import Instant, TimeSource, to_datetime

_RESOLUTION_NS = 1_000_000


def now() -> Instant:
    """The host's clock, now. Its offset to UTC was not measured, and whoever writes it down has to say so."""
    return Instant(time.time_ns(), TimeSource.ARRIVAL, _RESOLUTION_NS)


def on_the_wall(utc_ns: int, timezone: str) -> str:
    """A time as the site's clocks show it, to the second, rounded down: `2026-11-02 08:00:00`."""
    return f"{to_datetime(utc_ns).astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S}"
