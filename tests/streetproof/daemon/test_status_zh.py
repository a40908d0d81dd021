"""`streetproof status` in Chinese: whole, aligned, and with a word for everything that can happen."""

from __future__ import annotations

import os
import pickle
import re
from dataclasses import replace
from typing import get_args

import pytest
from rich.cells import cell_len

from evidence_export.statements.time import FLAGS
from evidence_export.words import CLASSES_ZH, KINDS, Language, Said
from streams.interface import DecodeLevel
from streams.live.faults import usual
from streams.live.interface import FaultKind
from streetproof.cli import status_words as words
from streetproof.cli.language import language_of
from streetproof.cli.status import drawn, unanswered
from streetproof.cli.status_cameras import COLUMNS, WORRYING_FLAGS
from streetproof.cli.status_client import StatusError
from streetproof.cli.status_table import lines_of
from streetproof.cli.status_words import ago, brief
from streetproof.cli.wrapping import wrapped
from streetproof.daemon.fault_details import USUAL_ZH, detail
from streetproof.daemon.problems import server_clock_off, site_file_refused
from streetproof.daemon.snapshot import CameraSnapshot, CameraState, DaemonSnapshot
from streetproof.daemon.words import FAULTS_ZH, LEVELS, STATES, VIEWS
from tests.ports import reserved_port
from tests.streetproof.commands import streetproof
from tests.streetproof.daemon.snapshots import camera, daemon, troubled
from tests.streetproof.daemon.test_status import Screen, serving, url
from vision.integrity.interface import ViewFault
from vision.policy import AnyRule
from vision.rules.occupation import OccupationKind

NAMES = ("学院路与文三路口", "古塔路菜场南门", "中心小学正门")
PROBLEMS = (
    site_file_refused("/etc/streetproof/site.yaml:31: cameras.2.policy: no policy `xueyuan`"),
    Said("磁盘剩余 98.4 GiB，低于预警值 100.0 GiB；低于 20.0 GiB 时将删除最早的录像", "98.4 GiB are free"),
    server_clock_off(1_500_000_000),
)


def text(snapshot: DaemonSnapshot, width: int, height: int | None) -> list[str]:
    return [line.plain for line in lines_of(snapshot, language=Language.ZH, width=width, height=height)]


def named() -> list[CameraSnapshot]:
    return [replace(one, name=NAMES[number % 3]) for number, one in enumerate(troubled())]


def is_chinese(said: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in said)


# -- the screen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40), (40, 12), (20, 6), (200, 60)])
def test_it_fits_and_the_rest_is_counted(width: int, height: int) -> None:
    cameras = [*named(), *(camera(number, name="解放路步行街") for number in range(9, 70))]
    lines = text(daemon(*cameras, problems=PROBLEMS), width, height)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    if height >= 24:
        shown = sum(line.startswith("gate-") for line in lines)
        left = re.fullmatch(r"未显示：正常 (\d+) 路", lines[-1])
        assert left is not None and int(left[1]) == 69 - shown


def test_what_is_cut_off_is_never_called_fine() -> None:
    lines = text(daemon(*(replace(one, id=f"{one.id}-{n}") for n in range(8) for one in troubled())), 80, 24)
    assert re.fullmatch(r"未显示：异常 \d+ 路，正常 16 路", lines[-1])


@pytest.mark.parametrize("width", [40, 80, 100, 140, 200])
def test_columns_align_under_their_titles(width: int) -> None:
    lines = text(daemon(*named()), width, None)
    (title,) = (line for line in lines if line.startswith("摄像机 ") and "状态、时长" in line)
    rows = [line for line in lines if line.startswith("gate-")]
    states = "|".join(said.zh for said in STATES.values())
    begins = cell_len(title[: title.index("状态、时长")])
    for row in rows:
        state = re.search(f"  ({states}) ", row)
        assert state is not None and cell_len(row[: state.start(1)]) == begins, row
    if width >= 80:
        ends = cell_len(title[: title.index("最近数据") + 4])
        for row in rows:
            cells = "".join(sign + "\0" * (cell_len(sign) - 1) for sign in row)
            assert cells[ends - 1] not in " ~" and cells[ends] == " ", row


def test_the_head_and_the_reasons_are_chinese() -> None:
    lines = text(daemon(*named(), problems=PROBLEMS, ready=False, sealing_failed=2, server_offset_s=None), 140, None)
    told = "\n".join(lines)
    for said in (
        "演示区综合行政执法局 (demo)", "未就绪", "已运行 26小时00分", "秒前）", "摄像机正常 2/8 路", "异常 6 路",
        "案件 2", "待封存 1", "封存失败 2", "待发通知 0", "磁盘剩余 812/3,725 GiB", "服务器时钟未核对",
        "! 新的站点配置有误，未生效", "采集进程异常退出：进程被信号 11 终止", "待重连     12分钟",
        "无法连接：端口无响应或设备不可达；请检查供电、网络和地址", "画面移位、画面失焦，该路规则已暂停",
        "+1.35秒!", "摄像机时钟偏差超过或可能超过 1 秒", "已停止收到数据", "未知", "抽帧", "逐帧", "关键帧",
    ):  # fmt: skip
        assert said in told, said
    english = {said.en for said in vars(words).values() if isinstance(said, Said)}
    assert not [said for said in english if re.search(rf"\b{re.escape(said)}\b", told)]


def test_everything_that_a_screen_says_has_chinese_words() -> None:
    said = [value for value in vars(words).values() if isinstance(value, Said)]
    said += [one for value in vars(words).values() if isinstance(value, tuple) for one in value]
    said += [column.title for column in COLUMNS]
    said += [one for what in (words.silent(3), words.cannot_be_asked("OSError")) for one in what]
    said += [one for what in (words.not_a_daemons(500), words.not_understood("a.1")) for one in what]
    assert all(is_chinese(one.zh) and not is_chinese(one.en) for one in said)
    assert all(cell_len(column.title.zh) <= column.width_zh for column in COLUMNS)
    assert all(cell_len(column.title.en) <= column.width for column in COLUMNS)


def test_reasons_that_need_two_lines_are_told_to_the_end() -> None:
    one = camera(
        1, state=CameraState.WAITING, fault="refused", integrity=("moved", "blocked", "defocused"),
        fault_detail=Said("端口无响应或设备不可达；请检查供电、网络和地址", "nobody listens there"),
    )  # fmt: skip
    lines = text(daemon(one), 80, None)
    row = next(number for number, line in enumerate(lines) if line.startswith("gate-1"))
    told = "".join(line.strip() for line in lines[row + 1 :])
    assert told.endswith("画面移位、画面被遮挡、画面失焦，该路规则已暂停")
    narrow = text(daemon(one), 40, None)
    assert narrow[-1].endswith("~") and len(narrow[-1].strip()) > 10


@pytest.mark.parametrize("width", range(12, 60))
def test_no_line_begins_with_closing_punctuation_and_no_number_loses_its_unit(width: int) -> None:
    for problem in PROBLEMS:
        lines = [line.plain.strip() for line in wrapped(problem.zh, width)]
        assert "".join("".join(lines).split()) == "".join(problem.zh.split())
        assert not [line for line in lines if line[0] in "，。；：、）"]
        assert not [line for line in lines if line[-1] in "（"]
        assert width < 16 or not [line for line in lines if line.startswith("秒")]


@pytest.mark.parametrize(
    ("seconds", "shown", "short"),
    [(-1, "0秒", "0秒"), (119, "119秒", "119秒"), (120, "2分钟", "2分钟"), (7199, "119分钟", "119分钟"),
     (7200, "2小时00分", "2小时"), (172_799, "47小时59分", "47小时"), (172_800, "2天0小时", "2天"),
     (8_639_999, "99天23小时", "99天"), (100 * 86_400, "100天", "100天")],
)  # fmt: skip
def test_durations_for_people(seconds: float, shown: str, short: str) -> None:
    assert ago(seconds, Language.ZH) == shown
    assert brief(seconds, Language.ZH) == short
    assert cell_len(shown) <= 10 and cell_len(short) <= 8


def test_old_figures_and_none_at_all() -> None:
    lines = [line.plain for line in drawn(daemon(camera()), 34.0, language=Language.ZH, width=80, height=24)]
    assert lines[0].startswith("数据已过时：服务仍有应答，但数据是34秒前的")
    error = StatusError(*words.NOT_RUNNING, where="http://127.0.0.1:1")
    told = [line.plain for line in unanswered(error, 75, language=Language.ZH, width=80)]
    assert told[0] == "服务已75秒无应答：服务未运行，该地址没有程序监听"
    assert told[-1] == "各路摄像机情况未知。正在重试，按 Ctrl-C 退出"
    assert max(map(cell_len, told)) <= 80
    assert pickle.loads(pickle.dumps(error)).todo == error.todo


# -- words ---------------------------------------------------------------------------------------------------------


def test_whatever_an_enum_names_has_a_chinese_word() -> None:
    assert set(FAULTS_ZH) == {kind.value for kind in FaultKind}
    assert set(VIEWS) == {fault.value for fault in ViewFault}
    assert set(STATES) == set(CameraState)
    assert set(LEVELS) == {level.value for level in DecodeLevel}
    rules = get_args(get_args(AnyRule)[0])
    kinds = {name for rule in rules for name in get_args(rule.model_fields["kind"].annotation)}
    assert set(KINDS) == kinds | set(OccupationKind) and len(kinds) > 3
    zh = [*FAULTS_ZH.values(), *CLASSES_ZH.values()]
    zh += [said.zh for table in (VIEWS, STATES, LEVELS, KINDS, WORRYING_FLAGS) for said in table.values()]
    assert all(map(is_chinese, zh))
    assert max(cell_len(said.zh) for said in STATES.values()) <= 6, "they share a column with since when"


def test_every_clock_flag_is_told_or_told_elsewhere() -> None:
    of_the_server = {"server_offset_over_1s", "server_offset_unknown", "host_clock_stepped"}  # in the head
    assert {*WORRYING_FLAGS, "camera_offset_unknown", *of_the_server} == set(FLAGS)


def test_the_usual_detail_of_a_fault_is_chinese_and_any_other_is_quoted() -> None:
    for kind in FaultKind:
        said = usual(kind)
        assert (said is not None) == (kind in USUAL_ZH), kind
        if said is not None:
            assert is_chinese(detail(kind, said).zh) and detail(kind, said).en == said
            assert cell_len(f"    {FAULTS_ZH[kind.value]}：{detail(kind, said).zh}") <= 80, "a row of a small screen"
        assert detail(kind, "the connection broke") == Said.quoted("the connection broke")


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "ZH_tw"}, Language.ZH),
        ({"LANG": "C.UTF-8"}, Language.EN),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_US.UTF-8"}, Language.ZH),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}, Language.EN),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN"}, Language.ZH),
        ({"LANGUAGE": "zh"}, Language.EN),
    ],
)
def test_the_locale_says_which_language(environment: dict[str, str], language: Language) -> None:
    assert language_of(environment) is language


def test_the_option_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delitem(os.environ, name, raising=False)
    with serving(daemon(*named())) as server:
        assert "2 of 8 cameras fine" in streetproof("status", "--url", url(server)).out
        chosen = streetproof("status", "--url", url(server), "--lang", "zh")
        assert chosen.code == 0 and "摄像机正常 2/8 路" in chosen.out
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        assert "摄像机正常 2/8 路" in streetproof("status", "--url", url(server)).out
        assert "2 of 8 cameras fine" in streetproof("status", "--url", url(server), "--lang", "en").out
    assert streetproof("status", "--lang", "fr").code == 2


def test_watching_in_chinese() -> None:
    with (
        serving(daemon(*named())) as server,
        Screen("--url", url(server), "--interval", "0.3", "--lang", "zh") as screen,
    ):
        screen.wait_for("摄像机正常 2/8 路")
        server.stop()
        screen.wait_for("无应答：服务未运行")
        assert screen.interrupt() == 4
    assert "请用 `streetproof run" in screen.seen


def test_not_running_is_said_in_chinese_to_people_and_unchanged_to_programs() -> None:
    with reserved_port() as port:
        where = f"http://127.0.0.1:{port}"
        ran = streetproof("status", "--url", where, "--lang", "zh")
        as_json = streetproof("status", "--url", where, "--lang", "zh", "--json")
    assert ran.code == 4 and "服务未运行" in ran.err and "请用" in ran.err
    assert as_json.code == 4 and "not running" in as_json.json["error"]["what"]


def test_as_json_what_is_for_people_stands_in_both_languages() -> None:
    with serving(daemon(*named(), problems=PROBLEMS)) as server:
        document = streetproof("status", "--url", url(server), "--json").json
    assert document["problems"] == [{"zh": said.zh, "en": said.en} for said in PROBLEMS]
    assert document["cameras"][5]["fault_detail"] == {"zh": "进程被信号 11 终止", "en": "ended with signal 11"}
    assert document["cameras"][0]["fault_detail"] is None
    assert DaemonSnapshot.from_json(document).problems == PROBLEMS
