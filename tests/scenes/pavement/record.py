"""Writes a pavement to disk as MP4, beside its truth. `scenes.compose` does the same for scenes of actors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType

from tests.scenes.compose import SceneFiles
from tests.scenes.pavement.render import PavementRenderer
from tests.scenes.pavement.script import Pavement
from tests.scenes.pavement.truth import pavement_truth
from tests.scenes.scene import Encoding
from tests.scenes.truth import camera_ns

_TICKS = 90_000


def record(
    pavement: Pavement, out: Path, min_area: float, encoding: Encoding | None = None, *, frames: range | None = None
) -> SceneFiles:
    """H.264 with a keyframe every two seconds, and `<stem>.truth.json`; the same script gives the same bytes.

    `min_area` is the rule's, in m², see `pavement_truth`. `frames` limits the video, not the truth. A partial file is
    renamed at the end, so a file at `out` is always whole.
    """
    encoding = encoding or Encoding(preset="superfast", b_frames=0)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"{out.stem}.partial{out.suffix}")
    _encode(pavement, partial, encoding, frames or range(pavement.view.frame_count))
    truth = out.with_name(f"{out.stem}.truth.json")
    text = json.dumps(pavement_truth(pavement, min_area), indent=1, ensure_ascii=False)
    truth.write_text(text + "\n", encoding="utf-8")
    partial.replace(out)
    return SceneFiles(out, truth)


def _encode(pavement: Pavement, path: Path, encoding: Encoding, wanted: range) -> None:
    view, renderer = pavement.view, PavementRenderer(pavement)
    gop = encoding.gop or max(1, round(2 * view.fps))
    options = {
        "g": str(gop), "keyint_min": str(gop), "bf": str(encoding.b_frames), "crf": str(encoding.crf),
        "preset": encoding.preset, "forced-idr": "1", "sc_threshold": "0", "threads": "1",
        "x264-params": "threads=1:lookahead-threads=1",
    }  # fmt: skip
    run_fast = Fraction(1_000_000 + view.clock.drift_ppm, 1_000_000)
    with av.open(path, "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as target:
        start = camera_ns(view, 0) // 1000
        target.metadata["creation_time"] = _iso(start)
        stream = target.add_stream("libx264", rate=view.fps, options=options)
        stream.width, stream.height = view.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        after_gap = False
        for index in wanted:
            if view.in_gap(index):
                after_gap = True
                continue
            frame = av.VideoFrame.from_ndarray(renderer.frame(index), format="yuv420p")
            frame.pts, frame.time_base = round(Fraction(index) / view.fps * run_fast * _TICKS), Fraction(1, _TICKS)
            if after_gap:
                frame.pict_type = PictureType.I
                after_gap = False
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def _iso(micros: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros):%Y-%m-%dT%H:%M:%S.%f}Z"
