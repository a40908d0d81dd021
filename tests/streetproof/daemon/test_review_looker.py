"""Which pictures a camera's process sends, and which it calls unchanged: never against another stream's picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streams.interface import DecodeLevel
from streams.live.interface import LivePacket, StreamInfo
from streams.live.looking import LiveDecoder
from streetproof.daemon.looker import Looker
from streetproof.daemon.messages import Fit, FromCamera, Look, StreamRole
from streetproof.daemon.views import restored_view
from tests.streams.media import HEIGHT, WIDTH, make
from tests.vision.byhand import at
from vision.attention import ChangeGate
from vision.sight import Sight

MAIN, SUB = StreamRole.MAIN, StreamRole.SUB
S = 10**9


class Camera:
    """A looker, and packets to offer to it: keyframes that each show a number, and what follows on them."""

    def __init__(self, path: Path) -> None:
        make(path, frames=20, gop=10)
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            self.packets = [packet for packet in container.demux(stream) if packet.size]
            self.info = StreamInfo("h264", WIDTH, HEIGHT, Fraction(1, 25), Fraction(25), "file")
            self.extradata = stream.codec_context.extradata
        self.condition = threading.Condition()
        self.looks: list[Look] = []
        self.looker = Looker(
            self._take,
            rate=Fraction(25),
            max_interval_ns=60 * S,
            sight=lambda: Sight(ChangeGate(3600 * S)),
            monitor=restored_view(None),
        )
        self.looker.set_fit(Fit((WIDTH, HEIGHT), (WIDTH, HEIGHT)))
        self.looker.start()

    def _take(self, message: FromCamera) -> None:
        if isinstance(message, Look):
            with self.condition:
                self.looks.append(message)
                self.condition.notify_all()

    def connect(self, role: StreamRole) -> None:
        self.looker.begin(role, LiveDecoder("gate-1", self.info, self.extradata, rate=Fraction(25)))

    def offer(self, role: StreamRole, frame: int, second: int) -> None:
        packet = self.packets[frame]
        self.looker.offer(role, LivePacket(packet, second * 25, second * 25, packet.is_keyframe, 0, None), at(second))

    def look(self, role: StreamRole, frame: int, second: int) -> Look:
        """Offer it until it is looked at: a stream that has just come or gone takes effect a little later."""
        with self.condition:
            before = len(self.looks)
        self.offer(role, frame, second)
        with self.condition:
            assert self.condition.wait_for(lambda: len(self.looks) > before, 120)
            return self.looks[-1]


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    one = Camera(tmp_path / "街 1.mp4")
    yield one
    one.looker.close()
    one.looker.join(120)


def test_after_another_stream_was_looked_at_a_picture_is_sent_whatever_it_shows(camera: Camera) -> None:
    camera.connect(MAIN)
    assert camera.look(MAIN, 0, 1).image is not None
    assert camera.look(MAIN, 0, 2).image is None, "nothing has changed"
    camera.connect(SUB)
    found = camera.look(SUB, 10, 3)
    assert (found.role, found.image is not None) == (SUB, True)
    assert camera.look(SUB, 10, 4).image is None
    camera.looker.end(SUB)
    while SUB in camera.looker._eyes:
        threading.Event().wait(0.005)
    found = camera.look(MAIN, 0, 5)
    assert found.role is MAIN
    assert found.image is not None, "the model saw something else since this stream looked like this"
    assert camera.look(MAIN, 0, 6).image is None


def test_a_new_connection_of_a_stream_sends_its_first_picture(camera: Camera) -> None:
    camera.connect(MAIN)
    assert camera.look(MAIN, 0, 1).image is not None
    camera.connect(MAIN)
    assert camera.look(MAIN, 0, 2).image is not None
    assert camera.look(MAIN, 0, 3).image is None


def test_after_packets_that_were_not_wanted_it_waits_for_a_keyframe(camera: Camera) -> None:
    camera.connect(MAIN)
    camera.looker.set_level(DecodeLevel.SAMPLED)
    camera.look(MAIN, 0, 1)
    camera.looker.set_level(DecodeLevel.KEYFRAMES)
    camera.offer(MAIN, 1, 2)
    camera.looker.set_level(DecodeLevel.SAMPLED)
    for frame in range(2, 10):
        camera.offer(MAIN, frame, 1 + frame)
    found = camera.look(MAIN, 10, 20)
    assert found.at == at(20), "what builds on a packet that was left out shows what never was"
    assert [look.at for look in camera.looks] == [at(1), at(20)]
