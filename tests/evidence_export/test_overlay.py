from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from evidence_export import texts
from evidence_export.case import CaseRequest
from evidence_export.overlay.render import Bar, Field, enlargement, render
from evidence_export.overlay.text import fit, visible, width
from tests.evidence_export.conftest import at

BAR = Bar(
    "违法停车线索", "全景图 1/2", (Field("时间", "2026-03-02 08:00:04.0 UTC+08:00"), Field("地点", "东" * 200)), "本图"
)
ZONE = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("东大街 No.1 ±1.0 s《线索》，。·", "东大街 No.1 ±1.0 s《线索》，。·"),
        ("𠮷野", "[U+20BB7]野"),
        ("a\u202eb\u200bc\nd\x00", "a[U+202E]b[U+200B]c[U+000A]d[U+0000]"),
        ("😀", "[U+1F600]"),
        ("\ud800", "[U+D800]"),
        ("\u3000", "[U+3000]"),
    ],
)
def test_nothing_is_dropped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_fit_and_keep_every_character() -> None:
    text = "东大街由北向南 exact place unknown " * 8
    lines = fit(text, 24, 300)
    assert all(width(line, 24) <= 300 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert fit("", 24, 300) == [""]
    assert fit("东东", 24, 1) == ["东", "东"]


@pytest.mark.parametrize("size", [(64, 48), (352, 288), (768, 576), (1280, 720), (1920, 1080)])
def test_the_picture_is_left_alone_outside_the_drawing(size: tuple[int, int]) -> None:
    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    before = picture.copy()
    copy = render(picture, (0.4, 0.4, 0.6, 0.6), "小型车 car 81%", ZONE, BAR)
    factor = enlargement(size[0])
    assert (picture == before).all()
    assert copy.width == size[0] * factor >= 1280 and copy.height > size[1] * factor
    assert copy.getpixel((2, size[1] * factor - 3)) == (90, 90, 90)


@pytest.mark.parametrize(
    "box", [(0, 0, 1, 1), (0, 0, 0, 0), (0.99, 0.99, 1, 1), (0, 0.97, 0.02, 1.0), (0.5, 0, 0.5, 1)]
)
@pytest.mark.parametrize("zone", [[], ZONE, [(0, 0), (1, 0), (1, 1), (0, 1)]])
def test_boxes_and_zones_at_the_edges(box: tuple[float, ...], zone: list[tuple[float, float]]) -> None:
    picture = np.zeros((72, 128, 3), np.uint8)
    assert isinstance(render(picture, box, "car", zone, BAR), Image.Image)


def test_the_same_words_make_the_same_pixels() -> None:
    picture = np.zeros((72, 128, 3), np.uint8)
    one, two = (render(picture, (0.1, 0.1, 0.5, 0.5), "car", ZONE, BAR) for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_times_are_cut_never_rounded_up(request_: CaseRequest) -> None:
    assert texts.local_time(at(4.999), request_) == "2026-03-02 08:00:04.9 UTC+08:00"
    assert texts.tenths(12_999_999_999) == "12.9"
    assert texts.anti_forgery_code("0123456789abcdef" * 4) == "0123 4567 89AB CDEF"


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "±0 ms"),
        (1, "±1 ms"),
        (40_000_001, "±41 ms"),
        (1_000_000_000, "±1.0 s"),
        (1_500_000_001, "±1.6 s"),
        (119_000_000_000, "±119.0 s"),
        (180_000_000_001, "±4 min"),
        (90 * 86_400_000_000_000, "±90 d"),
    ],
)
def test_uncertainty_is_never_shown_smaller(ns: int, shown: str) -> None:
    assert texts.uncertainty(ns) == shown
