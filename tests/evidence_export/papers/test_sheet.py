from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evidence_export.bag.code import code_of
from evidence_export.dossier import Dossier, DossierError, open_dossier
from evidence_export.dossier.facts import Facts
from evidence_export.sheet import compose, sheet_png
from evidence_export.sheet.arranging import WIDTH
from evidence_export.sheet.cells import plate, sign
from evidence_export.sheet.composing import STROKE, Sheet
from evidence_export.sheet.words import bar_of
from tests.evidence_export.helpers import files_of
from tests.evidence_export.papers.conftest import edited, picture

ROAD = "浙江省杭州市余杭区仓前街道文一西路与高教路交叉口东北侧非机动车道及人行道" * 12


def panoramas(count: int) -> Callable[[dict[str, Any]], None]:
    def edit(case: dict[str, Any]) -> None:
        shown = case["images"]["panoramas"]
        case["images"]["panoramas"] = [shown[0]] * (count - 1) + [shown[-1]]

    return edit


def outside_boxes(size: tuple[int, int], left: int, top: int, boxes: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Where nothing may have been drawn: all but the lines around the boxes."""
    kept = np.ones((size[1], size[0]), bool)
    for box in boxes:
        x1, y1, x2, y2 = box[0] - left, box[1] - top, box[2] - left, box[3] - top
        ring = np.zeros_like(kept)
        ring[max(0, y1 - STROKE) : y2 + STROKE, max(0, x1 - STROKE) : x2 + STROKE] = True
        ring[max(0, y1) : y2, max(0, x1) : x2] = False
        kept &= ~ring
    return kept


def assert_untouched(dossier: Dossier) -> Sheet:
    sheet = compose(dossier)
    assert sheet.placed
    for placed in sheet.placed:
        left, top, right, bottom = placed.at
        shown = np.asarray(sheet.image.crop(placed.at))
        expected = np.asarray(placed.picture.resize((right - left, bottom - top), Image.Resampling.LANCZOS))
        kept = outside_boxes((right - left, bottom - top), left, top, placed.boxes)
        assert kept.mean() > 0.8
        assert (shown[kept] == expected[kept]).all(), placed.path
        width, height = placed.picture.size
        assert abs((right - left) / (bottom - top) - width / height) < 0.02 * width / height
        assert left >= 0 and right <= WIDTH
    for one in sheet.placed:
        for other in sheet.placed:
            apart = one.at[2] <= other.at[0] or other.at[2] <= one.at[0] or one.at[3] <= other.at[1]
            assert one is other or apart or other.at[3] <= one.at[1]
    return sheet


def test_nothing_is_drawn_on_what_is_shown_but_lines_around_the_targets(any_kind: Dossier) -> None:
    assert_untouched(any_kind)


SIZES = [(640, 360), (1080, 1920), (768, 576), (64, 64), (2000, 300)]


@pytest.mark.parametrize(("size", "count"), [((3840, 2160), 2), *((size, n) for size in SIZES for n in (1, 2, 3, 5))])
def test_pictures_of_every_size_and_number(dossier: Dossier, size: tuple[int, int], count: int) -> None:
    changed = edited(dossier, panoramas(count), stills=picture(*size))
    sheet = assert_untouched(changed)
    assert sum(placed.path.startswith("data/stills/") for placed in sheet.placed) in (count, count + 1)
    assert sheet.image.height < (4200 if count < 4 else 6000)


def test_what_stands_in_the_boxes_is_the_last_original(dossier: Dossier) -> None:
    sheet = compose(dossier)
    for placed in sheet.placed[:2]:
        (box,) = placed.boxes
        inside = np.asarray(sheet.image.crop(box))
        assert inside[..., 0].mean() > 150 and inside[..., 1].mean() < 80, "the red block, without a line on it"


def test_the_sheet_is_the_same_each_time_and_the_bundle_what_it_was(dossier: Dossier, sealed_folder: Path) -> None:
    before = {name: (sealed_folder / name).read_bytes() for name in files_of(sealed_folder)}
    assert sheet_png(dossier) == sheet_png(open_dossier(sealed_folder))
    assert before == {name: (sealed_folder / name).read_bytes() for name in files_of(sealed_folder)}
    assert Image.open(BytesIO(sheet_png(dossier))).size[0] == WIDTH


def test_the_bar_says_what_the_standard_asks(dossier: Dossier) -> None:
    bar = bar_of(dossier, Facts(dossier.case))
    said = {field.label: field.value for field in bar.fields}
    assert said["时间 Time"] == "2026-03-02 08:00:04.0 UTC+08:00 至 to 2026-03-02 08:00:18.0 UTC+08:00"
    assert said["地点 Place"].startswith("东大街，") and said["方向 Direction"] == "由北向南"
    assert said["设备编号 Device"] == "cam-1 东大街1号机" and "no-parking" in said["违法行为 Violation"]
    assert said["违法代码 / 依据 Code / basis"] == "未知 unknown" == said["号牌 Plate"]
    assert code_of(dossier.manifest_sha256) in bar.badge and dossier.case_id in bar.title


def test_very_long_names_are_all_told_or_cut_in_the_open(dossier: Dossier) -> None:
    changed = edited(dossier, lambda case: case["camera"].update(road=ROAD, name=ROAD, direction=ROAD[:200]))
    fields = {field.label: field for field in bar_of(changed, Facts(changed.case)).fields}
    assert fields["地点 Place"].wide and fields["地点 Place"].value.endswith("…")
    assert fields["方向 Direction"].value == ROAD[:200]
    assert_untouched(changed)


def test_what_is_missing_is_stated(dossier: Dossier, clutter: Dossier) -> None:
    facts = Facts(dossier.case)
    assert plate(dossier, facts).note.startswith("无：未识别") and plate(dossier, facts).picture is None
    assert sign(dossier, facts).note.startswith("无：未登记")
    assert plate(clutter, Facts(clutter.case)).note.startswith("不适用")
    looked = edited(dossier, lambda case: case.update(plate={"status": "none_found", "looked_at": 5}))
    assert plate(looked, Facts(looked.case)).note.startswith("无：未发现")
    registered = edited(dossier, lambda case: case["camera"]["register"].update(sign_photo_sha256="ab" * 32))
    assert sign(registered, Facts(registered.case)).note.startswith("照片未随案")


def test_plate_and_sign_are_shown_where_they_are_there(dossier: Dossier) -> None:
    def edit(case: dict[str, Any]) -> None:
        case["images"]["plate_close_up"] = "data/plates/plate-1.png"

    changed = replace(edited(dossier, edit, plates=picture(90, 30)), sign_photo=picture(40, 60))
    shown = compose(changed).placed
    assert [placed.picture.size for placed in shown[-2:]] == [(90, 30), (40, 60)]
    assert_untouched(changed)


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"GIF89a" + bytes(20), picture(8, 8)[:60]], ids=["empty", "text", "gif", "cut"]
)
def test_what_is_no_picture_is_refused(dossier: Dossier, data: bytes) -> None:
    changed = edited(dossier, lambda case: None, stills=data or b" ")
    with pytest.raises(DossierError, match="no picture that can be shown"):
        compose(changed)


def test_a_picture_that_would_fill_the_memory_is_not_decoded(dossier: Dossier) -> None:
    out = BytesIO()
    Image.new("1", (20_000, 4_000)).save(out, "PNG")
    with pytest.raises(DossierError, match="too large"):
        compose(edited(dossier, lambda case: None, stills=out.getvalue()))


@pytest.mark.parametrize(
    "edit",
    [
        lambda case: case["images"].update(panoramas=[]),
        lambda case: case["violation"].pop("fired_at"),
        lambda case: case["violation"]["stay"].update(arrived={}),
    ],
)
def test_a_case_without_what_all_have_is_an_error_in_words(dossier: Dossier, edit: Callable[[Any], object]) -> None:
    with pytest.raises(DossierError):
        compose(edited(dossier, edit))


def test_a_bundle_that_was_changed_gets_no_papers(bundle: Path) -> None:
    still = bundle / "data/stills/panorama-1.png"
    dossier = open_dossier(bundle)
    still.write_bytes(picture(320, 180))
    with pytest.raises(DossierError, match="changed since"):
        sheet_png(dossier)
    with pytest.raises(DossierError, match=r"does not verify .*panorama-1"):
        open_dossier(bundle)


def test_a_zip_is_as_good(sealed_zip: Path, dossier: Dossier) -> None:
    assert open_dossier(sealed_zip).code == dossier.code
    assert sheet_png(open_dossier(sealed_zip)) == sheet_png(dossier)
