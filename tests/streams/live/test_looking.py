"""Decoding part of a live stream: whatever is left out, a picture that is shown is the picture that was taken."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame

from streams.instant import Instant, TimeSource
from streams.interface import DecodeLevel
from streams.live import looking
from streams.live.interface import LivePacket, StreamInfo
from streams.live.looking import LiveDecoder
from tests.streams.media import make, number_of

K, S, E = DecodeLevel.KEYFRAMES, DecodeLevel.SAMPLED, DecodeLevel.EVERY_FRAME
GOP, FPS = 25, 25


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[StreamInfo, bytes | None, list[LivePacket]]:
    return opened(make(tmp_path_factory.mktemp("街 1") / "a.mp4", frames=100, fps=FPS, gop=GOP))


def opened(path: Path) -> tuple[StreamInfo, bytes | None, list[LivePacket]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [
            LivePacket(packet, packet.pts or 0, packet.dts or 0, packet.is_keyframe, 0, None)
            for packet in container.demux(stream)
            if packet.size
        ]
        base = stream.time_base
        assert base is not None
        info = StreamInfo(stream.codec_context.name, 160, 96, base, Fraction(FPS), "file")
        return info, stream.codec_context.extradata, packets


def shown(
    recording: tuple[StreamInfo, bytes | None, list[LivePacket]], levels: Sequence[DecodeLevel | None]
) -> list[tuple[int, int]]:
    """Which picture was due, and which one was shown; `levels` per packet, None: it is not offered."""
    info, extradata, packets = recording
    decoder = LiveDecoder("gate-1", info, extradata, rate=Fraction(FPS))
    found = []
    for packet, level in zip(packets, levels, strict=True):
        if level is not None:
            for frame in decoder.feed(packet, Instant(0, TimeSource.ARRIVAL, 0), level):
                found.append((int(frame.pts * info.time_base * FPS), number_of(frame.luma())))
    return found


def test_what_follows_on_packets_that_were_not_decoded_waits_for_a_keyframe(
    recording: tuple[StreamInfo, bytes | None, list[LivePacket]],
) -> None:
    found = shown(recording, [S] * 8 + [K] * 6 + [S] * 86)
    assert [due for due, _ in found] == [*range(8), *range(25, 100)]
    assert all(due == seen for due, seen in found), "a picture put together from missing ones shows what never was"


@pytest.mark.parametrize("pattern", [[K, S], [S, K, K], [S] * 7 + [K], [E] * 30 + [K] * 3 + [S] * 4])
def test_however_the_level_changes_no_picture_is_another(
    recording: tuple[StreamInfo, bytes | None, list[LivePacket]], pattern: list[DecodeLevel]
) -> None:
    found = shown(recording, (pattern * 100)[:100])
    assert {0, 25, 50, 75} <= {due for due, _ in found}, "keyframes are shown at every level"
    assert all(due == seen for due, seen in found)


class Counting(LiveDecoder):
    """Counts the packets that reach the decoder."""

    decoded = 0

    def _decode(self, packet: LivePacket, at: Instant) -> list[VideoFrame]:
        self.decoded += 1
        return super()._decode(packet, at)


OPEN_GOP = {"x265-params": "bframes=3:open-gop=1:scenecut=0:keyint=25:min-keyint=25:log-level=none:pools=1"}


def sampled(path: Path, rate: Fraction) -> tuple[list[tuple[int, int]], int]:
    """Which pictures were shown, with the numbers they bear, and how many packets were decoded for them."""
    info, extradata, packets = opened(path)
    decoder = Counting("gate-1", info, extradata, rate=rate)
    shown = [
        (int(frame.pts * info.time_base * FPS), number_of(frame.luma()))
        for packet in packets
        for frame in decoder.feed(packet, Instant(0, TimeSource.ARRIVAL, 0), S)
    ]
    return shown, decoder.decoded


@pytest.mark.parametrize("rate", [Fraction(1), Fraction(1, 3), Fraction(3, 2), Fraction(5), Fraction(100)])
@pytest.mark.parametrize(
    ("codec", "gop", "bframes", "options"),
    [("h264", 50, 0, None), ("h264", 20, 0, None), ("h264", 50, 2, None), ("h264", 400, 0, None), ("hevc", 50, 0, None),
     ("hevc", 50, 2, None), ("hevc", 25, 3, OPEN_GOP)],
)  # fmt: skip
def test_packets_that_no_due_picture_needs_change_nothing_when_they_are_left_out(
    tmp_path: Path, codec: str, gop: int, bframes: int, options: dict[str, str] | None, rate: Fraction,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = make(tmp_path / "a.mp4", codec, frames=200, fps=FPS, gop=gop, bframes=bframes, options=options)
    shown, decoded = sampled(path, rate)
    monkeypatch.setattr(looking, "_MAX_HELD", 0)
    all_shown, all_decoded = sampled(path, rate)
    assert shown == all_shown
    assert all(due == seen for due, seen in shown)
    assert decoded <= all_decoded == 200
    if (gop, bframes, rate) == (50, 0, 1):
        # Of each two seconds the first picture and all up to the one of the next second; the other half is left out.
        assert decoded == 4 * 26
