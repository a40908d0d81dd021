"""When a recording began: names of recorders, container tags, the operator, and their quarrels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.archive.clock import TimeRules, find_start, parse_start
from streams.archive.filename_time import compile_pattern, read_name
from streams.archive.reader import open_archive
from streams.errors import TimeUnknownError
from streams.instant import NS_PER_S, TimeSource
from streams.interface import DecodeLevel
from tests.streams.media import make

SHANGHAI = TimeRules(zone="Asia/Shanghai")
EIGHT = "2026-11-02T00:00:00.000000000Z"


def start(name: str, rules: TimeRules = SHANGHAI, **tags: str):
    return find_start(Path(name), tags, rules)


@pytest.mark.parametrize(
    "name",
    [
        "192.168.1.64_01_20261102080000000.mp4",
        "ch01_20261102080000.mp4",
        "录像/东门 球机_01_20261102080000_20261102083000.mp4",
        "2026-11-02/001/dav/08/08.00.00-08.30.00[R][0@0][0].dav",
        "IPC_ch1_main_20261102080000_20261102083000.dav",
        "D01_20261102080000.ts",
        "20261102080000_20261102083000.ts",
        "33010600001320000001_20261102080000.mp4",
        "cam_2026-11-02_08-00-00.mp4",
        "cam 2026-11-02 08.00.00.mp4",
        "2026-11-02T08:00:00.mkv",
        "20261102T080000+0800.mkv",
        "20261102T000000Z.mkv",
        "2026-11-01T19-00-00-0500.mkv",
        "cam1-20261102-080000.mp4",
        "cam_20261102_080000.mp4",
        "2026-11-02_08-00-00+08:00_gate.mp4",
        "2026Y11M02D08H/00M00S_1793577600.mp4",
    ],
)
def test_names_of_recorders(name):
    reading = start(name)
    assert reading.instant.isoformat() == EIGHT
    assert reading.instant.source is TimeSource.FILENAME
    assert reading.problems == ()


def test_resolution_is_the_uncertainty():
    assert start("ch01_20261102080000.mp4").instant.uncertainty_ns == NS_PER_S
    reading = start("192.168.1.64_01_20261102080000123.mp4").instant
    assert reading.isoformat() == "2026-11-02T00:00:00.123000000Z" and reading.uncertainty_ns == 1_000_000
    assert start("2026-11-02_08-00-00.500.mkv").instant.uncertainty_ns == NS_PER_S // 1000
    # A single digit behind the dot counts parts, not tenths.
    assert start("2026-11-02_08-00-00.5.mkv").instant.uncertainty_ns == NS_PER_S
    assert parse_start("2026-11-02T08:00+08:00").uncertainty_ns == 60 * NS_PER_S
    assert parse_start("2026-11-02 08:00:00.25Z").uncertainty_ns == NS_PER_S // 100


@pytest.mark.parametrize(
    "name",
    [
        "hiv00001.mp4",
        "gate.mp4",
        "cam_20261302080000.mp4",
        "cam_20260230080000.mp4",
        "cam_20261102250000.mp4",
        "cam_20261102080060.mp4",
        "19700101000000.mp4",
        "33010600001320000001.mp4",
        "120261102080000.mp4",
        "2026-11-02.mp4",
        "20261102080000/gate.mp4",
    ],
)
def test_names_without_a_time(name):
    with pytest.raises(TimeUnknownError, match="--start") as caught:
        start(name)
    assert caught.value.where == name


def test_names_that_can_be_read_two_ways_are_refused():
    with pytest.raises(TimeUnknownError, match="two times"):
        start("export_20261103120000_20261102080000.mp4")


@given(st.text(alphabet="0123456789-_TZ.:+ /YMDHSch", max_size=60))
def test_any_name_gives_a_possible_time_or_none(name):
    try:
        found = read_name(Path(name))
    except ValueError:
        return
    assert found is None or found.naive.year >= 1990


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)))
def test_every_second_survives_every_form(moment):
    moment = moment.replace(microsecond=0)
    expected = int(moment.replace(tzinfo=UTC).timestamp()) * NS_PER_S
    for form in ("%Y%m%d%H%M%S", "%Y-%m-%d_%H-%M-%S", "%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%S+0000", "%Y%m%d-%H%M%S"):
        name = f"ch01_{moment.strftime(form)}.mp4"
        assert start(name, TimeRules(zone="UTC")).instant.utc_ns == expected, name


def test_folders_count_from_inside_them_too(tmp_path, monkeypatch):
    folder = tmp_path / "2026-11-02/001/dav/08"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert start("08.00.00-08.30.00[R][0@0][0].dav").instant.isoformat() == EIGHT


def test_times_without_zone_need_the_sites():
    with pytest.raises(TimeUnknownError, match="time zone"):
        start("ch01_20261102080000.mp4", TimeRules())
    assert start("20261102T000000Z.mp4", TimeRules()).instant.isoformat() == EIGHT


def test_clocks_put_back_or_forward():
    berlin = TimeRules(zone="Europe/Berlin")
    with pytest.raises(TimeUnknownError, match="exists twice"):
        start("cam_2026-10-25_02-30-00.mp4", berlin)
    with pytest.raises(TimeUnknownError, match="does not exist"):
        start("cam_2026-03-29_02-30-00.mp4", berlin)
    assert start("cam_2026-10-25_02-30-00+0100.mp4", berlin).instant.isoformat().startswith("2026-10-25T01:30:00")
    assert start("cam_2026-10-25_03-30-00.mp4", berlin).instant.isoformat().startswith("2026-10-25T02:30:00")


def test_a_sites_own_pattern_comes_first():
    rules = TimeRules(zone="Asia/Shanghai", patterns=("gate*_%d.%m.%Y %Hh%M.mp4",))
    reading = start("x/gate 3_02.11.2026 08h00.mp4", rules)
    assert reading.instant.isoformat() == EIGHT and reading.instant.uncertainty_ns == 60 * NS_PER_S
    folders = TimeRules(zone="Asia/Shanghai", patterns=("%Y/%m/%d/%H-%M-%S.mp4",))
    assert start("/data/2026/11/02/08-00-00.mp4", folders).instant.isoformat() == EIGHT


@pytest.mark.parametrize("template", ["%Y%m%d.mp4", "%Y%m%d%H%M%Q", "gate.mp4", "%Y%Y%m%d%H%M", "%"])
def test_patterns_that_cannot_be_meant(template):
    with pytest.raises(ValueError, match="pattern"):
        compile_pattern(template)
    with pytest.raises(ValueError, match="pattern"):
        TimeRules(patterns=(template,))


def test_rules_that_cannot_be_meant():
    with pytest.raises(ValueError, match="zone"):
        TimeRules(zone="Asia/Hangzhou")
    with pytest.raises(ValueError, match="zone"):
        TimeRules(zone="../../etc/passwd")
    with pytest.raises(ValueError, match="order"):
        TimeRules(order=())
    with pytest.raises(ValueError, match="order"):
        TimeRules(order=(TimeSource.RTCP_SR,))


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-02T08:00:00Z", "2026-11-02", "1970-01-01T00:00:00Z"])
def test_starts_that_are_no_time(text):
    with pytest.raises(ValueError):
        parse_start(text)


def test_start_without_zone_takes_the_sites():
    assert parse_start("2026-11-02 08:00:00", "Asia/Shanghai").isoformat() == EIGHT
    with pytest.raises(ValueError, match="zone"):
        parse_start("2026-11-02 08:00:00")


def test_container_tags():
    reading = start("gate.mp4", creation_time="2026-11-02T00:00:00.000000Z")
    assert reading.instant.isoformat() == EIGHT
    assert reading.instant.source is TimeSource.CONTAINER and reading.instant.uncertainty_ns == NS_PER_S
    assert start("gate.mp4", creation_time="2026-11-02T00:00:00.25Z").instant.uncertainty_ns == NS_PER_S // 100
    assert start("gate.avi", creation_time="2026-11-02 08:00:00").instant.isoformat() == EIGHT
    for never in ("1970-01-01T00:00:00.000000Z", "1904-01-01T00:00:00Z", "rubbish", ""):
        with pytest.raises(TimeUnknownError):
            start("gate.mp4", creation_time=never)


def test_order_decides_and_quarrels_are_told():
    name, tags = "ch01_20261102080000.mp4", {"creation_time": "2026-11-02T08:00:00Z"}
    reading = start(name, **tags)
    assert reading.instant.isoformat() == EIGHT
    (problem,) = reading.problems
    assert "28800 s after" in problem.what and "local time written as UTC" in problem.what and problem.where == name
    other = start(name, TimeRules(zone="Asia/Shanghai", order=(TimeSource.CONTAINER, TimeSource.FILENAME)), **tags)
    assert other.instant.isoformat() == "2026-11-02T08:00:00.000000000Z" and len(other.problems) == 1
    alone = start(name, TimeRules(zone="Asia/Shanghai", order=(TimeSource.CONTAINER,)), **tags)
    assert alone.problems == ()
    operator = TimeRules(zone="Asia/Shanghai", start=parse_start("2026-11-02T00:00:01Z"))
    reading = start(name, operator, creation_time="2026-11-02T00:00:02Z")
    assert reading.instant.source is TimeSource.OPERATOR and reading.problems == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_creation_time_of_real_files(tmp_path, suffix):
    path = make(tmp_path / f"gate{suffix}", frames=5, metadata={"creation_time": "2026-11-02T00:00:00Z"})
    source = open_archive(path, "gate", SHANGHAI)
    assert source.start.isoformat() == EIGHT and source.start.source is TimeSource.CONTAINER
    assert next(iter(source.frames(DecodeLevel.KEYFRAMES))).at == source.start


def test_a_file_without_any_time_says_what_to_do(tmp_path):
    path = make(tmp_path / "门 口.mp4", frames=5)
    with pytest.raises(TimeUnknownError) as caught:
        open_archive(path, "gate", SHANGHAI)
    assert str(path) in str(caught.value) and "--start" in str(caught.value) and "\n" not in str(caught.value)


def test_disagreement_reaches_the_coverage(tmp_path):
    path = make(tmp_path / "ch01_20261102080000.mp4", frames=5, metadata={"creation_time": "2026-11-05T00:00:00Z"})
    source = open_archive(path, "gate", SHANGHAI)
    assert any("creation time says 2026-11-05" in p.what for p in source.coverage().problems)
