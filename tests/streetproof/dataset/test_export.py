from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.dataset.interface import Split
from models.dataset.reading import look_over
from streetproof.dataset.cases import read_case
from streetproof.dataset.errors import CaseRefusedError, DatasetExportError
from streetproof.dataset.export import ExportRequest, export
from streetproof.dataset.masking import GREY
from streetproof.dataset.reasons import treatments
from streetproof.dataset.reviews import read_reviews
from tests.streetproof.commands import inside
from tests.streetproof.dataset.conftest import PERSON, PLACES, SIZE, STRANGER, Bundles


def reviews(bundles: Bundles, path: Path, **rows: str) -> Path:
    """A table as Excel writes it in China; each row is `decision,reason`, by the name of the case."""
    lines = ["案件编号,结论,理由,执法人员", *(f"{bundles.id(name)},{row},张三" for name, row in rows.items())]
    path.write_bytes("\r\n".join([*lines, ""]).encode("gbk"))
    return path


@pytest.fixture
def make(bundles: Bundles, masker, tmp_path: Path):
    def made(*folders: Path, out: str = "数据 集", **rows: str):
        table = reviews(bundles, tmp_path / "审核 表.csv", **rows)
        request = ExportRequest(
            folders or [bundles.folder],
            read_reviews(table, treatments({})),
            "0" * 64,
            tmp_path / out,
            trusted_key=bundles.key,
        )
        return export(request, masker)

    return made


def image_of(made, case: str) -> np.ndarray:
    path = next(one.path for one in made.dataset.images if case in one.path.name)
    return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)


def is_grey(image: np.ndarray, box: tuple[float, float, float, float], x: float = 0.5, y: float = 0.5) -> bool:
    """Whether the pixel at that share of the box is painted over, as far as JPEG keeps it."""
    at_x = int((box[0] + x * (box[2] - box[0])) * SIZE[0])
    at_y = int((box[1] + y * (box[3] - box[1])) * SIZE[1])
    return bool((np.abs(image[at_y, at_x].astype(int) - GREY) <= 4).all())


def test_reviewed_cases_become_a_masked_data_set(make, bundles) -> None:
    made = make(first="认定,", beside="驳回,持有许可", **{"cam-2": "驳回,不是车辆", "cam-3": "认定,"})
    dataset = made.dataset
    assert dataset.classes == ("car",) and made.problems == ()
    # Two cases of one camera show the same frames: one picture each, with both boxes.
    ours = [
        one for one in dataset.images if bundles.id("first") in one.path.name or bundles.id("beside") in one.path.name
    ]
    assert {len(one.boxes) for one in ours} == {2}
    assert {round(box.x, 3) for one in ours for box in one.boxes} == {0.2, 0.5}
    assert {len(one.boxes) for one in dataset.images if bundles.id("cam-2") in one.path.name} == {0}
    found = look_over(made.path)
    assert found.dataset is not None and found.dataset.sha256 == dataset.sha256
    image = image_of(made, bundles.id("cam-3"))
    assert is_grey(image, PERSON, y=0.2) and not is_grey(image, PERSON, y=0.8)
    assert is_grey(image, STRANGER, y=0.3) and not is_grey(image, PLACES["first"], y=0.1)
    assert is_grey(image, PLACES["first"]), "the plate"
    assert made.heads > 0 and made.plates > 0 and made.blanked > 0


def test_the_manifest_says_where_everything_comes_from_and_names_nobody(make, bundles) -> None:
    made = make(first="认定,", **{"cam-2": "驳回,不是车辆", "cam-3": "认定,"})
    text = (made.path.parent / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    cases = {one["id"]: one for one in manifest["cases"]}
    assert cases[bundles.id("cam-2")]["used_as"] == "negative" and cases[bundles.id("first")]["camera"] == "cam-1"
    assert manifest["not_used"] == [{"case": bundles.id("beside"), "why": "not reviewed"}]
    assert manifest["dataset_sha256"] == made.dataset.sha256 and manifest["key_was_trusted"] is True
    assert manifest["masking"]["models"] == ["told@" + "1" * 64, "told-plates@2"]
    by_path = {one.path.relative_to(made.path.parent).as_posix(): one.sha256 for one in made.dataset.images}
    assert {one["path"]: one["sha256"] for one in manifest["images"]} == by_path
    assert "张三" not in text
    # What nobody reviewed is blanked where it is known to stand.
    assert is_grey(image_of(made, bundles.id("first")), PLACES["beside"])


def test_a_camera_and_day_is_on_one_side(make, bundles) -> None:
    made = make(first="认定,", beside="认定,", **{"cam-2": "认定,", "cam-3": "认定,"})
    cases = json.loads((made.path.parent / "manifest.json").read_bytes())["cases"]
    side = {one["id"]: one["split"] for one in cases}
    assert side[bundles.id("first")] == side[bundles.id("beside")] and set(side.values()) == {"train", "val"}
    assert made.dataset.of(Split.VAL) and made.dataset.of(Split.TRAIN)


def test_the_same_cases_make_the_same_bytes(make) -> None:
    rows = {"first": "认定,", "cam-2": "认定,"}
    first, second = make(out="一", **rows).path.parent, make(out="二", **rows).path.parent
    files = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_a_bundle_that_does_not_verify_is_not_used_and_told(make, bundles, tmp_path) -> None:
    copy = tmp_path / "案件 副本"
    shutil.copytree(bundles.folder, copy)
    still = next(copy.rglob(f"{bundles.id('first')}/data/stills/panorama-1.png"))
    still.write_bytes(still.read_bytes()[:-1] + b"\0")
    made = make(copy, first="认定,", **{"cam-2": "认定,", "cam-3": "认定,"})
    assert {one.case for one in made.problems} == {bundles.id("first")}
    assert made.problems[0].why == "the bundle does not verify (data/stills/panorama-1.png)"
    assert bundles.id("first") not in {one.case.id for one in made.used}


def test_a_bundle_of_another_key_is_refused(bundles) -> None:
    with pytest.raises(CaseRefusedError, match=r"does not verify \(site-key"):
        read_case(bundles.paths["first"], "0" * 64)


def test_what_cannot_be_made_is_told_and_leaves_nothing(make, bundles, tmp_path) -> None:
    with pytest.raises(DatasetExportError, match=r"no case gives a label.*not reviewed"):
        make()
    with pytest.raises(DatasetExportError, match="no case gives a label"):
        make(first="驳回,不是车辆", **{"cam-2": "驳回,图像不清"})
    with pytest.raises(DatasetExportError, match="one camera and one day"):
        make(first="认定,", beside="认定,")
    with pytest.raises(DatasetExportError, match="neither a bundle nor a folder"):
        make(tmp_path, first="认定,")
    (tmp_path / "数据 集").mkdir()
    (tmp_path / "数据 集" / "x").touch()
    with pytest.raises(DatasetExportError, match="something already"):
        make(first="认定,", **{"cam-2": "认定,"})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["审核 表.csv", "数据 集"]


def test_the_command_with_real_models(bundles, tmp_path, bootstrap_model, plate_store, capsys, monkeypatch) -> None:
    table = reviews(bundles, tmp_path / "审核.csv", **{"cam-2": "认定,", "cam-3": "驳回,不想罚"})
    cases = ("--cases", bundles.folder / "cam-2", "--cases", bundles.folder / "cam-3")
    who = ("--purpose", "训练", "--officer", "李明", "--licence", "33010001")
    arguments = ("dataset", "export", *cases, "--reviews", table, "--model", bootstrap_model, *who)
    ran = inside(capsys, monkeypatch, *arguments, "--out", tmp_path / "d")
    assert ran.code == 4 and "the reason '不想罚' is not known" in ran.err and "line 3" in ran.err
    with table.open("ab") as file:
        file.write("SP-20260302-AAAAAAAAAAAA,认定,,李四\r\n".encode("gbk"))
    more = ("--reason", "不想罚=object", "--class", "car=小汽车", "--out", tmp_path / "d", "--json")
    ran = inside(capsys, monkeypatch, *arguments, *more)
    assert ran.code == 3, ran.err
    assert ran.json["dataset"]["classes"] == ["小汽车"] and ran.json["key_was_trusted"] is False
    assert ran.json["entered"] == [{"data": None, "entries": [], "cases": 2}], "these bundles lie in no data folder"
    assert [one["why"] for one in ran.json["not_used"] if one["problem"]] == [
        "reviewed (line 4), but no usable bundle is here"
    ]
    ran = inside(capsys, monkeypatch, "dataset", "check", tmp_path / "d" / "dataset.yaml")
    assert ran.code == 0 and "can be trained with 可用于训练" in ran.out
    next((tmp_path / "d" / "labels").rglob("SP-*1.txt")).write_text("7 0.5 0.5 0.1 0.1\n")
    ran = inside(capsys, monkeypatch, "dataset", "check", tmp_path / "d" / "dataset.yaml", "--json")
    assert ran.code == 1 and "the class 7 is unknown" in ran.json["faults"][0]["what"]
    assert inside(capsys, monkeypatch, "dataset", "check", tmp_path / "none.yaml").code == 4
    ran = inside(capsys, monkeypatch, *arguments, "--reason", "x", "--out", tmp_path / "e")
    assert ran.code == 2 and "LEFT=RIGHT" in ran.err


def test_the_commands_of_models_say_what_is_missing(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    train = ("models", "train", tmp_path / "d.yaml", "--base", "yolo11n.yaml", "--out", tmp_path / "o")
    ran = inside(capsys, monkeypatch, *train)
    assert ran.code == 1 and "streetproof[ultralytics]" in ran.err
    ran = inside(capsys, monkeypatch, *train, "--imgsz", "100", "--json")
    assert ran.code == 1 and "multiple of 32" in ran.json["error"]["what"]
    ran = inside(capsys, monkeypatch, "models", "export", "x.pt", "--format", "openvino-int8", "--out", tmp_path)
    assert ran.code == 1 and "openvino" in ran.err
