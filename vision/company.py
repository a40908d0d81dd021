"""Traffic that stands: a jam, or a red light longer than what is allowed. All of it stands too long, nothing parks.

One look tells nothing: a vehicle in a queue stands as a parked one does. What tells a queue is that its vehicles stand
in one line, that neighbours in it came to stand at about the same time, and that they leave so. So where a limit is
passed by what has such *company*, the rule is held back: as long as the company stands, for `Traffic.hold` at most. It
fires for what stays on after most of the company has left, and none has left for `Traffic.within`: the tail of a queue
starts later than its head. What leaves with the company is no violation.

*In one line*: a lane is straight over a few lengths, and what is straight on the ground is so in the picture.
*At about the same time*: for certain within `Traffic.within` of its neighbour, by what is known of both arrivals; so a
queue may grow for longer. Of what stood there when footage began, or came in a long gap, nobody knows when it came: it
is no company.

Whoever parks in one line with two others that came when they did waits for the verdict, for `hold` at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from streams.instant import Instant
from vision.boxes import area, intersection
from vision.footprint import share_ground
from vision.inforce import RuleInForce
from vision.interface import Box, Companion, Company, Moment
from vision.reasons import Released
from vision.rules.no_parking import MAX_COMPANY, NoParkingRule, Traffic
from vision.standing import Standing
from vision.tally import Hold, Other, Tally

_OFF_LINE = 0.3
"""Of three in one line the middle one touches the ground no further off the line between the others than this share of
its own box; boxes tremble by a tenth of that."""
_NEAR_IN_LINE = 2
"""Neighbours in a line are next to each other, or next but one: what stands between may have been found late."""
_SAME_GROUND, _INSIDE, _AS_WIDE = 0.5, 0.8, 0.6
"""Two places are one vehicle that was found twice if they share so much of their ground contact; or so much of the
smaller lies in the larger, and it is nearly as wide: half hidden at first, and whole later."""


def hold_back(standing: Standing, tally: Tally, at: Instant, standings: Sequence[Standing], force: RuleInForce) -> None:
    """Hold a rule back whose limit is passed in this look, and that has not fired, where it stands in a queue."""
    traffic = _traffic(force)
    if traffic is None or tally.hold is not None:
        return
    others = _queue(standing, standings, force, traffic.within)
    if len(others) >= traffic.company:
        nearest = sorted(others, key=lambda one: (abs(one.first.utc_ns - standing.first.utc_ns), one.place))
        kept = sorted(nearest[:MAX_COMPANY], key=_by_arrival)
        tally.hold = Hold(
            at, [Other(one.place, one.before.utc_ns, one.first.utc_ns) for one in kept if one.before is not None]
        )


def held_back(
    standing: Standing, tally: Tally, moment: Moment, standings: Sequence[Standing], force: RuleInForce
) -> bool:
    """Whether a rule whose limit is passed does not fire at this sighting; kept in the tally, with its reason."""
    hold_back(standing, tally, moment.at, standings, force)
    hold, traffic, now_ns = tally.hold, _traffic(force), moment.at.utc_ns
    if hold is None or traffic is None:
        return False
    _look_around(hold, [one for one in standings if one.open and one is not standing], now_ns)
    if _left(hold, now_ns, traffic.within):
        hold.until, hold.why = moment.at, Released.COMPANY_LEFT
    elif now_ns - hold.since.utc_ns >= traffic.hold:
        hold.until, hold.why = moment.at, Released.HOLD_PASSED
    elif force.contains(now_ns):
        tally.keep(moment)
    return hold.why is None


def company_of(tally: Tally, force: RuleInForce) -> Company | None:
    """Why it was held back until it fired; None: it was not."""
    hold, traffic = tally.hold, _traffic(force)
    if hold is None or hold.why is None or traffic is None:
        return None

    def instant(utc_ns: int) -> Instant:
        return replace(hold.since, utc_ns=utc_ns)

    others = tuple(
        Companion(one.place, (instant(one.before_ns), instant(one.first_ns)), not one.gone) for one in hold.others
    )
    return Company(hold.since, hold.why, traffic.within, others)


def _traffic(force: RuleInForce) -> Traffic | None:
    return force.rule.traffic if isinstance(force.rule, NoParkingRule) else None


def _look_around(hold: Hold, there: Sequence[Standing], now_ns: int) -> None:
    """Which of them stand now: what is hidden, or was missed for a moment, does until its stay has ended; and so does
    what is found in another box, or has moved up into its place."""
    by_arrival = {(one.first.utc_ns, one.place): one for one in there}
    for other in hold.others:
        still = by_arrival.get((other.first_ns, other.place))
        if still is not None:
            other.left_ns = None if still.absent_from is None else still.absent_from.utc_ns
        elif any(_same_place(other.place, one.place) for one in there):
            other.gone, other.left_ns = False, None
        else:
            other.gone, other.left_ns = True, now_ns if other.left_ns is None else other.left_ns


def _left(hold: Hold, now_ns: int, rest_ns: int) -> bool:
    """Whether most of them have left, and none for `rest_ns`, nor may one be leaving now."""
    gone = sum(one.gone for one in hold.others)
    last_ns = max((one.left_ns for one in hold.others if one.left_ns is not None), default=now_ns)
    return 2 * gone >= len(hold.others) and now_ns - last_ns >= rest_ns


def _queue(standing: Standing, standings: Iterable[Standing], force: RuleInForce, within_ns: int) -> list[Standing]:
    """The most others that stand in one line with it, as neighbours that came to stand at about the same time."""
    classes = force.rule.classes
    itself, others = [standing], list[Standing]()
    for one in sorted(standings, key=_by_arrival):
        if one is standing or not one.open or one.before is None or one.classes.keys().isdisjoint(classes):
            continue
        if _same_place(one.place, standing.place):
            itself.append(one)
        elif not any(_same_place(one.place, other.place) for other in others):
            others.append(one)
    if not any(_together(one, mine, within_ns) for one in others for mine in itself):
        return []  # nearly always, and then nobody asks for lines
    longest = list[Standing]()
    for one in others:
        if not any(one is known for known in longest):
            longest = max(longest, _neighbours(itself, one, others, within_ns), key=len)
    return longest


def _neighbours(
    itself: Sequence[Standing], towards: Standing, others: Sequence[Standing], within_ns: int
) -> list[Standing]:
    """Those on the line `towards` another that came with it, each with one next to it or next but one.

    `itself`: it, and what else was found of it.
    """
    place = itself[0].place
    on_it = [one for one in others if one is towards or in_line(place, towards.place, one.place)]
    line = sorted([itself[0], *on_it], key=lambda one: (_along(place, towards.place, one.place), one.place))
    reached = [next(number for number, one in enumerate(line) if one is itself[0])]
    for here in reached:  # grows as it goes
        arrivals = itself if line[here] is itself[0] else (line[here],)
        for there in range(max(0, here - _NEAR_IN_LINE), min(len(line), here + _NEAR_IN_LINE + 1)):
            if there not in reached and any(_together(line[there], one, within_ns) for one in arrivals):
                reached.append(there)
    return [line[number] for number in reached[1:]]


def _along(origin: Box, towards: Box, place: Box) -> float:
    """How far a place lies from the origin, in sizes of its box, in the direction of another; behind it: negative."""
    (ox, oy), (tx, ty), (px, py) = (_foot(box) for box in (origin, towards, place))
    wide, high = max(origin[2] - origin[0], 1e-6), max(origin[3] - origin[1], 1e-6)
    return (tx - ox) * (px - ox) / wide**2 + (ty - oy) * (py - oy) / high**2


def _foot(box: Box) -> tuple[float, float]:
    """The middle of its lower edge."""
    return (box[0] + box[2]) / 2, box[3]


def _by_arrival(standing: Standing) -> tuple[int, Box]:
    return standing.first.utc_ns, standing.place


def _same_place(a: Box, b: Box) -> bool:
    if share_ground(a, b) >= _SAME_GROUND:
        return True
    narrow, wide = sorted((a[2] - a[0], b[2] - b[0]))
    return narrow >= _AS_WIDE * wide and intersection(a, b) >= _INSIDE * min(area(a), area(b))


def _together(one: Standing, other: Standing, within_ns: int) -> bool:
    """Whether they came within that of each other for certain, by what is known of both arrivals."""
    if one.before is None or other.before is None:
        return False
    earliest = min(one.before.utc_ns, other.before.utc_ns)
    return max(one.first.utc_ns, other.first.utc_ns) - earliest <= within_ns


def in_line(a: Box, b: Box, c: Box) -> bool:
    """Whether three places lie in one line, as seen: what is straight on the ground is straight in the picture."""
    boxes = (a, b, c)
    wide, high = (sum(box[i + 2] - box[i] for box in boxes) / 3 for i in (0, 1))
    if not (wide > 0 and high > 0):
        return False
    feet = [_foot(box) for box in boxes]

    def apart(i: int, j: int) -> float:
        return ((feet[i][0] - feet[j][0]) / wide) ** 2 + ((feet[i][1] - feet[j][1]) / high) ** 2

    ends, middle = max((((i, j), 3 - i - j) for i, j in ((0, 1), (0, 2), (1, 2))), key=lambda one: apart(*one[0]))
    x1, y1, x2, y2 = boxes[middle]
    width, height = x2 - x1, y2 - y1
    if not (width > 0 and height > 0):
        return False
    (ax, ay), (bx, by), (mx, my) = feet[ends[0]], feet[ends[1]], feet[middle]
    along = ((bx - ax) / width, (by - ay) / height)
    off = ((mx - ax) / width, (my - ay) / height)
    across = along[0] * off[1] - along[1] * off[0]
    return across * across <= _OFF_LINE * _OFF_LINE * (along[0] * along[0] + along[1] * along[1])
