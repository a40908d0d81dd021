"""Ultralytics: turns `.pt` weights into ONNX. An extra; nothing here runs a detector.

A .pt file is a pickle, which is a program. The export therefore runs in a process of its own, in which Ultralytics
may load nothing but an allow-list of its own classes (ULTRALYTICS_SAFE_LOAD), asks no network and installs nothing.
Ultralytics and what it exports are AGPL-3.0.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import ModelMissingError, ModelRefusedError
from models.guard import read_model

INSTALL = (
    "Install a CPU build of torch first, then: pip install 'streetproof[ultralytics]' "
    "(a plain install brings several GB of CUDA libraries)."
)
LONGEST_S = 900
_WORKER = Path(__file__).with_name("_ultralytics_worker.py")


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """What came out of weights."""

    onnx: bytes
    classes: tuple[str, ...]
    """As the weights name them, by number."""
    outputs: npt.NDArray[np.float32] | None
    """What the weights themselves gave for each of the inputs, one after the other; None where none were given."""


def require(where: str) -> None:
    """Raises ModelMissingError where the extra is not installed."""
    if importlib.util.find_spec("ultralytics") is None or importlib.util.find_spec("torch") is None:
        raise ModelMissingError("the Ultralytics extra is not installed", where=where, remedy=INSTALL)


def environment(folder: Path) -> dict[str, str]:
    """For a process that runs Ultralytics: safe loading, no network, no installs, settings in `folder` only."""
    return os.environ | {
        "ULTRALYTICS_SAFE_LOAD": "1",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
        "YOLO_CONFIG_DIR": str(folder),
    }


def export_onnx(weights: Path, *, input_size: tuple[int, int], classes: Sequence[str], end_to_end: bool) -> bytes:
    """The ONNX file for `weights`, with a fixed input of `input_size` (width, height) and one picture per run.

    `end_to_end` asks for the head that needs no suppression (YOLOv10, YOLO26). Raises ModelMissingError where the
    extra is not installed, ModelRefusedError where the weights are none, have other classes, or cannot be exported.
    """
    made = export_weights(weights, input_size=input_size, end_to_end=end_to_end)
    if made.classes != tuple(classes):
        raise ModelRefusedError(
            f"the weights know {len(made.classes)} classes ({', '.join(made.classes[:3])} ...), not the {len(classes)} "
            "expected",
            where=str(weights),
            remedy="Describe the model with its own list of classes.",
        )
    return made.onnx


def export_weights(
    weights: Path,
    *,
    input_size: tuple[int, int],
    end_to_end: bool = False,
    inputs: npt.NDArray[np.float32] | None = None,
) -> Exported:
    """As `export_onnx`, whatever the classes are; with `inputs` (float32 [N, 3, height, width], as the network takes
    them) also what the weights give for these. Raises as `export_onnx`."""
    require(str(weights))
    data, _ = read_model(weights)
    with tempfile.TemporaryDirectory(prefix="streetproof-export-") as name:
        folder = Path(name)
        (folder / "weights.pt").write_bytes(data)
        if inputs is not None:
            np.save(folder / "inputs.npy", inputs)
        _run_worker(weights, folder, input_size, end_to_end)
        found = tuple((folder / "classes.txt").read_text(encoding="utf-8").splitlines())
        outputs = None if inputs is None else np.load(folder / "outputs.npy", allow_pickle=False).astype(np.float32)
        return Exported(read_model(folder / "weights.onnx")[0], found, outputs)


def _run_worker(weights: Path, folder: Path, input_size: tuple[int, int], end_to_end: bool) -> None:
    width, height = input_size
    command = [
        sys.executable,
        # Without -P this folder would be on the path, and its onnxruntime.py would stand in for the real one.
        "-P",
        str(_WORKER),
        str(height),
        str(width),
        "end-to-end" if end_to_end else "raw",
    ]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelRefusedError(f"the export took longer than {LONGEST_S} s", where=str(weights)) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ModelRefusedError(
            f"Ultralytics cannot export these weights ({lines[-1][:300] if lines else 'no reason given'})",
            where=str(weights),
            remedy="Give a .pt file that Ultralytics itself wrote, and an Ultralytics version that knows it.",
        )
