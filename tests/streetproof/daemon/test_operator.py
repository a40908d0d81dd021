"""What the README and docs/daemon.md promise an operator: three cameras, a case, a status that tells the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.ports import reserved_port
from tests.rtsp.__main__ import CAMERAS, CLIP, USER, VARIABLE, as_a_camera_sends
from tests.rtsp.media import loop
from tests.rtsp.server import RtspServer, requires_gstreamer
from tests.streetproof.commands import streetproof
from tests.streetproof.daemon.running import RunningDaemon

pytestmark = requires_gstreamer
PASSWORD = "Pa55 wörd/@:?"


@pytest.fixture
def cameras(tmp_path: Path) -> Iterator[list[RtspServer]]:
    """The three of `make cameras`, on ports of their own."""
    footage = loop(as_a_camera_sends(CLIP, tmp_path / "街面 clip.mp4"), 4)
    with ExitStack() as stack:
        yield [
            stack.enter_context(RtspServer({"/main": footage}, user=USER, password=PASSWORD)) for _ in range(CAMERAS)
        ]


def test_three_cameras_a_case_and_a_camera_that_is_unplugged_and_returns(
    tmp_path: Path, cameras: list[RtspServer], bootstrap_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    site, data = tmp_path / "site.yaml", tmp_path / "数据 data"
    with reserved_port() as port, RunningDaemon(_site(site, cameras, port), data) as daemon:
        daemon.wait("ready", 120)
        sealed = [daemon.wait("case_sealed", 240) for _ in range(CAMERAS)]
        assert {line["camera"] for line in sealed} == {"gate-1", "gate-2", "gate-3"}
        _until(site, lambda status: {c["state"] for c in status["cameras"]} == {"recording"})

        cameras[1].kill()
        seen = _until(site, lambda status: _camera(status, "gate-2")["state"] == "waiting")
        # Whoever asks a server that is being killed may be cut off in the middle of its answer: that is no stream.
        assert _camera(seen, "gate-2")["fault"] in ("ended", "refused", "protocol")
        assert _camera(seen, "gate-2")["fps"] is None
        assert {_camera(seen, name)["state"] for name in ("gate-1", "gate-3")} == {"recording"}

        cameras[1].start()
        seen = _until(site, lambda status: _camera(status, "gate-2")["state"] == "recording")
        assert _camera(seen, "gate-2")["fault"] is None
        assert _camera(seen, "gate-2")["reconnects"] == 1
        assert daemon.stop() == 0
    assert streetproof("status", str(site), "--json").code == 4
    verified = streetproof("verify", str(data / "cases"), "--json")
    assert verified.code == 0
    assert len(json.loads(verified.out)) == CAMERAS
    checked = streetproof("recordings", "check", str(data / "recordings"), "--json")
    assert checked.code == 0, checked.out
    report = json.loads(checked.out)
    assert {camera["camera"]: camera["gaps"] for camera in report["cameras"]} == {"gate-1": 1, "gate-2": 2, "gate-3": 1}
    told = json.dumps(daemon.logged)
    assert PASSWORD not in told and PASSWORD not in verified.out
    assert not any(PASSWORD.encode() in path.read_bytes() for path in data.rglob("*") if path.is_file())


def _site(path: Path, cameras: list[RtspServer], port: int) -> Path:
    """The site of the documents, with less patience and other ports."""
    text = (ROOT / "configs" / "live" / "site.yaml").read_text(encoding="utf-8")
    changes = {
        "dwell: 60s": "dwell: 8s",
        "seal_after: 60s": "seal_after: 5s",
        "segment: 10s": "segment: 4s",
        "127.0.0.1:8750": f"127.0.0.1:{port}",
        "pre_roll: 10s, post_roll: 10s": "pre_roll: 4s, post_roll: 4s",
        "warn_free_gib: 20 ": "warn_free_gib: 0.2 ",
        "min_free_gib: 5 ": "min_free_gib: 0.1 ",
    } | {f"127.0.0.1:{8554 + number}/": f"127.0.0.1:{camera.port}/" for number, camera in enumerate(cameras)}
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def _until(site: Path, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first status for which it holds."""
    deadline = time.monotonic() + 120
    while True:
        asked = streetproof("status", str(site), "--json")
        assert asked.code == 0, asked.out
        status = json.loads(asked.out)
        assert isinstance(status, dict)
        if holds(status):
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.3)


def _camera(status: dict[str, Any], name: str) -> dict[str, Any]:
    return next(camera for camera in status["cameras"] if camera["id"] == name)
