"""A real RTSP server for tests, in a process of its own: it can be killed, frozen and started again.

    with RtspServer({"/cam": clip(folder)}) as server:
        server.url("/cam")        # rtsp://127.0.0.1:PORT/cam
        server.kill()             # SIGKILL: clients see the connection end
        server.start()            # again, on the same port
        server.freeze()           # SIGSTOP: connections stay, nothing comes
        server.thaw()

A mount is a file (its codec and container are found out), or a `Mount`. Everybody connected to a mount sees the same
pictures at the same time, the first who comes begins at the beginning, and at the end of the file the connection ends:
use `tests.rtsp.media.loop` for a long one. With `user` and `password` every mount asks for digest authentication, and
with a `certificate` beside them (`tests.rtsp.certificate`) it speaks RTSPS alone.

Tests that need it are marked `@requires_gstreamer`.
"""

from __future__ import annotations

import functools
import json
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import pytest

from tests.ports import ReservedPort

PYTHON = "/usr/bin/python3"
"""Debian's own: GStreamer's bindings are installed for it alone."""
PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-rtsp"
)
MISSING = f"GStreamer's RTSP server is not installed: sudo apt-get install {PACKAGES}"
_SCRIPT = Path(__file__).with_name("gst_server.py")
_PATIENCE_S = 120.0
_PROBE = """
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
names = ["qtdemux", "tsdemux", "h264parse", "h265parse", "rtph264pay", "rtph265pay"]
raise SystemExit(any(Gst.ElementFactory.find(name) is None for name in names))
"""


@functools.cache
def gstreamer_is_there() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", _PROBE], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


requires_gstreamer = pytest.mark.skipif(not gstreamer_is_there(), reason=MISSING)


@dataclass(frozen=True)
class Mount:
    """What a mount serves. `kind`: `h264` or `hevc` (MP4), `h264-ts`, `hevc-ts`, or `audio` (no path, a tone only)."""

    kind: str
    path: str | None = None

    @classmethod
    def of(cls, path: Path) -> Mount:
        with av.open(str(path)) as container:
            codec = container.streams.video[0].codec_context.codec.canonical_name
            return cls(codec + ("-ts" if container.format.name == "mpegts" else ""), str(path))


class RtspServer:
    """See the module. A context manager; on leaving it no process is left, whatever state it was in."""

    def __init__(
        self,
        mounts: Mapping[str, Path | Mount],
        *,
        user: str | None = None,
        password: str | None = None,
        certificate: Path | None = None,
        port: int = 0,
    ) -> None:
        self._mounts = {mount: _as_mount(what) for mount, what in mounts.items()}
        self._user, self._password, self._certificate = user, password, certificate
        self.port = port
        self._reserved: ReservedPort | None = None
        self._process: subprocess.Popen[bytes] | None = None
        # GStreamer's complaints are shown only where it ends unasked.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115

    def __enter__(self) -> Self:
        try:
            if not self.port:
                # It stays this server's while it is down: nobody else may be found there.
                self._reserved = ReservedPort()
                self.port = self._reserved.number
            self.start()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def url(self, mount: str) -> str:
        """The address of a mount, without credentials."""
        return f"{'rtsp' if self._certificate is None else 'rtsps'}://127.0.0.1:{self.port}{mount}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, or start again on the same port, and wait until it listens."""
        assert not self.running, "it is running"
        self._process = subprocess.Popen(
            [PYTHON, str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints
        )
        try:
            answer = self._ask(
                {
                    "port": self.port,
                    "user": self._user,
                    "password": self._password,
                    "certificate": None if self._certificate is None else str(self._certificate),
                    "mounts": {name: asdict(mount) for name, mount in self._mounts.items()},
                }
            )
        except BaseException:
            self.kill()
            raise
        self.port = answer["port"]

    def kill(self) -> None:
        """End it at once (SIGKILL). Clients see their connection end. Does nothing where it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it was told last may not have reached it
                    pipe.close()

    def freeze(self) -> None:
        """Stop it where it stands (SIGSTOP): connections stay open and nothing comes."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def add(self, mount: str, what: Path | Mount) -> None:
        """Serve something at a mount from now on, instead of what was there; who is connected keeps what it has."""
        self._mounts[mount] = _as_mount(what)
        self._ask({"do": "add", "mount": mount, "media": asdict(self._mounts[mount])})

    def remove(self, mount: str) -> None:
        """New clients get 404 there; who is connected stays."""
        del self._mounts[mount]
        self._ask({"do": "remove", "mount": mount})

    def disconnect(self) -> None:
        """Close every connection; new ones are welcome."""
        self._ask({"do": "disconnect"})

    def clients(self) -> int:
        """How many are connected."""
        return int(self._ask({"do": "clients"})["ok"])

    def _clear(self) -> None:
        self.kill()
        self._complaints.close()
        if self._reserved is not None:
            self._reserved.release()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it is not running"
        return self._process

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(command).encode() + b"\n")
        process.stdin.flush()
        deadline = time.monotonic() + _PATIENCE_S
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError("the RTSP server does not answer")
                # One byte after the other: what is buffered is not seen by the selector.
                byte = process.stdout.raw.read(1)  # type: ignore[attr-defined]
                if not byte:
                    self._complaints.seek(0)
                    raise RuntimeError(f"the RTSP server ended: {self._complaints.read().decode(errors='replace')}")
                line += byte
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


def _as_mount(what: Path | Mount) -> Mount:
    return what if isinstance(what, Mount) else Mount.of(what)
