"""Decoding part of a live stream: whatever is left out, a picture that is shown is the picture that was taken."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streams.instant import Instant, TimeSource
from streams.interface import DecodeLevel
from streams.live.interface import LivePacket, StreamInfo
from streams.live.looking import LiveDecoder
from tests.streams.media import make, number_of

K, S, E = DecodeLevel.KEYFRAMES, DecodeLevel.SAMPLED, DecodeLevel.EVERY_FRAME
GOP, FPS = 25, 25


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[StreamInfo, bytes | None, list[LivePacket]]:
    path: Path = make(tmp_path_factory.mktemp("街 1") / "a.mp4", frames=100, fps=FPS, gop=GOP)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [
            LivePacket(packet, packet.pts or 0, packet.dts or 0, packet.is_keyframe, 0, None)
            for packet in container.demux(stream)
            if packet.size
        ]
        base = stream.time_base
        assert base is not None
        info = StreamInfo("h264", 160, 96, base, Fraction(FPS), "file")
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
