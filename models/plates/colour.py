"""The colour of a plate's ground, measured in the straightened plate; `unknown` rather than a guess.

The numbers below are hues (OpenCV's 0..179), saturations and shares of pixels. They were set by hand on a few dozen
photographs by day and night; that is too few to promise a rate of errors, so a colour alone never makes a read certain.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.interface import Image
from models.plates.interface import Colour

HUES = {Colour.YELLOW: (12, 37), Colour.GREEN: (38, 92), Colour.BLUE: (93, 132)}
"""First and last hue of each ground."""
SATURATED = 45
"""From here a pixel has a colour, 0..255."""
COLOURLESS = 35
"""White and black need three quarters of the pixels below this saturation: a faded blue plate is not a white one."""
BRIGHT = 40
"""Below this value (0..255) hue is noise."""
LEAST_SHARE = 0.35
"""Of the pixels; a ground is about two thirds of a plate."""
LEAST_LEAD = 2.0
"""Over the next colour."""
GREY = 12
"""Where 95 % of the surroundings are less saturated than this, the camera gives no colour (infrared at night)."""
LEAST_CONTRAST = 25.0
"""Between characters and ground, for white and black."""


def colour_of(plate: Image, surroundings: Image) -> Colour:
    """The ground of `plate` (straightened, without border), given a view with what lies around it (both BGR)."""
    around = cv2.cvtColor(surroundings, cv2.COLOR_BGR2HSV)
    if float(np.percentile(around[:, :, 1], 95)) < GREY:
        return Colour.UNKNOWN
    converted: Image = cv2.cvtColor(plate, cv2.COLOR_BGR2HSV).astype(np.uint8)
    hue, saturation, value = (converted[:, :, channel] for channel in range(3))
    bright = value >= BRIGHT
    shares = {
        colour: float((bright & (hue >= first) & (hue <= last) & (saturation >= SATURATED)).mean())
        for colour, (first, last) in HUES.items()
    }
    best, second = sorted(shares, key=lambda colour: -shares[colour])[:2]
    if shares[best] >= LEAST_SHARE:
        return best if shares[best] >= LEAST_LEAD * shares[second] else Colour.UNKNOWN
    if float(np.percentile(saturation, 75)) >= COLOURLESS:
        return Colour.UNKNOWN
    return _without_colour(value)


def _without_colour(value: Image) -> Colour:
    """White or black: characters cover less than half of a plate, so the ground is what more pixels are."""
    _, mask = cv2.threshold(value, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    light = float((mask > 0).mean())
    if light in (0.0, 1.0):
        return Colour.UNKNOWN
    contrast = float(value[mask > 0].mean()) - float(value[mask == 0].mean())
    if contrast < LEAST_CONTRAST or 0.42 < light < 0.58:
        return Colour.UNKNOWN
    return Colour.WHITE if light > 0.5 else Colour.BLACK
