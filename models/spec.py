"""What must be known of a model file to run it: the fields that catalog entries and sidecar files share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.layouts.center_face import CenterFaceLayout
from models.layouts.end_to_end import EndToEndLayout
from models.layouts.interface import Layout
from models.layouts.yolov3_tiny import Head, YoloV3Layout
from models.layouts.yolov5 import YoloV5Layout
from models.layouts.yolov8 import YoloV8Layout
from models.layouts.yolox import YoloxLayout
from models.letterbox import CENTER_FACE, DARKNET, STYLES, ULTRALYTICS, YOLOX, Letterbox, LetterboxStyle
from models.record import Record

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=32, le=4096, multiple_of=32)]
ClassName = Annotated[str, Field(min_length=1, max_length=100)]


class LayoutName(StrEnum):
    """How a graph writes its boxes down; see models/layouts."""

    YOLOV3_TINY = "yolov3_tiny"
    YOLOX = "yolox"
    YOLOV5 = "yolov5"
    YOLOV8 = "yolov8"
    END_TO_END = "end_to_end"
    CENTER_FACE = "center_face"
    PLATE_CORNERS = "plate_corners"
    PLATE_TEXT = "plate_text"

    @property
    def for_plates(self) -> bool:
        """Whether it belongs to the reader of number plates (models/plates), not to a detector of objects."""
        return self in (LayoutName.PLATE_CORNERS, LayoutName.PLATE_TEXT)


class HeadSpec(Record):
    """One raw head: its stride, and the anchors its weights were trained with, in pixels of the input."""

    stride: Annotated[int, Field(ge=1, le=256)]
    anchors: Annotated[
        tuple[tuple[Annotated[float, Field(gt=0, le=4096)], Annotated[float, Field(gt=0, le=4096)]], ...],
        Field(min_length=1, max_length=9),
    ]


class ModelSpec(Record):
    """How to feed a graph, and how to read what it gives."""

    layout: LayoutName
    input_size: tuple[Side, Side]
    """Width and height of the input in pixels."""
    classes: Annotated[tuple[ClassName, ...], Field(min_length=1, max_length=10_000)]
    letterbox: Literal["darknet", "yolox", "ultralytics", "center_face"] | None = None
    """None: the style that goes with the layout."""
    heads: Annotated[tuple[HeadSpec, ...], Field(max_length=8)] = ()
    """Only, and always, with layout yolov3_tiny: in the order of the graph's outputs."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.heads) != (self.layout is LayoutName.YOLOV3_TINY):
            raise ValueError("heads belong to layout yolov3_tiny, and to no other")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("class names must differ from each other")
        if self.layout is LayoutName.CENTER_FACE and self.classes != ("face",):
            raise ValueError("layout center_face finds one class, `face`")
        if self.letterbox and self.layout.for_plates:
            raise ValueError("models of number plates take no letterbox")
        return self

    def make_layout(self) -> Layout:
        """The decoder for this model's outputs. Raises ValueError for a model of number plates, which has none."""
        size, count = self.input_size, len(self.classes)
        match self.layout:
            case LayoutName.YOLOV3_TINY:
                return YoloV3Layout(size, count, tuple(Head(h.stride, h.anchors) for h in self.heads))
            case LayoutName.YOLOX:
                return YoloxLayout(size, count)
            case LayoutName.YOLOV5:
                return YoloV5Layout(size, count)
            case LayoutName.YOLOV8:
                return YoloV8Layout(size, count)
            case LayoutName.END_TO_END:
                return EndToEndLayout(size, count)
            case LayoutName.CENTER_FACE:
                return CenterFaceLayout(size, count)
            case LayoutName.PLATE_CORNERS | LayoutName.PLATE_TEXT:
                raise ValueError(f"{self.layout.value} is no layout of boxes")

    def make_letterbox(self) -> Letterbox:
        """How pictures are fitted into this model's input. Raises ValueError for a model of number plates."""
        if self.layout.for_plates:
            raise ValueError(f"{self.layout.value} takes no letterbox")
        return Letterbox(STYLES[self.letterbox] if self.letterbox else _USUAL[self.layout], self.input_size)


_USUAL: dict[LayoutName, LetterboxStyle] = {
    LayoutName.YOLOV3_TINY: DARKNET,
    LayoutName.YOLOX: YOLOX,
    LayoutName.YOLOV5: ULTRALYTICS,
    LayoutName.YOLOV8: ULTRALYTICS,
    LayoutName.END_TO_END: ULTRALYTICS,
    LayoutName.CENTER_FACE: CENTER_FACE,
}
