"""What a report says: its head and its sections, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evidence_export.dossier.facts import NONE, UNKNOWN, Facts
from evidence_export.dossier.told import instant, items, text, value, whole
from evidence_export.dossier.values import Dossier
from evidence_export.imageset.words import TO_CONFIRM, clarity_said, obstruction_lines, shown_said, sign_said
from evidence_export.kinds import tenths
from evidence_export.plates.words import plate_lines
from evidence_export.procedure.states import STATES
from evidence_export.procedure.steps import Confirm
from evidence_export.reasons import clock, step_said
from evidence_export.report.aftermath import after_sections
from evidence_export.report.blocks import Block, Figure, Grid, Lines, Note, Rows, Section
from evidence_export.report.checking import checking_sections
from evidence_export.words import Said, class_zh
from streams.instant import Instant, TimeSource
from vision.reasons import COUNTED, Trace
from vision.tracing import coarser

_ROWS = 14
_WORDS = {
    "case": Said("案件编号", "Case"),
    "code": Said("防伪码", "Anti-forgery code"),
    "blocked": Said("批准前须解决的问题", "What stands in the way of an approval"),
    "stood": Said(
        "封存时尚存的问题（办理情况见“审核与程序”）",
        "What stood in the way when it was sealed; see Review and procedure",
    ),
    "state": Said("案件进度", "State of the procedure"),
}


def head_of(dossier: Dossier, facts: Facts) -> dict[str, Any]:
    """What stands on the first page above the sections."""
    lead = Said("线索：不能直接作为处罚依据", "Lead: no ground for a penalty as it stands")
    return {
        "site": text(dossier.case, "site", "name") or "—",
        "called": facts.called,
        "lead": facts.is_lead,
        "status": lead if facts.is_lead else Said("案件", "Case"),
        "blockers": facts.blockers(reviewed=_confirmed(dossier)),
        "moved": dossier.procedure is not None and bool(dossier.procedure.steps),
        "state": None if dossier.procedure is None else STATES[dossier.procedure.state],
        "words": _WORDS,
    }


def sections_of(
    dossier: Dossier, facts: Facts, sketched: Sequence[Said], has_timeline: bool, signing: Said
) -> tuple[Section, ...]:
    """All sections. `sketched`: captions of the sketches; `signing`: what is said of the report's own signature."""
    return (
        Section(Said("案件概况", "Summary"), tuple(_summary(dossier, facts))),
        Section(
            Said("图片", "Pictures"),
            (
                Figure(
                    "sheet",
                    Said(
                        "合成图：衍生副本，各原图在证据包内，未作任何改动",
                        "The composite sheet: a derived copy; the originals are in the bundle, untouched",
                    ),
                ),
                _pictures(facts),
            ),
            own_page=True,
        ),
        Section(
            Said("现场示意图", "Sketch of the place"),
            tuple(Figure(f"sketch-{number}", said, wide=False) for number, said in enumerate(sketched)),
        ),
        Section(Said("事实", "Facts"), tuple(_facts(facts))),
        Section(Said("认定理由", "Why it was found so"), tuple(_reasons(facts, has_timeline))),
        *([Section(Said("号牌", "Plate"), tuple(_plate(dossier)))] if facts.has_plate else []),
        Section(
            Said("法律依据与设备备案", "Legal basis and camera register"),
            (_basis(dossier.case), _register(dossier)),
        ),
        Section(Said("时间与录像", "Time and footage"), tuple(_time(facts))),
        *after_sections(dossier, facts),
        *checking_sections(dossier, signing),
    )


def _confirmed(dossier: Dossier) -> bool:
    """Whether two officers have upheld it: the procedure lets nobody else confirm."""
    return dossier.procedure is not None and any(isinstance(step, Confirm) for step in dossier.procedure.steps)


def known(said: str | None) -> Said:
    """A text out of the case, the same in both languages; unknown where it is."""
    return UNKNOWN if said is None else Said.quoted(said)


def _summary(dossier: Dossier, facts: Facts) -> Iterator[Block]:
    case, violation, stay = dossier.case, facts.found.violation, facts.found.stay
    road, exact = text(case, "camera", "road"), text(case, "camera", "location")
    place = Said(
        f"{road or '道路未知'}，{exact or '具体位置未知'}",
        f"{road or 'road unknown'}, {exact or 'exact place unknown'}",
    )
    device = " ".join(part for part in (text(case, "camera", "id"), text(case, "camera", "name")) if part)
    zone = " ".join(part for part in (text(case, "violation", "zone_name"), violation.zone) if part)
    rows: list[tuple[Said, tuple[Said, ...]]] = [
        (Said("违法行为", "Violation"), (facts.called,)),
        (Said("地点", "Place"), (place,)),
        (Said("方向", "Direction"), (known(text(case, "camera", "direction")),)),
        (Said("设备编号", "Device"), (known(device or None),)),
        (Said("区域与规则", "Zone and rule"), (Said.quoted(f"{zone} · {violation.rule}"),)),
        (Said("首次看到", "First seen"), (known(facts.at(stay.arrived[1])),)),
        (Said("认定时刻", "Established at"), (known(facts.at(violation.fired_at)),)),
        (Said("最后看到", "Last seen"), (known(facts.at(stay.last_seen)),)),
        (Said("允许与实际", "Allowed and seen"), (facts.lasted,)),
        (Said("目标类别", "Class of the target"), (Said(class_zh(stay.cls), stay.cls),)),
    ]
    if facts.has_plate:
        rows.append((Said("号牌", "Plate"), tuple(plate_lines(value(case, "plate") or {})) or (UNKNOWN,)))
    rows.append((Said("封存时间", "Sealed at"), (known(facts.at(instant(case, "seal", "sealed_at"))),)))
    yield Rows(tuple(rows))


def _pictures(facts: Facts) -> Rows:
    images = value(facts.case, "images") or {}
    separation, required = whole(images, "separation_ns"), whole(images, "separation_required_ns")
    met = value(images, "separation_met")
    size = value(images, "resolution") or {}
    wide, high = whole(size, "width"), whole(size, "height")
    apart = UNKNOWN
    if separation is not None and required is not None:
        apart = Said(
            f"{tenths(separation)} 秒，要求 {tenths(required)} 秒：{'符合' if met is True else '不足'}",
            f"{tenths(separation)} s, where {tenths(required)} s are required: {'met' if met is True else 'not met'}",
        )
    resolution = UNKNOWN
    if wide is not None and high is not None:
        good = value(size, "met") is True
        resolution = Said(
            f"{wide}×{high}，要求 {whole(size, 'required_width') or '?'}×{whole(size, 'required_height') or '?'}："
            f"{'符合' if good else '不足'}",
            f"{wide}×{high}, where {whole(size, 'required_width') or '?'}×{whole(size, 'required_height') or '?'} is "
            f"required: {'met' if good else 'not met'}",
        )
    return Rows(
        (
            (Said("全景图间隔", "Panoramas apart"), (apart,)),
            (Said("图片尺寸", "Size of pictures"), (resolution,)),
            (Said("号牌近景", "Plate close-up"), (_or_none(text(images, "plate_close_up")),)),
            *_image_set(images),
        )
    )


def _image_set(images: Mapping[str, Any]) -> Iterator[tuple[Said, tuple[Said, ...]]]:
    """Signs and obstruction, and how clear the panoramas are."""
    if value(images, "obstruction") is None:
        yield Said("标志标线照片", "Sign or marking"), (_or_none(text(images, "sign_or_marking")),)
        return
    said = []
    for sign in items(images, "signs"):
        name, shown = sign_said(sign), shown_said(sign)
        said.append(Said(f"{name.zh}：{shown.zh}", f"{name.en}: {shown.en}"))
    yield Said("标志标线", "Signs and markings"), (*said, TO_CONFIRM) if said else (NONE,)
    yield Said("妨碍通行", "Obstruction"), tuple(obstruction_lines(value(images, "obstruction") or {}))
    clear = [clarity_said(told) for one in items(images, "panoramas") if (told := value(one, "clarity")) is not None]
    if clear:
        looked = whole(images, "chosen_from") or 0
        chosen = Said(f"从 {looked} 帧中选取", f"chosen from {looked} frames")
        numbered = (Said(f"全景图 {n}：{one.zh}", f"panorama {n}: {one.en}") for n, one in enumerate(clear, start=1))
        yield Said("全景图的选取", "Choice of panoramas"), (chosen, *numbered)


def _or_none(said: str | None) -> Said:
    return NONE if said is None else Said.quoted(said)


def _facts(facts: Facts) -> Iterator[Block]:
    yield Lines(tuple(facts.course()))
    violation, stay = facts.found.violation, facts.found.stay
    yield Rows(
        (
            (Said("允许时间", "Allowed"), (_seconds(violation.allowed_ns),)),
            (Said("计入时间（下限）", "Time that counts (lower bound)"), (_seconds(violation.dwell_lower_bound_ns),)),
            (Said("可确认为同一目标", "Surely one and the same"), (_seconds(stay.sworn_ns),)),
            *((name, (_counted(ns, counts),)) for name, ns, counts in facts.durations()),
            (
                Said("检出次数", "Looks that found it"),
                (Said(f"{stay.sightings} 次", f"{stay.sightings}"),)
                + ((Said(f"另有 {stay.kept} 次画面未变", f"{stay.kept} more by pixels"),) if stay.kept else ()),
            ),
        )
    )
    if facts.found.unread:
        parts = ", ".join(facts.found.unread)
        yield Note(
            Said(
                f"案件清单中有本软件版本不能解读的内容，未列入本报告，见 case.json：{parts}",
                f"case.json has parts that this version cannot read, and this report leaves them out: {parts}",
            )
        )
    yield Note(
        Said(
            "停留时间是下限：只有相邻两次清楚看到之间的时间才计入；遮挡、漏检和没有画面的时间单独列出，从不计入。",
            "Standing time is a lower bound: only time between two clear sightings close to each other counts; what "
            "was hidden, missed or without footage is stated by itself and never counts.",
        )
    )


def _seconds(ns: int) -> Said:
    minutes, rest = divmod(ns // 100_000_000, 600)
    if not minutes:
        return Said(f"{tenths(ns)} 秒", f"{tenths(ns)} s")
    return Said(
        f"{tenths(ns)} 秒（{minutes} 分 {rest // 10}.{rest % 10} 秒）",
        f"{tenths(ns)} s ({minutes} min {rest // 10}.{rest % 10} s)",
    )


def _counted(ns: int, counts: bool) -> Said:
    said = _seconds(ns)
    return said if counts else Said(f"{said.zh}，不计入", f"{said.en}, does not count")


def _reasons(facts: Facts, has_timeline: bool) -> Iterator[Block]:
    said = facts.reasons()
    if said:
        yield Lines(tuple(said))
    else:
        yield Lines(
            (Said("本案未记录认定理由（早期版本封存）", "No reasons were recorded: an earlier version sealed it"),)
        )
    if has_timeline:
        yield Figure(
            "timeline",
            Said(
                "停留时间由什么组成；每段按其最长的成分着色，只有绿色的时间计入",
                "What the time was made of; each step has the colour of what most of it was, and only green counts",
            ),
        )
    trace = facts.found.stay.trace
    if trace is not None and trace.steps:
        yield _steps(trace, facts)
    yield from _model(facts.case)


def _model(case: Mapping[str, Any]) -> Iterator[Block]:
    model = value(case, "detection", "model")
    yield Rows(
        (
            (Said("检测模型", "Detection model"), (known(text(model, "name")),)),
            (Said("模型 SHA-256", "SHA-256 of the model"), (known(text(model, "sha256")),)),
            (Said("模型许可", "Licence of the model"), (known(text(model, "licence")),)),
            (Said("模型目录的提示", "What its catalog warns of"), (_or_none(text(case, "detection", "weakness")),)),
        )
    )
    if value(case, "detection", "weak") is True:
        yield Note(
            Said(
                "检测模型较弱，须由人员对照录像判断。",
                "The detection model is weak: people have to judge by the footage.",
            )
        )


def _steps(trace: Trace, facts: Facts) -> Grid:
    rows = []
    for low_ns, _, step in coarser(trace, _ROWS).spans(facts.found.stay.arrived[1].utc_ns):
        since = clock(Instant(low_ns, TimeSource.OPERATOR, 0), facts.zone)
        counts = any(part.what in COUNTED and part.ns for part in step.parts)
        mark = Said("计入", "counts") if counts else Said("不计入", "does not count")
        rows.append((Said.quoted(since), Said(f"{tenths(step.ns)} 秒", f"{tenths(step.ns)} s"), step_said(step), mark))
    head = (Said("自", "From"), Said("时长", "Length"), Said("组成", "Made of"), Said("计入", "Counts"))
    return Grid(head, tuple(rows), (22, 14, 48, 16))


def _plate(dossier: Dossier) -> Iterator[Block]:
    plate = value(dossier.case, "plate")
    if not isinstance(plate, Mapping):
        yield Lines((Said("号牌未识别：未知", "No plate was looked for: unknown"),))
        return
    yield Lines(tuple(plate_lines(plate)) or (UNKNOWN,))


def _basis(case: Mapping[str, Any]) -> Rows:
    return Rows(
        (
            (Said("条款编号", "Id"), (known(text(case, "legal_basis", "id")),)),
            (Said("法律条文", "Statute"), (known(text(case, "legal_basis", "statute")),)),
            (Said("职权依据", "Competence"), (known(text(case, "legal_basis", "competence")),)),
            (Said("法制审核人", "Reviewed by"), (known(text(case, "legal_basis", "reviewed_by")),)),
            (
                Said("适用规则", "Policy"),
                (
                    known(
                        " ".join(p for p in (text(case, "policy", "name"), text(case, "policy", "version")) if p)
                        or None
                    ),
                    known(text(case, "policy", "sha256")),
                ),
            ),
        )
    )


def _register(dossier: Dossier) -> Rows:
    names = {
        "owner": Said("设备权属单位", "Owner"),
        "sharing_agreement": Said("共享协议", "Sharing agreement"),
        "gb28181_id": Said("GB/T 28181 编码", "GB/T 28181 id"),
        "legal_review": Said("法制审核", "Legal review"),
        "technical_review": Said("技术审核", "Technical review"),
        "calibration_valid_until": Said("检定有效期至", "Calibration valid until"),
        "location_published": Said("设置地点公布", "Place published"),
        "sign_photo_sha256": Said("标志照片 SHA-256", "SHA-256 of the sign's photograph"),
    }
    register = value(dossier.case, "camera", "register")
    return Rows(tuple((said, (known(text(register, name)),)) for name, said in names.items()))


def _time(facts: Facts) -> Iterator[Block]:
    yield Lines((*facts.clocks(), *facts.continuity(), *facts.view()))
    rows = []
    for one in items(facts.case, "recordings"):
        gaps = len(items(one, "gaps"))
        size = f"{whole(one, 'width') or '?'}×{whole(one, 'height') or '?'} {text(one, 'codec') or ''}"
        mark = Said("是", "yes") if value(one, "decisive") is True else Said("否", "no")
        rows.append(
            (
                known(text(one, "name")),
                Said.quoted(f"{facts.at(instant(one, 'start')) or '—'} – {facts.at(instant(one, 'end')) or '—'}"),
                Said(f"{size}；缺口 {gaps}", f"{size}; gaps: {gaps}"),
                mark,
            )
        )
    most = 40
    head = (Said("来源录像", "Recording"), Said("起止", "From – to"), Said("画面", "Picture"), Said("关键", "Decisive"))
    yield Grid(head, tuple(rows[:most]), (30, 36, 22, 12))
    if len(rows) > most:
        yield Lines((Said(f"另有 {len(rows) - most} 个录像，见 case.json", f"{len(rows) - most} more: see case.json"),))
