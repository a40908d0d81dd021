"""The words of a bundle: README.txt, bag-info.txt and the information bar. Chinese first, then English."""

from __future__ import annotations

from datetime import timedelta

from evidence_export.bag import layout
from evidence_export.case import CaseRequest
from evidence_export.manifest import BagFile, Made, Panorama, rule_of, zone_of_policy
from evidence_export.overlay.render import Bar, Field
from evidence_export.plan import zone_of
from streams.instant import NS_PER_S, Instant, TimeSource

_KINDS = {"no_parking": ("违法停车", "Illegal parking")}
_SOURCES = {
    TimeSource.RTCP_SR: "摄像机时钟 camera (RTCP)",
    TimeSource.ARRIVAL: "服务器接收 server arrival",
    TimeSource.CONTAINER: "录像文件内 container",
    TimeSource.FILENAME: "文件名 file name",
    TimeSource.OSD: "画面叠加 on-screen text",
    TimeSource.OPERATOR: "人工填报 operator",
}
_CLASSES = {"car": "小型车", "truck": "货车", "bus": "客车", "motorcycle": "摩托车", "bicycle": "自行车"}
_TENTH = NS_PER_S // 10
_UNKNOWN = "未知 unknown"


def tenths(duration_ns: int) -> str:
    """A duration in seconds to a tenth, rounded down, for showing."""
    return f"{duration_ns // NS_PER_S}.{duration_ns % NS_PER_S // _TENTH}"


def local_time(at: Instant, request: CaseRequest) -> str:
    """`2026-11-02 08:00:00.2 UTC+08:00`, to the tenth of a second, rounded down."""
    moment = at.local(zone_of(request))
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


def anti_forgery_code(sha256: str) -> str:
    """The first 16 hex digits of the original still's SHA-256, in groups of four."""
    return " ".join(sha256[start : start + 4].upper() for start in range(0, 16, 4))


def bar(request: CaseRequest, case_id: str, panorama: Panorama, number: int, count: int, still_sha256: str) -> Bar:
    """The information bar of one derived copy."""
    camera, violation, at = request.camera, request.violation, panorama.moment.at
    rule = rule_of(request)
    kind, kind_en = _KINDS.get(str(rule.get("kind")), ("违法行为", violation.rule))
    lead = not (rule.get("legal_basis") or {}).get("statute")
    zone_name = zone_of_policy(request).get("name") or ""
    allowed, stood = tenths(violation.allowed_ns), tenths(violation.dwell_lower_bound_ns)
    place = f"{camera.road or '道路未知 road unknown'}，{camera.location or '具体位置未知 exact place unknown'}"
    return Bar(
        title=f"{kind}{'线索' if lead else ''}  {kind_en}{' (lead)' if lead else ''}",
        badge=f"全景图 Panorama {number}/{count}",
        fields=(
            Field("时间 Time", local_time(at, request)),
            Field("时间来源 Time source", f"{_SOURCES[at.source]} {uncertainty(at.uncertainty_ns)}"),
            Field("地点 Place", place),
            Field("方向 / 设备编号 Direction / device", f"{camera.direction or _UNKNOWN} / {camera.id} {camera.name}"),
            Field(
                "违法行为 Violation",
                f"{violation.rule} · {zone_name} {violation.zone} · 允许 {allowed} 秒，至少停留 {stood} 秒 "
                f"(allowed {allowed} s, stood at least {stood} s)",
                wide=True,
            ),
            Field("案件编号 Case", case_id),
            Field("防伪码 Anti-forgery code", anti_forgery_code(still_sha256)),
        ),
        footer=f"本图为衍生副本，原图 {panorama.path} 未作任何改动；防伪码为原图 SHA-256 的前 16 位。 "
        "Derived copy; the original is untouched. The code is the first 16 hex digits of the original's SHA-256.",
    )


def box_label(panorama: Panorama) -> str:
    """The words at the box: what the model takes it for, and how sure it is."""
    cls = panorama.moment.cls
    score = round(panorama.moment.score * 100)
    return f"{_CLASSES.get(cls, '')} {cls} {score}%".strip()


def bag_info(request: CaseRequest, case_id: str, payload: list[BagFile]) -> bytes:
    """`bag-info.txt` (RFC 8493, 2.2.2), without any clock."""
    total = sum(file.digests.size for file in payload)
    lines = (
        ("Source-Organization", request.site.name),
        ("External-Identifier", case_id),
        ("External-Description", f"Streetproof evidence bundle, format version {layout.FORMAT_VERSION}"),
        ("Bag-Group-Identifier", request.site.id),
        ("Bag-Software-Agent", f"{request.software.name} {request.software.version}"),
        ("Payload-Oxum", f"{total}.{len(payload)}"),
    )
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in lines).encode("utf-8", "replace")


def readme(request: CaseRequest, made: Made) -> bytes:
    """`README.txt` for a reader who has never heard of Streetproof."""
    several = len(made.clips) > 1
    clip = "data/clip-01.* …" if several else made.clips[0].path
    return _README.format(
        case=made.case_id,
        site=" ".join(request.site.name.split()),
        camera=" ".join(f"{request.camera.id} {request.camera.name}".split()),
        time=local_time(request.stay.arrived[1], request),
        clip=clip,
    ).encode("utf-8", "replace")


_README = """\
证据包 {case}
{site}
摄像机：{camera}
首次看到目标的时间：{time}

一、这是什么
本文件夹是一个案件（或线索）的电子证据包，封存后任何一处改动都能被发现。

  case.json              案件清单：时间、地点、规则、模型、录像来源，以及每个文件的摘要
  case.json.sig          对 case.json 的数字签名(Ed25519)
  site-key.pub.pem       验证签名用的公钥
  {clip:<22} 原始录像片段，未重新编码
  data/stills/           原始画面截图，未作任何改动
  data/overlay/          衍生副本：加画了方框、区域和信息栏，仅供查看
  data/detections.json   说明判断的检测结果：首次、触发时及其间最多六次
  data/policy.json       所适用的规则与区域
  manifest-sha256.txt    data/ 下各文件的 SHA-256
  tagmanifest-sha256.txt 其余文件的 SHA-256

二、如何验证
1. 用 Streetproof：         streetproof verify 本文件夹
2. 只有 Python 与 cryptography：python -m evidence_export.verifier 本文件夹
3. 手工验证（在本文件夹内执行）:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
     openssl pkeyutl -verify -pubin -inkey site-key.pub.pem -rawin -in case.json -sigfile case.json.sig
     openssl pkey -pubin -in site-key.pub.pem -outform DER | sha256sum
   最后一行得到公钥指纹，请与执法机关经其他渠道公布的指纹核对。

三、验证不能说明什么
验证只说明封存后未被改动，不能说明摄像机时钟准确、封存前录像真实、签名密钥属于某机关，
也不能代替人员对画面的判断。未知的事项在 case.json 中写作 {{"known":false}}。

----------------------------------------------------------------------------------------------------

Evidence bundle {case}
{site}
Camera: {camera}
First seen: {time}

1. What this is
The electronic evidence of one case, or lead. Any change made after sealing can be found.

  case.json              the case: time, place, rule, model, source recordings, and the hash of every file
  case.json.sig          the digital signature (Ed25519) over case.json
  site-key.pub.pem       the public key that checks it
  {clip:<22} the original footage, never re-encoded
  data/stills/           original pictures, untouched
  data/overlay/          derived copies with box, zone and information bar, for looking at only
  data/detections.json   sightings that show the decision: first, firing, and up to six between
  data/policy.json       the rule and the zone that were applied
  manifest-sha256.txt    SHA-256 of every file in data/
  tagmanifest-sha256.txt SHA-256 of the other files

2. How to verify it
a. With Streetproof:                  streetproof verify FOLDER
b. With Python and cryptography only: python -m evidence_export.verifier FOLDER
c. By hand, inside this folder:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
     openssl pkeyutl -verify -pubin -inkey site-key.pub.pem -rawin -in case.json -sigfile case.json.sig
     openssl pkey -pubin -in site-key.pub.pem -outform DER | sha256sum
   The last line prints the fingerprint of the key: compare it with the one that the authority publishes elsewhere.

3. What verification cannot say
It says that nothing changed since sealing. It does not say that the camera's clock was right, that the recording was
genuine before, or that the key belongs to an authority, and it does not replace looking at the pictures.
What is not known is written as {{"known":false}} in case.json.
"""
