"""The command line: exit codes as documented, JSON where asked for, what a terminal shows."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.streetproof.commands import command, streetproof

DEMO = ROOT / "configs" / "demo" / "site.yaml"


def test_the_exit_codes_of_the_help_stand_in_the_operators_guide() -> None:
    table = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "operators.md").read_text(encoding="utf-8"), re.MULTILINE)
    from streetproof.cli.exits import Exit

    assert {int(code) for code in table} == {int(code) for code in Exit}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nonsense",), 2),
        (("batch", DEMO), 2),
        (("verify", "/nonexistent"), 2),
        (("config", "check", "/nonexistent.yaml"), 1),
        (("models", "check", "no-such-model"), 1),
        (("models", "pull", "no-such-model"), 1),
        (("batch", "/nonexistent.yaml", "x.mp4", "--out", "/tmp/never"), 4),
        (("run", DEMO, "--log-level", "loud"), 2),
        (("--version",), 0),
    ],
)
def test_exit_codes(arguments: tuple[object, ...], code: int) -> None:
    ran = streetproof(*arguments)
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err


def test_an_error_is_json_where_json_was_asked_for(tmp_path: Path) -> None:
    ran = streetproof("batch", tmp_path / "没有.yaml", "x.mp4", "--out", tmp_path / "o", "--json")
    assert ran.code == 4
    assert set(ran.json["error"]) == {"what", "where", "remedy"}
    assert "没有.yaml" in ran.json["error"]["where"]


def test_a_model_that_is_not_here_is_named_with_what_to_type(tmp_path: Path, demo_clip: Path) -> None:
    ran = streetproof("batch", DEMO, demo_clip, "--out", tmp_path / "out", "--store", tmp_path / "empty")
    assert ran.code == 4
    assert "streetproof models pull yolov3-tiny" in ran.err
    assert not list((tmp_path / "out").glob("cases/*"))


def test_config_check_as_json(tmp_path: Path) -> None:
    good = streetproof("config", "check", DEMO, "--json")
    assert (good.code, good.json["valid"]) == (0, True)
    path = tmp_path / "x.yaml"
    path.write_text(DEMO.read_text(encoding="utf-8").replace("dwell: 60s", "dwell: soon"), encoding="utf-8")
    bad = streetproof("config", "check", path, "--json")
    assert bad.code == 1
    (mistake,) = bad.json["mistakes"]
    assert mistake["location"] == "policies[0].rules[0].dwell"
    assert "soon" in path.read_text(encoding="utf-8").splitlines()[mistake["line"] - 1]


def test_zones_preview_draws_the_zone(tmp_path: Path, demo_clip: Path) -> None:
    picture = tmp_path / "区域 1.png"
    ran = streetproof("zones", "preview", DEMO, demo_clip, "--out", picture, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["zones"][0]["id"] == "west-kerb"
    with Image.open(picture) as drawn:
        assert drawn.size == (1536, 1152)
        on_the_outline = drawn.getpixel((round(0.8835 * 1536), round(0.127 * 1152)))
        assert on_the_outline[0] > 200 and on_the_outline[2] < 120
    assert streetproof("zones", "preview", DEMO, demo_clip, "--out", tmp_path / "no" / "x.png").code == 4


def test_zones_preview_draws_metres_where_the_ground_is_known(tmp_path: Path, demo_clip: Path) -> None:
    picture, example = tmp_path / "ground.png", ROOT / "configs" / "examples" / "parking.yaml"
    ran = streetproof("zones", "preview", example, demo_clip, "--out", picture)
    assert ran.code == 0, ran.err
    with Image.open(picture) as drawn:
        point = drawn.getpixel((round(0.355 * 1536), round(0.552 * 1152)))
        assert point[0] > 200 and point[1] < 90, "the first of the four points is marked"
        label = drawn.crop((0, 0, 400, 20)).getcolors(8000)
        assert max(label)[1] == (20, 24, 28), "and the size of the grid is told"


def test_the_schema_is_json() -> None:
    assert json.loads(streetproof("config", "schema").out)["title"] == "Streetproof site"


def test_a_table_fits_a_narrow_terminal(tmp_path: Path, bootstrap_model: str) -> None:
    ran = streetproof("demo", "--out", tmp_path / "d", width=80)
    assert ran.code == 0, ran.err
    table = ran.out.split("What no verifier can know")[1]
    assert re.search(r"^SP-20090201-\w+ +demo-01 .*2009-02-01 12:34:00", table, re.MULTILINE)


def test_a_terminal_shows_progress_and_the_outcome(tmp_path: Path, bootstrap_model: str) -> None:
    """On a terminal the live display is used, which pipes never see."""
    main, side = pty.openpty()
    shown = bytearray()
    with (
        os.fdopen(main, "rb", buffering=0) as screen,
        subprocess.Popen(
            command("demo", "--out", tmp_path / "d"),
            stdout=side,
            stderr=side,
            stdin=side,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        ) as process,
    ):
        os.close(side)
        # Reading fails with EIO when the other side has closed.
        with suppress(OSError):
            while data := screen.read(65536):
                shown += data
    text = shown.decode("utf-8")
    assert process.returncode == 0, text
    assert "stays timed" in text
    assert "VERIFIED" in text
    assert "Traceback" not in text
