"""Three cameras to try the daemon with, where none are at hand: `make cameras`, beside configs/live/site.yaml.

Each is an RTSP server of its own that shows the demo clip, asks for a password, and can be unplugged and plugged in.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import av

from tests.rtsp.media import loop
from tests.rtsp.server import MISSING, RtspServer, gstreamer_is_there

CLIP = Path(__file__).parents[2] / "configs" / "demo" / "footage" / "vtest-h264.mp4"
FIRST_PORT = 8554
CAMERAS = 3
USER = "viewer"
VARIABLE = "CAMERA_PASSWORD"
_HOURS = 6
_CLIP_S = 79.5
_HELP = "Type `unplug 2` or `plug 2` (1 to 3) and Enter; Ctrl-C ends them."


def main() -> int:
    """Serve until Ctrl-C or the end of standard input."""
    password = os.environ.get(VARIABLE)
    if not gstreamer_is_there() or not password:
        print(MISSING if password else f"Set the cameras' password first: export {VARIABLE}=...", file=sys.stderr)
        return 4
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print("Making their footage ...", flush=True)
        long = loop(as_a_camera_sends(CLIP, folder / CLIP.name), int(_HOURS * 3600 / _CLIP_S))
        servers = {
            number: stack.enter_context(
                RtspServer({"/main": long}, user=USER, password=password, port=FIRST_PORT + number - 1)
            )
            for number in range(1, CAMERAS + 1)
        }
        for number, server in servers.items():
            print(f"camera {number}: {server.url('/main')}   user {USER}, password ${VARIABLE}")
        print(_HELP, flush=True)
        try:
            for line in sys.stdin:
                _obey(line, servers)
        except KeyboardInterrupt:
            pass
    return 0


def as_a_camera_sends(clip: Path, out: Path) -> Path:
    """The clip without B-frames: street cameras send none. A server that plays a file sends pictures that others refer
    to before their time, which no camera can."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as target:
        given = source.streams.video[0]
        stream = target.add_stream("libx264", rate=given.average_rate)
        stream.width, stream.height, stream.pix_fmt = given.width, given.height, "yuv420p"
        stream.options = {"bf": "0", "g": "20", "sc_threshold": "0", "preset": "veryfast", "crf": "23"}
        for frame in source.decode(given):
            frame.pict_type = 0
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out


def _obey(line: str, servers: dict[int, RtspServer]) -> None:
    word, _, rest = line.strip().partition(" ")
    server = servers.get(int(rest)) if rest.isdigit() else None
    if server is None or word not in ("plug", "unplug"):
        print(_HELP, flush=True)
    elif word == "unplug":
        server.kill()
        print(f"camera {rest} is unplugged", flush=True)
    elif not server.running:
        server.start()
        print(f"camera {rest} is plugged in", flush=True)


if __name__ == "__main__":
    sys.exit(main())
