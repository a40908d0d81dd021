"""Traffic that stands: a jam, or a red light longer than what is allowed. All of it stands too long, nothing parks.

One look tells nothing: a vehicle in a queue stands as a parked one does. What tells a queue is that its vehicles came
to stand at about the same time, one behind another, and leave so. So where a limit is passed by what has such
*company*, the rule is held back: as long as the company stands, for `Traffic.hold` at most. It fires for what stays on
after most of the company has left, and none has left for `Traffic.within`: the tail of a queue starts later than its
head. What leaves with the company is no violation.

*At about the same time*: each came, for certain, within `Traffic.within` of another of them; so a queue may grow for
longer. Of what stood there when footage began, or came in a long gap, nobody knows when it came: it is no company.
*One behind another*: in one line with it. A lane is straight over a few lengths, and places to park lie at will.

Whoever parks in one line with two others that came when they did waits for the verdict, for `hold` at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
_SAME_GROUND, _INSIDE = 0.5, 0.8
"""Two places that share so much of their ground contact, or of which so much of the smaller lies in the larger, are one
vehicle that was found twice: half hidden by another, and whole."""


def held_back(
    standing: Standing, tally: Tally, moment: Moment, standings: Sequence[Standing], force: RuleInForce
) -> bool:
    """Whether a rule whose limit is passed does not fire at this sighting; kept in the tally, with its reason."""
    traffic = _traffic(force)
    if traffic is None:
        return False
    now = moment.at
    if tally.hold is None:
        others = _queue(standing, standings, force, traffic)
        if len(others) < traffic.company:
            return False
        nearest = sorted(others, key=lambda one: (abs(one.first.utc_ns - standing.first.utc_ns), one.place))
        kept = sorted(nearest[:MAX_COMPANY], key=_by_arrival)
        tally.hold = Hold(now, [Other(one.place, one.before, one.first) for one in kept if one.before is not None])
    hold = tally.hold
    _look_around(hold, [one for one in standings if one.open and one is not standing], now.utc_ns)
    if _left(hold, now.utc_ns, traffic.within):
        hold.until, hold.why = now, Released.COMPANY_LEFT
    elif now.utc_ns - hold.since.utc_ns >= traffic.hold:
        hold.until, hold.why = now, Released.HOLD_PASSED
    elif force.contains(now.utc_ns):
        tally.keep(moment)
    return hold.why is None


def company_of(tally: Tally, force: RuleInForce) -> Company | None:
    """Why it was held back until it fired; None: it was not."""
    hold, traffic = tally.hold, _traffic(force)
    if hold is None or hold.why is None or traffic is None:
        return None
    others = tuple(Companion(one.place, (one.before, one.first), not one.gone) for one in hold.others)
    return Company(hold.since, hold.why, traffic.within, others)


def _traffic(force: RuleInForce) -> Traffic | None:
    return force.rule.traffic if isinstance(force.rule, NoParkingRule) else None


def _look_around(hold: Hold, there: Sequence[Standing], now_ns: int) -> None:
    """Which of them stand now: what is hidden, or was missed for a moment, does until its stay has ended; and it does
    where it is found in another box."""
    by_arrival = {(one.first.utc_ns, one.place): one for one in there}
    for other in hold.others:
        if other.gone:
            continue
        still = by_arrival.get((other.first.utc_ns, other.place))
        if still is not None:
            other.left_ns = None if still.absent_from is None else still.absent_from.utc_ns
        elif any(_same_place(other.place, one.place) for one in there):
            other.left_ns = None
        else:
            other.gone, other.left_ns = True, now_ns if other.left_ns is None else other.left_ns


def _left(hold: Hold, now_ns: int, rest_ns: int) -> bool:
    """Whether most of them have left, and none for `rest_ns`, nor may one be leaving now."""
    gone = sum(one.gone for one in hold.others)
    last_ns = max((one.left_ns for one in hold.others if one.left_ns is not None), default=now_ns)
    return 2 * gone >= len(hold.others) and now_ns - last_ns >= rest_ns


def _queue(standing: Standing, standings: Iterable[Standing], force: RuleInForce, traffic: Traffic) -> list[Standing]:
    """The most that stand in one line with it and came when it did, directly or one after another."""
    classes = force.rule.classes
    there = sorted(
        (one for one in standings if one.open and not one.classes.keys().isdisjoint(classes)), key=_by_arrival
    )
    came = [standing]
    for one in came:  # grows as it goes
        for other in there:
            if _together(one, other, traffic.within) and not any(_same(other, known) for known in came):
                came.append(other)
    others = came[1:]
    lines = [[a, *(b for b in others if b is not a and in_line(standing.place, a.place, b.place))] for a in others]
    return max(lines, key=len, default=[])


def _by_arrival(standing: Standing) -> tuple[int, Box]:
    return standing.first.utc_ns, standing.place


def _same(one: Standing, other: Standing) -> bool:
    return one is other or _same_place(one.place, other.place)


def _same_place(a: Box, b: Box) -> bool:
    return share_ground(a, b) >= _SAME_GROUND or intersection(a, b) >= _INSIDE * min(area(a), area(b))


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
    feet = [((box[0] + box[2]) / 2, box[3]) for box in boxes]

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
