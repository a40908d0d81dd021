"""A drawn data set: red squares on grey, one a picture, under Chinese names with spaces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

SIDE = 64


def picture(number: int) -> tuple[np.ndarray, str]:
    """A picture that no other number gives, and its labels."""
    rng = np.random.default_rng(number)
    image = np.full((SIDE, SIDE, 3), 100, np.uint8) + rng.integers(0, 20, (SIDE, SIDE, 3), dtype=np.uint8)
    x, y = (int(v) for v in rng.integers(2, SIDE - 30, 2))
    image[y : y + 26, x : x + 26] = (30, 30, 220)
    return image, f"0 {(x + 13) / SIDE:.5f} {(y + 13) / SIDE:.5f} {26 / SIDE:.5f} {26 / SIDE:.5f}\n"


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


def write_dataset(folder: Path, train: int = 4, val: int = 2, names: str = "[小汽车]") -> Path:
    """The data set's YAML file."""
    for split, first, count in (("train", 0, train), ("val", 1000, val)):
        for number in range(first, first + count):
            image, labels = picture(number)
            save(folder / "images" / split / f"路口 {number}.jpg", image)
            path = folder / "labels" / split / f"路口 {number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(labels, encoding="utf-8")
    path = folder / "数据 集.yaml"
    path.write_text(f"train: images/train\nval: images/val\nnames: {names}\n", encoding="utf-8")
    return path
