"""Warnings about valid policies and zones that will not do what their author hopes. Nothing here is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from streams.instant import from_datetime
from vision.durations import format_duration
from vision.ground import Plane
from vision.holidays import Calendar, china
from vision.policy import AnyRule, IntrusionRule, NoParkingRule, Policy, Zone
from vision.rules.days import DayKind, Weekday, names_of
from vision.rules.interface import ScheduleWindow
from vision.schedule import Schedule, opens_on
from vision.words import Location

COARSE_M = 0.5
"""A zone's corner that a slip in reading it moves further than this is not worth measuring in metres."""


class Remark(NamedTuple):
    """One sentence, and where in the policy, or among the zones, what it is about stands: keys and indices."""

    location: Location
    text: str


def lint(policy: Policy, sampling_interval_ns: int) -> tuple[str, ...]:
    """The sentences of `sampling_remarks`."""
    return tuple(remark.text for remark in sampling_remarks(policy, sampling_interval_ns))


def sampling_remarks(policy: Policy, sampling_interval_ns: int) -> tuple[Remark, ...]:
    """What follows from how often is looked, and from what is missing.

    `sampling_interval_ns` is the time between two looked-at frames of the footage.
    """
    return tuple(
        Remark(("rules", number, *field), f"policy {policy.id}, rule {rule.id}: {text}")
        for number, rule in enumerate(policy.rules)
        for field, text in _of_rule(rule, sampling_interval_ns)
    )


def _of_rule(rule: AnyRule, interval_ns: int) -> Iterator[tuple[Location, str]]:
    yield from _of_time(rule, interval_ns)
    if isinstance(rule, IntrusionRule) and (rule.min_sightings - 1) * interval_ns > rule.dwell:
        yield (
            ("min_sightings",),
            f"with frames {format_duration(interval_ns)} apart, {rule.min_sightings} sightings take "
            f"{format_duration((rule.min_sightings - 1) * interval_ns)}: what is there for less, or moves on by more "
            "than its own length between two frames, is not found in recordings; look more often",
        )
    if lacking := rule.legal_basis.lacks:
        yield ("legal_basis",), f"its findings stay leads: not known of the legal basis is {', '.join(lacking)}"


def _of_time(rule: AnyRule, interval_ns: int) -> Iterator[tuple[Location, str]]:
    interval, unseen = format_duration(interval_ns), format_duration(rule.max_unseen)
    shortest = min(rule.terms.limits)
    if rule.max_unseen < interval_ns:
        yield (
            ("max_unseen",),
            f"max_unseen {unseen} is shorter than the sampling interval {interval}: nothing will ever count as seen",
        )
    if shortest < 2 * interval_ns:
        yield (
            _shortest(rule),
            f"an allowed time of {format_duration(shortest)} is shorter than two sampling intervals of {interval}: "
            "look more often, or allow more",
        )
    if isinstance(rule, NoParkingRule) and rule.max_unseen > shortest:
        yield (
            ("max_unseen",),
            f"max_unseen {unseen} is longer than the allowed time {format_duration(shortest)}: two sightings alone "
            "would make a violation",
        )
    if isinstance(rule, NoParkingRule):
        yield from _of_traffic(rule, interval_ns)


def _of_traffic(rule: NoParkingRule, interval_ns: int) -> Iterator[tuple[Location, str]]:
    traffic = rule.traffic
    if traffic is None:
        return
    interval, within, shortest = format_duration(interval_ns), format_duration(traffic.within), min(rule.terms.limits)
    if traffic.within < 2 * interval_ns:
        yield (
            ("traffic", "within"),
            f"with frames {interval} apart nobody can tell that vehicles came to stand within {within} of one another: "
            "no queue is recognised, and all of a jam becomes violations; look more often, or allow more",
        )
    if traffic.within > shortest:
        yield (
            ("traffic", "within"),
            f"vehicles of a queue may come {within} apart, longer than the allowed time {format_duration(shortest)}: "
            "the first become violations before the others have come",
        )


def _shortest(rule: AnyRule) -> Location:
    if not isinstance(rule, NoParkingRule):
        return ("dwell",)
    by_class = rule.dwell_by_class
    name = min(by_class, key=lambda cls: by_class[cls], default=None)
    return ("dwell_by_class", name) if name is not None and by_class[name] < rule.dwell else ("dwell",)


def calendar_remarks(policy: Policy, zone: tzinfo, today: date, calendar: Calendar | None = None) -> tuple[Remark, ...]:
    """What follows from public holidays: a year that is not known, windows and exemptions that never open.

    `zone` is the site's time zone, `today` the day there; in December the year to come is looked at too, because its
    notice is out by then.
    """
    found = []
    for number, rule in enumerate(policy.rules):
        where, about = ("rules", number), f"policy {policy.id}, rule {rule.id}"
        schedules: list[tuple[Location, str, Sequence[ScheduleWindow] | None]] = [(("schedule",), "", rule.schedule)]
        schedules += [
            (("exemptions", i, "schedule"), f", exemption {one.name!r}", one.schedule)
            for i, one in enumerate(rule.terms.exemptions)
        ]
        for field, which, windows in schedules:
            for text in _of_calendar(windows or (), today, calendar):
                found.append(Remark((*where, *field), f"{about}{which}: {text}"))
            if which and not _meet(rule.schedule, windows, zone, today.year, calendar):
                text = f"its hours never meet those of the rule in {today.year}: it has no effect; correct its schedule"
                found.append(Remark((*where, *field), f"{about}{which}: {text}"))
    return tuple(found)


def _of_calendar(windows: Sequence[ScheduleWindow], today: date, calendar: Calendar | None) -> Iterator[str]:
    asking = [window for window in windows if window.asks_calendar]
    if not asking:
        return
    calendar = calendar or china()
    unknown = [day for day in (today, date(today.year + (today.month == 12), 1, 1)) if not calendar.knows(day)]
    if unknown:
        yield (
            f"{calendar.source} {calendar.version} does not know the public holidays of {unknown[0].year} "
            f"(it ends on {calendar.until}): its days are taken by their weekday, and no case of them can be approved; "
            f"update the package {calendar.source}"
        )
    for window in asking:
        if not any(opens_on(window, names) for names in _names_of_year(today.year, calendar)):
            kinds = f"{', '.join(window.days)}" + (f" except {', '.join(window.excluded)}" if window.excluded else "")
            yield f"the window on {kinds} opens on no day of {today.year}; correct its days"


def _names_of_year(year: int, calendar: Calendar) -> Iterator[frozenset[Weekday | DayKind]]:
    day = date(year, 1, 1)
    while day.year == year:
        fact = calendar.fact(day)
        yield names_of(Weekday(fact.weekday), DayKind(fact.kind))
        day += timedelta(days=1)


def _meet(
    first: Sequence[ScheduleWindow] | None,
    second: Sequence[ScheduleWindow] | None,
    zone: tzinfo,
    year: int,
    calendar: Calendar | None,
) -> bool:
    """Whether two schedules share any time of a year."""
    if first is None or second is None:
        return True
    start, end = (from_datetime(datetime(y, 1, 1, tzinfo=zone)) for y in (year, year + 1))
    other = Schedule(second, zone, calendar)
    return any(other.overlap_ns(low, high) for low, high in Schedule(first, zone, calendar).spans(start, end))


def ground_remarks(zones: Sequence[Zone], plane: Plane) -> tuple[Remark, ...]:
    """Corners so far away that metres there mean little; locations are indices of zones."""
    found = []
    for number, zone in enumerate(zones):
        worst = max(zone.polygon, key=plane.uncertainty_m)
        off = plane.uncertainty_m(worst)
        if off > COARSE_M:
            text = (
                f"zone {zone.id}: at its corner [{worst[0]:g}, {worst[1]:g}] a slip of 1/500 of the picture is "
                f"{off:.1f} m of ground; draw the zone nearer to the camera, or measure `ground` further out"
            )
            found.append(Remark((number, "polygon"), text))
    return tuple(found)
