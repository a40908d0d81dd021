"""How a camera's recordings tell their time, from its settings."""

from __future__ import annotations

from streams.archive.clock import TimeRules
from streams.instant import Instant, TimeSource, from_datetime
from streetproof.settings.site import Camera, Site


def time_rules(site: Site, camera: Camera, stated: Instant | None = None) -> TimeRules:
    """The rules for recordings of `camera`; `stated` is a start given for this run, and then nothing else is asked.

    Raises ValueError for a file name pattern that cannot be meant.
    """
    settings = camera.time
    zone = settings.timezone or site.site.timezone
    if stated is not None:
        return TimeRules(zone=zone, order=(TimeSource.OPERATOR,), start=stated)
    start = (
        Instant(from_datetime(settings.start), TimeSource.OPERATOR, settings.start_uncertainty)
        if settings.start is not None
        else None
    )
    return TimeRules(
        zone=zone,
        order=tuple(TimeSource(source) for source in settings.sources),
        patterns=settings.patterns,
        start=start,
    )
