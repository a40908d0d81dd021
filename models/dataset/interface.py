"""What a data set is: pictures with boxes, in splits; and what can be wrong with one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Split(StrEnum):
    """What a picture is for."""

    TRAIN = "train"
    """The network learns from it."""
    VAL = "val"
    """Measures how well it learned, and picks the best epoch."""
    TEST = "test"
    """Used by nothing here."""


@dataclass(frozen=True, slots=True)
class LabelBox:
    """One object: centre, width and height as shares of the picture's width and height, 0..1."""

    cls: int
    """Index into the data set's classes."""
    x: float
    y: float
    w: float
    h: float

    def line(self) -> str:
        """As a line of a label file, to six decimals."""
        return f"{self.cls} {self.x:.6f} {self.y:.6f} {self.w:.6f} {self.h:.6f}"


@dataclass(frozen=True, slots=True)
class DataImage:
    """One picture with its boxes; without any it is a background picture, from which false alarms are unlearned."""

    path: Path
    split: Split
    boxes: tuple[LabelBox, ...]
    sha256: str
    """Of the picture's file."""
    size: tuple[int, int]
    """Width and height in pixels."""

    def labels(self) -> str:
        """The text of its label file; empty where there is no box."""
        return "".join(f"{box.line()}\n" for box in self.boxes)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set without faults."""

    path: Path
    """Its description, a YAML file."""
    classes: tuple[str, ...]
    images: tuple[DataImage, ...]
    """By split and path."""
    sha256: str
    """Over classes, splits, pictures and boxes; not over names of files, so that a copy elsewhere has the same."""

    def of(self, split: Split) -> tuple[DataImage, ...]:
        """The pictures of one split."""
        return tuple(image for image in self.images if image.split is split)

    def boxes(self, split: Split) -> dict[str, int]:
        """How many boxes of each class a split has, in the order of the classes."""
        found = Counter(box.cls for image in self.of(split) for box in image.boxes)
        return {name: found[number] for number, name in enumerate(self.classes)}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a file, with its line where there is one), what, and what to do."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What looking a data set over gave."""

    dataset: Dataset | None
    """None where there are faults."""
    faults: tuple[Fault, ...]
    """What stops it from being used."""
    warnings: tuple[Fault, ...]
    """What it can be used with, but is hardly meant."""
