"""The operator's page: its site file is valid, and it knows every fault, flag and metric that can be met."""

from __future__ import annotations

import re
from pathlib import Path

from streams.live.interface import FaultKind
from streetproof.daemon.metrics import CLOCK_FLAGS, VIEW_FAULTS
from streetproof.daemon.snapshot import CameraState
from streetproof.settings.live import Live, Stream
from streetproof.settings.load import load_site
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "daemon.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_site_file_of_the_page_is_valid_and_shows_every_setting(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    site = load_site(path).site
    assert [camera.stream is not None for camera in site.cameras] == [True] * 3
    for setting in set(Live.model_fields) | (set(Stream.model_fields) - {"password_env"}):
        assert re.search(rf"\b{setting}:", text), f"{setting} is not shown"
    assert "password_env" in DOCUMENT


def test_every_fault_state_and_flag_is_explained() -> None:
    for value in (*FaultKind, *CLOCK_FLAGS, "started", "stopped", "reload", "overflow", "clock"):
        assert re.search(rf"^\|.*`{value}`", DOCUMENT, re.MULTILINE), f"{value} is not explained"
    for value in (*VIEW_FAULTS, *CameraState):
        assert f"`{value}`" in DOCUMENT, f"{value} is not named"


def test_alerts_name_metrics_that_exist() -> None:
    alerts = next(block for block in blocks("yaml-part") if "alert:" in block)
    table = set(re.findall(r"`(streetproof_[a-z_]+)`", DOCUMENT))
    named = set(re.findall(r"streetproof_[a-z_]+", alerts))
    assert named and named <= table


def test_figures_for_disks_follow_from_the_bit_rate() -> None:
    rows = re.findall(r"^\| (\d+) Mbit/s.*?\| ([\d.]+) GB \| ([\d.]+) TB \| (\d+) TB \|", DOCUMENT, re.MULTILINE)
    assert len(rows) == 4
    for rate, day, month, all_cameras in rows:
        gigabytes = int(rate) * 86_400 / 8 / 1000
        assert abs(float(day) - gigabytes) < 0.05
        assert abs(float(month) - gigabytes * 30 / 1000) < 0.0051
        assert abs(float(all_cameras) - gigabytes * 30 * 64 / 1000) < 0.51
