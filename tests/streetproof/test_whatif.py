"""What another policy would change: every violation of either exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetproof.replay.compare import Comparison, compare
from streetproof.replay.replaying import replay
from streetproof.settings.load import load_site
from tests.streetproof.commands import inside
from tests.streetproof.detections import DEMO, VAN, frame, site_with, write


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Stays of 80 s, 40 s and 150 s."""
    spans = ((20, 100), (200, 240), (340, 490))
    there = (any(first <= second <= last for first, last in spans) for second in range(0, 560, 2))
    return write(tmp_path / "d.jsonl", (frame(2 * k, *([VAN] if one else [])) for k, one in enumerate(there)))


def compared(detections: Path, a: Path, b: Path) -> Comparison:
    return compare(*replay([detections], [load_site(a), load_site(b)]).documents)


def counts(one: Comparison) -> tuple[int, int, int, int]:
    return len(one.appear), len(one.vanish), len(one.changed), len(one.same)


def test_the_same_policy_changes_nothing(street: Path) -> None:
    assert counts(compared(street, DEMO, DEMO)) == (0, 0, 0, 2)


def test_another_dwell(street: Path, tmp_path: Path) -> None:
    strict = site_with(tmp_path, ("dwell: 60s", "dwell: 30s"), name="strict.yaml")
    one = compared(street, DEMO, strict)
    assert counts(one) == (1, 0, 2, 0)
    assert [change.fires_later_s for change in one.changed] == [-30, -30]
    assert one.changed[0].told == ("fired_at", "dwell_lower_bound_s")
    assert one.appear[0]["seen_s"] == 40
    back = compared(street, strict, DEMO)
    assert counts(back) == (0, 1, 2, 0)
    assert back.vanish == one.appear
    lax = site_with(tmp_path, ("dwell: 60s", "dwell: 2m"), name="lax.yaml")
    assert counts(compared(street, DEMO, lax)) == (0, 1, 1, 0)


def test_another_name_or_zone_of_the_same_stay_is_no_new_violation(street: Path, tmp_path: Path) -> None:
    other = site_with(tmp_path, ("id: west-kerb", "id: kerb"), ('version: "1"', 'version: "2"'), name="b.yaml")
    one = compared(street, DEMO, other)
    assert counts(one) == (0, 0, 2, 0)
    assert one.changed[0].told == ("zone",)


def test_another_rule_is_another_question(street: Path, tmp_path: Path) -> None:
    other = site_with(tmp_path, ("id: no-parking", "id: loading"), ("[no-parking]", "[loading]"), name="b.yaml")
    one = compared(street, DEMO, other)
    assert counts(one) == (2, 2, 0, 0)
    assert [(count.rule, count.a, count.b) for count in one.rules()] == [("loading", 0, 2), ("no-parking", 2, 0)]
    assert (one.total().a, one.total().b) == (2, 2)


def test_a_schedule_that_begins_while_it_stands(street: Path, tmp_path: Path) -> None:
    later = site_with(tmp_path, ('from: "00:00", to: "24:00"', 'from: "08:06", to: "24:00"'), name="b.yaml")
    one = compared(street, DEMO, later)
    assert counts(one) == (0, 1, 1, 0)
    (change,) = one.changed
    assert change.b["fired_at"] == "2026-11-02T00:07:02.000000000Z"
    assert change.fires_later_s == 20


def test_the_command(
    street: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = site_with(tmp_path, ("dwell: 60s", "dwell: 30s"), name="strict.yaml")
    ran = inside(capsys, monkeypatch, "whatif", street, DEMO, strict, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["totals"] == {"a": 2, "b": 3, "appear": 1, "vanish": 0, "changed": 2, "same": 0}
    assert ran.json["rules"][0]["rule"] == "no-parking"
    assert len(ran.json["appear"]) == 1 and ran.json["changed"][0]["fires_later_s"] == -30
    for width in (80, 120):
        ran = inside(capsys, monkeypatch, "whatif", street, DEMO, strict, width=width)
        assert "Appear under B" in ran.out and "0:30.0 earlier" in ran.out
        assert max(len(line) for line in ran.out.splitlines() if not line.startswith(("A ", "B "))) <= width
    ran = inside(capsys, monkeypatch, "whatif", street, DEMO, DEMO)
    assert "Nothing changes" in ran.out
