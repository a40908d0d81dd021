"""A camera that is looked at in its smaller stream: the case shows the recorded one, and says where it was seen."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from tests.conftest import ROOT
from tests.ports import reserved_port
from tests.rtsp.__main__ import CLIP, USER, VARIABLE
from tests.rtsp.media import loop
from tests.rtsp.server import RtspServer, requires_gstreamer
from tests.streetproof.commands import streetproof
from tests.streetproof.daemon.running import RunningDaemon

pytestmark = requires_gstreamer
_EMPTY_S = 10
_KERB = (640, 34, 96, 76)
"""x, y, width and height of what shows the van, in the clip's 768x576."""


def test_a_case_seen_in_the_small_stream_shows_the_recorded_one(
    tmp_path: Path, real_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "street-7")
    main, sub = (loop(_scaled(tmp_path, divisor), 3) for divisor in (1, 2))
    data, site = tmp_path / "data", tmp_path / "site.yaml"
    with (
        RtspServer({"/main": main, "/sub": sub}, user=USER, password="street-7") as server,
        reserved_port() as port,
    ):
        site.write_text(_site(server, real_model, port), encoding="utf-8")
        with RunningDaemon(site, data) as daemon:
            daemon.wait("connected", 120, stream="sub")
            daemon.wait("case_sealed", 240)
            assert daemon.stop() == 0
    (bundle,) = (data / "cases").iterdir()
    case = json.loads((bundle / "case.json").read_bytes())
    assert streetproof("verify", str(bundle)).code == 0
    assert case["recordings"][0]["width"] == 768, "what is recorded is the large one"
    for panorama in case["images"]["panoramas"]:
        assert panorama["seen_in"] == "sub"
        assert abs(panorama["difference_ns"]) <= 500_000_000
    with av.open(str(bundle / case["images"]["panoramas"][0]["path"])) as still:
        assert still.streams.video[0].width == 768


def _scaled(folder: Path, divisor: int) -> Path:
    """The demo clip without B-frames, its sides divided. The van comes late: both streams are looked at by then."""
    out = folder / f"by {divisor}.mp4"
    with av.open(str(CLIP)) as source, av.open(str(out), "w") as target:
        given = source.streams.video[0]
        stream = target.add_stream("libx264", rate=given.average_rate)
        stream.width, stream.height, stream.pix_fmt = given.width // divisor, given.height // divisor, "yuv420p"
        stream.options = {"bf": "0", "g": "20", "sc_threshold": "0", "preset": "ultrafast"}
        for number, frame in enumerate(source.decode(given)):
            if number < _EMPTY_S * given.average_rate:
                picture = frame.to_ndarray(format="bgr24")
                x, y, width, height = _KERB
                # The asphalt beside it, so that nothing but the van is missing.
                picture[y : y + height, x : x + width] = picture[y + height : y + 2 * height, x : x + width]
                painted = av.VideoFrame.from_ndarray(picture, format="bgr24")
                painted.pts, painted.time_base = frame.pts, frame.time_base
                frame = painted
            small = frame.reformat(stream.width, stream.height, "yuv420p")
            small.pict_type = 0
            target.mux(stream.encode(small))
        target.mux(stream.encode(None))
    return out


def _site(server: RtspServer, model: str, port: int) -> str:
    """The first camera of the documented site, with a second stream and less patience."""
    text = (ROOT / "configs" / "live" / "site.yaml").read_text(encoding="utf-8")
    for old, new in {
        "yolov3-tiny ": f"{model} ",
        "dwell: 60s": "dwell: 8s",
        "seal_after: 60s": "seal_after: 4s",
        "segment: 10s": "segment: 4s",
        "127.0.0.1:8750": f"127.0.0.1:{port}",
        "pre_roll: 10s, post_roll: 10s": "pre_roll: 2s, post_roll: 2s",
        "warn_free_gib: 20 ": "warn_free_gib: 0.2 ",
        "min_free_gib: 5 ": "min_free_gib: 0.1 ",
        "main: rtsp://127.0.0.1:8554/main ": f"main: {server.url('/main')}\n      sub: {server.url('/sub')} ",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    return text[: text.index("  - id: gate-2")]
