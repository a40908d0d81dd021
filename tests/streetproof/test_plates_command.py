"""`streetproof plates read` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.plates.checks import PICTURE, TEXT
from models.store import ModelStore
from streetproof.pictures import PictureError, find_pictures, read_picture
from tests.streetproof.commands import streetproof


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures under Chinese names with spaces, one file that is none, and one that is not asked for."""
    folder = tmp_path / "现场 照片"
    folder.mkdir()
    (folder / "车牌 近景.png").write_bytes(PICTURE.read_bytes())
    empty = np.full((480, 640, 3), 120, np.uint8)
    (folder / "空 empty.jpg").write_bytes(cv2.imencode(".jpg", empty)[1].tobytes())
    (folder / "坏 broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("x")
    return folder


def test_a_folder_is_read_and_what_cannot_be_is_told(folder: Path, plate_store: ModelStore) -> None:
    ran = streetproof("plates", "read", folder, "--json")
    assert ran.code == 3, ran.err
    pictures = {Path(row["picture"]).name: row for row in ran.json["pictures"]}
    assert set(pictures) == {"车牌 近景.png", "空 empty.jpg", "坏 broken.jpg"}
    assert "no picture" in pictures["坏 broken.jpg"]["error"]["what"]
    assert pictures["空 empty.jpg"]["plates"] == []
    (found,) = pictures["车牌 近景.png"]["plates"]
    assert (found["text"], found["certain"], found["colour"], found["doubts"]) == (TEXT, True, "blue", [])
    assert [c["text"] for c in found["characters"]] == list(TEXT)
    assert all(0.9 < c["confidence"] <= 1 for c in found["characters"])
    assert len(found["corners"]) == 4
    assert [name.split("@")[0] for name in ran.json["models"]] == ["plate-detector", "plate-recogniser"]


def test_people_see_text_certainty_colour_and_shares(folder: Path, plate_store: ModelStore) -> None:
    ran = streetproof("plates", "read", folder / "车牌 近景.png", folder / "空 empty.jpg")
    assert ran.code == 0, ran.err
    assert f"{TEXT}  certain 确定" in ran.out
    assert "blue, ordinary" in ran.out
    assert "京 " in ran.out and "车牌 近景.png" in ran.out
    assert "no plate found" in ran.out


def test_exit_codes(tmp_path: Path, folder: Path, plate_store: ModelStore) -> None:
    gone = streetproof("plates", "read", tmp_path / "没有.jpg")
    assert (gone.code, "没有.jpg" in gone.err) == (2, True)
    assert streetproof("plates", "read", folder / "坏 broken.jpg").code == 4
    missing = streetproof("plates", "read", folder, "--store", tmp_path / "empty")
    assert missing.code == 4
    assert "streetproof models pull plate-detector" in missing.err
    (tmp_path / "none").mkdir()
    assert "no pictures here" in streetproof("plates", "read", tmp_path / "none").err


def test_the_set_is_pulled_by_one_name(plate_store: ModelStore) -> None:
    ran = streetproof("models", "pull", "plates", "--json")
    assert ran.code == 0, ran.err
    assert [(one["name"], one["fetched"]) for one in json.loads(ran.out)] == [
        ("plate-detector", False),
        ("plate-recogniser", False),
    ]


def test_pictures_are_found_once_and_in_order(folder: Path) -> None:
    found = find_pictures([folder / "notes.txt", folder, folder / "空 empty.jpg"])
    assert [path.name for path in found] == ["notes.txt", "坏 broken.jpg", "空 empty.jpg", "车牌 近景.png"]
    with pytest.raises(PictureError, match="no such file"):
        find_pictures([folder / "none"])
    with pytest.raises(PictureError, match="no picture that can be decoded"):
        read_picture(folder / "notes.txt")
    (folder / "leer.png").touch()
    with pytest.raises(PictureError, match=r"leer\.png"):
        read_picture(folder / "leer.png")
