from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.nms import suppress

coordinate = st.integers(0, 12)
box = st.tuples(coordinate, coordinate, st.integers(0, 8), st.integers(0, 8)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
# Few different scores and coordinates: ties are what this must survive.
found = st.lists(st.tuples(box, st.sampled_from([0.2, 0.5, 0.5, 0.9]), st.integers(0, 2)), max_size=25)


def arrays(rows):
    xyxy = np.array([r[0] for r in rows], np.float32).reshape(-1, 4)
    return xyxy, np.array([r[1] for r in rows], np.float32), np.array([r[2] for r in rows], np.int64)


def plain(rows, iou, limit):
    kept = []
    for i in sorted(range(len(rows)), key=lambda i: (-np.float32(rows[i][1]), i)):
        (x1, y1, x2, y2), _, cls = rows[i]
        for j in kept:
            (u1, v1, u2, v2), _, other = rows[j]
            shared = max(0, min(x2, u2) - max(x1, u1)) * max(0, min(y2, v2) - max(y1, v1))
            union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - shared
            if other == cls and shared > iou * union:
                break
        else:
            kept.append(i)
    return kept[:limit]


@settings(max_examples=200)
@given(rows=found, iou=st.sampled_from([0.3, 0.45, 0.7, 1.0]), limit=st.integers(1, 30))
def test_it_does_what_the_plain_definition_says(rows, iou, limit):
    assert suppress(*arrays(rows), iou=iou, limit=limit).tolist() == plain(rows, iou, limit)


@given(rows=found)
def test_a_second_pass_takes_nothing_away(rows):
    xyxy, score, cls = arrays(rows)
    kept = suppress(xyxy, score, cls, iou=0.45, limit=300)
    again = suppress(xyxy[kept], score[kept], cls[kept], iou=0.45, limit=300)
    assert again.tolist() == list(range(len(kept)))


def test_the_work_is_bounded():
    rng = np.random.default_rng(1)
    xyxy = np.tile(np.arange(50_000, dtype=np.float32)[:, None] * 10, (1, 4)) + np.array([0, 0, 5, 5], np.float32)
    kept = suppress(xyxy, rng.random(50_000, np.float32), np.zeros(50_000, np.int64), iou=0.5, limit=300)
    assert len(kept) == 300
