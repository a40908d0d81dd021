"""`README.txt` of a bundle, for a reader who has never heard of Streetproof. Chinese first, then English."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from evidence_export import readme_keys
from evidence_export.case import CaseRequest, TimeFacts
from evidence_export.imageset.statement import image_facts
from evidence_export.imageset.words import lines_of_case
from evidence_export.keys.interface import SealingKeys
from evidence_export.kinds import course_of, kind_of, lines_of, shows_before, tenths
from evidence_export.made import Made
from evidence_export.plan import decisive_interval
from evidence_export.plates.words import plate_lines
from evidence_export.reasons import why_lines, why_table
from evidence_export.statements.footage import clock_set_back, lost_in_decisive_ns
from evidence_export.statements.time import OVER_1S_NS, reference_offset_ns, time_facts
from evidence_export.statements.values import brief
from evidence_export.statements.view import faults_of, in_decisive
from evidence_export.texts import local_time, seconds, source_words, uncertainty
from evidence_export.words import Said
from streams.instant import Instant, TimeSource

_MAX_LISTED = 12
CAUSES = {
    "refused": ("无法连接", "could not be reached"),
    "name": ("主机名无法解析", "its host name was not known"),
    "unauthorized": ("认证失败", "the password was refused"),
    "not_found": ("视频流不存在", "the stream was not there"),
    "timeout": ("连接超时", "connecting took too long"),
    "stalled": ("无数据", "no data came"),
    "ended": ("摄像机断开", "the camera closed the stream"),
    "no_video": ("无视频", "there was no video"),
    "no_parameters": ("视频缺少参数", "the video lacked its parameters"),
    "no_keyframe": ("无关键帧", "no picture to begin with came"),
    "changed": ("视频格式改变", "the video's format changed"),
    "timestamps": ("时间戳跳变", "the timestamps jumped"),
    "protocol": ("协议错误", "the answer was no valid stream"),
    "crashed": ("录像程序中断", "the recorder was interrupted"),
    "disk": ("磁盘无法写入", "the disk could not be written"),
    "started": ("录像程序启动", "the recorder was started"),
    "stopped": ("录像程序停止", "the recorder was stopped"),
    "overflow": ("处理不及", "more came than could be taken"),
    "clock": ("时钟调整", "a clock was set"),
    "reload": ("配置更新", "the configuration was changed"),
    "handover": ("数据库恢复后重新开始录像", "recording began anew when the database answered"),
    "segments_missing": ("缺少录像片段", "segments are missing"),
    "frames_missing": ("未收到画面", "no frames were received"),
    "new_session": ("重新连接", "the connection began anew"),
}
"""Why a recording broke off."""
CAMERA = ("摄像机时钟", "the camera's clock")
SERVER = ("服务器时钟", "the server's clock")
REFERENCE = ("标准时间", "the reference time")
VIEW_FAULTS = {
    "moved": ("视角移动", "moved"),
    "turned": ("视角转动", "turned"),
    "blocked": ("镜头遮挡", "blocked"),
    "defocused": ("画面失焦", "out of focus"),
    "frozen": ("画面冻结", "frozen"),
    "black": ("画面全黑", "black"),
    "overexposed": ("画面过曝", "overexposed"),
}


def readme(request: CaseRequest, made: Made, keys: SealingKeys) -> bytes:
    """The whole text, UTF-8."""
    several = len(made.clips) > 1
    clip = "data/clip-01.* …" if several else made.clips[0].path
    plates = made.plates or {}
    said = [
        *_stay(request),
        *plate_lines(plates),
        *_clocks(request),
        *_continuity(request, made),
        *_view(request),
        *_stream(request),
        *_before(request, made),
        *lines_of_case(image_facts(request, made)),
    ]
    why_zh, why_en = _why(request)
    return _README.format(
        case=made.case_id,
        site=" ".join(request.site.name.split()),
        camera=" ".join(f"{request.camera.id} {request.camera.name}".split()),
        time=local_time(request.stay.arrived[1], request),
        clip=clip,
        algorithm=keys.first.algorithm,
        commands=readme_keys.commands(keys),
        keys_zh=readme_keys.files(keys, chinese=True),
        keys_en=readme_keys.files(keys, chinese=False),
        plates_zh=(_PLATES.zh if "close_up" in plates else "") + (_SIGNS.zh if _has_signs(made) else ""),
        plates_en=(_PLATES.en if "close_up" in plates else "") + (_SIGNS.en if _has_signs(made) else ""),
        about_zh="\n".join(f"  - {one.zh}" for one in said),
        about_en="\n".join(_wrapped(one.en) for one in said),
        why_zh=why_zh,
        why_en=why_en,
        **_numbers(shift=bool(why_zh)),
    ).encode("utf-8", "replace")


def _has_signs(made: Made) -> bool:
    return any(one.close_up is not None or one.photo is not None for one in made.signs)


def _wrapped(text: str) -> str:
    return fill(
        text, 110, initial_indent="  - ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _why(request: CaseRequest) -> tuple[str, str]:
    """The section on why it was established; empty where what was made before does not tell."""
    said, table = why_lines(request), why_table(request)
    if not said and not table:
        return "", ""
    zh = [
        "三、为何认定",
        *(f"  - {one.zh}" for one in said),
        *(["", *(f"  {one.zh}" for one in table)] if table else []),
    ]
    en = ["3. Why", *(_wrapped(one.en) for one in said), *(["", *(f"  {one.en}" for one in table)] if table else [])]
    return "".join(f"{line.rstrip()}\n" for line in [*zh, ""]), "".join(f"{line.rstrip()}\n" for line in [*en, ""])


def _numbers(*, shift: bool) -> dict[str, str]:
    """The numbers of the sections after it."""
    zh, en = ("四五", "45") if shift else ("三四", "34")
    return {"verify_zh": zh[0], "limits_zh": zh[1], "verify_en": en[0], "limits_en": en[1]}


def _stay(request: CaseRequest) -> Iterator[Said]:
    course = course_of(kind_of(request))
    after, by = request.stay.arrived
    began = course.began_before if after is None else course.began
    yield _filled(began, before=local_time(after, request) if after else "", first=local_time(by, request))
    departed, last = request.stay.departed, local_time(request.stay.last_seen, request)
    if request.still_standing:
        yield _filled(course.goes_on, last=last)
    elif departed is None or departed[1] is None:
        yield _filled(course.not_seen_ending, last=last)
    else:
        yield _filled(course.ended, last=last, gone=local_time(departed[1], request))
        yield from _looked_back(request)
    if request.stay.kept:
        found, kept = request.stay.sightings, request.stay.kept
        yield Said(
            f"模型在 {found} 次查看中检出目标；另有 {kept} 次未检出，但该处画面与检出时一致，按在场计",
            f"The model found it in {found} looks; in {kept} more it did not, but its place looked as it did when "
            "found, and they count as seen",
        )
    yield from lines_of(request.violation)


def _looked_back(request: CaseRequest) -> Iterator[Said]:
    pinned = request.departure
    if pinned is None:
        return
    still = local_time(pinned.earliest, request) if pinned.earliest else None
    gone = local_time(pinned.latest, request) if pinned.latest else None
    zh = [*([f"{still} 仍在原处"] if still else []), *([f"{gone} 已移开"] if gone else [])]
    en = [*([f"still in its place at {still}"] if still else []), *([f"moved off by {gone}"] if gone else [])]
    yield Said(f"逐帧回看离开时刻：{'，'.join(zh)}", f"Departure, looked at frame by frame: {', '.join(en)}")


def _filled(said: Said, **times: str) -> Said:
    return Said(said.zh.format(**times), said.en.format(**times))


def _clocks(request: CaseRequest) -> Iterator[Said]:
    at = request.stay.arrived[1]
    source_zh, source_en = source_words(at).split(" ", 1)
    half = uncertainty(at.uncertainty_ns)
    yield Said(f"时间来源：{source_zh}，读数误差 {half}", f"Time: {source_en}, read to {half}")
    facts = time_facts(request)
    if facts is None:
        measured = reference_offset_ns(request)
        if measured is None:
            yield Said("摄像机时钟偏差：未测量", "Offset of the camera's clock: not measured")
        else:
            yield offset_said(CAMERA, REFERENCE, measured)
        return
    yield offset_said(CAMERA, SERVER, facts.camera_offset_ns)
    yield offset_said(SERVER, REFERENCE, facts.server_offset_ns)
    yield from _checked(facts, request)
    if "camera_clock_jumped" in facts.flags:
        yield Said("注意：记录期间摄像机时钟跳变", "Note: the camera's clock jumped while this was recorded")
    if "host_clock_stepped" in facts.flags:
        yield Said("注意：记录期间服务器时钟被调整", "Note: the server's clock was set while this was recorded")
    for whose, zh, en in (("camera", "摄像机", "camera"), ("server", "服务器", "server")):
        value = facts.camera_offset_ns if whose == "camera" else facts.server_offset_ns
        if value is not None and f"{whose}_offset_unknown" in facts.flags:
            yield Said(
                f"注意：部分时段的{zh}时钟偏差未知", f"Note: for a part of the time the {en}'s offset is unknown"
            )


def _checked(facts: TimeFacts, request: CaseRequest) -> Iterator[Said]:
    if facts.server_checked_ns is not None:
        when = local_time(Instant(facts.server_checked_ns, TimeSource.ARRIVAL, 0), request)
        yield Said(f"服务器时钟核对于 {when}", f"The server's clock was checked at {when}")


def offset_said(whose: tuple[str, str], than: tuple[str, str], value: int | None) -> Said:
    """How far one clock was from another; None: unknown."""
    (clock_zh, clock), (other_zh, other) = whose, than
    if value is None:
        return Said(f"{clock_zh}与{other_zh}相差多少：未知", f"How far {clock} was from {other}: unknown")
    over = abs(value) > OVER_1S_NS
    faster_zh, faster = ("快", "ahead of") if value >= 0 else ("慢", "behind")
    size = seconds(abs(value))
    return Said(
        f"{clock_zh}比{other_zh}{faster_zh} {size} 秒" + ("，超过 1.0 秒（GA/T 832 第 3.2 条）" if over else ""),
        f"{clock} was {size} s {faster} {other}".capitalize() + (", over 1.0 s (GA/T 832, 3.2)" if over else ""),
    )


def _continuity(request: CaseRequest, made: Made) -> Iterator[Said]:
    lost = lost_in_decisive_ns(request, made)
    if lost or clock_set_back(request, made):
        yield Said(
            f"到达与认定之间缺少画面 {tenths(lost)} 秒，未经说明不得批准",
            f"Between arrival and proof {tenths(lost)} s of footage are missing: not to be approved as it is",
        )
    elif any(source.recording.coverage is None and source.contents is None for source in made.sources):
        yield Said("到达与认定之间是否缺少画面：未知", "Whether footage is missing between arrival and proof: unknown")
    else:
        yield Said("自到达至认定，画面无缺失", "No footage is missing between arrival and proof")
    for one in made.breaks[:_MAX_LISTED]:
        zh, en = CAUSES.get(one.cause, (brief(one.cause), brief(one.cause)))
        start, end = local_time(one.start, request), local_time(one.end, request)
        mark_zh, mark_en = ("（关键时段）", " (decisive)") if one.touches(*decisive_interval(request)) else ("", "")
        yield Said(f"录像中断{mark_zh}：{start} 至 {end}，{zh}", f"No recording{mark_en}: from {start} to {end}, {en}")
    if len(made.breaks) > _MAX_LISTED:
        more = len(made.breaks) - _MAX_LISTED
        yield Said(f"另有 {more} 处中断，见 case.json", f"{more} more breaks: see case.json")


def _view(request: CaseRequest) -> Iterator[Said]:
    faults = faults_of(request)
    if faults is None:
        yield Said("摄像机视角是否异常：未监测", "Faults of the camera's view: not watched for")
        return
    if not faults:
        yield Said("摄像机视角：未发现异常", "The camera's view: no fault was found")
    for fault in faults[:_MAX_LISTED]:
        zh, en = VIEW_FAULTS.get(fault.kind, (brief(fault.kind), brief(fault.kind)))
        since = local_time(fault.since, request)
        until = local_time(fault.until, request) if fault.until else None
        yield Said(
            f"摄像机视角异常：{zh}，{since} " + (f"至 {until}" if until else "起，封存时仍未恢复"),
            f"Fault of the camera's view: {en}, from {since} "
            + (f"to {until}" if until else "on, not over when sealed"),
        )
    if len(faults) > _MAX_LISTED:
        more = len(faults) - _MAX_LISTED
        yield Said(f"另有 {more} 处视角异常，见 case.json", f"{more} more faults of the view: see case.json")
    if in_decisive(request):
        yield Said(
            "视角异常发生在到达与认定之间，未经说明不得批准",
            "The view was at fault between arrival and proof: not to be approved as it is",
        )


def _stream(request: CaseRequest) -> Iterator[Said]:
    if request.stream_seen == "sub":
        yield Said(
            "目标在同一摄像机的子码流中检出，截图取自所录主码流中时间最近的一帧，时间差见 case.json",
            "The vehicle was seen in the camera's sub stream; the stills are the nearest frames of the main stream, "
            "which is the recording, and case.json states how near",
        )
    elif request.moment_tolerance_ns:
        yield Said(
            "截图为录像中与检测时刻最接近的一帧，时间差见 case.json",
            "The stills are the recorded frames nearest to the sightings; case.json states how near",
        )


def _before(request: CaseRequest, made: Made) -> Iterator[Said]:
    if not shows_before(request.violation):
        return
    if made.before is None:
        yield Said("占用前的画面：没有", "Picture of the place before it was taken: there is none")
        return
    at = local_time(made.before.place.at, request)
    yield Said(
        f"占用前的画面：data/stills/before.png，{at}", f"The place before it was taken: data/stills/before.png, {at}"
    )


_PLATES = Said(
    "  data/plates/           号牌近景：从原始画面裁出，未缩放\n",
    "  data/plates/           close-ups of the plate, cut out of original pictures, not scaled\n",
)
_SIGNS = Said(
    "  data/signs/            标志标线：从原始画面裁出的近景（未缩放），或辖区留存的照片\n",
    "  data/signs/            signs and markings: close-ups cut out of original pictures, or the site's photographs\n",
)
_README = """\
证据包 {case}
{site}
摄像机：{camera}
首次看到目标的时间：{time}

一、这是什么
本文件夹是一个案件（或线索）的电子证据包，封存后任何一处改动都能被发现。

  case.json              案件清单：时间、地点、规则、模型、录像来源，以及每个文件的摘要
  case.json.sig          对 case.json 的数字签名({algorithm})
  site-key.pub.pem       验证签名用的公钥
{keys_zh}  {clip:<22} 原始录像片段，未重新编码
  data/stills/           原始画面截图，未作任何改动
  data/overlay/          衍生副本：加画了方框、区域和信息栏，仅供查看
{plates_zh}  data/detections.json   说明判断的检测结果：首次、触发时及其间最多六次
  data/policy.json       所适用的规则与区域
  data/verify.pyz        核验程序，一个文件，只需 Python 3.11
  manifest-sha256.txt    data/ 下各文件的 SHA-256
  tagmanifest-sha256.txt 其余文件的 SHA-256

二、本案情况
{about_zh}

{why_zh}{verify_zh}、如何验证
1. 用 Streetproof：         streetproof verify 本文件夹
2. 只有 Python 3.11，在本文件夹内执行：python3 data/verify.pyz .
   程序随证据包附带。不信任它的，可向执法机关索取：同一版本的核验程序逐字节相同。
3. 手工验证（在本文件夹内执行）:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
{commands}
   最后一行得到公钥指纹，请与执法机关经其他渠道公布的指纹核对。

{limits_zh}、验证不能说明什么
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
  case.json.sig          the digital signature ({algorithm}) over case.json
  site-key.pub.pem       the public key that checks it
{keys_en}  {clip:<22} the original footage, never re-encoded
  data/stills/           original pictures, untouched
  data/overlay/          derived copies with box, zone and information bar, for looking at only
{plates_en}  data/detections.json   sightings that show the decision: first, firing, and up to six between
  data/policy.json       the rule and the zone that were applied
  data/verify.pyz        the verifier, in one file; it needs Python 3.11 and nothing else
  manifest-sha256.txt    SHA-256 of every file in data/
  tagmanifest-sha256.txt SHA-256 of the other files

2. About this case
{about_en}

{why_en}{verify_en}. How to verify it
a. With Streetproof:                             streetproof verify FOLDER
b. With Python 3.11 alone, inside this folder:   python3 data/verify.pyz .
   It came with the bundle. Whoever does not trust it gets one from the authority: of one version, all are the same.
c. By hand, inside this folder:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
{commands}
   The last line prints the fingerprint of the key: compare it with the one that the authority publishes elsewhere.

{limits_en}. What verification cannot say
It says that nothing changed since sealing. It does not say that the camera's clock was right, that the recording was
genuine before, or that the key belongs to an authority, and it does not replace looking at the pictures.
What is not known is written as {{"known":false}} in case.json.
"""
