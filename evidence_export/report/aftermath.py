"""What became of a case since it was sealed: review and procedure, exhibits, custody, ledger and time stamp."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from evidence_export.blockers import blocker_said
from evidence_export.dossier.facts import UNKNOWN, Facts
from evidence_export.dossier.values import Dossier
from evidence_export.procedure.naming import NAMES, VERDICTS
from evidence_export.procedure.procedure import Procedure
from evidence_export.procedure.states import STATES
from evidence_export.procedure.steps import (
    CHECKS,
    REJECTIONS,
    Check,
    Close,
    Confirm,
    Decide,
    Exhibit,
    Notice,
    Order,
    Rechecked,
    Reject,
    Review,
    Statement,
    Step,
)
from evidence_export.report.blocks import Block, Grid, Lines, Rows, Section
from evidence_export.texts import time_in
from evidence_export.words import Said
from streams.instant import Instant, TimeSource, from_datetime

ACTS = {
    "case.sealed": Said("封存", "sealed"),
    "case.viewed": Said("查阅", "viewed"),
    "case.exported": Said("导出", "exported"),
    "case.imported": Said("导入", "imported"),
    "case.redacted": Said("脱敏", "redacted"),
    "case.step": Said("办案步骤", "step of the procedure"),
    "case.rechecked": Said("复查", "looked at again"),
    "case.copied": Said("复制留存", "copied"),
    "case.deleted": Said("删除", "deleted"),
    "hold.placed": Said("设置保全", "hold placed"),
    "hold.lifted": Said("解除保全", "hold lifted"),
}
_ACTORS = {
    "batch": Said("批处理程序", "batch"),
    "daemon": Said("守护程序", "daemon"),
    "recheck": Said("复查程序", "re-check"),
    "unknown": UNKNOWN,
}
_NOT_GIVEN = Said("未知：制作本报告时未提供", "unknown: not at hand when this report was made")
_NUMBER = Said("编号", "No.")
_MOST = 400


def after_sections(dossier: Dossier, facts: Facts) -> tuple[Section, ...]:
    """The sections, each also where there is nothing to tell."""
    return (
        Section(Said("审核与程序", "Review and procedure"), tuple(_procedure(dossier.procedure, facts))),
        Section(Said("补充材料", "Exhibits"), tuple(_exhibits(dossier, facts))),
        Section(Said("保管记录", "Custody"), tuple(_custody(dossier, facts))),
        Section(Said("存证日志与时间戳", "Ledger and time stamp"), tuple(_ledger(dossier, facts))),
    )


def _procedure(procedure: Procedure | None, facts: Facts) -> Iterator[Block]:
    if procedure is None:
        yield Lines((_NOT_GIVEN,))
        return
    yield Rows(((Said("案件进度", "State"), (STATES[procedure.state],)),))
    if not procedure.steps:
        yield Lines((Said("无：尚未审核", "None: not reviewed yet"),))
        return
    head = (
        Said("时间", "Time"),
        Said("步骤", "Step"),
        Said("执法人员（执法证号）", "Officer (licence)"),
        Said("内容", "What"),
    )
    rows = [
        (
            Said.quoted(_when(step.at, facts)),
            NAMES[step.step],
            Said.quoted(f"{step.by.name}（{step.by.licence}）"),
            _told(step, facts),
        )
        for step in procedure.steps
    ]
    yield Grid(head, tuple(rows), (20, 13, 22, 45))


def _told(step: Step, facts: Facts) -> Said:
    match step:
        case Review():
            note = f"；{step.note}" if step.note else ""
            return Said(_checks(step).zh + note, _checks(step).en + (f"; {step.note}" if step.note else ""))
        case Confirm():
            answers = [(blocker_said(code), answer) for code, answer in sorted(step.answers.items())]
            checks = _checks(step)
            return Said(
                checks.zh + "".join(f"；{said.zh}：{answer}" for said, answer in answers),
                checks.en + "".join(f"; {said.en}: {answer}" for said, answer in answers),
            )
        case Reject():
            reason = REJECTIONS[step.reason]
            return Said(f"{reason.zh}：{step.note}", f"{reason.en}: {step.note}")
        case Order():
            until = _when(step.deadline, facts)
            return Said(f"{step.document}；期限 {until}", f"{step.document}; until {until}")
        case Rechecked():
            verdict, seen = VERDICTS[step.verdict], _when(step.seen_at, facts)
            sha256 = step.evidence_sha256
            return Said(f"{verdict.zh}（{seen}），SHA-256 {sha256}", f"{verdict.en} ({seen}), SHA-256 {sha256}")
        case Notice():
            served = _when(step.served_at, facts)
            return Said(f"{step.document}；送达 {served}", f"{step.document}; served {served}")
        case Statement():
            waived = Said("放弃陈述申辩", "waived") if step.waived else Said("陈述申辩", "statement")
            considered = step.considered
            return Said(
                f"{waived.zh}：{step.said}" + (f"；复核：{considered}" if considered else ""),
                f"{waived.en}: {step.said}" + (f"; considered: {considered}" if considered else ""),
            )
        case Decide():
            second = f"{step.second.name}（{step.second.licence}）"
            late = step.late_because
            return Said(
                f"{step.document}；另一执法人员 {second}" + (f"；延期理由：{late}" if late else ""),
                f"{step.document}; second officer {second}" + (f"; late because: {late}" if late else ""),
            )
        case Exhibit():
            return Said.quoted(f"{step.origin}；{step.relation}；SHA-256 {step.sha256}")
        case Close():
            return Said.quoted(step.why)


def _checks(step: Review | Confirm) -> Said:
    found = [CHECKS[check] for check in Check if check in step.checks]
    missing = [CHECKS[check] for check in Check if check not in step.checks]
    zh, en = "、".join(one.zh for one in found) or "无", ", ".join(one.en for one in found) or "none"
    if not missing:
        return Said(f"核对通过：{zh}", f"found: {en}")
    lacking_zh, lacking_en = "、".join(one.zh for one in missing), ", ".join(one.en for one in missing)
    return Said(f"核对通过：{zh}；未通过：{lacking_zh}", f"found: {en}; not found: {lacking_en}")


def _exhibits(dossier: Dossier, facts: Facts) -> Iterator[Block]:
    if dossier.exhibits is None:
        yield Lines((_NOT_GIVEN,))
        return
    if not dossier.exhibits:
        yield Lines((Said("无", "None"),))
        return
    origin = Said("来源与提供人", "Origin, by whom")
    head = (Said("名称", "Title"), origin, Said("时间", "Time"), Said("关联与摘要", "Relation, hash"))
    rows = []
    for one in dossier.exhibits:
        came = " · ".join(part for part in (one.origin, one.who) if part)
        when, relation = facts.at(one.when), one.relation
        rows.append(
            (
                Said.quoted(one.title),
                Said.quoted(came) if came else UNKNOWN,
                Said.quoted(when) if when else UNKNOWN,
                Said.quoted(f"{relation} · SHA-256 {one.sha256}")
                if relation
                else Said(f"关联未知 · SHA-256 {one.sha256}", f"relation unknown · SHA-256 {one.sha256}"),
            )
        )
    yield Grid(head, tuple(rows), (24, 22, 19, 35))


def _custody(dossier: Dossier, facts: Facts) -> Iterator[Block]:
    if dossier.custody is None:
        yield Lines((_NOT_GIVEN,))
        return
    if not dossier.custody:
        yield Lines((Said("无：存证日志中没有本案记录", "None: the ledger has no entry of this case"),))
        return
    head = (
        _NUMBER,
        Said("时间", "Time"),
        Said("操作人", "By"),
        Said("操作", "What"),
        Said("说明", "Detail"),
    )
    rows = [
        (
            Said.quoted("—" if one.number is None else str(one.number)),
            Said.quoted(facts.at(one.at) or one.at),
            _ACTORS.get(one.actor, Said.quoted(one.actor)),
            ACTS.get(one.act, Said.quoted(one.act)),
            one.detail or Said.quoted("—"),
        )
        for one in dossier.custody[:_MOST]
    ]
    yield Grid(head, tuple(rows), (9, 22, 21, 15, 33))
    if not dossier.custody_whole:
        yield Lines(
            (
                Said(
                    "对外报告仅列封存、办案步骤与本次移送；查阅、复制等记录留存于移送单位",
                    "What goes out tells of sealing, steps and this release; who looked or copied stays with the "
                    "department",
                ),
            )
        )
    if len(dossier.custody) > _MOST:
        more = len(dossier.custody) - _MOST
        yield Lines((Said(f"另有 {more} 条，见存证日志", f"{more} more: see the ledger"),))


def _ledger(dossier: Dossier, facts: Facts) -> Iterator[Block]:
    found = dossier.ledger
    if found is None:
        uncovered = Said("无：存证日志尚无覆盖本案的检查点", "None: no checkpoint of the ledger covers the case yet")
        yield Lines((_NOT_GIVEN if dossier.custody is None else uncovered,))
        return
    stamped = Said("无：尚无时间戳机构签章", "none: no authority has stamped it yet")
    if found.stamp_unchecked:
        stamped = Said(
            "有，但制作本报告时未给出机构根证书，未核验",
            "there is one, not checked: the authority's root certificate was not given when this report was made",
        )
    if found.stamped_at is not None:
        at = facts.at(found.stamped_at) or found.stamped_at
        who = found.authority
        stamped = Said.quoted(f"{at} · {who}") if who else Said(f"{at}，机构未知", f"{at}, authority unknown")
    yield Rows(
        (
            (Said("存证日志", "Ledger"), (Said.quoted(found.origin),)),
            (Said("封存条目编号", "Entry of the seal"), (Said.quoted(str(found.entry)),)),
            (Said("检查点条目数", "Size of the checkpoint"), (Said.quoted(str(found.size)),)),
            (Said("检查点根哈希", "Root of the checkpoint"), (Said.quoted(found.root),)),
            (Said("时间戳（RFC 3161）", "Time stamp (RFC 3161)"), (stamped,)),
        )
    )


def _when(at: datetime, facts: Facts) -> str:
    return time_in(facts.zone, Instant(from_datetime(at), TimeSource.OPERATOR, 0))
