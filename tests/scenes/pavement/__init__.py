"""A camera above a pavement with shops, in metres, with known truth for what takes ground. See `script.py`."""

from tests.scenes.pavement.camera import Camera
from tests.scenes.pavement.record import record
from tests.scenes.pavement.render import PavementRenderer
from tests.scenes.pavement.script import (
    Blocks,
    Cast,
    Figure,
    Mark,
    Parasol,
    Pavement,
    Piece,
    Puddle,
    Taking,
    Thing,
    Vehicle,
)
from tests.scenes.pavement.street import KERB, SHOPS, WALL, Shopfront
from tests.scenes.pavement.truth import box_of, ground_of, pavement_truth

__all__ = [
    "KERB",
    "SHOPS",
    "WALL",
    "Blocks",
    "Camera",
    "Cast",
    "Figure",
    "Mark",
    "Parasol",
    "Pavement",
    "PavementRenderer",
    "Piece",
    "Puddle",
    "Shopfront",
    "Taking",
    "Thing",
    "Vehicle",
    "box_of",
    "ground_of",
    "pavement_truth",
    "record",
]
