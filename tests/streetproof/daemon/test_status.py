"""`streetproof status`: the truth at a glance, on terminals of every size, and when there is nothing to show."""

from __future__ import annotations

import codecs
import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from evidence_export.words import Language, Said
from streetproof.cli.status import drawn
from streetproof.cli.status_cameras import in_order
from streetproof.cli.status_client import StatusError, understood
from streetproof.cli.status_table import lines_of
from streetproof.cli.status_words import ago
from streetproof.cli.wrapping import wrapped
from streetproof.daemon.http import StatusServer
from streetproof.daemon.problems import site_file_refused
from streetproof.daemon.snapshot import CameraState, DaemonSnapshot
from tests.conftest import ROOT
from tests.ports import reserved_port
from tests.streetproof.commands import command, streetproof
from tests.streetproof.daemon.snapshots import camera, daemon, troubled


@contextmanager
def serving(snapshot: DaemonSnapshot, *, age_s: float = 0.0) -> Iterator[StatusServer]:
    """A server that gives this snapshot as taken `age_s` before it is asked."""

    def now() -> DaemonSnapshot:
        return replace(snapshot, now_ns=time.time_ns() - int(age_s * 10**9))

    with StatusServer(("127.0.0.1", 0), now, lambda: True) as server:
        yield server


def url(server: StatusServer) -> str:
    return f"http://127.0.0.1:{server.port}"


def text(snapshot: DaemonSnapshot, width: int, height: int | None, language: Language = Language.EN) -> list[str]:
    return [line.plain for line in lines_of(snapshot, language=language, width=width, height=height)]


# -- the table -----------------------------------------------------------------------------------------------------


def test_the_troubled_come_first_and_say_why() -> None:
    shown = [one.id for one in in_order(troubled())]
    assert shown[0] == "gate-6"
    assert shown[-2:] == ["gate-1", "gate-7"], "the fine ones last, as the site lists them"
    lines = [*text(daemon(*troubled()), 140, None), ""]
    about = {line.split()[0]: (line, lines[number + 1]) for number, line in enumerate(lines) if "gate-" in line}
    assert "dead" in about["gate-6"][0] and "crashed: ended with signal 11" in about["gate-6"][1]
    assert "waiting     12 min" in about["gate-2"][0] and "refused: nobody listens there" in about["gate-2"][1]
    assert "+1.35 s!" in about["gate-3"][0] and "off by more than 1 s" in about["gate-3"][1]
    assert "view moved, defocused" in about["gate-4"][1]
    assert "unknown" in about["gate-7"][0]
    assert "packets have stopped coming" in about["gate-8"][1]


def test_a_camera_that_is_away_shows_no_clock_of_before() -> None:
    line = next(line for line in text(daemon(*troubled()), 140, None) if line.startswith("gate-2"))
    assert "+0.01 s" not in line


def test_the_head_tells_what_a_person_should_see_to() -> None:
    lines = text(
        daemon(*troubled(), problems=(site_file_refused("site.yaml:12: no"), Said.quoted("磁盘将满: 9 hours left")),
               config_error="site.yaml:12: no", ready=False, sealing_failed=2, server_offset_s=None),
        140, None,
    )  # fmt: skip
    head = "\n".join(lines[:8])
    for said in ("演示区综合行政执法局 (demo)", "NOT READY", "2 of 8 cameras fine", "6 in trouble", "2 not sealed",
                 "server clock not measured", "! The newest site file is not in force: site.yaml:12: no",
                 "! 磁盘将满: 9 hours left"):  # fmt: skip
        assert head.count(said) == 1


def test_chinese_names_align() -> None:
    cameras = [camera(1, name="学院路与文三路交叉口东北角全景"), camera(2, name="North"), camera(3, name="路口 ab")]
    for width in (80, 100, 140, 200):
        rows = [line for line in text(daemon(*cameras), width, None) if line.startswith("gate-")]
        assert len({cell_len(row[: row.index("recording")]) for row in rows}) == 1


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40), (40, 12), (20, 6), (200, 60)])
def test_sixty_four_cameras_fit_and_the_rest_is_counted(width: int, height: int) -> None:
    cameras = [camera(number) for number in range(1, 61)] + [
        replace(one, id=f"bad-{one.id}") for one in troubled()[1:5]
    ]
    lines = text(
        daemon(*cameras, problems=(Said.quoted("a problem that is told in many words " * 4),) * 5), width, height
    )
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width
    if height >= 24:
        shown = sum(line.startswith(("gate-", "bad-")) for line in lines)
        assert lines[-1] == f"... and {64 - shown} more fine"


def test_what_is_cut_off_is_never_called_fine() -> None:
    lines = text(daemon(*(replace(one, id=f"{one.id}-{n}") for n in range(8) for one in troubled())), 80, 24)
    assert re.fullmatch(r"\.\.\. and \d+ more in trouble, 16 more fine", lines[-1])


@given(
    width=st.integers(10, 250),
    height=st.integers(1, 80),
    count=st.integers(0, 20),
    name=st.text(max_size=40),
    why=st.text(max_size=200),
    language=st.sampled_from(Language),
)
def test_it_fits_whatever_the_names(
    width: int, height: int, count: int, name: str, why: str, language: Language
) -> None:
    said = Said.quoted(why)
    cameras = [
        camera(n, name=name, state=CameraState.WAITING, fault="refused", fault_detail=said) for n in range(count)
    ]
    lines = text(daemon(*cameras, problems=(said,), site_name=name), width, height, language)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert all(character.isprintable() for line in lines for character in line)


@given(st.text(alphabet="ab 路口", max_size=80), st.integers(6, 40))
def test_wrapping_loses_nothing(said: str, width: int) -> None:
    lines = [line.plain for line in wrapped(said, width)]
    assert "".join("".join(lines).split()) == "".join(said.split())
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0 s"), (0.9, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h 00"),
     (172_800, "2 d 0 h"), (100 * 86_400, "100 d")],
)  # fmt: skip
def test_durations_for_people(seconds: float, shown: str) -> None:
    assert ago(seconds, Language.EN) == shown
    assert len(shown) <= 7


def test_an_old_snapshot_does_not_look_like_the_present() -> None:
    lines = drawn(daemon(camera()), 34.0, language=Language.EN, width=80, height=24)
    assert lines[0].plain.startswith("OLD: the daemon answers, but its figures are 34 s old")
    warning = [line for line in lines if line.style == "bold red"]
    assert " ".join(line.plain.strip() for line in warning).endswith("journalctl -u streetproof"), "told to the end"
    assert all(line.style == "dim" and not line.spans for line in lines[len(warning) :])
    assert len(drawn(daemon(*[camera()] * 50), 34.0, language=Language.EN, width=80, height=24)) <= 24


# -- the command ---------------------------------------------------------------------------------------------------


def test_once_shows_every_camera() -> None:
    with serving(daemon(*(camera(n) for n in range(1, 71)))) as server:
        ran = streetproof("status", "--url", url(server), "--once")
    assert ran.code == 0, ran.err
    assert all(f"\ngate-{number} " in ran.out for number in range(1, 71))
    assert "\x1b" not in ran.out
    assert re.search(r"at \d\d:\d\d:\d\d, \d s ago", ran.out)


def test_as_json_it_is_what_the_daemon_says() -> None:
    with serving(daemon(*troubled())) as server:
        ran = streetproof("status", "--url", url(server), "--json")
    assert ran.code == 0
    assert DaemonSnapshot.from_json(ran.json).cameras[1].fault == "refused"
    assert [one["id"] for one in ran.json["cameras"]] == [f"gate-{n}" for n in range(1, 9)]


def test_the_site_file_says_where_to_ask(tmp_path: Path) -> None:
    data = yaml.safe_load((ROOT / "configs" / "demo" / "site.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "站点 一.yaml"
    with serving(daemon(camera())) as server:
        data["live"] = {"listen": f"0.0.0.0:{server.port}"}
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        ran = streetproof("status", path)
    assert ran.code == 0, ran.err
    assert "1 of 1 cameras fine" in ran.out
    gone = streetproof("status", path)
    assert gone.code == 4
    assert "streetproof run" in gone.err


def test_not_running_says_what_to_do() -> None:
    with reserved_port() as port:
        ran = streetproof("status", "--url", f"http://127.0.0.1:{port}")
        as_json = streetproof("status", "--url", f"http://127.0.0.1:{port}", "--json")
    assert ran.code == 4
    assert "not running" in ran.err and "streetproof run SITE.yaml --data DIR" in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert as_json.code == 4 and "not running" in as_json.json["error"]["what"]


@pytest.mark.parametrize(
    "where", ["nonsense", "ftp://x", "http://", "http://admin:secret@127.0.0.1:1", "http://x:99999"]
)
def test_addresses_that_cannot_be_meant(where: str) -> None:
    ran = streetproof("status", "--url", where)
    assert ran.code == 2
    assert "secret" not in ran.err + ran.out


def answering(body: bytes, status: int = 200) -> http.server.HTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return http.server.HTTPServer(("127.0.0.1", 0), Handler)


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"<html>", 200, "not JSON"),
        (b"[" * 100_000, 200, "not JSON"),
        (b"[]", 200, "cannot be understood"),
        (b'{"site": 1}', 200, "cannot be understood"),
        (b"", 302, "not a daemon's"),
        (b"", 500, "not a daemon's"),
    ],
)
def test_something_else_that_listens_there(body: bytes, status: int, why: str) -> None:
    with answering(body, status) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        ran = streetproof("status", "--url", f"http://127.0.0.1:{other.server_address[1]}", "--once")
        thread.join()
    assert ran.code == 4
    assert why in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_an_answer_with_more_fields_is_understood_and_one_with_wrong_ones_is_not() -> None:
    from urllib.parse import urlsplit

    where = urlsplit("http://127.0.0.1:1")
    document = json.loads(json.dumps(daemon(*troubled()).to_json()))
    document["news"] = 1
    document["cameras"][0]["news"] = 1
    assert understood(document, where).cameras == troubled_now(document)
    document["cameras"][2]["fps"] = "many"
    with pytest.raises(StatusError, match=r"cameras\.2\.fps"):
        understood(document, where)


def troubled_now(document: dict[str, object]) -> tuple[object, ...]:
    cleaned = json.loads(json.dumps(document))
    del cleaned["news"], cleaned["cameras"][0]["news"]
    return DaemonSnapshot.from_json(cleaned).cameras


# -- on a terminal -------------------------------------------------------------------------------------------------


class Screen:
    """`streetproof status` on a terminal of its own, ended when the test is."""

    def __init__(self, *arguments: object, columns: int = 80, rows: int = 24) -> None:
        self._main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        self._process = subprocess.Popen(
            command("status", *arguments), stdin=side, stdout=side, stderr=side, env={**environment, "TERM": "xterm"},
            start_new_session=True,
        )  # fmt: skip
        os.close(side)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)

    def wait_for(self, *said: str) -> str:
        """What is written from now on until all of this has appeared, in this order."""
        fresh, until = "", time.monotonic() + 60
        while not re.search(".*".join(map(re.escape, said)), fresh, re.DOTALL):
            assert time.monotonic() < until, f"{said} did not appear in {fresh[-3000:]}"
            fresh += self._written(0.5)
        return fresh

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        until = time.monotonic() + 60
        while self._process.poll() is None:
            assert time.monotonic() < until
            self._written(0.1)
        return self._process.returncode

    def _written(self, within_s: float) -> str:
        if not select.select([self._main], [], [], within_s)[0]:
            return ""
        try:
            fresh = self._decoder.decode(os.read(self._main, 65536))
        except OSError:  # nobody writes to it any more
            return ""
        self.seen += fresh
        return fresh


def test_watching_follows_what_happens_and_shows_nothing_stale_when_the_daemon_ends() -> None:
    state = [daemon(camera(1), camera(2))]

    def now() -> DaemonSnapshot:
        return replace(state[0], now_ns=time.time_ns())

    with StatusServer(("127.0.0.1", 0), now, lambda: True) as server:
        port, screen = server.port, Screen("--url", url(server), "--interval", "0.3")
        with screen:
            screen.wait_for("2 of 2 cameras fine", "gate-2")
            state[0] = daemon(camera(1), replace(troubled()[1]))
            screen.wait_for("refused: nobody listens there")
            server.stop()
            screen.wait_for("NO ANSWER for ")
            after = screen.wait_for("NO ANSWER for ", "Asking again", "NO ANSWER for ")
            assert "gate-1" not in after
            with StatusServer(("127.0.0.1", port), now, lambda: True):
                screen.wait_for("1 of 2 cameras fine")
                assert screen.interrupt() == 0
    assert "Traceback" not in screen.seen


def test_a_watch_that_ends_without_an_answer_says_so_in_its_exit_code() -> None:
    with serving(daemon(camera())) as server, Screen("--url", url(server), "--interval", "0.3") as screen:
        screen.wait_for("1 of 1 cameras fine")
        server.stop()
        screen.wait_for("NO ANSWER")
        assert screen.interrupt() == 4


def test_figures_that_stop_moving_are_called_old() -> None:
    with serving(daemon(camera()), age_s=60) as server:
        ran = streetproof("status", "--url", url(server), "--once")
    assert ran.code == 0
    assert ran.out.startswith("OLD: ")
