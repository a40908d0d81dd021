"""Makes `configs/demo/footage/vtest-h264.mp4`, the short transcode of OpenCV's sample `vtest.avi` that is committed.

    python bench/make_demo_footage.py path/to/vtest.avi [OUT.mp4]

The sample is part of OpenCV's source (`samples/data/vtest.avi`) and of Debian's package `opencv-doc`. Needed only to
make the clip anew; the same input and the same PyAV wheel give the same bytes.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av

DEFAULT_OUT = Path(__file__).parent.parent / "configs" / "demo" / "footage" / "vtest-h264.mp4"
FPS = 10
KEYFRAME_EVERY = 2 * FPS
# A small file matters more than the last detail: at this rate a stock detector still scores the van in every keyframe
# as it does in the original (YOLOv3-tiny at least 0.41, YOLOX-Nano at least 0.70).
OPTIONS = {
    "crf": "33",
    "preset": "veryslow",
    "g": str(KEYFRAME_EVERY),
    "keyint_min": str(KEYFRAME_EVERY),
    "sc_threshold": "0",
    # One thread: the number of threads changes x264's decisions, and so the bytes.
    "x264-params": "threads=1:lookahead-threads=1",
}


def transcode(source: Path, out: Path) -> int:
    """Re-encodes the first video stream of `source` to H.264 in `out`; returns the number of frames."""
    count = 0
    # bitexact keeps library versions and times out of the container.
    with av.open(source) as box, av.open(out, "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as target:
        given = box.streams.video[0]
        stream = target.add_stream("libx264", rate=FPS, options=OPTIONS)
        stream.width, stream.height, stream.pix_fmt = given.width, given.height, "yuv420p"
        for frame in box.decode(given):
            frame.pts, frame.time_base = count, Fraction(1, FPS)
            frame.pict_type = 0
            count += 1
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return count


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    result = Path(sys.argv[2]) if len(sys.argv) == 3 else DEFAULT_OUT
    frames = transcode(Path(sys.argv[1]), result)
    print(f"{result}: {frames} frames, {result.stat().st_size} bytes")
