"""One camera's time: which instant a picture is given, and how far that is from what other clocks say.

Each connection has one clock, and with it one *line*: instant = level + pts. Within a segment the line is straight. At
the beginning of a segment it may move towards the better estimate, by no more than 500 ppm of the time since the last
one, so that no dwell is bent by more than 0.05 %. Differences above 1.0 s are not followed at all: they are stated,
and flagged, until somebody who knows that nothing is being timed asks for it (`reanchor`). The reasons: docs/time.md.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from streams.instant import NS_PER_S, Instant, TimeSource
from streams.live.clocklevels import FRESH_NS, ArrivalLevel, ReferenceLevel
from streams.live.hostclock import LIMIT_NS, HostClock
from streams.recorder.interface import ClockStatement
from streams.timeline import to_ns

MAX_SLEW_PPM = 500
MAX_BACK_NS = 8_000_000
"""No anchor goes back by more: less than the time between two pictures, so that none comes before the one before it."""
DELAY_NS = NS_PER_S // 2
"""What the quickest packet may have taken from the sensor to us: exposure, encoder, network. It cannot be measured
from one side; cameras on a local network need 0.1 to 0.4 s."""
STAMP_NS = 50_000_000
"""Cameras stamp a picture when its exposure begins, when it is read out, or when it is encoded: about a frame apart."""
UNSETTLED_NS = 10 * NS_PER_S
"""What the very first packets may have waited more than the quickest: relays first hand out a whole group of pictures
that they have kept."""
JUMP_FLAGGED_NS = 600 * NS_PER_S
"""A set camera clock is flagged for so long: over the segments of any usual dwell."""
ABSURD_NS = 90 * 86_400 * NS_PER_S
"""Further off, a stamp is no clock that somebody once set: it proves an error of more than 1 s, and no offset."""


class _Target(NamedTuple):
    """Where the line should be: level (UTC ns minus media position), what it is read from, and its half-width."""

    level_ns: int
    source: TimeSource
    uncertainty_ns: int


class CameraClock:
    """The time of one connection. Give it every packet as it comes, and ask it for the instant of each segment.

    `after` is where the camera's last segment ended, if there was one: the line then begins no earlier, as long as that
    needs no more than 1.0 s (see `setback_ns`). Not for use by several threads at once.
    """

    def __init__(self, time_base: Fraction, host: HostClock, *, after: Instant | None = None) -> None:
        self._time_base = time_base
        self._host = host
        self._host_line_ns = host.line_ns
        self._after_ns = after.utc_ns if after is not None else None
        self._arrivals = ArrivalLevel()
        self._reference = ReferenceLevel()
        self._absurd_ns: int | None = None
        self._now_ns = 0
        self._level_ns: int | None = None
        self._free = False
        self._anchor: tuple[int, Instant] | None = None
        self._setback_ns = 0

    # -- what comes in --------------------------------------------------------------------------------------------

    def observe(self, pts: int, arrived_ns: int, reference_ns: int | None) -> None:
        """One packet: its pts, CLOCK_MONOTONIC on its arrival, and the camera's UTC of it, if it says one (any int)."""
        position = to_ns(pts, self._time_base)
        self._now_ns = max(self._now_ns, arrived_ns)
        self._arrivals.observe(arrived_ns - position, self._now_ns)
        if reference_ns is None:
            return
        if abs(reference_ns - arrived_ns - self._host_line_ns) > ABSURD_NS:
            self._absurd_ns = self._now_ns
        else:
            self._absurd_ns = None
            self._reference.observe(reference_ns - position, self._now_ns)

    # -- the line -------------------------------------------------------------------------------------------------

    def anchor(self, pts: int) -> Instant:
        """The instant of the picture with `pts`, with which a segment begins. Whole microseconds, strictly rising.

        Its uncertainty holds how well the source can be read and how far the line still is from it. Raises ValueError
        where nothing was observed before, or `pts` is not beyond that of the last anchor.
        """
        target = self._target(self._host_line_ns)
        if target is None:
            raise ValueError("a line of time needs a packet to begin with")
        position = to_ns(pts, self._time_base)
        if self._anchor is None or self._level_ns is None:
            level = self._first_level(target.level_ns, position)
            utc_ns = (level + position) // 1000 * 1000
        else:
            last_pts, last = self._anchor
            if pts <= last_pts:
                raise ValueError(f"an anchor at pts {pts} follows one at {last_pts}")
            level = self._moved(target.level_ns, position - to_ns(last_pts, self._time_base))
            utc_ns = max((level + position) // 1000 * 1000, last.utc_ns + 1000)
        self._level_ns, self._free = level, False
        instant = Instant(utc_ns, target.source, target.uncertainty_ns + abs(level - target.level_ns))
        self._anchor = (pts, instant)
        return instant

    def at(self, pts: int) -> Instant:
        """The instant of any picture of the segment under way, by the same rule as everybody reads it later.

        Raises ValueError before the first anchor.
        """
        if self._anchor is None:
            raise ValueError("no segment has begun")
        first_pts, start = self._anchor
        return start.shifted(to_ns(pts - first_pts, self._time_base))

    def reanchor(self) -> bool:
        """Let the next anchor go to where the clocks are now, however far. Only while nothing is being timed.

        Takes the host's line of now, too. False: the line would have to go back, which only a new connection may do;
        nothing has changed then.
        """
        difference = self.difference_ns
        if difference is not None and difference > MAX_BACK_NS:
            return False
        self._host_line_ns, self._free = self._host.line_ns, True
        return True

    # -- what is known --------------------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether a second of arrivals was seen. The first anchor is better, by up to seconds, if it waits for this."""
        return self._arrivals.settled

    @property
    def difference_ns(self) -> int | None:
        """The line minus where `reanchor` would put it, on the host's line of now. None: no line yet.

        Beyond 1.0 s either way it is not followed without being asked to.
        """
        target = self._target(self._host.line_ns)
        return None if target is None or self._level_ns is None else self._level_ns - target.level_ns

    @property
    def setback_ns(self) -> int:
        """By how much this line began before the end that was to be continued: 0, or more than 1.0 s.

        More than 0: somebody set a clock back, and instants of this camera repeat. Who needs them to rise must wait for
        so long, or begin anew.
        """
        return self._setback_ns

    @property
    def jumps(self) -> int:
        """How often the camera's clock was set during this connection, by more than 0.2 s."""
        return self._reference.jumps

    @property
    def last_jump_ns(self) -> int:
        """By how much, the last time; positive: ahead."""
        return self._reference.last_jump_ns

    @property
    def offset_ns(self) -> int | None:
        """The camera's clock minus the server's, as seen on arrival; None: unknown, as where the camera tells no time.

        A picture is on its way for a while, so the camera may be ahead by up to `DELAY_NS` more than this.
        """
        return self._offset(self._host_line_ns)

    @property
    def drift_ppb(self) -> int | None:
        """How much faster the camera's media clock runs than the server's; None: not yet known."""
        return self._arrivals.drift_ppb

    @property
    def flags(self) -> tuple[str, ...]:
        """What speaks against this camera's times, of the flags of `ClockStatement`."""
        offset = self.offset_ns
        server = self._host.server_offset(self._host_line_ns)
        jumped_at = self._reference.jumped_at_ns
        found = {
            "camera_offset_over_1s": self._absurd or (offset is not None and not _within_limit(offset)),
            "camera_offset_unknown": offset is None,
            "server_offset_over_1s": server is not None and not server.within_limit,
            "server_offset_unknown": server is None,
            "camera_clock_jumped": (jumped_at is not None and self._now_ns - jumped_at <= JUMP_FLAGGED_NS)
            or self._adrift,
            "host_clock_stepped": self._host.stepped(self._host_line_ns),
        }
        return tuple(flag for flag, holds in found.items() if holds)

    def statement(self) -> ClockStatement:
        """All of it, as a segment's opening states it. Ask after `anchor`."""
        server = self._host.server_offset(self._host_line_ns)
        return ClockStatement(
            camera_offset_ns=self.offset_ns,
            camera_drift_ppb=self.drift_ppb,
            server_offset_ns=server.offset_ns if server is not None else None,
            server_checked_ns=server.checked_ns if server is not None else None,
            flags=self.flags,
        )

    # -- inside ---------------------------------------------------------------------------------------------------

    @property
    def _adrift(self) -> bool:
        """Whether the line is no longer shown to be within 1.0 s of what it is read from, and of the server's clock."""
        target, arrival = self._target(self._host_line_ns), self._arrivals.level_ns
        if target is None or arrival is None or self._level_ns is None or not self._arrivals.settled:
            return False
        difference = abs(self._level_ns - target.level_ns)
        late = self._level_ns - arrival - self._host_line_ns
        return difference + target.uncertainty_ns > LIMIT_NS or not _within_limit(late)

    @property
    def _absurd(self) -> bool:
        """Whether the camera lately told a time that is no clock's."""
        return self._absurd_ns is not None and self._now_ns - self._absurd_ns <= FRESH_NS

    def _offset(self, host_line_ns: int) -> int | None:
        arrival, stamp = self._arrivals.level_ns, self._reference.level_ns(self._now_ns)
        if arrival is None or stamp is None or self._absurd or not self._arrivals.settled:
            return None
        return stamp - arrival - host_line_ns

    def _target(self, host_line_ns: int) -> _Target | None:
        """Where the line should be. The camera's clock only where it is shown to be within 1.0 s of the server's."""
        arrival = self._arrivals.level_ns
        if arrival is None:
            return None
        offset, stamp = self._offset(host_line_ns), self._reference.level_ns(self._now_ns)
        if offset is not None and stamp is not None and self._reference.steady and _within_limit(offset):
            return _Target(stamp, TimeSource.RTCP_SR, STAMP_NS + self._reference.spread_ns)
        waited = self._arrivals.spread_ns + (0 if self._arrivals.settled else UNSETTLED_NS)
        return _Target(arrival + host_line_ns, TimeSource.ARRIVAL, DELAY_NS + waited)

    def _first_level(self, wanted: int, position: int) -> int:
        if self._after_ns is None:
            return wanted
        missing = -(-self._after_ns // 1000) * 1000 - (wanted + position)
        if missing > LIMIT_NS:
            self._setback_ns = missing
            return wanted
        return wanted + max(0, missing)

    def _moved(self, wanted: int, span_ns: int) -> int:
        """The line's level, moved towards the wanted one as far as it may after `span_ns` of media time."""
        assert self._level_ns is not None
        difference = wanted - self._level_ns
        if self._free and difference >= -MAX_BACK_NS:
            return wanted
        if abs(difference) > LIMIT_NS:
            return self._level_ns
        step = span_ns * MAX_SLEW_PPM // 1_000_000
        return self._level_ns + max(-min(step, MAX_BACK_NS), min(step, difference))


def _within_limit(offset_ns: int) -> bool:
    """Whether a clock this far ahead of the arrivals is shown to be within 1.0 s of the server's, however long pictures
    were on their way."""
    return -LIMIT_NS <= offset_ns <= LIMIT_NS - DELAY_NS
