"""Writes a scene to disk: a video and its truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType

from tests.scenes.render import Renderer
from tests.scenes.scene import Encoding, Scene
from tests.scenes.truth import camera_ns, truth_of

_TICKS = 90_000
"""Of media time per second of the camera's clock."""


@dataclass(frozen=True, slots=True)
class SceneFiles:
    """What `compose` wrote."""

    video: Path
    truth: Path


def compose(scene: Scene, out: Path, encoding: Encoding | None = None, *, frames: range | None = None) -> SceneFiles:
    """Renders `scene` into the video file `out` (the ending picks the container) and `<stem>.truth.json` beside it.

    Frames are made one at a time; memory does not grow with the scene's length. The same scene and encoding give the
    same bytes on the same machine. MP4 keeps the clock's start to the full second, and MPEG-4 part 2 moves keyframes
    by a frame or two around its B-frames. `frames` limits the video, not the truth, to a part of the scene. A partial
    file is renamed at the end, so a file at `out` is always whole.
    """
    encoding = encoding or Encoding()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"{out.stem}.partial{out.suffix}")
    _encode(scene, partial, encoding, frames or range(scene.frame_count))
    truth = out.with_name(f"{out.stem}.truth.json")
    truth.write_text(json.dumps(truth_of(scene), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(out)
    return SceneFiles(out, truth)


def _encode(scene: Scene, path: Path, encoding: Encoding, wanted: range) -> None:
    gop = encoding.gop or max(1, round(2 * scene.fps))
    options = {"g": str(gop), "threads": str(encoding.threads), "bf": str(encoding.b_frames)}
    if encoding.codec in ("libx264", "libx265"):
        options |= {"crf": str(encoding.crf), "preset": encoding.preset, "forced-idr": "1", "sc_threshold": "0"}
    if encoding.codec == "libx264":
        options |= {"keyint_min": str(gop), "x264-params": f"threads={encoding.threads}:lookahead-threads=1"}
    if encoding.codec == "libx265":
        options |= {"x265-params": f"log-level=error:pools=none:frame-threads=1:keyint={gop}:min-keyint={gop}"}
    if encoding.codec == "mjpeg":
        options = {"q:v": "4"}
    container = {"movflags": "+faststart"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(path, "w", options={**container, "fflags": "+bitexact"}) as target:
        if encoding.creation_time:
            target.metadata["creation_time"] = _creation_time(scene)
        stream = target.add_stream(encoding.codec, rate=scene.fps, options=options)
        stream.width, stream.height = scene.size
        stream.pix_fmt = "yuvj420p" if encoding.codec == "mjpeg" else "yuv420p"
        if encoding.codec != "mpeg4":  # MPEG-4 part 2 allows no time base finer than 1/65535
            stream.codec_context.time_base = Fraction(1, _TICKS)
        for frame in _frames(scene, wanted, stream.codec_context.time_base or 1 / scene.fps):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def _frames(scene: Scene, wanted: range, time_base: Fraction) -> Iterator[av.VideoFrame]:
    renderer = Renderer(scene)
    run_fast = Fraction(1_000_000 + scene.clock.drift_ppm, 1_000_000)
    after_gap = False
    for index in wanted:
        if scene.in_gap(index):
            after_gap = True
            continue
        frame = av.VideoFrame.from_ndarray(renderer.frame(index), format="yuv420p")
        frame.pts = round(Fraction(index) / scene.fps * run_fast / time_base)
        frame.time_base = time_base
        if after_gap:
            # A camera that comes back begins with a keyframe.
            frame.pict_type = PictureType.I
            after_gap = False
        yield frame


def _creation_time(scene: Scene) -> str:
    reading = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=camera_ns(scene, 0) // 1000)
    return f"{reading:%Y-%m-%dT%H:%M:%S.%f}Z"
