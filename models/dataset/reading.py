"""Looks a whole data set over before anything is made of it, and hashes it."""

from __future__ import annotations

import hashlib
import io
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from models.dataset.description import Description, read_description
from models.dataset.interface import DataImage, Dataset, Fault, Findings, Split
from models.dataset.labels import label_path, read_labels
from models.errors import DatasetError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
MOST_BYTES = 200 * 1024**2
MOST_PIXELS = 200_000_000
SMALLEST_SIDE = 10
"""Of a picture; Ultralytics leaves smaller ones out without a word."""
SHOWN = 5


def look_over(path: Path) -> Findings:
    """Everything that is wrong with the data set that the file at `path` describes, and the data set where nothing is.

    Every picture is decoded once and every label read. Raises DatasetError where `path` cannot be read as YAML.
    """
    description, faults = read_description(path)
    if description is None:
        return Findings(None, tuple(faults), ())
    warnings: list[Fault] = []
    images: list[DataImage] = []
    for split, sources in description.sources.items():
        found = list(_pictures(sources, split, faults))
        if not found and not any(not source.exists() for source in sources):
            faults.append(
                Fault(
                    ", ".join(map(str, sources)),
                    f"there are no pictures for `{split.value}`",
                    "Put JPEG, PNG, BMP or WebP files there.",
                )
            )
        images += _split(found, split, len(description.classes), faults)
    if not faults:
        _compare(images, faults, warnings)
        _count(images, description, faults, warnings)
    if faults:
        return Findings(None, tuple(faults), tuple(warnings))
    order = {split: number for number, split in enumerate(Split)}
    images.sort(key=lambda image: (order[image.split], image.path))
    return Findings(
        Dataset(path, description.classes, tuple(images), _hash(description.classes, images)), (), tuple(warnings)
    )


def read_dataset(path: Path) -> Dataset:
    """The data set. Raises DatasetError that shows the first faults where there are any."""
    found = look_over(path)
    if found.dataset is None:
        more = len(found.faults) - SHOWN
        shown = "\n  ".join(["", *map(str, found.faults[:SHOWN]), *([f"and {more} more"] if more > 0 else [])])
        raise DatasetError(
            f"{len(found.faults)} fault{'s' * (len(found.faults) != 1)} in the data set:{shown}",
            where=str(path),
            remedy=f"See all with: streetproof dataset check {path}",
        )
    return found.dataset


def _pictures(sources: Iterable[Path], split: Split, faults: list[Fault]) -> Iterator[Path]:
    seen: set[Path] = set()
    for source in sources:
        try:
            if source.is_dir():
                # Sorted by path, links followed: data sets are often laid out by links.
                inside = sorted(
                    Path(folder, name) for folder, _, names in os.walk(source, followlinks=True) for name in names
                )
                found = [path for path in inside if path.suffix.lower() in SUFFIXES]
            elif source.suffix == ".txt" and source.is_file():
                lines = source.read_text(encoding="utf-8-sig").splitlines()
                found = [source.parent / line.strip() for line in lines if line.strip()]
            else:
                faults.append(
                    Fault(
                        str(source),
                        f"`{split.value}` names a folder that is not there",
                        "Correct `path` or the split; a relative `path` is relative to the file that says it.",
                    )
                )
                continue
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(str(source), f"cannot be read ({error})", "Make it a readable folder or UTF-8 list."))
            continue
        for path in found:
            if path not in seen:
                seen.add(path)
                yield path


def _split(paths: Sequence[Path], split: Split, classes: int, faults: list[Fault]) -> Iterator[DataImage]:
    label_of: dict[Path, Path] = {}
    for path in paths:
        labels = label_path(path)
        if (other := label_of.setdefault(labels, path)) != path:
            faults.append(Fault(str(path), f"has the same label file as {other.name}", "Rename one of the two."))
            continue
        read = _picture(path, faults)
        boxes = read_labels(labels, classes, faults)
        if read is not None:
            yield DataImage(path, split, boxes, *read)


class _Unusable(Exception):
    """What is wrong with a picture, and what to do."""


def _picture(path: Path, faults: list[Fault]) -> tuple[str, tuple[int, int]] | None:
    """SHA-256 and size of a picture that can be decoded to its end."""
    try:
        return _decoded(path)
    except _Unusable as error:
        faults.append(Fault(str(path), *error.args))
        return None


def _decoded(path: Path) -> tuple[str, tuple[int, int]]:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _Unusable(f"cannot be read ({error.strerror})", "Bring it back, or take it out of the list.") from error
    if len(data) > MOST_BYTES:
        raise _Unusable(f"is larger than {MOST_BYTES} bytes", "Give a smaller picture.")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "BMP", "WEBP")) as picture:
            size, kind = picture.size, picture.format
            if size[0] * size[1] > MOST_PIXELS:
                raise _Unusable(f"has {size[0]} × {size[1]} pixels", "Give a smaller picture.")
            # A JPEG decodes much faster at an eighth, and an error in it shows all the same.
            picture.draft("RGB", (size[0] // 8, size[1] // 8))
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = "it is no picture, or of another kind" if isinstance(error, UnidentifiedImageError) else error
        raise _Unusable(f"cannot be decoded ({reason})", "Replace it, or remove it with its labels.") from error
    if kind == "JPEG" and not data.endswith(b"\xff\xd9"):
        # Ultralytics writes such files anew without asking; nothing of a data set is changed here.
        raise _Unusable("this JPEG does not end as one: cut short, or followed by something else", "Save it anew.")
    if min(size) < SMALLEST_SIDE:
        raise _Unusable(f"has only {size[0]} × {size[1]} pixels", f"A side has at least {SMALLEST_SIDE} pixels.")
    return hashlib.sha256(data).hexdigest(), size


def _compare(images: Sequence[DataImage], faults: list[Fault], warnings: list[Fault]) -> None:
    """The same picture twice: between splits it is a leak, within one a waste, with other labels a contradiction."""
    same: Mapping[str, list[DataImage]] = defaultdict(list)
    for image in images:
        same[image.sha256].append(image)
    for group in same.values():
        first, *others = group
        for other in others:
            if first.split is not other.split:
                faults.append(
                    Fault(
                        str(other.path),
                        f"is the same picture as {first.path}, but one is for {first.split.value} and the other for "
                        f"{other.split.value}: a leak",
                        "Keep it in one split; keep all pictures of one scene together.",
                    )
                )
            elif set(first.boxes) != set(other.boxes):
                faults.append(
                    Fault(
                        str(other.path), f"is the same picture as {first.path} with other labels", "Keep the right one."
                    )
                )
            else:
                warnings.append(
                    Fault(str(other.path), f"is the same picture as {first.path}", "Remove one of the two.")
                )


def _count(images: Sequence[DataImage], description: Description, faults: list[Fault], warnings: list[Fault]) -> None:
    for split in (Split.TRAIN, Split.VAL):
        boxes = [box.cls for image in images if image.split is split for box in image.boxes]
        where = ", ".join(map(str, description.sources[split]))
        if not boxes:
            faults.append(
                Fault(
                    where,
                    f"no picture for `{split.value}` has a box",
                    "Label files lie in `labels` where the pictures lie in `images`, under the same names.",
                )
            )
            continue
        for number, name in enumerate(description.classes):
            if number not in boxes:
                warnings.append(Fault(where, f"no box of {name!r} for `{split.value}`", "Add some, or drop the class."))


def _hash(classes: Sequence[str], images: Sequence[DataImage]) -> str:
    lines = sorted(
        f"{image.split.value} {image.sha256} {hashlib.sha256(image.labels().encode()).hexdigest()}" for image in images
    )
    head = [f"class {number} {name}" for number, name in enumerate(classes)]
    return hashlib.sha256("\n".join(["streetproof-dataset 1", *head, *lines]).encode()).hexdigest()
