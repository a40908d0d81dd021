"""What a sealed case says, in words for its papers: from `case.json` alone, whatever its revision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from evidence_export.blockers import blocker_said
from evidence_export.dossier.told import instant, items, text, value, whole, zone
from evidence_export.dossier.violation import Found, found_in
from evidence_export.kinds import called, course_of, has_plate, lasted, lines_of, tenths
from evidence_export.readme import CAMERA, CAUSES, REFERENCE, SERVER, VIEW_FAULTS, offset_said
from evidence_export.reasons import clock, ending_said, reckoning_lines
from evidence_export.texts import source_words, time_in, uncertainty
from evidence_export.traffic import company_said
from evidence_export.words import Said, kind_words
from streams.instant import Instant

UNKNOWN = Said("未知", "unknown")
NONE = Said("无", "none")
_MOST_LISTED = 12
CLOCK_FLAGS = {
    "camera_clock_jumped": Said("记录期间摄像机时钟跳变", "the camera's clock jumped while this was recorded"),
    "host_clock_stepped": Said("记录期间服务器时钟被调整", "the server's clock was set while this was recorded"),
}


class Facts:
    """A case as its papers tell it. `case` is that of a bundle that verified; raises ValueError where a part that every
    revision has is missing."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.case = case
        self.zone = zone(case)
        self.found: Found = found_in(case)
        self.kind = text(case, "violation", "kind") or ""

    def at(self, moment: Instant | str | None) -> str | None:
        """A time for a reader, to the tenth of a second; None where it is unknown."""
        moment = instant({"at": moment}, "at") if isinstance(moment, str) else moment
        return None if moment is None else time_in(self.zone, moment)

    @property
    def is_lead(self) -> bool:
        return value(self.case, "case", "status") != "case"

    @cached_property
    def called(self) -> Said:
        """What the violation is called."""
        violation = self.found.violation
        return kind_words(called(self.kind, violation), violation.rule)

    @property
    def lasted(self) -> Said:
        """What was allowed and what was seen."""
        return lasted(self.kind, self.found.violation)

    def blockers(self, *, reviewed: bool) -> list[Said]:
        """What stands in the way of an approval; `reviewed`: but for the review, which has taken place since."""
        codes = [str(code)[:80] for code in items(self.case, "case", "approval_blocked_by")]
        return [blocker_said(code) for code in codes if not (reviewed and code == "not_reviewed")]

    @property
    def has_plate(self) -> bool:
        """Whether a case of this kind has one vehicle whose plate would have to be known."""
        return has_plate(self.kind)

    def course(self) -> Iterator[Said]:
        """How it began, how it ended, and what only one kind of violation has."""
        stay, words = self.found.stay, course_of(self.kind)
        after, by = stay.arrived
        began = words.began_before if after is None else words.began
        yield _filled(began, before=self.at(after) or "", first=self.at(by) or "")
        last = self.at(stay.last_seen) or ""
        if self.found.still_standing:
            yield _filled(words.goes_on, last=last)
        elif stay.departed is None or stay.departed[1] is None:
            yield _filled(words.not_seen_ending, last=last)
        else:
            yield _filled(words.ended, last=last, gone=self.at(stay.departed[1]) or "")
        yield from self._looked_back()
        yield from lines_of(self.found.violation)

    def _looked_back(self) -> Iterator[Said]:
        pinned = value(self.case, "violation", "stay", "departed")
        pinned = value(pinned, "pinned") if isinstance(pinned, Mapping) else None
        if pinned is None:
            return
        still, gone = self.at(instant(pinned, "after")), self.at(instant(pinned, "by"))
        zh = [*([f"{still} 仍在原处"] if still else []), *([f"{gone} 已移开"] if gone else [])]
        en = [*([f"still in its place at {still}"] if still else []), *([f"moved off by {gone}"] if gone else [])]
        if zh:
            yield Said(f"逐帧回看离开时刻：{'，'.join(zh)}", f"Departure, looked at frame by frame: {', '.join(en)}")

    def durations(self) -> list[tuple[Said, int, bool]]:
        """What the time from the first sighting to the last was made of, in ns, and whether any of it counts."""
        stay = self.found.stay
        return [
            (Said("看到", "Seen"), stay.seen_ns, True),
            (Said("被遮挡或未检出", "Hidden or missed"), stay.occluded_ns, False),
            (Said("无画面", "No footage"), stay.gap_ns, False),
        ]

    def reasons(self) -> list[Said]:
        """Why it was found so; empty where its revision gave no reasons."""
        violation, trace = self.found.violation, self.found.stay.trace
        said: list[Said] = []
        if violation.reckoning is not None:
            passed, fired = clock(violation.reckoning.passed, self.zone), clock(violation.fired_at, self.zone)
            said += reckoning_lines(violation.reckoning, passed, fired)
        company = violation.company
        if company is not None:
            arrived = clock(company.others[0].arrived[1], self.zone), clock(company.others[-1].arrived[1], self.zone)
            held = clock(company.since, self.zone), clock(violation.fired_at, self.zone)
            said.append(company_said(company.why, len(company.others), company.standing, arrived, held))
        if trace is not None and trace.ended is not None:
            said.append(ending_said(trace.ended, clock(trace.ended.at, self.zone)))
        return said

    def clocks(self) -> Iterator[Said]:
        """Where the time comes from, how uncertain it is, and what is said against it."""
        at = self.found.stay.arrived[1]
        source_zh, source_en = source_words(at).split(" ", 1)
        half = uncertainty(at.uncertainty_ns)
        yield Said(f"时间来源：{source_zh}，读数误差 {half}", f"Time: {source_en}, read to {half}")
        flags = value(self.case, "time", "flags")
        if flags is None:
            measured = whole(self.case, "time", "clock_offset_ns")
            if measured is None:
                yield Said("摄像机时钟偏差：未测量", "Offset of the camera's clock: not measured")
            else:
                yield offset_said(CAMERA, REFERENCE, measured)
            return
        yield offset_said(CAMERA, SERVER, whole(self.case, "time", "camera_offset_ns"))
        yield offset_said(SERVER, REFERENCE, whole(self.case, "time", "server_offset_ns"))
        checked = self.at(instant(self.case, "time", "server_checked_at"))
        if checked is not None:
            yield Said(f"服务器时钟核对于 {checked}", f"The server's clock was checked at {checked}")
        for flag in items(self.case, "time", "flags"):
            said = CLOCK_FLAGS.get(str(flag), blocker_said(str(flag)[:80]))
            yield Said(f"注意：{said.zh}", f"Note: {said.en}")

    def continuity(self) -> Iterator[Said]:
        """Whether footage is missing, and where."""
        lost = whole(self.case, "continuity", "gap_in_decisive_ns")
        blocked = items(self.case, "case", "approval_blocked_by")
        if "gap_in_decisive_interval" in blocked:
            yield Said(
                f"到达与认定之间缺少画面 {tenths(lost or 0)} 秒，未经说明不得批准",
                f"Between arrival and proof {tenths(lost or 0)} s of footage are missing: not to be approved as it is",
            )
        elif lost is None or "gaps_unknown" in blocked:
            yield Said(
                "到达与认定之间是否缺少画面：未知", "Whether footage is missing between arrival and proof: unknown"
            )
        else:
            yield Said("自到达至认定，画面无缺失", "No footage is missing between arrival and proof")
        breaks = items(self.case, "continuity", "breaks")
        for one in breaks[:_MOST_LISTED]:
            cause = text(one, "cause") or ""
            zh, en = CAUSES.get(cause, (cause, cause))
            start, end = self.at(instant(one, "from")) or "?", self.at(instant(one, "to")) or "?"
            mark_zh, mark_en = ("（关键时段）", " (decisive)") if value(one, "decisive") is True else ("", "")
            yield Said(
                f"录像中断{mark_zh}：{start} 至 {end}，{zh}", f"No recording{mark_en}: from {start} to {end}, {en}"
            )
        if len(breaks) > _MOST_LISTED:
            more = len(breaks) - _MOST_LISTED
            yield Said(f"另有 {more} 处中断，见 case.json", f"{more} more breaks: see case.json")

    def view(self) -> Iterator[Said]:
        """Faults of the camera's view."""
        if value(self.case, "view", "faults") is None:
            yield Said("摄像机视角是否异常：未监测", "Faults of the camera's view: not watched for")
            return
        faults = items(self.case, "view", "faults")
        if not faults:
            yield Said("摄像机视角：未发现异常", "The camera's view: no fault was found")
        for fault in faults[:_MOST_LISTED]:
            kind = text(fault, "kind") or ""
            zh, en = VIEW_FAULTS.get(kind, (kind, kind))
            since, until = self.at(instant(fault, "since")) or "?", self.at(instant(fault, "until"))
            yield Said(
                f"摄像机视角异常：{zh}，{since} " + (f"至 {until}" if until else "起，封存时仍未恢复"),
                f"Fault of the camera's view: {en}, from {since} "
                + (f"to {until}" if until else "on, not over when sealed"),
            )
        if len(faults) > _MOST_LISTED:
            more = len(faults) - _MOST_LISTED
            yield Said(f"另有 {more} 处视角异常，见 case.json", f"{more} more faults of the view: see case.json")


def _filled(said: Said, **times: str) -> Said:
    return Said(said.zh.format(**times), said.en.format(**times))
