"""Plates drawn with the packaged font: no photograph, and no real plate."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from tests.conftest import ROOT

FONT = ROOT / "evidence_export" / "fonts" / "NotoSansCJKsc-Regular-Subset.otf"
GROUNDS = {  # ground, characters; RGB
    "blue": ((20, 70, 190), (245, 245, 245)),
    "yellow": ((235, 180, 20), (20, 20, 20)),
    "green": ((70, 180, 110), (15, 15, 15)),
    "white": ((235, 235, 235), (20, 20, 20)),
    "black": ((25, 25, 25), (240, 240, 240)),
}


def plate(text: str, colour: str = "blue", *, double: bool = False) -> np.ndarray:
    """The plate from the front, BGR, 880 pixels wide: 2 pixels a millimetre."""
    ground, ink = GROUNDS[colour]
    width, height = (960 if len(text) == 8 else 880), (440 if double else 280)
    picture = Pillow.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((8, 8, width - 9, height - 9), 16, outline=ink, width=5)
    if double:
        _row(picture, text[:2], (220, 24, 660, 150), ink)
        _row(picture, text[2:], (50, 176, 830, 410), ink)
    else:
        _row(picture, text, (30, 44, width - 30, 236), ink)
    return np.asarray(picture)[:, :, ::-1].copy()


def street(face: np.ndarray, corners, size: tuple[int, int] = (640, 480), *, ground: int = 105) -> np.ndarray:
    """A grey bumper with the plate at `corners` (top left, top right, bottom right, bottom left), BGR."""
    width, height = size
    rows = np.linspace(ground + 45, ground - 45, height)[:, None, None]
    canvas = np.broadcast_to(rows, (height, width, 3)).astype(np.uint8).copy()
    canvas[:, :, 0] += 6
    h, w = face.shape[:2]
    half = np.float32(0.5)
    source = np.array(((0, 0), (w, 0), (w, h), (0, h)), np.float32) - half
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32) - half)
    # Four times too large, then shrunk: edges as a lens gives them.
    large = np.diag([4.0, 4.0, 1.0]) @ np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]) @ matrix
    large = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ large
    warped = cv2.warpPerspective(face, large, (4 * width, 4 * height), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((h, w), 255, np.uint8), large, (4 * width, 4 * height))
    warped, mask = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (warped, mask))
    share = mask[:, :, None].astype(np.float32) / 255
    return np.clip(warped + canvas * (1 - share), 0, 255).astype(np.uint8)


def upright(centre: tuple[float, float], width: float, ratio: float = 440 / 140):
    """Corners of a plate that faces the camera."""
    x, y = centre
    half_w, half_h = width / 2, width / ratio / 2
    return (
        (x - half_w, y - half_h),
        (x + half_w, y - half_h),
        (x + half_w, y + half_h),
        (x - half_w, y + half_h),
    )


def _row(picture: Pillow.Image, text: str, box: tuple[int, int, int, int], ink: tuple[int, int, int]) -> None:
    """Every character stretched to a cell of its own, as plates have them."""
    x1, y1, x2, y2 = box
    pitch = (x2 - x1) / len(text)
    font = ImageFont.truetype(str(FONT), 300)
    for index, character in enumerate(text):
        left, top, right, bottom = font.getbbox(character)
        mask = Pillow.new("L", (int(right - left) + 2, int(bottom - top) + 2), 0)
        # The font is a regular one; plates are bolder.
        ImageDraw.Draw(mask).text((-left + 1, -top + 1), character, 255, font, stroke_width=5)
        width = int(pitch * (0.34 if character == "1" else 0.78))
        mask = mask.resize((width, y2 - y1), Pillow.Resampling.LANCZOS)
        place = (int(x1 + index * pitch + (pitch - width) / 2), y1)
        picture.paste(Pillow.new("RGB", mask.size, ink), place, mask)


def main() -> None:
    """Draw models/plates/reference.png again."""
    from models.plates.checks import CORNERS, PICTURE, TEXT

    cv2.imwrite(str(PICTURE), street(plate(TEXT), CORNERS))


if __name__ == "__main__":
    main()
