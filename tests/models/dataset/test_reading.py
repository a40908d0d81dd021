from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.dataset.interface import Split
from models.dataset.pictures import choose, load
from models.dataset.reading import look_over, read_dataset
from models.errors import DatasetError
from tests.models.dataset.drawn import picture, save, write_dataset


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "数据 一")


def faults(path: Path) -> str:
    found = look_over(path)
    assert found.dataset is None or not found.faults
    return "\n".join(map(str, found.faults))


def label(path: Path, split: str = "train") -> Path:
    return sorted((path.parent / "labels" / split).iterdir())[0]


def image(path: Path, split: str = "train") -> Path:
    return sorted((path.parent / "images" / split).iterdir())[0]


def test_a_data_set_with_chinese_names_and_spaces_is_read(path: Path) -> None:
    dataset = read_dataset(path)
    assert dataset.classes == ("小汽车",)
    assert (len(dataset.of(Split.TRAIN)), len(dataset.of(Split.VAL)), len(dataset.of(Split.TEST))) == (4, 2, 0)
    assert dataset.boxes(Split.TRAIN) == {"小汽车": 4}
    assert dataset.images[0].size == (64, 64)


def test_its_hash_is_that_of_its_content_and_not_of_its_names(path: Path, tmp_path: Path) -> None:
    first = read_dataset(path).sha256
    copy = Path(shutil.copytree(path.parent, tmp_path / "elsewhere"))
    for kind in ("images", "labels"):
        for file in (copy / kind / "train").iterdir():
            file.rename(file.with_name(file.name.replace("路口", "junction")))
    assert read_dataset(copy / path.name).sha256 == first
    label(path).write_text("0 0.5 0.5 0.2 0.2\n")
    assert read_dataset(path).sha256 != first


def test_a_picture_without_labels_is_a_background(path: Path) -> None:
    label(path).unlink()
    dataset = read_dataset(path)
    assert sum(not one.boxes for one in dataset.of(Split.TRAIN)) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1 0.5 0.5 0.2 0.2", r":1: the class 1 is unknown: there are 1, counted from 0"),
        ("-1 0.5 0.5 0.2 0.2", "the class -1 is unknown"),
        ("0 320 240 50 40", "outside 0 to 1; pixels must be divided"),
        ("0 nan 0.5 0.2 0.2", "outside 0 to 1"),
        ("0 0.5 0.5 0 0.2", "no width"),
        ("0 0.9 0.5 0.4 0.2", "beyond the picture"),
        ("0 0.5 0.5 0.2", "4 numbers where 5 belong"),
        ("0 0.1 0.1 0.5 0.1 0.5 0.5", "an outline, not a box"),
        ("\n0 0.5 0.5 0.2 0.2\ncar 0.5 0.5 0.2 0.2", r":3: this is not five numbers"),
    ],
)
def test_a_label_that_is_none_is_named_with_its_line(path: Path, text: str, what: str) -> None:
    label(path).write_text(text)
    assert re.search(what, faults(path)), faults(path)
    assert str(label(path)) in faults(path)


def test_labels_that_are_no_text_are_named(path: Path) -> None:
    label(path).write_bytes(b"\xff\xfe\x00")
    assert "no text file of labels" in faults(path)


def test_a_picture_in_train_and_val_alike_is_a_leak(path: Path) -> None:
    shutil.copy(image(path), path.parent / "images" / "val" / "又 一.jpg")
    shutil.copy(label(path), path.parent / "labels" / "val" / "又 一.txt")
    assert "a leak" in faults(path) and "又 一.jpg" in faults(path)


def test_the_same_picture_twice_in_a_split_is_a_warning_and_with_other_labels_a_fault(path: Path) -> None:
    shutil.copy(image(path), path.parent / "images" / "train" / "zz.jpg")
    shutil.copy(label(path), path.parent / "labels" / "train" / "zz.txt")
    found = look_over(path)
    assert found.dataset is not None and [one.what for one in found.warnings] == [
        f"is the same picture as {image(path)}"
    ]
    (path.parent / "labels" / "train" / "zz.txt").unlink()
    assert "with other labels" in faults(path)


def test_pictures_that_cannot_be_used_are_named(path: Path) -> None:
    whole = image(path).read_bytes()
    image(path).write_bytes(whole[: len(whole) // 2])
    assert "cannot be decoded" in faults(path)
    image(path).write_bytes(whole + b"trailer")
    assert "does not end as one" in faults(path)
    image(path).write_bytes(b"")
    assert "no picture" in faults(path)
    save(image(path), np.zeros((8, 8, 3), np.uint8))
    assert "8 × 8 pixels" in faults(path)


def test_a_split_without_pictures_or_boxes_is_named(path: Path) -> None:
    shutil.rmtree(path.parent / "labels" / "val")
    assert "no picture for `val` has a box" in faults(path)
    shutil.rmtree(path.parent / "images" / "val")
    assert "`val` names a folder that is not there" in faults(path)
    (path.parent / "images" / "val").mkdir()
    assert "no pictures for `val`" in faults(path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("train: images/train\nval: images/val\n", "`names` is no list"),
        ("train: images/train\nval: images/val\nnames: []\n", "`names` is no list"),
        ("train: images/train\nnames: [a]\n", "`val` is missing"),
        ("train: images/train\nval: images/val\nnames: [a, a]\n", "two classes are called 'a'"),
        ("train: images/train\nval: images/val\nnames: {1: a, 2: b}\n", "numbers its classes 1, 2"),
        ("train: images/train\nval: images/val\nnames: [a]\nnc: 2\n", "`nc` is 2"),
        ("train: images/train\nval: images/val\nnames: [no]\n", "False is no name"),
        ("train: 3\nval: images/val\nnames: [a]\n", "`train` is neither a path"),
    ],
)
def test_a_description_that_says_too_little_is_named(path: Path, text: str, what: str) -> None:
    path.write_text(text)
    assert what in faults(path)


def test_what_is_no_yaml_is_refused(path: Path) -> None:
    for text in ("[", "", "train: {", "a: &x 1\nb: *x\n"):
        path.write_text(text)
        with pytest.raises(DatasetError):
            look_over(path)
    with pytest.raises(DatasetError):
        look_over(path.with_name("not there.yaml"))


def test_a_list_of_files_and_numbered_names_are_read(path: Path) -> None:
    (path.parent / "train.txt").write_text("\n".join(f"images/train/路口 {n}.jpg" for n in range(2)), encoding="utf-8")
    path.write_text("train: train.txt\nval: [images/val]\nnames: {0: 小汽车}\n", encoding="utf-8")
    assert len(read_dataset(path).of(Split.TRAIN)) == 2


def test_two_pictures_with_one_label_file_are_named(path: Path) -> None:
    save(image(path).with_suffix(".png"), picture(77)[0])
    assert "has the same label file" in faults(path)


def test_an_error_shows_the_first_faults_and_where_all_are(path: Path) -> None:
    for file in (path.parent / "labels" / "train").iterdir():
        file.write_text("9 0.5 0.5 0.1 0.1\n" * 3)
    with pytest.raises(DatasetError, match=r"12 faults(.|\n)*and 7 more(.|\n)*streetproof dataset check"):
        read_dataset(path)


def test_pictures_for_calibration_and_comparison_are_not_the_same(path: Path) -> None:
    chosen = choose(path)
    assert {p.parent.name for p in chosen.calibrating} == {"train"}
    assert {p.parent.name for p in chosen.comparing} == {"val"}
    folder = choose(path.parent / "images" / "train")
    assert len(folder.calibrating) == 3 and len(folder.comparing) == 1
    assert not set(folder.calibrating) & set(folder.comparing)
    assert load(folder.comparing[0]).shape == (64, 64, 3)
    with pytest.raises(DatasetError, match="no pictures"):
        choose(path.parent)
