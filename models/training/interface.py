"""What a training is asked for, what it says while it runs, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import TrainingError
from models.exporting.compare import Difference


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """Everything that a training's outcome hangs on, but the data set."""

    base: str
    """Path of Ultralytics weights (.pt) to go on from, or the name of one of Ultralytics' architectures (yolo11n.yaml)
    to begin with nothing."""
    name: str
    """What evidence will call the model."""
    epochs: int = 100
    imgsz: int = 640
    """Side of the square input in pixels, a multiple of 32."""
    batch: int = 16
    """Pictures per step."""
    seed: int = 0
    patience: int = 50
    """Epochs without a better one after which it ends."""
    device: str = ""
    """`cpu`, `0` and so on; empty: the first GPU, or the CPU where there is none. May change when it goes on."""
    workers: int = 2
    """Processes that read pictures. May change when it goes on."""

    def __post_init__(self) -> None:
        faults = {
            "epochs must be 1 to 10000": not 1 <= self.epochs <= 10_000,
            "imgsz must be a multiple of 32, 32 to 4096": not 32 <= self.imgsz <= 4096 or self.imgsz % 32 != 0,
            "batch must be 1 to 4096": not 1 <= self.batch <= 4096,
            "seed must be 0 to 2^31 - 1": not 0 <= self.seed < 2**31,
            "patience must be at least 1": self.patience < 1,
            "workers must be 0 to 64": not 0 <= self.workers <= 64,
        }
        for what, wrong in faults.items():
            if wrong:
                raise TrainingError(what, remedy="Give another value.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is."""

    epoch: int
    """The one under way, or just ended, from 1."""
    epochs: int
    batch: int
    """Steps of this epoch that are done."""
    batches: int
    metrics: Mapping[str, float | None] | None = None
    """On `val`, at the end of an epoch: precision, recall, map50, map50_95, each 0..1."""


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left."""

    name: str
    model: Path
    """The ONNX file, to be named where a model is asked for."""
    description: Path
    card: Path
    metrics: Mapping[str, float | None]
    difference: Difference | None
    """None where it was done before."""
    resumed: bool
    """Whether it went on from an earlier try."""
    done_before: bool
    """Whether nothing was left to do."""
