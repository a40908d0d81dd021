"""When a rule applies: windows of local clock time as exact UTC intervals.

An instant is inside a window when a correct clock on the wall of the site, showing local time, reads a time in
[from, to) on one of its days. So an hour that occurs twice when summer time ends counts twice, and one that is
skipped does not count at all. What passes midnight belongs to the day on which it opened, whatever kind of day follows.
All arithmetic is on integer nanoseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from streams.instant import NS_PER_S
from vision.holidays import Calendar, china
from vision.rules.days import DayKind, Weekday, names_of
from vision.rules.interface import MINUTES_PER_DAY, ScheduleWindow

_DAY_S = 86_400
_PROBE_S = 3_600
_DAYS_KEPT = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS = tuple(Weekday)
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

Span = tuple[int, int]


class Schedule:
    """The windows of one rule in one time zone; None for `windows` is always open."""

    def __init__(
        self, windows: Sequence[ScheduleWindow] | None, zone: tzinfo, calendar: Calendar | None = None
    ) -> None:
        """`calendar`: whose holidays count; None is China's. It is looked at only where a window asks for it."""
        self._always = windows is None
        self._zone = zone
        self._windows = tuple(windows or ())
        asks = any(window.asks_calendar for window in self._windows)
        self._calendar = (calendar or china()) if asks else None
        # A moving cache of a few days: the same days are asked for again and again, and memory stays flat.
        self._days: dict[int, tuple[Span, ...]] = {}
        self._wall: tuple[tuple[Span, ...], ...] = ()
        """Without a calendar every week is alike."""
        if not asks:
            self._wall = tuple(self._wall_spans(day - _EPOCH_WEEKDAY) for day in range(7))

    def contains(self, utc_ns: int) -> bool:
        """Whether the instant lies inside a window."""
        if self._always:
            return True
        spans = self._day(utc_ns // (_DAY_S * NS_PER_S))
        index = bisect_right(spans, (utc_ns, 1 << 100)) - 1
        return index >= 0 and utc_ns < spans[index][1]

    def overlap_ns(self, start_ns: int, end_ns: int) -> int:
        """How much of [start_ns, end_ns) lies inside the windows, exact; 0 where end_ns <= start_ns."""
        if self._always or end_ns <= start_ns:
            return max(0, end_ns - start_ns)
        return sum(close - open_ for open_, close in self.spans(start_ns, end_ns))

    def spans(self, start_ns: int, end_ns: int) -> list[Span]:
        """The parts of [start_ns, end_ns) that lie inside the windows, disjoint and in order."""
        if self._always or end_ns <= start_ns:
            return [(start_ns, end_ns)] if end_ns > start_ns else []
        day_ns = _DAY_S * NS_PER_S
        return [
            (max(start_ns, open_), min(end_ns, close))
            for day in range(start_ns // day_ns, (end_ns - 1) // day_ns + 1)
            for open_, close in self._day(day)
            if max(start_ns, open_) < min(end_ns, close)
        ]

    def _day(self, day: int) -> tuple[Span, ...]:
        """The open spans, in UTC ns, disjoint and sorted, within UTC day number `day` since the epoch."""
        spans = self._days.get(day)
        if spans is None:
            while len(self._days) >= _DAYS_KEPT:
                del self._days[next(iter(self._days))]
            spans = self._days[day] = tuple(self._spans(day * _DAY_S, (day + 1) * _DAY_S))
        return spans

    def _spans(self, start_s: int, end_s: int) -> list[Span]:
        found = []
        for first_s, last_s, offset_s in _offsets(start_s, end_s, self._zone):
            # Within one UTC offset the wall clock is the UTC clock, moved.
            local_first, local_last = first_s + offset_s, last_s + offset_s
            for local_day in range(local_first // _DAY_S, (local_last - 1) // _DAY_S + 1):
                for open_s, close_s in self._wall_of(local_day):
                    low = max(local_first, local_day * _DAY_S + open_s) - offset_s
                    high = min(local_last, local_day * _DAY_S + close_s) - offset_s
                    if low < high:
                        found.append((low * NS_PER_S, high * NS_PER_S))
        return _merged(found)

    def _wall_of(self, local_day: int) -> tuple[Span, ...]:
        return self._wall[(local_day + _EPOCH_WEEKDAY) % 7] if self._wall else self._wall_spans(local_day)

    def _wall_spans(self, local_day: int) -> tuple[Span, ...]:
        """Open spans of a local day since the epoch, in seconds after its midnight; windows of the day before too."""
        spans = []
        today, yesterday = self._names(local_day), self._names(local_day - 1)
        for window in self._windows:
            passes_midnight = window.end < window.start
            if opens_on(window, today):
                spans.append((window.start * 60, (MINUTES_PER_DAY if passes_midnight else window.end) * 60))
            if passes_midnight and opens_on(window, yesterday):
                spans.append((0, window.end * 60))
        return tuple(_merged(spans))

    def _names(self, local_day: int) -> frozenset[Weekday | DayKind]:
        """Every name the day goes by."""
        weekday = _WEEKDAYS[(local_day + _EPOCH_WEEKDAY) % 7]
        if self._calendar is None:
            return frozenset({weekday})
        fact = self._calendar.fact(date.fromordinal(_EPOCH_ORDINAL + local_day))
        return names_of(weekday, DayKind(fact.kind))


def opens_on(window: ScheduleWindow, names: frozenset[Weekday | DayKind]) -> bool:
    """Whether it opens on a day that goes by these names."""
    return not names.isdisjoint(window.days) and names.isdisjoint(window.excluded)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for low, high in sorted(span for span in spans if span[0] < span[1]):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _offset_s(utc_s: int, zone: tzinfo) -> int:
    offset = (_EPOCH + timedelta(seconds=utc_s)).astimezone(zone).utcoffset() or timedelta()
    return offset // timedelta(seconds=1)


def _offsets(start_s: int, end_s: int, zone: tzinfo) -> list[tuple[int, int, int]]:
    """[start_s, end_s) cut where the zone's offset to UTC changes: (first, end, offset), all in seconds.

    The offset is probed every hour: two changes within one hour that cancel each other do not occur.
    """
    pieces = []
    first, offset = start_s, _offset_s(start_s, zone)
    for probe in range(start_s + _PROBE_S, end_s + 1, _PROBE_S):
        seen = _offset_s(probe, zone)
        if seen == offset:
            continue
        low, high = probe - _PROBE_S, probe
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset_s(middle, zone) == offset else (low, middle)
        pieces.append((first, high, offset))
        first, offset = high, seen
    if first < end_s:
        pieces.append((first, end_s, offset))
    return pieces
