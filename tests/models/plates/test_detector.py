from __future__ import annotations

import numpy as np
import pytest

from models.backends.interface import GraphSignature, Tensor
from models.errors import InferenceError, ModelRefusedError
from models.plates.detector import MEANS, PlateDetector, prepare


class Fake:
    """A graph that answers with what a test puts in: offsets, scores and corners by anchor."""

    def __init__(self, edits=(), *, widths=(4, 2, 8), spoil=None) -> None:
        dims = [Tensor(str(i), (None, None, width), "tensor(float)") for i, width in enumerate(widths)]
        self.signature = GraphSignature((Tensor("image", (None, 3, None, None), "tensor(float)"),), tuple(dims))
        self.edits, self.spoil, self.batch = edits, spoil, None

    def run(self, batch):
        self.batch = batch
        height, width = batch.shape[2:]
        anchors = 2 * sum((height // cell) * (width // cell) for cell in (8, 16, 32))
        loc, conf, marks = (np.zeros((1, anchors, n), np.float32) for n in (4, 2, 8))
        for anchor, score, corners, offset in self.edits:
            conf[0, anchor, 1], marks[0, anchor], loc[0, anchor] = score, corners, offset
        if self.spoil:
            self.spoil(conf)
        return [loc, conf, marks]


# Bottom right, bottom left, top left, top right of a plate of 40 x 12 about the centre of an anchor of side 24.
MARKS = np.array((20, 6, -20, 6, -20, -6, 20, -6)) / 2.4
NONE = (0, 0, 0, 0)


def anchor(row, column, columns, which=0):
    return 2 * (row * columns + column) + which


def test_a_cell_is_decoded_to_corners_in_pixels_of_the_picture():
    # A picture of 320 x 160 scaled to 160 x 80, whose input is padded to 96 rows.
    graph = Fake([(anchor(4, 10, 20), 0.9, MARKS, NONE)])
    found = PlateDetector(graph, where="toy").detect(np.zeros((160, 320, 3), np.uint8), 160, min_score=0.5)
    assert graph.batch.shape == (1, 3, 96, 160)
    assert found.score.tolist() == [pytest.approx(0.9)]
    # The centre of cell (10, 4) of 8 pixels is (84, 36) in the input; the picture is twice as large.
    expected = [[128, 60], [208, 60], [208, 84], [128, 84]]
    assert np.allclose(found.corners[0], expected, atol=1e-3)


def test_overlapping_plates_are_one_and_the_better_stays():
    edits = [(anchor(4, 10, 20), 0.8, MARKS, NONE), (anchor(4, 10, 20, 1), 0.95, MARKS / 2, NONE)]
    edits[0] = (*edits[0][:3], (0, 0, 3.4, 3.4))  # exp(0.2 * 3.4) doubles its side: the same box as the other's
    edits += [(anchor(1, 1, 20), 0.6, MARKS, NONE)]
    found = PlateDetector(Fake(edits), where="toy").detect(np.zeros((80, 160, 3), np.uint8), 160, min_score=0.5)
    assert found.score.tolist() == [pytest.approx(0.95), pytest.approx(0.6)]


def test_what_is_below_the_threshold_is_nothing():
    graph = Fake([(0, 0.49, MARKS, NONE)])
    found = PlateDetector(graph, where="toy").detect(np.zeros((32, 32, 3), np.uint8), 32, min_score=0.5)
    assert found.corners.shape == (0, 4, 2)


def test_the_input_is_the_picture_less_the_means_and_zero_beyond_it():
    batch = prepare(np.full((30, 60, 3), 200, np.uint8), (60, 30))
    assert batch.shape == (1, 3, 32, 64)
    assert [float(batch[0, c, 5, 5]) for c in range(3)] == [200 - mean for mean in MEANS]
    assert not batch[0, :, 30:].any() and not batch[0, :, :, 60:].any()


@pytest.mark.parametrize("widths", [(4, 2, 10), (4, 2), (8, 2, 4)])
def test_another_graph_is_refused(widths):
    with pytest.raises(ModelRefusedError, match="no detector of plates"):
        PlateDetector(Fake(widths=widths), where="toy")


def test_numbers_that_are_none_are_told():
    def spoil(conf):
        conf[0, 3, 1] = np.nan

    with pytest.raises(InferenceError, match="not finite"):
        PlateDetector(Fake(spoil=spoil), where="toy").detect(np.zeros((32, 32, 3), np.uint8), 32, min_score=0.5)
