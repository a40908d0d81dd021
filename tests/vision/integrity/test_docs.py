"""docs/integrity.md tells the numbers that the code uses."""

from __future__ import annotations

import re

from streams.instant import NS_PER_S
from tests.conftest import ROOT
from vision.integrity.interface import ViewFault
from vision.integrity.monitor import JUDGES, ViewSettings
from vision.integrity.moved import LIMIT
from vision.integrity.picture import COLUMNS

TEXT = (ROOT / "docs" / "integrity.md").read_text(encoding="utf-8")


def test_every_fault_is_told_with_its_times() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE))
    assert set(rows) == {str(fault) for fault in ViewFault}
    for judge in JUDGES:
        told = {int(n) * (60 if unit == "min" else 1) for n, unit in re.findall(r"(\d+) (s|min)\b", rows[judge.fault])}
        assert judge.confirm_ns // NS_PER_S in told


def test_the_numbers_told_are_the_numbers_used() -> None:
    settings = ViewSettings()
    assert settings.recover_ns == 10 * NS_PER_S
    assert "sound for\n10 s and three looks" in TEXT
    assert (settings.min_looks, settings.looks_kept, settings.first_every_ns) == (3, 9, 10 * NS_PER_S)
    assert settings.looks_kept * settings.renew_every_ns == 18 * 60 * NS_PER_S
    assert "every 18 minutes" in TEXT
    assert round(100 * LIMIT / COLUMNS, 2) == 1.2
    assert settings.pause_ns == 60 * NS_PER_S
