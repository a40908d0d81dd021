"""What differs between the kinds of rules in a case: its facts, and the words for what was seen. A file's one place for
each, so that a new kind is told of in all of them or in none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from evidence_export.bag.canonical import JsonObject
from evidence_export.case import CaseRequest
from evidence_export.statements.values import exact
from evidence_export.traffic import may_be_traffic
from evidence_export.words import Said, class_zh
from streams.instant import NS_PER_S
from vision.codec import clutter_json, occupied_json
from vision.codec_company import company_json
from vision.interface import Box, Clutter, Occupied, Violation
from vision.rules.interface import NEEDED_OF_BASIS

NO_PARKING, BIKE_CLUTTER, INTRUSION = "no_parking", "bike_clutter", "intrusion"
OCCUPATION = "occupation"
_TENTH = NS_PER_S // 10


@dataclass(frozen=True, slots=True)
class Course:
    """How a case of one kind begins and ends, in words that a time can stand beside."""

    began: Said
    """`{before}`, `{first}`."""
    began_before: Said
    """It was so when watching began: `{first}`."""
    ended: Said
    """`{last}`, `{gone}`."""
    not_seen_ending: Said
    """`{last}`."""
    goes_on: Said
    """When sealed: `{last}`."""


_STAY = Course(
    began=Said(
        "到达：{before} 未见到目标，{first} 首次看到", "Arrival: not seen there at {before}, first seen {first}"
    ),
    began_before=Said(
        "到达：开始观察时已在场，何时到达未知；首次看到 {first}",
        "Arrival: it stood there when watching began, since when is unknown; first seen {first}",
    ),
    ended=Said("离开：最后看到 {last}，{gone} 已不在场", "Departure: last seen {last}, gone at {gone}"),
    not_seen_ending=Said("离开：未看到离开（最后看到 {last}）", "Departure: not seen leaving, last seen {last}"),
    goes_on=Said("离开：封存时仍在停放（最后看到 {last}）", "Departure: still standing when sealed, last seen {last}"),
)
_VISIT = Course(
    began=Said(
        "进入：{before} 区域内未见目标，{first} 首次看到", "Entry: not seen there at {before}, first seen {first}"
    ),
    began_before=Said(
        "进入：开始观察时已在区域内，何时进入未知；首次看到 {first}",
        "Entry: it was there when watching began, since when is unknown; first seen {first}",
    ),
    ended=Said("离开：最后看到 {last}，{gone} 已不在区域内", "Departure: last seen {last}, gone at {gone}"),
    not_seen_ending=Said("离开：未看到离开（最后看到 {last}）", "Departure: not seen leaving, last seen {last}"),
    goes_on=Said("离开：封存时仍在区域内（最后看到 {last}）", "Departure: still there when sealed, last seen {last}"),
)
_EXCESS = Course(
    began=Said(
        "开始：{before} 未超过限额，{first} 起超过", "Beginning: not over the limit at {before}, over it from {first}"
    ),
    began_before=Said(
        "开始：开始观察时已有车辆停放，何时超限未知；{first} 起确认超过限额",
        "Beginning: they stood there when watching began, since when is unknown; surely over from {first} on",
    ),
    ended=Said("结束：最后确认超限 {last}，{gone} 已不超限", "End: over the limit until {last}, no longer at {gone}"),
    not_seen_ending=Said(
        "结束：未看到恢复（最后确认超限 {last}）", "End: not seen ending, over the limit until {last}"
    ),
    goes_on=Said("结束：封存时仍超限（最后确认 {last}）", "End: still over the limit when sealed, last seen so {last}"),
)
_TAKING = Course(
    began=Said(
        "开始：{before} 该处地面大部空闲，{first} 起确认被占用",
        "Beginning: most of the ground was free at {before}, taken from {first}",
    ),
    began_before=Said(
        "开始：何时占用未知；{first} 起确认被占用", "Beginning: since when it is taken is unknown; seen so from {first}"
    ),
    ended=Said(
        "结束：最后看到占用 {last}，{gone} 地面已空出", "End: seen taken until {last}, the ground was free at {gone}"
    ),
    not_seen_ending=Said("结束：未看到撤离（最后看到 {last}）", "End: not seen cleared, last seen {last}"),
    goes_on=Said("结束：封存时仍占用（最后看到 {last}）", "End: still taken when sealed, last seen so {last}"),
)
_COURSES = {NO_PARKING: _STAY, INTRUSION: _VISIT, BIKE_CLUTTER: _EXCESS, OCCUPATION: _TAKING}


def basis_of(request: CaseRequest) -> Mapping[str, Any]:
    """The legal basis of the rule that was broken; empty where the policy says nothing of it."""
    return rule_of(request).get("legal_basis") or {}


def lacking_of_basis(request: CaseRequest) -> tuple[str, ...]:
    """What is unknown of the legal basis, and makes it a lead."""
    return tuple(name for name in NEEDED_OF_BASIS if not basis_of(request).get(name))


def rule_of(request: CaseRequest) -> Mapping[str, Any]:
    """The rule that was broken, out of the policy's JSON; empty where it cannot be found there."""
    policy = request.policy.get("policy")
    rules = policy.get("rules") if isinstance(policy, Mapping) else None
    for rule in rules if isinstance(rules, Sequence) else ():
        if isinstance(rule, Mapping) and rule.get("id") == request.violation.rule:
            return rule
    return {}


def kind_of(request: CaseRequest) -> str:
    """The kind of the rule that was broken; empty where it cannot be found."""
    return str(rule_of(request).get("kind") or "")


def course_of(kind: str) -> Course:
    """The words for how a case of this kind begins and ends."""
    return _COURSES.get(kind, _STAY)


def facts_of(violation: Violation) -> JsonObject:
    """What only one kind of violation has, for `case.json`; empty for those that have nothing of their own."""
    if violation.occupied is not None:
        return {"occupied": exact(occupied_json(violation.occupied))}
    if violation.company is not None:
        return {"company": exact(company_json(violation.company))}
    return {} if violation.clutter is None else {"clutter": exact(clutter_json(violation.clutter))}


def called(kind: str, violation: Violation) -> str:
    """The kind that a violation is called by: that of its rule, or how ground is taken."""
    return kind if violation.occupied is None else violation.occupied.kind


def separated_by_duty(kind: str) -> bool:
    """Whether the pictures must be 10 s apart: GA/T 832-2014 asks it of what is parked, not of what happens."""
    return kind not in (INTRUSION,)


def has_plate(kind: str) -> bool:
    """Whether there is one vehicle whose plate would have to be known."""
    return kind not in (BIKE_CLUTTER, OCCUPATION)


def shows_before(violation: Violation) -> bool:
    """Whether its case has to show the place as it was before: what is taken is told by comparing the two."""
    return violation.occupied is not None


def lasted(kind: str, violation: Violation) -> Said:
    """What was allowed and what was seen, in one sentence."""
    allowed, stood = tenths(violation.allowed_ns), tenths(violation.dwell_lower_bound_ns)
    if kind == BIKE_CLUTTER and violation.clutter is not None:
        limit, there = _limit(violation.clutter), _stood(violation.clutter)
        return Said(
            f"限{limit.zh}，至少{there.zh}；允许超限 {allowed} 秒，至少超限 {stood} 秒",
            f"limit {limit.en}, at least {there.en}; over it for at least {stood} s, allowed {allowed} s",
        )
    if violation.occupied is not None:
        area = _area(violation.occupied)
        return Said(
            f"占地{area.zh}；允许 {allowed} 秒，至少占用 {stood} 秒",
            f"{area.en} of ground; allowed {allowed} s, taken for at least {stood} s",
        )
    if kind == INTRUSION:
        return Said(f"容许 {allowed} 秒，至少在场 {stood} 秒", f"tolerated {allowed} s, there for at least {stood} s")
    return Said(f"允许 {allowed} 秒，至少停留 {stood} 秒", f"allowed {allowed} s, stood at least {stood} s")


def told(kind: str, violation: Violation) -> Said:
    """The same for a notice, in a few words."""
    total = violation.dwell_lower_bound_ns // NS_PER_S
    minutes, seconds = divmod(total, 60)
    zh, en = f"{minutes}分{seconds}秒", f"{minutes} min {seconds} s"
    if kind == BIKE_CLUTTER and violation.clutter is not None:
        there = _stood(violation.clutter)
        return Said(f"至少{there.zh}，已超限至少{zh}", f"at least {there.en}, over the limit for at least {en}")
    if violation.occupied is not None:
        area = _area(violation.occupied)
        return Said(f"占地{area.zh}，已占用至少{zh}", f"{area.en} of ground, taken for at least {en}")
    if kind == INTRUSION:
        return Said(f"已在场至少{zh}", f"it has been there for at least {en}")
    if may_be_traffic(violation) and violation.company is not None:
        came = len(violation.company.others)
        return Said(
            f"已停留至少{zh}，另有 {came} 辆与其先后停下，可能是排队车流",
            f"it has stood for at least {en}; {came} others came with it, so it may be standing traffic",
        )
    return Said(f"已停留至少{zh}", f"it has stood for at least {en}")


def lines_of(violation: Violation) -> Iterator[Said]:
    """What only one kind of violation has, for the bundle's README."""
    if violation.occupied is not None:
        yield from _ground_lines(violation.occupied)
    clutter = violation.clutter
    if clutter is None:
        return
    limit, fired, peak = _limit(clutter), _stood(clutter), clutter.peak.count
    kinds_zh = "、".join(f"{class_zh(cls)} {count}" for cls, count in clutter.classes)
    kinds_en = ", ".join(f"{cls} {count}" for cls, count in clutter.classes)
    yield Said(
        f"数量：限{limit.zh}，认定时至少{fired.zh}（{kinds_zh}），此前最多至少 {peak} 辆；均为下限，停放区内的不计",
        f"Number: limit {limit.en}; at least {fired.en} when it was proven ({kinds_en}), at most {peak} before. These "
        "are lower bounds, and what stands in a bay is not counted",
    )


def label_of(violation: Violation) -> str | None:
    """The words at the box where it shows more than one object; None: it shows one."""
    if violation.occupied is not None:
        return f"约 {violation.occupied.area_m2:.1f} m²"
    if violation.clutter is None:
        return None
    count = violation.clutter.fired.count
    return f"至少 {count} 辆 at least {count}"


def members_at(violation: Violation, utc_ns: int) -> tuple[Box, ...]:
    """What else is drawn in the picture of a moment: what is in its box, or stands in a queue with it; empty where that
    is not known for the moment."""
    company, clutter = violation.company, violation.clutter
    if company is not None and may_be_traffic(violation) and violation.fired_at.utc_ns == utc_ns:
        return tuple(one.place for one in company.others if one.stands)
    if clutter is None or clutter.fired.at.utc_ns != utc_ns:
        return ()
    return tuple(member.box for member in clutter.members)


def tenths(duration_ns: int) -> str:
    """A duration in seconds to a tenth, rounded down, for showing."""
    return f"{duration_ns // NS_PER_S}.{duration_ns % NS_PER_S // _TENTH}"


def _area(occupied: Occupied) -> Said:
    size = f"{occupied.area_m2:.1f} m²"
    return Said(f"约 {size}", f"about {size}")


def _ground_lines(occupied: Occupied) -> Iterator[Said]:
    low, high = floor(occupied.area_low_m2 * 10) / 10, occupied.area_high_m2
    yield Said(
        f"占地：约 {occupied.area_m2:.1f} m²（{low:.1f} 至 {high:.1f} m²），由画面和地面标定测算，小于 "
        f"{occupied.min_area_m2:g} m² 的不计",
        f"Ground: about {occupied.area_m2:.1f} m² ({low:.1f} to {high:.1f} m²), measured in the picture over the "
        f"surveyed ground; less than {occupied.min_area_m2:g} m² does not count",
    )
    if occupied.shop is not None:
        name = f"{occupied.shop} {occupied.shop_name or ''}".strip()
        distance = occupied.shop_distance_m or 0.0
        yield Said(
            f"店铺：由 {name} 门前向外延伸，距店面线 {distance:.1f} 米",
            f"Shop: it grows out of the front of {name}, {distance:.1f} m from it",
        )
    elif occupied.shop_distance_m is not None:
        distance = occupied.shop_distance_m
        yield Said(f"店铺：距最近店面线 {distance:.1f} 米", f"Shop: the nearest front is {distance:.1f} m away")
    else:
        yield Said("店铺：未登记店面线，距离未知", "Shop: no front is registered, so how near one is is unknown")
    share = round(occupied.lingering * 100)
    yield Said(
        f"人员：{occupied.looks} 次查看中，{share}% 有人在旁停留",
        f"People: in {share} % of {occupied.looks} looks somebody stood beside it",
    )
    if occupied.supports:
        zh = "、".join(f"{class_zh(cls)} {count}" for cls, count in occupied.supports)
        en = ", ".join(f"{cls} {count}" for cls, count in occupied.supports)
        yield Said(f"其上或其旁识别到（次数）：{zh}", f"Detected on it or beside it, in so many looks: {en}")


def _limit(clutter: Clutter) -> Said:
    zh, en = [], []
    if clutter.max_count is not None:
        zh.append(f"{clutter.max_count} 辆")
        en.append(f"{clutter.max_count}")
    if clutter.max_area_m2 is not None:
        zh.append(f"{clutter.max_area_m2:g} m²")
        en.append(f"{clutter.max_area_m2:g} m²")
    return Said(" " + "、".join(zh), " or ".join(en))


def _stood(clutter: Clutter) -> Said:
    count, area = clutter.fired.count, clutter.fired.area_m2
    if area is None:
        return Said(f" {count} 辆", f"{count}")
    down = floor(area * 10) / 10  # a lower bound is not rounded up
    return Said(f" {count} 辆、占地 {down:.1f} m²", f"{count} on {down:.1f} m²")
