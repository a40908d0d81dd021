"""A scene whose people, vehicles and plates are known in each frame, and a detector that is told of them, with gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from evidence_export.masking.clips import Timed, look_through, mask_clip
from evidence_export.masking.frames import Clip
from evidence_export.masking.interface import Box, Settings
from evidence_export.masking.looking import Looker
from evidence_export.masking.own import Own
from evidence_export.masking.plan import Plan
from models.interface import Detections, Image
from tests.scenes import Actor, Look, OracleDetector, Scene, Stop, stage, stamp
from tests.scenes.motion import Placement, placements
from tests.scenes.oracle import CLASSES, hidden_share

START_NS = 1_772_409_600_000_000_000
FPS = 10
SIZE = (768, 576)
PLACE = (0.62, 0.55)
VAN = Actor("van", stops=(Stop(PLACE, -5),), plate="苏E05K83")
OTHER = Actor("other", Look.CAR, stops=(Stop((0.3, 0.5), -5),), plate="京C86B72")
PASSING = Actor(
    "passing", Look.CAR, enter=((-0.15, 0.95), (1.2, 0.88)), passes=(3, 7), plate="京C86B72", tint=(0.7, 0.8, 1.1)
)
BEFORE = Actor("before", Look.WALKER, enter=((0.95, 0.62), (0.35, 0.62)), passes=(2, 9))
"""Walks by between the camera and the van."""
ACROSS = Actor("across", Look.STANDER, enter=((-0.05, 0.8), (1.05, 0.8)), passes=(0.5, 9.5))
TOWARDS = Actor("towards", Look.WALKER, enter=((1.06, 0.84), (-0.06, 0.84)), passes=(1, 11))
"""Crosses the way of `ACROSS` in the middle of the picture."""
STANDING = Actor("standing", Look.STANDER, stops=(Stop((0.15, 0.75), -5),))
CROWDED = Scene(
    seconds=12,
    size=SIZE,
    fps=Fraction(FPS),
    actors=(VAN, OTHER, PASSING, BEFORE, ACROSS, TOWARDS, STANDING),
    stamped=True,
    seed=11,
)

Misses = Callable[[int, str], bool]
"""Whether the thing of this name is missed in the frame of this number."""


class Told:
    """A `models.Detector` that knows what is in each frame; looked at in parts, it finds nothing."""

    def __init__(self, scene: Scene, misses: Misses = lambda *_: False) -> None:
        self._scene, self._misses = scene, misses
        self.info = OracleDetector(scene).info

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: object = None) -> list[Detections]:
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Detections:
        size = image.shape[1], image.shape[0]
        if size != self._scene.size:
            return Detections.empty(size, self.info)
        index = stamp.read(image)
        assert index is not None
        seen = [(one, box) for one, box, hidden in things(self._scene, index) if hidden <= 0.6]
        seen = [(one, box) for one, box in seen if not self._misses(index, one.name)]
        xyxy = np.clip(np.array([box for _, box in seen], np.float32).reshape(-1, 4), 0, np.tile(size, 2))
        cls = np.array([CLASSES.index(one.look.cls) for one, _ in seen], np.int64)
        return Detections(xyxy.astype(np.float32), np.full(len(seen), 0.8, np.float32), cls, size, self.info)


def things(scene: Scene, index: int) -> Iterator[tuple[Placement, Box, float]]:
    """What is in a frame: its box in pixels, and the share of it that is hidden or outside."""
    placed = placements(scene, index)
    boxes = [stage.box_of(one, scene.size) for one in placed]
    width, height = scene.size
    for number, (one, (x1, y1, x2, y2)) in enumerate(zip(placed, boxes, strict=True)):
        box = (x1 * width, y1 * height, x2 * width, y2 * height)
        yield one, box, hidden_share(boxes[number], boxes[number + 1 :])


@dataclass(frozen=True)
class Secret:
    """Pixels that must not show in a frame: the head of somebody, or the plate of a vehicle but the case's."""

    of: str
    rows: slice
    columns: slice


def secrets(scene: Scene, index: int, own: str = "van") -> Iterator[Secret]:
    """All of a frame, as far as they are in the picture and nothing nearer hides them."""
    width, height = scene.size
    everything = list(things(scene, index))
    for number, (one, (x1, y1, x2, y2), _) in enumerate(everything):
        if one.look.cls == "person":
            # A head is about an eighth of a person; hair and chin included it is a seventh.
            part = (x1 + 0.2 * (x2 - x1), y1, x2 - 0.2 * (x2 - x1), y1 + (y2 - y1) / 7)
        elif one.name != own and one.plate is not None:
            part = tuple(float(v) for v in stage.plate_of(one, scene.size))
        else:
            continue
        over = (width, height) * 2
        nearer = [tuple(v / s for v, s in zip(b, over, strict=True)) for _, b, _ in everything[number + 1 :]]
        share = tuple(v / s for v, s in zip(part, over, strict=True))
        if hidden_share(share, nearer) > 0.9:
            continue
        rows = slice(max(0, round(part[1])), min(height, round(part[3])))
        columns = slice(max(0, round(part[0])), min(width, round(part[2])))
        if rows.stop - rows.start >= 2 and columns.stop - columns.start >= 2:
            yield Secret(one.name, rows, columns)


def own(**changes: object) -> Own:
    """The van of the scene, which stands there all the time."""
    (box,) = [box for one, box, _ in things(CROWDED, 0) if one.name == "van"]
    width, height = SIZE
    place = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
    facts: dict[str, object] = {
        "cls": "truck", "boxes": (place,), "since_ns": None, "until_ns": None, "plate": None, **changes
    }  # fmt: skip
    return Own(**facts)  # type: ignore[arg-type]


def timed(path: Path) -> Timed:
    return Timed(Clip(path), START_NS, CROWDED.frame_count)


def run(path: Path, out: Path, misses: Misses = lambda *_: False, settings: Settings | None = None) -> Plan:
    """Mask the clip of `CROWDED`, and give back what was planned."""
    clip = timed(path)
    plan = look_through(clip, Looker(Told(CROWDED, misses)), own(), settings or Settings(motion=False), lambda *_: None)
    mask_clip(clip, plan, out, lambda *_: None)
    return plan


def lumas(path: Path) -> list[npt.NDArray[np.uint8]]:
    """The luma planes of all frames."""
    with av.open(str(path)) as box:
        return [frame.to_ndarray(format="gray") for frame in box.decode(video=0)]


def shown(masked: Sequence[npt.NDArray[np.uint8]], scene: Scene = CROWDED) -> list[tuple[int, str]]:
    """Frames in which a secret shows: its pixels are not all of the one grey, within what the codec changes."""
    found = []
    for index, luma in enumerate(masked):
        for secret in secrets(scene, index):
            part = luma[secret.rows, secret.columns].astype(int)
            if (np.abs(part - 114) > 10).mean() > 0.01:
                found.append((index, secret.of))
    return found
