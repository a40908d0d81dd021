"""The clocks of a machine on which hours pass in seconds: they go where the packets are."""

from __future__ import annotations

from streams.instant import NS_PER_S
from streams.live.hostclock import HostReading

BEGAN_UTC_NS = 1_793_577_600 * NS_PER_S
"""2026-11-02T00:00:00Z."""
BOOTED_NS = 1_000 * NS_PER_S


class TimeMachine:
    """CLOCK_MONOTONIC and UTC that are set by hand and only go forward."""

    def __init__(self) -> None:
        self.monotonic_ns = BOOTED_NS

    def to(self, monotonic_ns: int) -> None:
        self.monotonic_ns = max(self.monotonic_ns, monotonic_ns)

    def sleep(self, seconds: float) -> None:
        self.monotonic_ns += round(seconds * NS_PER_S)

    def now(self) -> int:
        return self.monotonic_ns

    def utc_ns(self) -> int:
        return BEGAN_UTC_NS + self.monotonic_ns - BOOTED_NS

    def read(self) -> HostReading:
        return HostReading(self.monotonic_ns, self.utc_ns(), self.monotonic_ns, 0)

    @property
    def hours(self) -> float:
        return (self.monotonic_ns - BOOTED_NS) / NS_PER_S / 3600
