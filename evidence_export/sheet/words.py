"""The words of a sheet: its head and its information bar. Chinese first, then English."""

from __future__ import annotations

from collections.abc import Iterator

from evidence_export.dossier.facts import Facts
from evidence_export.dossier.told import instant, items, text, value, whole
from evidence_export.dossier.values import Dossier
from evidence_export.imageset.words import obstruction_lines
from evidence_export.overlay.render import Bar, Field
from evidence_export.plates.words import text_of
from evidence_export.statements.time import OVER_1S_NS
from evidence_export.texts import offset, source_words, uncertainty
from evidence_export.traffic import may_be_traffic

_UNKNOWN = "未知 unknown"
_LONGEST, _COLUMN = 300, 44


def head_of(facts: Facts) -> tuple[str, str]:
    """Left and right of the head."""
    called = facts.called
    status = ("线索", " (lead)") if facts.is_lead else ("", "")
    site = text(facts.case, "site", "name") or _UNKNOWN
    return f"{called.zh}{status[0]} {called.en}{status[1]} · {site}", "合成图 Composite sheet"


def bar_of(dossier: Dossier, facts: Facts) -> Bar:
    """The information bar (GA/T 832-2014): time, place, direction, device, violation, anti-forgery code."""
    return Bar(
        title=f"案件编号 Case {dossier.case_id}",
        badge=f"防伪码 Anti-forgery code {dossier.code}",
        fields=tuple(_fields(dossier, facts)),
        footer="本图为衍生合成副本，各原图未作任何改动，方框画在目标之外。凭防伪码可核对本图所属的证据包。 "
        "Derived copy: the originals are untouched, boxes are drawn around their targets. The code leads to the "
        "bundle: streetproof verify --code.",
    )


def _fields(dossier: Dossier, facts: Facts) -> Iterator[Field]:
    case, violation = dossier.case, facts.found.violation
    times = [facts.at(instant(one, "at")) for one in items(case, "images", "panoramas")]
    known = [one for one in times if one is not None]
    span = _UNKNOWN if not known else known[0] if len(known) == 1 else f"{known[0]} 至 to {known[-1]}"
    at = facts.found.stay.arrived[1]
    yield Field("时间 Time", span)
    yield Field("时间来源 Time source", f"{source_words(at)} {uncertainty(at.uncertainty_ns)}")
    yield Field("时钟偏差 Clock offset", _clocks(facts))
    road = text(case, "camera", "road") or "道路未知 road unknown"
    location = text(case, "camera", "location") or "具体位置未知 exact place unknown"
    yield _field("地点 Place", f"{road}，{location}")
    yield _field("方向 Direction", text(case, "camera", "direction") or _UNKNOWN)
    device = " ".join(part for part in (text(case, "camera", "id"), text(case, "camera", "name")) if part)
    yield _field("设备编号 Device", device or _UNKNOWN)
    said = facts.lasted
    where = " ".join(part for part in (text(case, "violation", "zone_name"), violation.zone) if part)
    yield Field("违法行为 Violation", f"{violation.rule} · {where} · {said.zh} ({said.en})"[:_LONGEST], wide=True)
    yield _field("违法代码 / 依据 Code / basis", _basis(facts) or _UNKNOWN)
    if facts.has_plate:
        yield Field("号牌 Plate", _plate(facts))
    told = value(case, "images", "obstruction")
    if told is not None:
        first = next(obstruction_lines(told))
        yield Field("妨碍通行 Obstruction", f"{first.zh} {first.en}"[:_LONGEST], wide=True)
    if may_be_traffic(violation):
        yield Field(
            "注意 Note", "可能是排队车流，须由复核人员判断 may be standing traffic: for a reviewer to decide", wide=True
        )


def _field(label: str, value: str) -> Field:
    """An entry whose value may be long: it takes the whole line then, and is cut where nobody would read on."""
    cut = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    return Field(label, cut, wide=len(cut) > _COLUMN)


def _basis(facts: Facts) -> str | None:
    parts = [text(facts.case, "legal_basis", name) for name in ("id", "statute")]
    return " ".join(part for part in parts if part) or None


def _plate(facts: Facts) -> str:
    plate = value(facts.case, "plate")
    if plate is None:
        return _UNKNOWN
    said = text_of(plate)
    return f"{said.zh} {said.en}" if said.zh != said.en else said.zh


def _clocks(facts: Facts) -> str:
    if value(facts.case, "time", "flags") is None:
        measured = whole(facts.case, "time", "clock_offset_ns")
        return "未测量 not measured" if measured is None else _offset(measured)
    camera = whole(facts.case, "time", "camera_offset_ns")
    server = whole(facts.case, "time", "server_offset_ns")
    return f"摄像机 camera {_offset(camera)}；服务器 server {_offset(server)}"


def _offset(offset_ns: int | None) -> str:
    if offset_ns is None:
        return _UNKNOWN
    return offset(offset_ns) + ("，超过 over 1.0 s" if abs(offset_ns) > OVER_1S_NS else "")
