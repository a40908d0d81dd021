"""Site files: what is valid, and how precisely a mistake is pointed at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from streetproof.settings.document import ConfigError, read_document
from streetproof.settings.lint import warnings_of
from streetproof.settings.load import SiteInvalidError, load_site, site_schema
from tests.conftest import ROOT

DEMO = ROOT / "configs" / "demo" / "site.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "站点 1.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(folder: Path, old: str, new: str) -> Path:
    text = DEMO.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once in the demo site"
    return write(folder, text.replace(old, new))


def mistakes(path: Path) -> list[str]:
    with pytest.raises(SiteInvalidError) as caught:
        load_site(path)
    return [str(one) for one in caught.value.mistakes]


def test_the_demo_site_is_valid_and_every_setting_in_it_is_explained() -> None:
    loaded = load_site(DEMO)
    assert loaded.site.cameras[0].zones[0].rules == ("no-parking",)
    assert all("basis" in warning for warning in warnings_of(loaded.site))
    document = read_document(DEMO)
    assert document.line_of(["cameras", 0, "zones", 0, "polygon"]) == 1 + next(
        number for number, line in enumerate(DEMO.read_text(encoding="utf-8").splitlines()) if "polygon:" in line
    )


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / "configs" / "site.schema.json").read_text(encoding="utf-8") == site_schema(), "run: make schema"


def test_the_schema_names_every_top_level_setting() -> None:
    assert set(json.loads(site_schema())["properties"]) == {"site", "model", "evidence", "live", "policies", "cameras"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    policy: yanshi-road", "    policy: yansi-road", "did you mean 'yanshi-road'"),
        ("rules: [no-parking]", "rules: [no-praking]", "did you mean 'no-parking'"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Peking", "no IANA time zone"),
        ("        dwell: 60s ", "        dwell: 60 ", "write it with units"),
        ("  pre_roll: 10s", "  preroll: 10s", "there is no such setting"),
        ("[0.818, 0.132]", "[628, 76]", "divide pixels"),
        ("      sources: [operator]", "      sources: [filename]", "need each other"),
        ("start: 2009-02-01T12:34:00+08:00", "start: 2009-02-01T12:34:00", "timezone"),
        ("  min_score: 0.1 ", "  min_score: 1.5 ", "less than 1"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_suggestion(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = edited(tmp_path, old, new)
    told = mistakes(path)
    assert len(told) == 1
    assert words in told[0]
    assert told[0].startswith(f"{path}:")


def test_the_line_of_a_mistake_is_the_line_of_the_value(tmp_path: Path) -> None:
    path = edited(tmp_path, "[0.818, 0.132]", "[1.818, 0.132]")
    line = 1 + next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines()) if "1.818" in text)
    assert f":{line}:" in mistakes(path)[0]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = (
        DEMO.read_text(encoding="utf-8").replace("Asia/Shanghai", "Mars/Base").replace("min_score: 0.1", "min_score: 7")
    )
    assert len(mistakes(write(tmp_path, text))) == 2


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    path = edited(tmp_path, "  id: demo  ", "  id: other\n  id: demo  ")
    with pytest.raises(ConfigError, match="stands twice") as caught:
        load_site(path)
    assert caught.value.where.endswith(":7")


def test_several_cameras_must_say_which_recordings_are_theirs(tmp_path: Path) -> None:
    data = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    data["cameras"].append({**data["cameras"][0], "id": "demo-02"})
    assert "needs `recordings`" in mistakes(write(tmp_path, yaml.safe_dump(data)))[0]
    data["cameras"][1]["id"] = "demo-01"
    assert "stands twice" in mistakes(write(tmp_path, yaml.safe_dump(data)))[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no site"),
        (b"- 1\n- 2\n", "holds no site"),
        (b"site: [unclosed", "not valid YAML"),
        (b"site: !!python/object/apply:os.system ['true']", "not valid YAML"),
        (b"\xff\xfe\x00\x00site", "not valid YAML"),
        (
            b"a: &a [1,1]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 30)) for c in b"abcde"),
            "expands to more",
        ),
        (b"a: &a [*a]\n", "expands to more"),
        (b"x: " + b"[" * 5000, "not valid YAML"),
    ],
)
def test_what_is_no_site_file_is_refused_in_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load_site(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load_site(tmp_path / "没有.yaml")
    assert "没有.yaml" in str(caught.value)
