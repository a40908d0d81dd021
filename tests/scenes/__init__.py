"""Fixed-camera scenes with known ground truth, made of the demo clip's own pixels. See `scene.py` for the words."""

from tests.scenes.compose import SceneFiles, compose
from tests.scenes.oracle import Faults, OracleDetector
from tests.scenes.render import Renderer
from tests.scenes.scene import (
    Actor,
    Backdrop,
    Clock,
    Encoding,
    Gap,
    Light,
    Look,
    Noise,
    Occluder,
    Scene,
    Shade,
    Stop,
)
from tests.scenes.truth import truth_of

__all__ = [
    "Actor",
    "Backdrop",
    "Clock",
    "Encoding",
    "Faults",
    "Gap",
    "Light",
    "Look",
    "Noise",
    "Occluder",
    "OracleDetector",
    "Renderer",
    "Scene",
    "SceneFiles",
    "Shade",
    "Stop",
    "compose",
    "truth_of",
]
