"""Why it was established, in words: what the time of a stay was made of, why it ended, and the rule's arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from evidence_export.case import CaseRequest
from evidence_export.kinds import tenths
from evidence_export.plan import zone_of
from evidence_export.traffic import company_said
from evidence_export.words import Said, class_zh
from streams.instant import Instant, TimeSource
from vision.reasons import COUNTED, Ending, EndReason, Part, Reckoning, Shown, Step, Trace
from vision.tracing import coarser

_ROWS, _CELLS = 12, 60
SHOWN = {
    Shown.SEEN: Said("看到", "seen"),
    Shown.KEPT: Said("画面未变", "unchanged by pixels"),
    Shown.DOUBTED: Said("存疑", "in doubt"),
    Shown.MISSED: Said("未检出", "missed"),
    Shown.HIDDEN: Said("被遮挡", "hidden"),
    Shown.GAP: Said("无画面", "no footage"),
    Shown.STRUCK: Said("视角异常，已剔除", "view at fault, taken back"),
}
"""What a time was made of."""
_MARKS = dict(zip(Shown, "█▓▒·░_x", strict=True))
_ENDS = {
    EndReason.EMPTY: Said("该处空出", "its place was empty"),
    EndReason.REPLACED: Said("该处已停有他物", "something else stands in its place"),
    EndReason.DRIVEN_ON: Said("看到其移开", "it was seen moving off"),
    EndReason.WITHIN_LIMIT: Said("已不超过限额", "no more than the limit can be left"),
    EndReason.FORGOTTEN: Said("过久无法查看该处", "its place could not be looked at for too long"),
    EndReason.FOOTAGE_ENDED: Said("画面到此为止，或规则变更", "the footage ended there, or the rules changed"),
}


def step_said(step: Step) -> Said:
    """One step for a reader: what it was made of, in how many looks, and what hid it."""
    timed = [part for part in step.parts if part.ns]
    beside = [part for part in step.parts if not part.ns and part.what not in COUNTED[:2]]
    told = [_part(part, alone=len(timed) == 1) for part in timed] + [_looks_only(part) for part in beside]
    zh, en = "，".join(one.zh for one in told), ", ".join(one.en for one in told)
    if not step.hidden_by:
        return Said(zh, en)
    by_zh = "、".join(f"{class_zh(cls)} {looks}" for cls, looks in step.hidden_by)
    by_en = ", ".join(f"{cls} {looks}" for cls, looks in step.hidden_by)
    return Said(f"{zh}（遮挡者：{by_zh}）", f"{en} (by {by_en})")


def _part(part: Part, *, alone: bool) -> Said:
    words, length = SHOWN[part.what], tenths(part.ns)
    zh = words.zh if alone else f"{words.zh} {length} 秒"
    en = words.en if alone else f"{words.en} {length} s"
    return Said(f"{zh}（{part.looks} 次）", f"{en} ({_looks(part.looks)})") if part.looks else Said(zh, en)


def _looks_only(part: Part) -> Said:
    words = SHOWN[part.what]
    return Said(f"其间{words.zh} {part.looks} 次", f"{words.en} in {_looks(part.looks)} between")


def _looks(count: int) -> str:
    return "1 look" if count == 1 else f"{count} looks"


def ending_said(ended: Ending, when: str) -> Said:
    """Why it is over; `when`: the time of the look that decided it, for a reader."""
    why = _ENDS[ended.why]
    zh, en = f"结束：{why.zh}，{when} 认定", f"End: {why.en}, established at {when}"
    if not ended.empty_looks:
        return Said(zh, en)
    pixels_zh = f"，其中 {ended.emptied_looks} 次画面也显示已空" if ended.emptied_looks else ""
    pixels_en = f", in {ended.emptied_looks} by pixels as well" if ended.emptied_looks else ""
    return Said(
        f"{zh}；此前空置 {tenths(ended.empty_ns)} 秒（{ended.empty_looks} 次查看{pixels_zh}）",
        f"{en}; seen empty for {tenths(ended.empty_ns)} s until then ({_looks(ended.empty_looks)}{pixels_en})",
    )


def reckoning_lines(sum_: Reckoning, passed: str, fired: str) -> Iterator[Said]:
    """The arithmetic of the rule; times as a reader shall see them."""
    limit, counted, grace = tenths(sum_.limit_ns), tenths(sum_.counted_ns), tenths(sum_.grace_ns)
    yield Said(
        f"允许 {limit} 秒" + (f"，宽限 {grace} 秒" if sum_.grace_ns else "") + f"；至认定时计入 {counted} 秒："
        f"{passed} 达到上限，{fired} 查看时认定",
        f"Allowed {limit} s" + (f", tolerance {grace} s" if sum_.grace_ns else "") + f"; {counted} s count: the limit "
        f"was reached at {passed}, and the look at {fired} established it",
    )
    if sum_.apart_ns:
        apart = tenths(sum_.apart_ns)
        yield Said(
            f"另有 {apart} 秒计入规则的其他限额（豁免时段等）", f"{apart} s more count towards other limits of the rule"
        )
    if sum_.uncounted_ns:
        rest = tenths(sum_.uncounted_ns)
        yield Said(
            f"另有 {rest} 秒看到而不计：在规则时段之外，或不能排除其间换了目标",
            f"{rest} s more were seen and do not count: outside the rule's hours, or it may have been another",
        )
    sworn = tenths(sum_.sworn_ns)
    yield Said(
        f"可确认为同一目标连续在场的时间：至认定时不少于 {sworn} 秒",
        f"Surely one and the same until then: at least {sworn} s",
    )


def why_lines(request: CaseRequest) -> list[Said]:
    """The statements of the README's section; empty where nothing is known."""
    zone, violation, trace = zone_of(request), request.violation, request.stay.trace
    said: list[Said] = []
    if violation.reckoning is not None:
        passed, fired = clock(violation.reckoning.passed, zone), clock(violation.fired_at, zone)
        said += reckoning_lines(violation.reckoning, passed, fired)
    company = violation.company
    if company is not None:
        arrived = clock(company.others[0].arrived[1], zone), clock(company.others[-1].arrived[1], zone)
        held = clock(company.since, zone), clock(violation.fired_at, zone)
        said.append(company_said(company.why, len(company.others), company.standing, arrived, held))
    if trace is not None and trace.ended is not None:
        said.append(ending_said(trace.ended, clock(trace.ended.at, zone)))
    return said


def why_table(request: CaseRequest) -> list[Said]:
    """A time bar and a table of the steps, one line each."""
    trace, zone = request.stay.trace, zone_of(request)
    if trace is None or not trace.steps:
        return []
    short = coarser(trace, _ROWS)
    kinds = [what for what in Shown if trace.total([what])]
    legend_zh = "  ".join(f"{_MARKS[what]} {SHOWN[what].zh}" for what in kinds)
    legend_en = "  ".join(f"{_MARKS[what]} {SHOWN[what].en}" for what in kinds)
    drawn = bar(trace)
    lines = [Said(drawn, drawn), Said(legend_zh, legend_en), Said("", "")]
    for low_ns, _, step in short.spans(request.stay.arrived[1].utc_ns):
        since, said = clock(Instant(low_ns, TimeSource.OPERATOR, 0), zone), step_said(step)
        lines.append(
            Said(f"{since}  {tenths(step.ns):>9} 秒  {said.zh}", f"{since}  {tenths(step.ns):>9} s  {said.en}")
        )
    return lines


def bar(trace: Trace) -> str:
    """The whole time in `_CELLS` characters; each shows what most of its step, at its middle, was made of."""
    ends: list[tuple[int, str]] = []
    total = 0
    for step in trace.steps:
        total += step.ns
        ends.append((total, _MARKS[step.parts[0].what]))
    middles = [(2 * cell + 1) * total // (2 * _CELLS) for cell in range(_CELLS)]
    return "".join(_mark(ends, middle) for middle in middles)


def _mark(ends: Sequence[tuple[int, str]], at_ns: int) -> str:
    return next(mark for end, mark in ends if at_ns < end)


def clock(at: Instant, zone: tzinfo) -> str:
    """`11-02 08:00:00.2`: the year and the offset stand elsewhere on the page."""
    local = at.local(zone)
    return f"{local:%m-%d %H:%M:%S}.{local.microsecond // 100_000}"
