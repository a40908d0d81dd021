"""Real footage: the demo clip, masked with the bootstrap model, looked through by another model for heads that show."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from evidence_export.masking.clips import Timed, look_through, mask_clip
from evidence_export.masking.frames import Clip
from evidence_export.masking.interface import Settings
from evidence_export.masking.looking import Looker
from evidence_export.masking.own import Own
from models.store import load_detector
from streams.cut import cut
from tests.conftest import SHARED

VAN = Own("truck", ((0.843, 0.07, 0.945, 0.183),), None, None, None)
SURE = 0.5


def test_no_head_that_a_better_model_finds_shows(
    demo_clip: Path, bootstrap_model: str, real_model: str, tmp_path: Path
) -> None:
    """With the bootstrap model alone at hand it finds its own surest boxes again; that is the least there is to ask."""
    made = cut(demo_clip, 59 * 10240, 62 * 10240, tmp_path / "clip.mp4")
    clip = Timed(Clip(made.path), 0, made.packets)
    looker = Looker(load_detector(bootstrap_model, min_score=0.15))
    plan = look_through(clip, looker, VAN, Settings(), lambda *_: None)
    mask_clip(clip, plan, tmp_path / "masked.mp4", lambda *_: None)
    better = SHARED / "models" / "yolov8n_int8.onnx"
    judge = Looker(load_detector(str(better) if better.is_file() else real_model, min_score=SURE))
    heads = 0
    with av.open(str(made.path)) as original, av.open(str(tmp_path / "masked.mp4")) as masked:
        pairs = zip(original.decode(video=0), masked.decode(video=0), strict=True)
        for number, (before, after) in enumerate(pairs):
            if number % 3:
                continue
            luma = after.to_ndarray(format="gray").astype(int)
            for one in judge.objects(before.to_ndarray(format="bgr24")):
                x1, y1, x2, y2 = one.box
                rows = slice(max(0, round(y1)), round(y1 + (y2 - y1) / 7))
                columns = slice(round(x1 + 0.2 * (x2 - x1)), round(x2 - 0.2 * (x2 - x1)))
                if one.name == "person" and luma[rows, columns].size >= 6:
                    heads += 1
                    assert (np.abs(luma[rows, columns] - 114) > 12).mean() < 0.05, f"frame {number}, {one}"
    assert heads > 10
