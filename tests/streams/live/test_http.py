"""Cameras over HTTP: FLV and MPEG-TS at real time, and servers that answer something else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import pytest

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.interface import FaultKind
from streams.live.source import Timeouts
from tests.rtsp.certificate import self_signed
from tests.rtsp.media import change, clip
from tests.rtsp.web import Answer, Paced, WebCamera
from tests.streams.live.watch import PATIENT, pictures_of, pts_of, pts_seen, watch

QUICK = Timeouts(3 * NS_PER_S, 3 * NS_PER_S, 60 * NS_PER_S)
"""Where running out of time is what is tested."""


def test_flv_and_mpegts_come_unchanged(clips):
    sources = {
        f"/{codec}{b}{suffix}": clip(clips, codec, seconds=2, bframes=b, suffix=suffix, audio=audio)
        for codec, b, suffix, audio in [
            ("h264", 0, ".flv", True),
            ("h264", 3, ".flv", False),
            ("h264", 3, ".ts", True),
            ("hevc", 3, ".ts", False),
        ]
    }
    with (
        WebCamera({page: Paced(path, 2) for page, path in sources.items()}, user="u s", password="p:@/w") as web,
        ThreadPoolExecutor(len(sources)) as pool,
    ):
        assert watch(web.url("/h2640.flv")).kind is FaultKind.UNAUTHORIZED
        addresses = [CameraAddress(web.url(page), "u s", "p:@/w") for page in sources]
        for path, seen in zip(sources.values(), pool.map(watch, addresses), strict=True):
            assert seen.kind is FaultKind.ENDED
            assert seen.pictures == pictures_of(path), path.name
            assert pts_seen(seen) == pts_of(path)
            assert (seen.info.width, seen.info.height, seen.info.protocol) == (320, 192, "http")


def test_encrypted(clips):
    source = clip(clips, seconds=1, suffix=".ts")
    with WebCamera({"/live": Paced(source, 1)}, certificate=self_signed(clips)) as web:
        seen = watch(web.url("/live"))
    assert seen.kind is FaultKind.ENDED
    assert seen.pictures == pictures_of(source)


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("/nothing", FaultKind.NOT_FOUND),
        ("/trouble", FaultKind.PROTOCOL),
        ("/text", FaultKind.PROTOCOL),
        ("/playlist", FaultKind.PROTOCOL),
        ("/to-a-file", FaultKind.PROTOCOL),
        ("/to-a-concat", FaultKind.PROTOCOL),
        ("/mp4", FaultKind.PROTOCOL),
        ("/silent", FaultKind.TIMEOUT),
        ("/sound", FaultKind.NO_VIDEO),
    ],
)
def test_what_is_no_camera(clips, page, kind):
    secret = clips / "secret.ts"
    secret.write_bytes(clip(clips, seconds=2, suffix=".ts").read_bytes())
    pages = {
        "/trouble": Answer(status=503),
        "/text": Answer(b"<html>Please log in</html>" * 100),
        "/playlist": Answer(b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://" + bytes(secret) + b"\n"),
        "/to-a-file": Answer(status=302, headers={"Location": secret.as_uri()}),
        "/to-a-concat": Answer(status=302, headers={"Location": f"concat:{secret.as_uri()}"}),
        "/mp4": Answer(clip(clips, seconds=2).read_bytes()),
        "/silent": Answer(hold_s=60),
        "/sound": Answer(_only(clips, "audio").read_bytes()),
    }
    with WebCamera(pages) as web:
        assert watch(web.url(page), QUICK if kind is FaultKind.TIMEOUT else PATIENT).kind is kind


def test_silence_in_the_middle_is_a_stall(clips):
    with WebCamera({"/live": Paced(clip(clips, seconds=2, suffix=".ts"), 0.5, hold_s=60)}) as web:
        seen = watch(web.url("/live"), Timeouts(20 * NS_PER_S, 3 * NS_PER_S, 60 * NS_PER_S))
    assert seen.kind is FaultKind.STALLED
    # The last picture is complete only when another begins.
    assert len(seen.packets) in (49, 50)


def test_sound_alone_does_not_keep_it_alive(clips):
    """The picture stops while the sound goes on."""
    with WebCamera({"/live": Paced(_only(clips, "mostly audio"), 12)}) as web:
        seen = watch(web.url("/live"), Timeouts(20 * NS_PER_S, 3 * NS_PER_S, 60 * NS_PER_S))
    assert seen.kind is FaultKind.STALLED
    assert 20 <= len(seen.packets) <= 25


def test_no_keyframe_and_no_parameter_sets(clips):
    pages = {f"/{suffix}": Paced(_without_keyframes(clips, suffix), 12) for suffix in ("flv", "ts")}
    timeouts = Timeouts(10 * NS_PER_S, 20 * NS_PER_S, NS_PER_S)
    with WebCamera(pages) as web, ThreadPoolExecutor() as pool:
        flv, ts = pool.map(lambda page: watch(web.url(page), timeouts), pages)
    assert flv.kind is FaultKind.NO_KEYFRAME
    assert flv.packets and not any(p.key for p in flv.packets)
    assert ts.kind is FaultKind.NO_PARAMETERS


def test_timestamps_that_jump(clips, tmp_path):
    calm = clip(clips, seconds=1, suffix=".ts")
    back = tmp_path / "back.ts"
    back.write_bytes(calm.read_bytes() * 2)
    ahead = change(clips, seconds=1, then=(320, 192), pause=20)
    ahead_a_little = change(clips, seconds=1, then=(320, 192), pause=3)
    pages = {f"/{k}": Paced(path, 2) for k, path in enumerate((back, ahead, ahead_a_little))}
    with WebCamera(pages) as web, ThreadPoolExecutor() as pool:
        seen = list(pool.map(watch, map(web.url, pages)))
    assert [s.kind for s in seen] == [FaultKind.TIMESTAMPS, FaultKind.TIMESTAMPS, FaultKind.ENDED]
    assert [len(s.packets) for s in seen] == [25, 25, 50]
    assert "back" in seen[0].fault.what and "ahead" in seen[1].fault.what


def _only(clips: Path, what: str) -> Path:
    """An MPEG-TS file of 4 s with sound, and with pictures in its first second or none at all."""
    path = clips / f"{what}.ts"
    if not path.exists():
        with av.open(str(clip(clips, seconds=4, suffix=".ts", audio=True))) as source, av.open(str(path), "w") as out:
            sound = out.add_stream_from_template(source.streams.audio[0])
            picture = out.add_stream_from_template(source.streams.video[0]) if what != "audio" else None
            begins = None
            for packet in source.demux():
                if packet.dts is None:
                    continue
                begins = packet.dts if begins is None else begins
                if packet.stream.type == "audio":
                    packet.stream = sound
                elif picture is not None and packet.dts - begins < 90_000:
                    packet.stream = picture
                else:
                    continue
                out.mux(packet)
    return path


def _without_keyframes(clips: Path, suffix: str) -> Path:
    """Only the last group of a clip, and of that only what follows its keyframe. FLV still announces the parameters."""
    path = clips / f"no keyframe.{suffix}"
    if not path.exists():
        with (
            av.open(str(clip(clips, seconds=12, gop=400, suffix=f".{suffix}"))) as source,
            av.open(str(path), "w") as out,
        ):
            copy = out.add_stream_from_template(source.streams.video[0], opaque=True)
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is None or packet.is_keyframe:
                    continue
                packet.stream = copy
                out.mux(packet)
    return path
