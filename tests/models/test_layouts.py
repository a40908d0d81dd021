from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.backends.interface import GraphSignature, Tensor
from models.errors import InferenceError, ModelRefusedError
from models.layouts.end_to_end import EndToEndLayout
from models.layouts.interface import check, check_outputs
from models.layouts.yolov3_tiny import Head, YoloV3Layout
from models.layouts.yolov5 import YoloV5Layout
from models.layouts.yolov8 import YoloV8Layout
from models.layouts.yolox import YoloxLayout

SIZE = (96, 64)
CLASSES = 3
CELLS = 12 * 8 + 6 * 4 + 3 * 2
HEADS = (Head(32, ((30.0, 40.0), (60.0, 20.0))), Head(16, ((8.0, 10.0), (20.0, 12.0))))
LAYOUTS = [
    YoloV3Layout(SIZE, CLASSES, HEADS),
    YoloxLayout(SIZE, CLASSES),
    YoloV5Layout(SIZE, CLASSES),
    YoloV8Layout(SIZE, CLASSES),
    EndToEndLayout(SIZE, CLASSES),
]
SHAPES = {
    "yolov3_tiny": [(1, 16, 2, 3), (1, 16, 4, 6)],
    "yolox": [(1, CELLS, 8)],
    "yolov5": [(1, 3 * CELLS, 8)],
    "yolov8": [(1, 7, CELLS)],
    "end_to_end": [(1, 300, 6)],
}


def signature(shapes, dtype="tensor(float)"):
    image = Tensor("images", (None, 3, SIZE[1], SIZE[0]), "tensor(float)")
    return GraphSignature((image,), tuple(Tensor(f"o{i}", tuple(s), dtype) for i, s in enumerate(shapes)))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: x.name)
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES.keys())
def test_a_layout_accepts_its_own_graphs_and_no_other(layout, shapes):
    if shapes == SHAPES[layout.name]:
        check(layout, signature(shapes), where="m")
        check(layout, signature([[None] * len(s) for s in shapes]), where="m")
        with pytest.raises(ModelRefusedError, match=r"float16"):
            check(layout, signature(shapes, "tensor(float16)"), where="m")
        return
    with pytest.raises(ModelRefusedError) as caught:
        check(layout, signature(shapes), where="m.onnx")
    # What was expected and what was found, both.
    assert layout.name in str(caught.value)
    assert ", ".join(map(str, shapes[0])) in str(caught.value)
    assert "m.onnx" in str(caught.value)
    with pytest.raises(ModelRefusedError):
        check_outputs(layout, [np.zeros(s, np.float32) for s in shapes], 1, where="m")


def test_outputs_for_another_number_of_images_are_refused():
    with pytest.raises(ModelRefusedError, match="for 2 images"):
        check_outputs(LAYOUTS[1], [np.zeros((1, CELLS, 8), np.float32)], 2, where="m")


def logit(p):
    return np.log(p / (1 - p))


@given(
    column=st.integers(0, 5),
    row=st.integers(0, 3),
    fraction=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
    width=st.floats(4, 60),
    height=st.floats(4, 60),
    cls=st.integers(0, 2),
)
def test_a_box_written_as_the_papers_say_is_read_back(column, row, fraction, width, height, cls):
    """One box into the cell at (column, row) of the stride-16 grid, through the inverse of each formula."""
    x, y = (column + fraction[0]) * 16, (row + fraction[1]) * 16
    want = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    kinds = np.full(CLASSES, 0.01)
    kinds[cls] = 0.9
    cell = 12 * 8 + row * 6 + column

    darknet = [np.full((1, 2, 8, 2, 3), -20.0, np.float32), np.full((1, 2, 8, 4, 6), -20.0, np.float32)]
    anchor = HEADS[1].anchors[1]
    size = [np.log(width / anchor[0]), np.log(height / anchor[1])]
    darknet[1][0, 1, :, row, column] = [*logit(np.array(fraction)), *size, logit(0.8), *logit(kinds)]
    yolox = np.zeros((1, CELLS, 8), np.float32)
    yolox[0, cell] = [*fraction, np.log(width / 16), np.log(height / 16), 0.8, *kinds]
    v5 = np.zeros((1, 3 * CELLS, 8), np.float32)
    v5[0, 17] = [x, y, width, height, 0.8, *kinds]
    v8 = np.zeros((1, 7, CELLS), np.float32)
    v8[0, :, 17] = [x, y, width, height, *kinds * 0.8]
    finished = np.zeros((1, 300, 6), np.float32)
    finished[0, 3] = [*want, 0.72, cls]

    written = [[d.reshape(1, 16, *d.shape[3:]) for d in darknet], [yolox], [v5], [v8], [finished]]
    for layout, outputs in zip(LAYOUTS, written, strict=True):
        (found,) = layout.decode([o.astype(np.float32) for o in outputs], 0.3)
        assert found.score == pytest.approx([0.72], abs=1e-3), layout.name
        assert found.cls.tolist() == [cls], layout.name
        assert found.xyxy[0] == pytest.approx(want, abs=2e-2), layout.name


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: x.name)
def test_nothing_above_the_floor_is_a_valid_answer(layout):
    outputs = [
        np.full((2, *shape[1:]), -30 if layout.name == "yolov3_tiny" else 0, np.float32)
        for shape in SHAPES[layout.name]
    ]
    for found in layout.decode(outputs, 0.1):
        assert found.xyxy.shape == (0, 4)
        assert len(found.score) == len(found.cls) == 0


@pytest.mark.parametrize("layout", LAYOUTS[:4], ids=lambda x: x.name)
def test_absurd_exponents_stay_finite(layout):
    (found,) = layout.decode([np.full(shape, 1e9, np.float32) for shape in SHAPES[layout.name]], 0.1)
    assert np.isfinite(found.xyxy).all()


def test_an_end_to_end_class_outside_the_list_is_told():
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [1, 1, 5, 5, 0.9, 3]
    with pytest.raises(InferenceError, match="class 3 where 3 classes"):
        LAYOUTS[4].decode([rows], 0.1)
