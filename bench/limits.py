"""The limits: what decoding alone costs, with PyAV on one thread. `python -m bench.limits every|keyframes FILE`."""

from __future__ import annotations

import json
import sys

import av


def decode(path: str, *, keyframes_only: bool) -> dict[str, object]:
    """Decodes the first video stream and throws the frames away."""
    frames = 0
    with av.open(path) as box:
        stream = box.streams.video[0]
        stream.codec_context.thread_count = 1
        if keyframes_only:
            stream.codec_context.skip_frame = "NONKEY"
        for _ in box.decode(stream):
            frames += 1
    return {"frames": frames}


if __name__ == "__main__":
    print(json.dumps(decode(sys.argv[2], keyframes_only=sys.argv[1] == "keyframes")))
