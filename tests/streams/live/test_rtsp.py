"""Cameras over RTSP, against a real server that is killed, frozen, and asked for what it has not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.hostclock import read_host
from streams.live.interface import FaultKind, LiveError
from streams.live.source import Timeouts, open_source
from tests.rtsp.certificate import self_signed
from tests.rtsp.media import change, clip
from tests.rtsp.proxy import Proxy
from tests.rtsp.server import Mount, RtspServer, requires_gstreamer
from tests.streams.live.watch import PATIENT, Seen, pictures_of, pts_of, pts_seen, watch

USER, PASSWORD = "监控 user", "p:@/ß w?d#1"
PLAIN = {f"/{codec}{bframes}": (codec, bframes) for codec in ("h264", "hevc") for bframes in (0, 3)}
QUICK = Timeouts(3 * NS_PER_S, 3 * NS_PER_S, 60 * NS_PER_S)
"""Where nobody answers."""
RESTLESS = Timeouts(20 * NS_PER_S, 3 * NS_PER_S, 60 * NS_PER_S)
"""Where packets stop coming."""

pytestmark = requires_gstreamer


@pytest.fixture(scope="module")
def cameras(clips: Path) -> Iterator[RtspServer]:
    mounts = {mount: clip(clips, codec, seconds=2, bframes=b) for mount, (codec, b) in PLAIN.items()}
    mounts["/udp"] = mounts["/h2643"]
    with RtspServer({**mounts, "/change": change(clips, seconds=1), "/sound": Mount("audio")}) as server:
        yield server


@pytest.fixture(scope="module")
def played(cameras: RtspServer, clips: Path) -> dict[str, Seen]:
    """Everything that the cameras with plain clips send, watched at the same time."""
    addresses = {mount: CameraAddress(cameras.url(mount)) for mount in PLAIN}
    addresses["/udp"] = CameraAddress(cameras.url("/udp"), transport="udp")
    with ThreadPoolExecutor(len(addresses)) as pool:
        found = dict(zip(addresses, pool.map(watch, addresses.values()), strict=True))
    # The word that a stream has ended comes over TCP, and overtakes datagrams that a busy machine has not read yet.
    whole = pictures_of(clip(clips, "h264", seconds=2, bframes=3))
    for _ in range(4):
        came = found["/udp"].pictures
        if len(came) == len(whole):
            break
        assert came == whole[: len(came)], "only the end may be lost"
        found["/udp"] = watch(addresses["/udp"])
    return found


@pytest.mark.parametrize("mount", [*PLAIN, "/udp"])
def test_every_packet_comes_unchanged_and_in_its_place(played, clips, mount):
    codec, bframes = PLAIN.get(mount, ("h264", 3))
    source = clip(clips, codec, seconds=2, bframes=bframes)
    seen = played[mount]
    assert seen.kind is FaultKind.ENDED
    assert seen.pictures == pictures_of(source)
    assert pts_seen(seen) == pts_of(source)
    assert [p.key for p in seen.packets] == [k % 25 == 0 for k in range(50)]
    assert (seen.info.codec, seen.info.width, seen.info.height) == (codec, 320, 192)
    assert (seen.info.rate, seen.info.protocol) == (25, "rtsp/udp" if mount == "/udp" else "rtsp/tcp")


def test_the_camera_says_when_a_picture_was_taken(clips):
    # Pictures large enough to be sent in several pieces, so that the pieces' times would show.
    source = clip(clips, seconds=8, bframes=3, size=(1280, 720))
    with RtspServer({"/cam": source}) as server:
        seen = watch(server.url("/cam"), enough=lambda seen: sum(p.reference_ns is not None for p in seen) > 40)
    assert max(p.packet.size for p in seen.packets) > 3000
    told = [p for p in seen.packets if p.reference_ns is not None]
    assert len(told) > 40, "no sender report came within 8 s"
    base = seen.info.time_base
    # However the pictures are reordered, each has its own time: the distances are those of the pts.
    off = [p.reference_ns - (p.pts - told[0].pts) * base * NS_PER_S - told[0].reference_ns for p in told]
    assert max(abs(value) for value in off) < 2_000_000
    # A busy machine hands some pictures out late, but none before its time.
    line_ns = read_host().line_ns
    assert -NS_PER_S < min(p.arrived_ns + line_ns - p.reference_ns for p in told) < NS_PER_S
    assert seen.packets[0].reference_ns is None


def test_digest_authentication_and_secrets(clips):
    with RtspServer({"/cam": clip(clips, seconds=2)}, user=USER, password=PASSWORD) as server:
        right = CameraAddress(server.url("/cam"), USER, PASSWORD)
        assert len(watch(right, at_most=5).packets) == 5
        for wrong in (
            CameraAddress(server.url("/cam")),
            CameraAddress(server.url("/cam"), USER, "hunter2"),
            CameraAddress(server.url("/cam"), "root", PASSWORD),
        ):
            seen = watch(wrong)
            assert seen.kind is FaultKind.UNAUTHORIZED
            _holds_no_secret(seen.fault, PASSWORD, "hunter2")
        missing = watch(CameraAddress(server.url("/nothing"), USER, PASSWORD))
        assert missing.kind is FaultKind.NOT_FOUND
        _holds_no_secret(missing.fault, PASSWORD)


def test_encrypted(clips):
    source = clip(clips, seconds=1, bframes=3)
    with RtspServer({"/cam": source}, user=USER, password=PASSWORD, certificate=self_signed(clips)) as server:
        seen = watch(CameraAddress(server.url("/cam"), USER, PASSWORD))
        assert (seen.kind, seen.info.protocol) == (FaultKind.ENDED, "rtsps")
        assert seen.pictures == pictures_of(source)
        wrong = watch(CameraAddress(server.url("/cam"), USER, "hunter2"))
    assert wrong.kind is FaultKind.UNAUTHORIZED
    _holds_no_secret(wrong.fault, PASSWORD, "hunter2")


def test_a_killed_server_ends_the_stream_and_comes_back(clips):
    with RtspServer({"/cam": clip(clips, seconds=8)}) as server:
        seen = watch(server.url("/cam"), on_packet=lambda count: server.kill() if count == 10 else None)
        assert seen.kind is FaultKind.ENDED
        assert watch(server.url("/cam")).kind is FaultKind.REFUSED
        server.start()
        assert len(watch(server.url("/cam"), at_most=5).packets) == 5


def test_a_frozen_server_is_a_stall(clips):
    with RtspServer({"/cam": clip(clips, seconds=8)}) as server:
        began = time.monotonic()
        seen = watch(server.url("/cam"), RESTLESS, on_packet=lambda count: server.freeze() if count == 10 else None)
        assert seen.kind is FaultKind.STALLED
        assert time.monotonic() - began < 60
        # While it is frozen the kernel still accepts connections, and nobody answers.
        began = time.monotonic()
        assert watch(server.url("/cam"), QUICK).kind is FaultKind.TIMEOUT
        assert time.monotonic() - began < 60
        server.thaw()
        assert len(watch(server.url("/cam"), at_most=5).packets) == 5


def test_connections_that_are_cut_held_up_and_refused(clips):
    with RtspServer({"/cam": clip(clips, seconds=8)}) as server, Proxy(server.port) as proxy:
        url = f"rtsp://127.0.0.1:{proxy.port}/cam"
        cut = watch(url, on_packet=lambda count: proxy.cut() if count == 10 else None)
        assert cut.kind is FaultKind.ENDED
        stalled = watch(url, RESTLESS, on_packet=lambda count: proxy.pause() if count == 10 else None)
        assert stalled.kind is FaultKind.STALLED
        proxy.resume()
        proxy.refuse()
        assert watch(url).kind is FaultKind.REFUSED
        proxy.accept()
        assert len(watch(url, at_most=5).packets) == 5


def test_a_pause_of_the_network_loses_nothing(clips):
    source = clip(clips, seconds=3, bframes=3)
    with RtspServer({"/cam": source}) as server, Proxy(server.port) as proxy:
        resumer = threading.Timer(1.0, proxy.resume)

        def pause(count: int) -> None:
            if count == 20:
                proxy.pause()
                resumer.start()

        seen = watch(f"rtsp://127.0.0.1:{proxy.port}/cam", on_packet=pause)
        resumer.join()
    assert seen.pictures == pictures_of(source)
    assert pts_seen(seen) == pts_of(source)
    waited = max(b.arrived_ns - a.arrived_ns for a, b in zip(seen.packets, seen.packets[1:], strict=False))
    assert waited > NS_PER_S // 2


def test_another_picture_size_on_the_way(cameras):
    seen = watch(cameras.url("/change"))
    assert seen.kind is FaultKind.CHANGED
    assert len(seen.packets) == 25
    assert (seen.info.width, seen.info.height) == (320, 192)


def test_sound_only(cameras):
    assert watch(cameras.url("/sound")).kind is FaultKind.NO_VIDEO


def test_no_such_stream_and_a_server_in_trouble(cameras):
    assert watch(cameras.url("/nothing")).kind is FaultKind.NOT_FOUND
    cameras.add("/broken", Mount("h264", "/nonexistent.mp4"))
    assert watch(cameras.url("/broken")).kind is FaultKind.PROTOCOL


def test_names_that_nobody_has():
    seen = watch("rtsp://camera.invalid/live?password=geheim")
    assert seen.kind is FaultKind.NAME
    _holds_no_secret(seen.fault, "geheim")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n" * 100, FaultKind.PROTOCOL),
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2147483647\r\n\r\n", None),
        (b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: file:///etc/passwd\r\n\r\n", None),
        (b"\0" * 65536, FaultKind.PROTOCOL),
        (b"", None),
    ],
)
def test_whatever_answers_is_a_fault_with_a_cause(answer, kind):
    with _answering(answer) as port:
        seen = watch(CameraAddress(f"rtsp://127.0.0.1:{port}/cam", USER, PASSWORD))
    assert seen.kind == kind or (kind is None and seen.kind in (FaultKind.PROTOCOL, FaultKind.ENDED))
    _holds_no_secret(seen.fault, PASSWORD)


def test_silence_after_connecting():
    with _answering(None) as port:
        assert watch(f"rtsp://127.0.0.1:{port}/cam", QUICK).kind is FaultKind.TIMEOUT


def test_a_closed_connection_is_not_read(cameras):
    with open_source(CameraAddress(cameras.url("/h2640")), PATIENT).connect() as stream:
        packets = iter(stream)
        next(packets)
    with pytest.raises(ValueError, match="closed"):
        list(packets)


def test_leaving_while_it_is_frozen_is_quick(clips):
    with RtspServer({"/cam": clip(clips, seconds=8)}) as server:
        with open_source(CameraAddress(server.url("/cam")), PATIENT).connect() as stream:
            next(iter(stream))
            server.freeze()
            began = time.monotonic()
        assert time.monotonic() - began < PATIENT.stall_ns / NS_PER_S - 5, "it waits for an answer"


def _holds_no_secret(error: LiveError | None, *secrets: str) -> None:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    said = " ".join(f"{e!s} {e!r} {e.args!r} {vars(e)!r}" for e in chain)
    assert chain
    assert not any(secret in said for secret in secrets)
    frames = error.__traceback__ if error is not None else None
    while frames is not None:
        if frames.tb_frame.f_code.co_filename.endswith(("opening.py", "faults.py", "connection.py", "source.py")):
            assert not any(secret in repr(frames.tb_frame.f_locals) for secret in secrets)
        frames = frames.tb_next


@contextmanager
def _answering(answer: bytes | None) -> Iterator[int]:
    """A port that answers every request with the same bytes and hangs up; None: it says nothing and waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ending = threading.Event()

        def serve() -> None:
            while not ending.is_set():
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.settimeout(0.2)
                    while not ending.is_set():
                        try:
                            asked = peer.recv(65536)
                        except TimeoutError:
                            continue
                        except OSError:
                            break
                        if not asked:
                            break
                        if answer is not None:
                            with suppress(OSError):
                                peer.sendall(answer)
                            break

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
