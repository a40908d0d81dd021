from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.pull import pull
from models.store import ModelStore, load_detector

HERE = Path(__file__).parent
# Models that may not lie in this repository: beside it on a developer's machine, or where the variable says.
SHARED = Path(os.environ.get("STREETPROOF_TEST_MODELS") or HERE.parents[1].parent / "shared" / "models")


@pytest.fixture(scope="session")
def frame() -> np.ndarray:
    """768 x 576: a white van at (651, 42, 724, 99), a parked car at the right edge, three people."""
    return cv2.imread(str(HERE / "vtest_frame.jpg"))


@pytest.fixture(scope="session")
def bootstrap_store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store with yolov3-tiny, pulled the way every user pulls it."""
    store = ModelStore(tmp_path_factory.mktemp("模型 store"))
    pull("yolov3-tiny", store=store)
    return store


@pytest.fixture(scope="session")
def bootstrap(bootstrap_store: ModelStore):
    return load_detector("yolov3-tiny", store=bootstrap_store, min_score=0.3)


@pytest.fixture(scope="session")
def any_detector(bootstrap_store: ModelStore):
    """The better model where it is at hand, the bootstrap model elsewhere."""
    path = SHARED / "yolox_nano.onnx"
    if path.is_file():
        return load_detector(path, min_score=0.3)
    return load_detector("yolov3-tiny", store=bootstrap_store, min_score=0.3)


@pytest.fixture(scope="session")
def shared_models() -> list[Path]:
    """The catalogued model files at hand beside the repository; may be empty."""
    return [p for name in ("yolox_nano.onnx", "yolov8n_int8.onnx") if (p := SHARED / name).is_file()]
