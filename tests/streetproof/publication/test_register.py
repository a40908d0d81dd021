"""The public register of cameras: everything the public may know, nothing else, and gaps are told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence_export.register import CALIBRATION_EXPIRED, OWNER_UNKNOWN, SHARING_UNKNOWN, register_blockers
from tests.conftest import ROOT
from tests.streetproof.commands import Ran, inside

FULL = {
    "owner": "示范区综合行政执法局",
    "legal_review": "法审 2026-3",
    "technical_review": "技审 2026-3",
    "calibration_valid_until": "2099-03-01",
    "location_published": "2026-01-15",
    "gb28181_id": "33010600001320000017",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    return tmp_path / "site/site.yaml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda *args: inside(capsys, monkeypatch, "register", *args, width=200)


def edit(site: Path, **camera: Any) -> None:
    content = yaml.safe_load(site.read_text(encoding="utf-8"))
    content["cameras"][0].update(camera)
    content["publication"] = {"contact": "电话 12345"}
    site.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_what_is_not_on_record_is_told(site: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    edit(site)
    page = tmp_path / "公示 页.html"
    ran = run(site, "--out", page, "--lang", "zh")
    assert ran.code == 3 and "未登记" in ran.err
    assert "未登记" in page.read_text(encoding="utf-8")


def test_nothing_internal_is_shown_and_names_are_text(site: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    edit(
        site, name="<script>alert(1)</script>东门", location="rtsp://admin:secret@10.0.0.7/1", register=FULL,
        direction="由北向南",
    )  # fmt: skip
    page = tmp_path / "page.html"
    ran = run(site, "--out", page, "--lang", "zh")
    text = page.read_text(encoding="utf-8")
    assert ran.code == 3 and "secret" not in text + ran.out and "10.0.0.7" not in text + ran.out
    assert FULL["gb28181_id"] not in text
    assert "<script>alert" not in text and "&lt;script&gt;" in text
    assert "法审 2026-3" in text and "2099-03-01" in text and "电话 12345" in text
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text


@pytest.mark.parametrize(
    ("until", "day", "blocks"),
    [
        ("2026-03-02", date(2026, 3, 2), False),
        ("2026-03-01", date(2026, 3, 2), True),
        ("2026-03-03", date(2026, 3, 2), False),
        ("soon", date(2026, 3, 2), True),
        (None, date(2026, 3, 2), False),
    ],
)
def test_a_calibration_counts_on_its_last_day(until: str | None, day: date, blocks: bool) -> None:
    found = register_blockers(owner=None, site="局", sharing_agreement=None, calibration_valid_until=until, day=day)
    assert (CALIBRATION_EXPIRED in list(found)) is blocks


@pytest.mark.parametrize(
    ("owner", "agreement", "blocks"),
    [
        ("示范区 执法局", None, []),
        ("交警大队", None, [SHARING_UNKNOWN]),
        ("交警大队", "共享协议 7", []),
        (None, None, [OWNER_UNKNOWN]),
        (None, "共享协议 7", [OWNER_UNKNOWN]),
    ],
)
def test_anothers_camera_needs_an_agreement(owner: str | None, agreement: str | None, blocks: list[str]) -> None:
    found = register_blockers(
        owner=owner,
        site="示范区执法局",
        sharing_agreement=agreement,
        calibration_valid_until=None,
        day=date(2026, 3, 2),
    )
    assert list(found) == blocks
