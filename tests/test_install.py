"""The environment itself: one OpenCV, no GUI libraries, complete packages."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


def test_exactly_one_distribution_brings_cv2() -> None:
    names = {dist.metadata["Name"].lower() for dist in importlib.metadata.distributions()}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_cv2_stands_without_gui_libraries() -> None:
    code = (
        "import cv2, streetproof.batch.run\n"
        "maps = open('/proc/self/maps').read()\n"
        "print([name for name in ('libGL.so', 'libX11.so', 'libgtk', 'libQt5', 'libQt6') if name in maps])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_verifier_of_the_command_line_loads_no_media_and_no_models() -> None:
    code = (
        "import sys, streetproof.cli, evidence_export.verifier\n"
        "print(sorted({'av', 'cv2', 'numpy', 'onnxruntime', 'scipy', 'sqlalchemy', 'trackers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    arguments = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_a_wheel_holds_everything_that_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in (
        "streams/py.typed",
        "models/py.typed",
        "models/catalog.yaml",
        "vision/py.typed",
        "evidence_export/py.typed",
        "streetproof/py.typed",
        "streetproof/batch/templates/report.html",
        "streetproof/store/migrations/env.py",
        "streetproof/store/migrations/versions/0001_first.py",
        "streetproof/demo_site/site.yaml",
        "streetproof/demo_site/footage/vtest-h264.mp4",
        "streetproof/demo_site/footage/ATTRIBUTION.md",
    ):
        assert name in names, name
    assert any(name.startswith("evidence_export/fonts/") and name.endswith((".otf", ".ttf")) for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name.split("/")[0]} == {
        "streams",
        "models",
        "vision",
        "evidence_export",
        "streetproof",
    }


def test_the_demo_runs_from_an_installed_wheel(wheel: Path, tmp_path: Path, bootstrap_model: str) -> None:
    """Unpacked far from the repository, with the repository itself out of sight."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")
    code = (
        f"import sys; sys.path[:] = [{str(tmp_path / 'site-packages')!r}] + [p for p in sys.path if p and "
        f"p.rstrip('/') != {str(ROOT)!r}]\n"
        "import os; os.environ['PYTHONPATH'] = sys.path[0]\n"
        "import streetproof; assert streetproof.__file__.startswith(sys.path[0]), streetproof.__file__\n"
        "from streetproof.cli import main; sys.argv = ['streetproof', 'models', 'list']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "yolov3-tiny" in done.stdout
