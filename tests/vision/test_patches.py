"""Many patches compared at once are compared as each pair alone would be, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from vision.patches import COLUMNS, ROWS, Cells, about_mean, centred, correlation, levels, likeness, uncovered


@pytest.mark.parametrize("count", [*range(0, 40), 64, 127, 128, 129, 136, 150, 191, 192])
def test_many_at_once_are_each_alone(count: int) -> None:
    rng = np.random.default_rng(count)
    patches = rng.uniform(0, 255, (31, ROWS, COLUMNS)).astype(np.float32)
    patches[7] = 90
    cells: list[Cells | None] = [np.zeros((ROWS, COLUMNS), np.bool_) for _ in patches]
    for number, which in enumerate(cells):
        assert which is not None
        which.ravel()[rng.permutation(which.size)[:count]] = True
        if count == which.size and number % 2:
            cells[number] = None
    rows = centred(levels(list(patches), cells))
    for row, one, which in zip(rows, patches, cells, strict=True):
        alone = about_mean(one, which)
        assert row.tobytes() == alone.tobytes()
        if count:
            assert rows.std(axis=-1)[0] == rows[0].std()
    alike = likeness(rows[:-1], rows[1:])
    for number, found in enumerate(alike.tolist()):
        a, b = (about_mean(patches[i], cells[i]) for i in (number, number + 1))
        scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
        assert found == (float((a * b).sum()) / scale if scale > 0 else 0.0)
    first, second = patches[0], patches[1]
    assert correlation(first, second, cells[0]) == pytest.approx(
        float(np.corrcoef(first[cells[0]], second[cells[0]])[0, 1]) if count > 1 else 0.0, abs=1e-5
    )


def test_the_cells_beside_another_box() -> None:
    cells = uncovered((0.2, 0.2, 0.4, 0.4), [(0.305, 0.1, 0.5, 0.5), (0.6, 0.6, 0.9, 0.9)])
    assert cells[:, : COLUMNS // 2].all() and not cells[:, COLUMNS // 2 :].any()
