"""Files, folders and globs: the same list every time, and nothing by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.archive.discover import discover, natural_key, search
from streams.errors import MediaError


@pytest.fixture
def tree(tmp_path):
    for name in (
        "a10.mp4", "a9.mp4", "a1.MP4", "b 东门/2.ts", "b 东门/10.ts", "notes.txt", "a9.json", "thumb.jpg", "x.idx",
        ".hidden.mp4", ".trash/old.mp4", "c/d/e.mkv", "c/clip.mp4.partial",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(paths, root):
    return [p.relative_to(root).as_posix() for p in paths]


def test_folder(tree):
    expected = ["a1.MP4", "a9.mp4", "a10.mp4", "b 东门/2.ts", "b 东门/10.ts", "c/d/e.mkv"]
    assert names(discover([tree]), tree) == expected
    assert names(discover([str(tree)]), tree) == expected


def test_named_files_are_tried_whatever_they_are(tree):
    assert names(discover([tree / "notes.txt", tree / ".hidden.mp4"]), tree) == ["notes.txt", ".hidden.mp4"]
    # What does not exist is told by opening it, file by file.
    assert discover([tree / "none.mp4"]) == [tree / "none.mp4"]


def test_globs(tree):
    assert names(discover([f"{tree}/a*"]), tree) == ["a1.MP4", "a9.mp4", "a10.mp4"]
    assert names(discover([f"{tree}/**/*.ts"]), tree) == ["b 东门/2.ts", "b 东门/10.ts"]
    assert names(discover([f"{tree}/[bc]*"]), tree) == ["b 东门/2.ts", "b 东门/10.ts", "c/d/e.mkv"]


def test_a_file_with_brackets_in_its_name_is_that_file(tree):
    path = tree / "08.00.00-08.30.00[R][0@0][0].dav"
    path.write_bytes(b"x")
    assert discover([path]) == [path]


def test_order_of_inputs_and_no_repetition(tree):
    found = discover([tree / "c", tree / "a9.mp4", tree, tree / "b 东门" / ".." / "a10.mp4"])
    assert names(found[:2], tree) == ["c/d/e.mkv", "a9.mp4"]
    assert len({os.path.realpath(p) for p in found}) == len(found) == 6


def test_links_to_folders_and_loops(tree):
    (tree / "c/d/up").symlink_to(tree)
    (tree / "c/loop").symlink_to(tree / "c/loop")
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "z.mp4").write_bytes(b"x")
    (tree / "link").symlink_to(outside)
    found = discover([tree])
    assert "link/z.mp4" in names(found, tree)
    assert len({os.path.realpath(p) for p in found}) == len(found) == 7


def test_inputs_that_stand_for_nothing(tree):
    empty = tree / "empty"
    empty.mkdir()
    with pytest.raises(MediaError, match="no recording") as caught:
        discover([tree / "a9.mp4", empty, f"{tree}/*.flv"])
    assert str(empty) in str(caught.value) and "*.flv" in str(caught.value)
    found = search([tree / "a9.mp4", empty])
    assert len(found.paths) == 1 and [p.where for p in found.problems] == [str(empty)]
    assert discover([]) == []


def test_names_no_file_can_have(tree):
    assert discover(["a\0b"]) == [Path("a\0b")]


@given(st.lists(st.text(alphabet="ab01²٣ ", min_size=1, max_size=8), max_size=12))
def test_order_is_total(texts):
    paths = [Path(t) for t in texts]
    assert sorted(paths, key=natural_key) == sorted(reversed(paths), key=natural_key)
