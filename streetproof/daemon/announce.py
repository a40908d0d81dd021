"""What is said to people, in Chinese and in English: the texts of notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence_export.kinds import called, told
from evidence_export.words import Said, class_zh, kind_words
from streams.instant import NS_PER_S, Instant, iso_utc
from streetproof.daemon.notices.interface import Notice, NoticeKind
from streetproof.daemon.rechecking import NotRechecked, Rechecked
from streetproof.daemon.words import fault_zh, view_words
from streetproof.recheck.words import outcome_words
from streetproof.settings.site import Camera, Site
from vision.interface import Violation
from vision.recheck import Reason, Verdict

SITE_FILE_IN_FORCE = Said("站点配置已恢复有效并生效", "The site file is in order and in force again")


def lead(site: Site, camera: Camera, violation: Violation) -> Notice:
    """A rule has fired; the case is sealed a little later."""
    rules = site.rules_of(camera).policy.rules
    name = next((rule.kind for rule in rules if rule.id == violation.rule), "")
    kind = kind_words(called(name, violation), violation.rule)
    said, cls = told(name, violation), violation.stay.cls
    return Notice(
        kind=NoticeKind.LEAD,
        site=site.site.id,
        camera=camera.id,
        at_ns=violation.fired_at.utc_ns,
        zh=f"{camera.name}：发现{kind.zh}线索（{class_zh(cls)}），{said.zh}，待人工审核",
        en=f"{camera.name}: {kind.en} (lead, {cls}): {said.en} and awaits review",
        data={
            "rule": violation.rule,
            "zone": violation.zone,
            "stay": violation.stay.id,
            "class": cls,
            "dwell_lower_bound_ns": violation.dwell_lower_bound_ns,
        },
    )


def sealed(site: Site, camera: str, case_id: str, bundle: str, at_ns: int) -> Notice:
    """A case stands on disk."""
    return Notice(
        kind=NoticeKind.LEAD,
        site=site.site.id,
        camera=camera,
        at_ns=at_ns,
        zh=f"证据包已封存：{case_id}",
        en=f"The evidence bundle {case_id} is sealed",
        data={"case": case_id, "bundle": bundle},
    )


def rechecked(site: Site, told: Rechecked | NotRechecked, at_ns: int) -> Notice:
    """The place of a case was looked at again, or could not be."""
    asked = told.asked
    camera = site.camera(asked.camera)
    name = asked.camera if camera is None else camera.name
    data: dict[str, Any] = {"case": asked.case_id, "due_ns": asked.due_ns}
    if isinstance(told, NotRechecked):
        words = Said("未能完成，请人工查看", f"it could not be done ({told.error}): look at the place yourself")
        data["error"] = told.error
    else:
        words = outcome_words(Verdict(told.verdict), None if told.reason is None else Reason(told.reason))
        data |= {"verdict": told.verdict, "reason": told.reason, "folder": str(told.folder)}
    return Notice(
        kind=NoticeKind.RECHECK,
        site=site.site.id,
        camera=asked.camera,
        at_ns=at_ns,
        zh=f"{name}：{asked.case_id} 复查：{words.zh}",
        en=f"{name}: re-check of {asked.case_id}: {words.en}",
        data=data,
    )


def fault(site: Site, camera: Camera, kind: str, what: str, times: int, at_ns: int) -> Notice:
    """A camera gives no usable stream."""
    again = f"（{times}次）" if times > 1 else ""
    return Notice(
        kind=NoticeKind.FAULT,
        site=site.site.id,
        camera=camera.id,
        at_ns=at_ns,
        zh=f"{camera.name}：{fault_zh(kind)}{again}",
        en=f"{camera.name}: {what}" + (f" ({times} times)" if times > 1 else ""),
        data={"fault": kind, "times": times},
    )


def recovered(site: Site, camera: Camera, at_ns: int) -> Notice:
    """It does again."""
    return Notice(
        kind=NoticeKind.RECOVERED,
        site=site.site.id,
        camera=camera.id,
        at_ns=at_ns,
        zh=f"{camera.name}：视频已恢复",
        en=f"{camera.name}: the stream is back",
    )


def view(site: Site, camera: Camera, kind: str, begun: bool, suspended: bool, at_ns: int) -> Notice:
    """A view cannot be trusted, or one reason for that is gone; its rules are `suspended` while there is any."""
    said = view_words(kind)
    now_zh = "该路规则已暂停" if begun else "仍有其他问题，规则继续暂停" if suspended else "规则恢复"
    now_en = "are suspended" if begun else "stay suspended for another reason" if suspended else "are in force again"
    return Notice(
        kind=NoticeKind.VIEW,
        site=site.site.id,
        camera=camera.id,
        at_ns=at_ns,
        zh=f"{camera.name}：{said.zh}{'' if begun else '已消除'}，{now_zh}",
        en=f"{camera.name}: {said.en if begun else f'no more of {said.en!r}'}; its rules {now_en}",
        data={"view": kind, "begun": begun, "suspended": suspended},
    )


def doubted(site: Site, camera: Camera, kind: str, since: Instant, cases: Sequence[str], at_ns: int) -> Notice:
    """A view was not to be trusted while cases that are sealed already were seen in it."""
    words = view_words(kind)
    time = since.local(site.site.zone).strftime("%H:%M:%S")
    shown, more = ", ".join(cases[:5]), len(cases) - 5
    return Notice(
        kind=NoticeKind.VIEW,
        site=site.site.id,
        camera=camera.id,
        at_ns=at_ns,
        zh=f"{camera.name}：自{time}起{words.zh}，确认前已封存的案件含该时段画面，须人工复核：{shown}"
        + (f"等{len(cases)}件" if more > 0 else ""),
        en=f"{camera.name}: {words.en} since {time}; cases that were sealed before this was confirmed show that "
        f"time, and need a person's look: {shown}" + (f" and {more} more" if more > 0 else ""),
        data={"view": kind, "since": iso_utc(since.utc_ns), "cases": list(cases)},
    )


def clock(site: Site, camera: Camera, off: bool, offset_ns: int | None, at_ns: int) -> Notice:
    """A camera's clock is more than 1.0 s off, or may be; or no longer."""
    seconds = None if offset_ns is None else offset_ns / NS_PER_S
    by = "" if seconds is None else f"（{seconds:+.3f} 秒）"
    measured = "" if seconds is None else f" ({seconds:+.3f} s measured)"
    return Notice(
        kind=NoticeKind.TIME,
        site=site.site.id,
        camera=camera.id,
        at_ns=at_ns,
        zh=f"{camera.name}：摄像机时钟偏差超过或可能超过1秒{by}，案件将注明"
        if off
        else f"{camera.name}：摄像机时钟已恢复正常",
        en=f"{camera.name}: its clock is off by more than 1 s, or may be{measured}; cases say so"
        if off
        else f"{camera.name}: its clock is within 1 s again",
        data={"offset_ns": offset_ns, "off": off},
    )


def clock_was_set(by_s: float) -> Said:
    """Somebody has set this machine's clock."""
    return Said(
        f"服务器时钟被调整了 {by_s:+.3f} 秒；正在计时的停留不受影响，相关案件将注明",
        f"This server's clock was set by {by_s:+.3f} s. Stays being timed are not bent by it; cases say so",
    )


def plain(site: Site, kind: NoticeKind, said: Said, at_ns: int) -> Notice:
    """Something that concerns the whole site."""
    return Notice(kind=kind, site=site.site.id, camera=None, at_ns=at_ns, zh=said.zh, en=said.en)
