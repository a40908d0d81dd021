"""The words of a bundle: bag-info.txt and the information bar. Chinese first, then English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, tzinfo

from evidence_export.bag import code, layout
from evidence_export.case import CaseRequest
from evidence_export.imageset.words import users_said
from evidence_export.imageset.zone import zone_of_policy
from evidence_export.kinds import called, kind_of, label_of, lacking_of_basis, lasted, rule_of, tenths
from evidence_export.made import BagFile, Before, Obstruction, Panorama
from evidence_export.overlay.render import Bar, Field
from evidence_export.plan import zone_of
from evidence_export.statements.time import OVER_1S_NS, reference_offset_ns, time_facts
from evidence_export.traffic import may_be_traffic
from evidence_export.words import CLASSES_ZH, Said, kind_words
from streams.instant import NS_PER_S, Instant, TimeSource
from vision.interface import Moment, Violation

_SOURCES = {
    TimeSource.RTCP_SR: "摄像机时钟 camera (RTCP)",
    TimeSource.ARRIVAL: "服务器接收 server arrival",
    TimeSource.CONTAINER: "录像文件内 container",
    TimeSource.FILENAME: "文件名 file name",
    TimeSource.OSD: "画面叠加 on-screen text",
    TimeSource.OPERATOR: "人工填报 operator",
}
_TENTH = NS_PER_S // 10
_UNKNOWN = "未知 unknown"
BEFORE_LABEL = "占用前该处 the place, before"
"""The words at the box where it shows nothing yet."""


def local_time(at: Instant, request: CaseRequest) -> str:
    """`2026-11-02 08:00:00.2 UTC+08:00`, to the tenth of a second, rounded down."""
    return time_in(zone_of(request), at)


def time_in(zone: tzinfo, at: Instant) -> str:
    """The same in a time zone."""
    moment = at.local(zone)
    offset = moment.utcoffset() or timedelta()
    minutes = abs(offset) // timedelta(minutes=1)
    sign = "-" if offset < timedelta() else "+"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 100_000} UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def uncertainty(duration_ns: int) -> str:
    """A half-width in a unit that a reader can grasp, rounded up."""
    for unit, name in ((86_400 * NS_PER_S, "d"), (3600 * NS_PER_S, "h"), (60 * NS_PER_S, "min")):
        if duration_ns >= 2 * unit:
            return f"±{-(-duration_ns // unit)} {name}"
    if duration_ns >= NS_PER_S:
        return f"±{tenths(-(-duration_ns // _TENTH) * _TENTH)} s"
    return f"±{-(-duration_ns // 1_000_000)} ms"


def seconds(duration_ns: int) -> str:
    """A length of time in seconds to a millisecond, rounded up, for showing: `0.120`."""
    milliseconds = -(-duration_ns // 1_000_000)
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def offset(duration_ns: int) -> str:
    """A signed offset to a millisecond, rounded away from zero, for showing: `+0.120 s`."""
    return f"{'-' if duration_ns < 0 else '+'}{seconds(abs(duration_ns))} s"


def source_words(at: Instant) -> str:
    """Where a time comes from, in both languages."""
    return _SOURCES[at.source]


def anti_forgery_code(sha256: str) -> str:
    """The first 16 hex digits of the original still's SHA-256, in groups of four."""
    return code.grouped(code.still_code(sha256), " ")


def panorama_bar(
    request: CaseRequest, case_id: str, panorama: Panorama, number: int, count: int, still_sha256: str
) -> Bar:
    """The information bar of the derived copy of a panorama."""
    badge = f"全景图 Panorama {number}/{count}"
    return _bar(request, case_id, badge, panorama.path, panorama.at, still_sha256, _stream(request, panorama))


def before_bar(request: CaseRequest, case_id: str, before: Before, still_sha256: str) -> Bar:
    """The information bar of the derived copy of the picture of the ground before it was taken."""
    seen = request.violation.stay.arrived[0]
    last = "" if seen is None else local_time(seen, request)
    value = f"该处大部最后空闲于 most of the place was last seen free at {last}"
    field = Field("占用前 Before", value, wide=True)
    return _bar(request, case_id, "占用前 Before", before.path, before.place.at, still_sha256, (field,))


def obstruction_bar(request: CaseRequest, case_id: str, shown: Obstruction, still_sha256: str) -> Bar:
    """The information bar of the derived copy of the picture of who came near it."""
    who = users_said(shown.others)
    value = f"{who.zh}；是否受妨碍，由复核人员判断 {who.en}; whether it hindered them is for the reviewer to decide"
    field = Field("其近旁的通行者 Near it", value, wide=True)
    return _bar(request, case_id, "妨碍通行 Obstruction", shown.path, shown.place.at, still_sha256, (field,))


def _bar(
    request: CaseRequest,
    case_id: str,
    badge: str,
    path: str,
    at: Instant,
    still_sha256: str,
    picture: tuple[Field, ...],
) -> Bar:
    """`picture`: what is to be said of this picture alone."""
    camera, violation = request.camera, request.violation
    rule = rule_of(request)
    kind = kind_words(called(str(rule.get("kind")), violation), violation.rule)
    lead = bool(lacking_of_basis(request))
    zone_name = zone_of_policy(request).get("name") or ""
    said = lasted(kind_of(request), violation)
    place = f"{camera.road or '道路未知 road unknown'}，{camera.location or '具体位置未知 exact place unknown'}"
    return Bar(
        title=f"{kind.zh}{'线索' if lead else ''}  {kind.en}{' (lead)' if lead else ''}",
        badge=badge,
        fields=(
            Field("时间 Time", local_time(at, request)),
            Field("时间来源 Time source", f"{source_words(at)} {uncertainty(at.uncertainty_ns)}"),
            *_clocks(request),
            Field("地点 Place", place),
            Field("方向 / 设备编号 Direction / device", f"{camera.direction or _UNKNOWN} / {camera.id} {camera.name}"),
            Field(
                "违法行为 Violation",
                f"{violation.rule} · {zone_name} {violation.zone} · {said.zh} ({said.en})",
                wide=True,
            ),
            *_traffic(violation),
            *picture,
            Field("案件编号 Case", case_id),
            Field("防伪码 Anti-forgery code", anti_forgery_code(still_sha256)),
        ),
        footer=f"本图为衍生副本，原图 {path} 未作任何改动；防伪码为原图 SHA-256 的前 16 位。 "
        "Derived copy; the original is untouched. The code is the first 16 hex digits of the original's SHA-256.",
    )


def _traffic(violation: Violation) -> Iterator[Field]:
    if may_be_traffic(violation) and violation.company is not None:
        came = len(violation.company.others)
        said = Said(
            f"可能是排队车流，另有 {came} 辆与其先后停下", f"may be standing traffic: {came} others came with it"
        )
        yield Field("注意 Note", f"{said.zh} {said.en}", wide=True)


def _clocks(request: CaseRequest) -> Iterator[Field]:
    facts = time_facts(request)
    if facts is None:
        measured = reference_offset_ns(request)
        yield Field(
            "时钟偏差 Clock offset", "未测量 not measured" if measured is None else _offset(measured), wide=True
        )
        return
    yield Field("摄像机时钟对服务器 Camera's clock to server's", _offset(facts.camera_offset_ns))
    yield Field("服务器时钟对标准时间 Server's clock to reference", _offset(facts.server_offset_ns))
    if "camera_clock_jumped" in facts.flags or "host_clock_stepped" in facts.flags:
        yield Field("注意 Note", "记录期间时钟跳变 a clock jumped while this was recorded", wide=True)


def _offset(offset_ns: int | None) -> str:
    if offset_ns is None:
        return _UNKNOWN
    return offset(offset_ns) + ("，超过 over 1.0 s" if abs(offset_ns) > OVER_1S_NS else "")


def _stream(request: CaseRequest, panorama: Panorama) -> tuple[Field, ...]:
    if request.stream_seen == "main" and not panorama.place.difference_ns:
        return ()
    which = "子码流 sub stream" if request.stream_seen == "sub" else "主码流 main stream"
    difference = offset(panorama.place.difference_ns)
    value = f"目标在 seen in {which}；本图为录像中最近一帧 this is the nearest recorded frame: {difference}"
    return (Field("画面 Picture", value, wide=True),)


def box_label(request: CaseRequest, panorama: Panorama) -> str:
    """The words at the box: what the model takes it for, and how sure it is; or how many are in it."""
    label = label_of(request.violation)
    if label is not None and panorama.moment.at == request.violation.fired_at:
        return label
    return class_label(panorama.moment)


def class_label(moment: Moment) -> str:
    """What the model takes it for, and how sure it is."""
    cls, score = moment.cls, round(moment.score * 100)
    return f"{CLASSES_ZH.get(cls, '')} {cls} {score}%".strip()


def bag_info(request: CaseRequest, case_id: str, payload: list[BagFile]) -> bytes:
    """`bag-info.txt` of a sealed case."""
    site, software = (request.site.id, request.site.name), f"{request.software.name} {request.software.version}"
    return bag_info_text(site, case_id, payload, "Streetproof evidence bundle", layout.FORMAT_VERSION, software)


def bag_info_text(
    site: tuple[str, str], name: str, payload: list[BagFile], what: str, version: int, software: str
) -> bytes:
    """`bag-info.txt` (RFC 8493, 2.2.2), without any clock. `site`: id and name."""
    total = sum(file.digests.size for file in payload)
    lines = (
        ("Source-Organization", site[1]),
        ("External-Identifier", name),
        ("External-Description", f"{what}, format version {version}"),
        ("Bag-Group-Identifier", site[0]),
        ("Bag-Software-Agent", software),
        (layout.PAYLOAD_OXUM, f"{total}.{len(payload)}"),
    )
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in lines).encode("utf-8", "replace")
