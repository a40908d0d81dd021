"""Reviewed cases as a YOLO-format data set: verified, masked, split by camera and day, with a manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from models.dataset.interface import Dataset, LabelBox, Split
from models.dataset.reading import read_dataset
from streetproof.dataset.cases import CaseMaterial, Still, bundles_in, read_case
from streetproof.dataset.errors import CaseRefusedError, DatasetExportError
from streetproof.dataset.masking import Masker, Rectangle
from streetproof.dataset.plan import NotUsed, Used, plan
from streetproof.dataset.reasons import Treatment
from streetproof.dataset.reviews import Review
from streetproof.dataset.split import assign
from streetproof.version import __version__

QUALITY = 95
"""Of the JPEG files."""
DESCRIPTION, MANIFEST, README = "dataset.yaml", "manifest.json", "README.txt"
_README = """Training pictures out of reviewed evidence. For training detectors only.
由已审核案件生成的训练图片，仅供训练检测模型使用。

Heads of people, number plates, and vehicles that nobody reviewed are painted over in grey where the models named in
manifest.json found them. What they did not find is still there: people far away, behind glass or half hidden, faces on
posters, plates far away, at a steep angle or in glare, house and shop signs, texts on vehicles. Treat the pictures as
personal data, and look them through before they leave the house.
人员头部、号牌及未经审核的车辆已涂灰，但仅限 manifest.json 所列模型检出者；远处、玻璃后、被遮挡的人员，
海报上的人脸，远处、斜角、反光的号牌，门牌店招及车身文字仍可能保留。请按个人信息管理，对外提供前须逐张检查。
"""

Report = Callable[[str, int, int], None]
"""What is being done, how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to make a data set of, and how."""

    cases: Sequence[Path]
    reviews: Mapping[str, Sequence[Review]]
    reviews_sha256: str
    out: Path
    classes: Mapping[str, str] = field(default_factory=dict)
    """What a class of the cases is called in the data set, where that differs."""
    val_share: float = 0.2
    seed: int = 0
    trusted_key: str | Path | None = None

    def __post_init__(self) -> None:
        if not 0 < self.val_share < 1:
            raise DatasetExportError("the share for `val` must be between 0 and 1", remedy="0.2 is usual.")


@dataclass(frozen=True, slots=True)
class ExportedDataset:
    """What was made."""

    path: Path
    """The data set's YAML file."""
    dataset: Dataset
    used: tuple[Used, ...]
    not_used: tuple[NotUsed, ...]
    heads: int
    plates: int
    blanked: int

    @property
    def problems(self) -> tuple[NotUsed, ...]:
        """What somebody should look at."""
        return tuple(one for one in self.not_used if one.problem)


@dataclass(slots=True)
class _Frame:
    """One picture, and every case that is in it."""

    case: CaseMaterial
    still: Still
    labels: list[tuple[str, Used, Still]] = field(default_factory=list)
    negatives: list[tuple[Used, Still]] = field(default_factory=list)
    unknown: list[Still] = field(default_factory=list)


def export(
    request: ExportRequest,
    masker: Masker,
    report: Report = lambda *_: None,
    before: Callable[[Sequence[Used]], None] = lambda _: None,
) -> ExportedDataset:
    """Write the data set into the folder `request.out`, which must not be there yet; whole or not at all.

    `before` is called with the cases whose pictures go in, when nothing is written yet, and may raise.
    Bundles that do not verify are not used, and are told of. Raises DatasetExportError where nothing can be made of
    the cases, DatasetError where what was made could not be trained with, InferenceError.
    """
    if request.out.exists() and (not request.out.is_dir() or any(request.out.iterdir())):
        raise DatasetExportError(
            "there is something already", where=str(request.out), remedy="Give a new folder: data sets are not mixed."
        )
    bundles = bundles_in(request.cases)
    cases, refused = _read(bundles, request, report)
    used, left = plan(cases, request.reviews, request.classes)
    left = [*refused, *left]
    labelled = frozenset(one.case.id for one in used if one.treatment is Treatment.OBJECT)
    if not labelled:
        why = "; ".join(f"{one.case}: {one.why}" for one in left[:5]) or "no case was accepted"
        raise DatasetExportError(
            f"no case gives a label ({why})",
            where=", ".join(map(str, request.cases)),
            remedy="Accepted cases give labels, and rejected ones whose reason leaves the vehicle a vehicle.",
        )
    sides = assign([one.case for one in used], labelled, val_share=request.val_share, seed=request.seed)
    if len({sides[case] for case in labelled}) < 2:
        raise DatasetExportError(
            "all labelled cases are of one camera and one day, and cannot be split without a leak",
            where=", ".join(map(str, request.cases)),
            remedy="Add cases of another camera or another day.",
        )
    before(used)
    draft = request.out.with_name(f"{request.out.name}.partial")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        made = _Draft(draft, request, masker, used, sides).write(_frames(cases, used), left, report)
        if request.out.exists():
            request.out.rmdir()
        draft.rename(request.out)
    except OSError as error:
        raise DatasetExportError(
            f"cannot be written ({error.strerror})", where=str(error.filename or request.out), remedy="Check the disk."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return ExportedDataset(
        request.out / DESCRIPTION, read_dataset(request.out / DESCRIPTION), tuple(used), tuple(left), *made
    )


def _read(bundles: Sequence[Path], request: ExportRequest, report: Report) -> tuple[list[CaseMaterial], list[NotUsed]]:
    """The verified cases, by id, each once; and what was refused."""
    found: dict[str, CaseMaterial] = {}
    refused: list[NotUsed] = []
    for number, bundle in enumerate(bundles):
        report("verifying 核验", number, len(bundles))
        try:
            case = read_case(bundle, request.trusted_key)
        except CaseRefusedError as error:
            refused.append(NotUsed(bundle.name, error.what, problem=True))
            continue
        if (other := found.setdefault(case.id, case)).manifest_sha256 != case.manifest_sha256:
            refused.append(
                NotUsed(case.id, f"{bundle} is another seal of {other.bundle}, which is used", problem=False)
            )
    return [found[name] for name in sorted(found)], refused


def _frames(cases: Sequence[CaseMaterial], used: Sequence[Used]) -> list[_Frame]:
    """The pictures of the used cases, each once, with what every case says of it."""
    by_id = {one.case.id: one for one in used}
    frames: dict[tuple[str, int], _Frame] = {}
    for one in used:
        for still in one.case.stills:
            frames.setdefault(still.frame, _Frame(one.case, still))
    for case in cases:
        for still in case.stills:
            if (frame := frames.get(still.frame)) is None:
                continue
            use = by_id.get(case.id)
            if use is None:
                frame.unknown.append(still)
            elif use.treatment is Treatment.OBJECT:
                frame.labels.append((use.cls, use, still))
            else:
                frame.negatives.append((use, still))
    return list(frames.values())


class _Draft:
    """A data set in the making."""

    def __init__(
        self,
        folder: Path,
        request: ExportRequest,
        masker: Masker,
        used: Sequence[Used],
        sides: Mapping[str, Split],
    ) -> None:
        self._folder = folder
        self._request = request
        self._masker = masker
        self._used = used
        self._sides = sides
        self._classes = sorted({one.cls for one in used if one.treatment is Treatment.OBJECT})
        self._written: dict[str, str] = {}
        self._records: list[dict[str, Any]] = []

    def write(self, frames: Sequence[_Frame], left: Sequence[NotUsed], report: Report) -> tuple[int, int, int]:
        """Everything; how many heads, plates and other things were painted over."""
        for split in (Split.TRAIN, Split.VAL):
            for kind in ("images", "labels"):
                (self._folder / kind / split.value).mkdir(parents=True)
        for number, frame in enumerate(frames):
            report("masking 遮盖", number, len(frames))
            self._frame(frame)
        described = {"train": "images/train", "val": "images/val", "names": dict(enumerate(self._classes))}
        self._text(DESCRIPTION, yaml.safe_dump(described, sort_keys=False, allow_unicode=True))
        self._text(README, _README)
        dataset = read_dataset(self._folder / DESCRIPTION)
        manifest = self._manifest(dataset, left)
        self._text(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
        heads, plates, blanked = (
            sum(record["masked"][name] for record in self._records) for name in ("heads", "plates", "blanked")
        )
        return heads, plates, blanked

    def _frame(self, frame: _Frame) -> None:
        image = frame.case.load(frame.still)
        height, width = image.shape[:2]
        scale = np.array((width, height, width, height), np.float32)

        def pixels(still: Still) -> Rectangle:
            return np.asarray(np.array(still.box, np.float32) * scale, np.float32)

        reviewed = [pixels(still) for _, _, still in frame.labels] + [pixels(still) for _, still in frame.negatives]
        unknown = [pixels(still) for still in frame.unknown]
        masked = self._masker.mask(image, reviewed, unknown, frozenset({*self._classes, *self._request.classes}))
        ok, data = cv2.imencode(".jpg", masked.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not ok:
            raise DatasetExportError("a picture cannot be written as JPEG", where=frame.case.id)
        boxes = [_label(self._classes.index(cls), still) for cls, _, still in frame.labels]
        text = "".join(f"{box.line()}\n" for box in dict.fromkeys(boxes))
        split = self._sides[frame.case.id].value
        name = f"{split}/{frame.case.id}-{Path(frame.still.path).stem}"
        sha256 = hashlib.sha256(data.tobytes()).hexdigest()
        if self._written.get(sha256) == text:
            return  # a recording that stands still: the same picture with the same boxes once more
        self._written[sha256] = text
        (self._folder / f"images/{name}.jpg").write_bytes(data.tobytes())
        self._text(f"labels/{name}.txt", text)
        self._records.append(
            {
                "path": f"images/{name}.jpg",
                "sha256": sha256,
                "labels_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "recording_sha256": frame.still.recording_sha256,
                "pts": frame.still.pts,
                "labels": sorted({use.case.id for _, use, _ in frame.labels}),
                "negatives": sorted({use.case.id for use, _ in frame.negatives}),
                "difference_ns": frame.still.difference_ns,
                "masked": {"heads": masked.heads, "plates": masked.plates, "blanked": masked.blanked},
            }
        )

    def _manifest(self, dataset: Dataset, left: Sequence[NotUsed]) -> dict[str, Any]:
        """No date and no name of a person: the same cases and reviews give the same manifest."""
        request = self._request
        return {
            "format": "streetproof-dataset",
            "version": 1,
            "software": {"name": "streetproof", "version": __version__},
            "dataset_sha256": dataset.sha256,
            "classes": self._classes,
            "class_mapping": dict(request.classes),
            "split": {"by": "camera and day of arrival", "val_share": request.val_share, "seed": request.seed},
            "reviews_sha256": request.reviews_sha256,
            "key_was_trusted": request.trusted_key is not None,
            "masking": {"models": list(self._masker.models), "fill": "grey 114"},
            "cases": [
                {
                    "id": one.case.id,
                    "manifest_sha256": one.case.manifest_sha256,
                    "key_fingerprint": one.case.key_fingerprint,
                    "site": one.case.site,
                    "camera": one.case.camera,
                    "local_date": one.case.local_date,
                    "split": self._sides[one.case.id].value,
                    "decision": one.decision,
                    "reason": one.reason,
                    "reviews": one.reviews,
                    "used_as": one.treatment.value,
                    "class": one.cls,
                }
                for one in self._used
            ],
            "not_used": [{"case": one.case, "why": one.why} for one in left],
            "images": self._records,
        }

    def _text(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")


def _label(cls: int, still: Still) -> LabelBox:
    x1, y1, x2, y2 = still.box
    return LabelBox(cls, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
