from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.backends.interface import GraphSignature, Tensor
from models.backends.onnxruntime import OnnxRuntimeBackend
from models.detector import Thresholds, YoloDetector
from models.errors import InferenceError, ModelRefusedError
from models.interface import ModelInfo
from models.layouts.end_to_end import EndToEndLayout
from models.layouts.yolov8 import YoloV8Layout
from models.layouts.yolox import YoloxLayout
from models.letterbox import ULTRALYTICS, YOLOX, Letterbox
from models.store import load_detector
from tests.models.graphs import constant_graph

VAN = (651, 42, 724, 99)
PEOPLE = [(643, 240, 684, 322), (252, 220, 283, 308), (503, 157, 531, 232)]


def overlap(a, b) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def sees(found, box, names, iou=0.6) -> bool:
    return any(n in names and overlap(b, box) >= iou for b, n in zip(found.xyxy, found.names, strict=True))


def made(outputs, layout=None, *, size=(64, 64), batch=1, thresholds=None) -> YoloDetector:
    layout = layout or YoloV8Layout(size, 2)
    info = ModelInfo("toy", "0" * 64, "CC0-1.0", layout.name, ("car", "person"), size)
    graph = constant_graph(outputs, size, batch=batch)
    session = OnnxRuntimeBackend().open(graph, threads=1, where="toy")
    return YoloDetector(info, session, Letterbox(ULTRALYTICS, size), layout, thresholds or Thresholds())


def v8_output(*boxes) -> np.ndarray:
    """(centre x, centre y, width, height, class, score) into a 64 x 64 input's 84 cells."""
    output = np.zeros((6, 84), np.float32)
    for i, (x, y, width, height, cls, score) in enumerate(boxes):
        output[:4, i] = x, y, width, height
        output[4 + cls, i] = score
    return output


def test_the_bootstrap_model_sees_the_street(bootstrap, frame):
    (found,) = bootstrap.detect([frame])
    assert found.size == (768, 576)
    assert found.model is bootstrap.info
    # Anchors read from the published .cfg give boxes half as wide and high, and fail here.
    assert sees(found, VAN, {"truck", "car", "bus"})
    assert all(sees(found, person, {"person"}) for person in PEOPLE)
    assert not any(sees(found, person, {"car", "truck", "bus"}, 0.3) for person in PEOPLE)


def test_better_models_see_the_same_street(shared_models, frame):
    """Runs over the catalogued models at hand; the bootstrap model stands in above where there are none."""
    for path in shared_models:
        (found,) = load_detector(path, min_score=0.5).detect([frame])
        assert sees(found, VAN, {"truck", "car"}, 0.8), path.name
        assert all(sees(found, person, {"person"}, 0.75) for person in PEOPLE), path.name
        assert len(found) <= 8, path.name


def test_scaling_ahead_gives_the_same_boxes(any_detector, frame):
    size = (frame.shape[1], frame.shape[0])
    ahead = cv2.resize(frame, any_detector.fit(size), interpolation=cv2.INTER_LINEAR)
    (whole,), (scaled,) = any_detector.detect([frame]), any_detector.detect([ahead], [size])
    assert scaled.size == size
    assert np.array_equal(whole.xyxy, scaled.xyxy)
    assert np.array_equal(whole.score, scaled.score)


def test_a_batch_gives_what_each_picture_gives_alone(bootstrap, frame):
    pictures = [frame, frame[:, ::-1].copy(), cv2.resize(frame, (333, 500)), np.zeros((1, 1, 3), np.uint8)]
    together = bootstrap.detect(pictures)
    for picture, batch in zip(pictures, together, strict=True):
        (alone,) = bootstrap.detect([picture])
        assert alone.names == batch.names
        assert batch.size == (picture.shape[1], picture.shape[0])
        np.testing.assert_allclose(alone.xyxy, batch.xyxy, atol=0.01)
    assert len(together[0]) == len(together[1]) > 3
    assert len(together[3]) == 0


def test_it_is_deterministic(any_detector, frame):
    first, second = (any_detector.detect([frame])[0] for _ in range(2))
    assert first.xyxy.tobytes() == second.xyxy.tobytes()
    assert first.score.tobytes() == second.score.tobytes()


def test_no_pictures_no_boxes(any_detector):
    assert any_detector.detect([]) == []


@pytest.mark.parametrize("batch", [1, "n"])
def test_boxes_are_clipped_suppressed_and_put_back(batch):
    output = v8_output(
        (32, 32, 20, 10, 0, 0.9),
        (33, 32, 20, 10, 0, 0.8),  # the same object again
        (33, 32, 20, 10, 1, 0.7),  # another class: stays
        (2, 32, 20, 10, 0, 0.6),  # over the left edge
        (32, 4, 20, 6, 0, 0.5),  # in the border above the picture only
        (50, 40, 5, 5, 1, 0.05),  # too faint
    )
    detector = made([output], batch=batch)
    # 128 x 64 lies in rows 16..48 of the input, at half its size.
    for found in detector.detect([np.zeros((64, 128, 3), np.uint8)] * 3):
        assert found.score == pytest.approx([0.9, 0.7, 0.6])
        assert found.cls.tolist() == [0, 1, 0]
        assert found.xyxy.tolist() == [[44, 22, 84, 42], [46, 22, 86, 42], [0, 22, 24, 42]]


def test_no_more_boxes_than_asked_for():
    output = v8_output(*[(i % 8 * 8 + 4, i // 8 * 8 + 4, 4, 4, 0, 0.5 + i / 200) for i in range(64)])
    (found,) = made([output], thresholds=Thresholds(max_detections=5)).detect([np.zeros((64, 64, 3), np.uint8)])
    assert found.score == pytest.approx([0.815, 0.81, 0.805, 0.8, 0.795])


def test_end_to_end_boxes_are_sorted_and_not_suppressed():
    rows = np.zeros((10, 6), np.float32)
    rows[0] = [1, 1, 20, 20, 0.4, 0]
    rows[5] = [1, 1, 20, 20, 0.8, 0]
    rows[7] = [30, 30, 20, 20, 0.9, 1]  # inside out
    (found,) = made([rows], EndToEndLayout((64, 64), 2)).detect([np.zeros((64, 64, 3), np.uint8)])
    assert found.score == pytest.approx([0.8, 0.4])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_that_are_none_are_told(bad):
    output = v8_output((32, 32, 20, 10, 0, 0.9))
    output[2, 0] = bad
    with pytest.raises(InferenceError, match="not finite"):
        made([output]).detect([np.zeros((64, 64, 3), np.uint8)])


def test_outputs_that_turn_out_otherwise_are_refused():
    class Open:
        """A graph that leaves its output's size open until it runs."""

        signature = GraphSignature(
            (Tensor("images", (None, 3, None, None), "tensor(float)"),),
            (Tensor("out", (None, None, None), "tensor(float)"),),
        )

        def run(self, batch):
            return [np.zeros((len(batch), 6, 77), np.float32)]

    info = ModelInfo("toy", "0" * 64, "CC0-1.0", "yolov8", ("car", "person"), (64, 64))
    detector = YoloDetector(info, Open(), Letterbox(ULTRALYTICS, (64, 64)), YoloV8Layout((64, 64), 2), Thresholds())
    with pytest.raises(ModelRefusedError, match=r"\[1, 6, 77\].*\[n, 6, 84\]"):
        detector.detect([np.zeros((64, 64, 3), np.uint8)])


def test_a_graph_of_another_layout_or_size_is_refused():
    with pytest.raises(ModelRefusedError, match="layout 'yolox'"):
        made([v8_output()], YoloxLayout((64, 64), 2))
    with pytest.raises(ModelRefusedError, match="one image tensor"):
        info = ModelInfo("toy", "0" * 64, "CC0-1.0", "yolov8", ("car", "person"), (96, 96))
        session = OnnxRuntimeBackend().open(constant_graph([v8_output()]), threads=1, where="toy")
        YoloDetector(info, session, Letterbox(YOLOX, (96, 96)), YoloV8Layout((96, 96), 2), Thresholds())


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
    ids=lambda a: f"{a.shape}-{a.dtype}",
)
def test_what_is_no_image_is_told(image):
    with pytest.raises(ValueError, match="H x W x 3 uint8"):
        made([v8_output()]).detect([image])


def test_one_size_per_image():
    with pytest.raises(ValueError, match="zip"):
        made([v8_output()]).detect([np.zeros((4, 4, 3), np.uint8)], [(4, 4), (5, 5)])


@pytest.mark.parametrize("bad", [{"min_score": 0}, {"min_score": 1.1}, {"iou": 0}, {"max_detections": 0}])
def test_thresholds_make_sense(bad):
    with pytest.raises(ValueError, match="must be"):
        Thresholds(**bad)
