"""ONNX into OpenVINO's own format, an .xml and a .bin, in 32-bit, 16-bit or 8-bit numbers. Extras."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.dataset.pictures import load
from models.errors import ExportError, ModelMissingError
from models.letterbox import Letterbox

LONGEST_S = 3 * 3600
_WORKER = Path(__file__).with_name("_nncf_worker.py")


def require(where: str, *, quantising: bool) -> None:
    """Raises ModelMissingError where a package that is needed is not installed."""
    if importlib.util.find_spec("openvino") is None:
        raise ModelMissingError(
            "the package openvino is not installed",
            where=where,
            remedy="Install it with: pip install 'streetproof[openvino]'",
        )
    if quantising and importlib.util.find_spec("nncf") is None:
        raise ModelMissingError(
            "8-bit numbers need the package nncf, which is not installed",
            where=where,
            remedy="Install it with: pip install 'streetproof[int8]'. Where it is not to be had, ask for --format "
            "openvino-fp16 or openvino-fp32, which need openvino alone.",
        )


def convert(onnx: bytes, *, half: bool, where: str) -> tuple[bytes, bytes]:
    """The .xml and the .bin of an ONNX graph; `half` stores the weights in 16 bits. Raises ExportError."""
    import openvino  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory(prefix="streetproof-export-") as name:
        path = Path(name) / "model.xml"
        try:
            openvino.save_model(openvino.Core().read_model(onnx), str(path), compress_to_fp16=half)
        except RuntimeError as error:
            raise ExportError(f"OpenVINO cannot convert this graph ({_last(str(error))})", where=where) from error
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()


def quantise(onnx: bytes, pictures: Sequence[Path], letterbox: Letterbox, *, where: str) -> tuple[bytes, bytes]:
    """The .xml and the .bin of an ONNX graph in 8-bit numbers, calibrated with pictures as the network sees them.

    Raises ExportError, DatasetError for a picture that cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="streetproof-export-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(onnx)
        width, height = letterbox.input_size
        # On disk: 300 pictures of 640 x 640 are 1.5 GB.
        inputs = np.lib.format.open_memmap(
            folder / "inputs.npy", mode="w+", dtype=np.float32, shape=(len(pictures), 3, height, width)
        )
        for out, path in zip(inputs, pictures, strict=True):
            image = load(path)
            letterbox.fill(image, letterbox.place((image.shape[1], image.shape[0])), out)
        inputs.flush()
        del inputs
        _run(folder, where)
        return (folder / "model.xml").read_bytes(), (folder / "model.bin").read_bytes()


def _run(folder: Path, where: str) -> None:
    # NNCF_CI keeps NNCF from reporting to its makers.
    quiet = {"NNCF_CI": "1", "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(_WORKER)],
            cwd=folder,
            env=os.environ | quiet,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"quantising took longer than {LONGEST_S} s", where=where) from error
    if done.returncode:
        raise ExportError(
            f"NNCF cannot quantise this graph ({_last(done.stderr)})",
            where=where,
            remedy="Try --format openvino-fp16, and newer versions of nncf and openvino.",
        )


def _last(text: str) -> str:
    return next((line.strip()[:300] for line in reversed(text.splitlines()) if line.strip()), "no reason given")
