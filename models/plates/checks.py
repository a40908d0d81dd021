"""The last three steps of `models check` for the models of number plates.

Besides the reference picture that every model gets, they get a plate: `reference.png` beside this file, drawn by
tests/models/plates/drawing.py with the packaged font. No camera took it.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.backends.interface import Session
from models.interface import Image
from models.plates.detector import PlateDetector, prepare
from models.plates.interface import Corners, text_of
from models.plates.recogniser import WIDTH, PlateRecogniser
from models.plates.rectify import HEIGHT, Cut, batch_of, single_row
from models.reference import OutputSummary, reference_image, summarise
from models.spec import LayoutName, ModelSpec

PICTURE = Path(__file__).with_name("reference.png")
TEXT = "京A12345"
"""What stands on the drawn plate."""
CORNERS: Corners = ((238.0, 204.0), (402.0, 216.0), (398.0, 270.0), (235.0, 257.0))
"""Where it stands, in pixels."""
FARTHEST = 6.0
"""A found corner may be this many pixels off."""
CUT = Cut(0.03, 0.08, 104)


def signature(session: Session, spec: ModelSpec, where: str) -> None:
    """Step 3. Raises ModelRefusedError where the graph is not what `spec` says."""
    if spec.layout is LayoutName.PLATE_CORNERS:
        PlateDetector(session, where=where)
    else:
        PlateRecogniser(session, spec.classes, where=where)


def reference(session: Session, spec: ModelSpec) -> tuple[OutputSummary, ...]:
    """Step 4: the outputs for the reference picture. Raises InferenceError."""
    return summarise(session, _reference_batch(spec))


def reads_the_drawing(session: Session, spec: ModelSpec, where: str) -> tuple[bool, str]:
    """Step 5: whether the drawn plate is found, or read; and what came out, in words. Raises InferenceError."""
    picture = drawing()
    if spec.layout is LayoutName.PLATE_CORNERS:
        found = PlateDetector(session, where=where).detect(picture, max(picture.shape), min_score=0.5)
        if len(found.score) != 1:
            return False, f"{len(found.score)} plates found on the drawing of one"
        off = float(np.abs(found.corners[0] - np.array(CORNERS)).max())
        return off <= FARTHEST, f"the drawn plate, corners within {off:.1f} pixels"
    (read,) = PlateRecogniser(session, spec.classes, where=where).read([single_row(picture, CORNERS, CUT)])
    text = text_of(read)
    return text == TEXT, f"the drawn plate reads {text or 'nothing'}"


def drawing() -> Image:
    """The drawn plate, 480 x 640 x 3 BGR uint8."""
    decoded = cv2.imdecode(np.frombuffer(PICTURE.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise AssertionError(f"{PICTURE} is part of this package and a picture")
    return np.asarray(decoded, np.uint8)


def _reference_batch(spec: ModelSpec) -> npt.NDArray[np.float32]:
    if spec.layout is LayoutName.PLATE_CORNERS:
        return prepare(reference_image(spec.input_size), spec.input_size)
    return batch_of([reference_image((WIDTH, HEIGHT))], WIDTH)
