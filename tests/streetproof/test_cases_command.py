"""`streetproof cases`: what bundles say, and what was learned after they were sealed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evidence_export.keys import load_or_create_key
from evidence_export.sealer import seal
from streams.instant import NS_PER_S
from streetproof.bundles import case_row
from streetproof.store.database import Store
from streetproof.store.rechecks import Appointment
from tests.evidence_export.conftest import SEALED_AT, at, make_request, write_recording
from tests.streetproof.commands import inside
from vision.codec_lookback import pinned_json
from vision.lookback import Pinned, PinReason


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with one case, whose vehicle still stood there when it was sealed."""
    data = tmp_path_factory.mktemp("数据 一")
    recording = data / "东门 20260302_080000.mp4"
    write_recording(recording, 30)
    asked = make_request(recording)
    asked = replace(asked, stay=replace(asked.stay, departed=None), still_standing=True)
    case = seal(asked, data / "cases", load_or_create_key(data / "key.pem"), SEALED_AT)
    with Store.open_file(data / "state.db") as store:
        store.remember_case(case_row(case.case_id, f"cases/{case.case_id}", asked, run=None), case.manifest_sha256)
    return data, case.case_id


@pytest.fixture
def data(made: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "库 一"))


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("COLUMNS", "140")
    return lambda *args: inside(capsys, monkeypatch, "cases", "--data", data, *args)


def finding(data: Path, case_id: str, *, left: bool, pinned: bool) -> None:
    """The daemon made the case of a finding, and the vehicle may have left since."""
    asked = make_request(data / "东门 20260302_080000.mp4")
    with Store.open_file(data / "state.db") as store:
        kept = store.findings.add(asked.violation, due_ns=1, hold_from_ns=1, hold_to_ns=2)
        store.findings.sealed(kept.id, case_id, f"cases/{case_id}", [(1, 2)])
        if left:
            stay = replace(asked.stay, departed=(at(600), at(602)), last_seen=at(600))
            store.findings.stay_ended(stay, due_ns=1, hold_to_ns=2)
            if pinned:
                found = Pinned(at(600.4), at(601.2), PinReason.SEEN_MOVING)
                store.findings.departed(stay, pinned_json(found))


def test_what_a_bundle_says(run: Callable[..., Any], made: tuple[Path, str]) -> None:
    (one,) = run("--json").json
    assert one["case"] == made[1] and one["bundle"] == f"cases/{made[1]}"
    assert (one["camera"], one["camera_name"], one["kind"]) == ("cam-1", "东大街1号机", "no_parking")
    assert one["departed"] is None and one["departure_learned_after_sealing"] is False and one["rechecks"] == []
    shown = run("--lang", "zh").out
    assert "违法停车" in shown and "2026-03-02 08:00:04" in shown and "未看到" in shown and "共 1 件" in shown
    assert "not seen" in run("--lang", "en").out


@pytest.mark.parametrize("pinned", [False, True])
def test_a_departure_that_was_learned_later_is_marked(
    run: Callable[..., Any], data: Path, made: tuple[Path, str], pinned: bool
) -> None:
    finding(data, made[1], left=True, pinned=pinned)
    (one,) = run("--json").json
    low, high = (600.4, 601.2) if pinned else (600, 602)
    assert one["departed"] == {"after": at(low).isoformat(), "by": at(high).isoformat()}
    assert one["departure_learned_after_sealing"] is True
    shown = run("--lang", "zh").out
    assert ("08:10:00 – 08:10:01" if pinned else "08:10:00 – 08:10:02") in shown and "封存后得知" in shown


def test_one_that_still_stands_is_not_said_to_have_left(
    run: Callable[..., Any], data: Path, made: tuple[Path, str]
) -> None:
    finding(data, made[1], left=False, pinned=False)
    (one,) = run("--json").json
    assert one["departed"] is None and one["departure_learned_after_sealing"] is False


def test_re_checks_stand_beside_their_case(run: Callable[..., Any], data: Path, made: tuple[Path, str]) -> None:
    with Store.open_file(data / "state.db") as store:
        times = [at(3600).utc_ns, at(7200).utc_ns, at(9000).utc_ns]
        asked = [Appointment(made[1], "cam-1", "cases/x", "ab" * 32, due, 600 * NS_PER_S) for due in times]
        kept = [store.rechecks.add(one, try_ns=one.end_ns) for one in asked]
        store.rechecks.done(kept[0].id, "cannot_tell", "hidden", "rechecks/a")
        store.rechecks.failed(kept[1].id, "no model", retry_ns=None)
    (one,) = run("--json").json
    told = [(again["state"], again["verdict"], again["reason"], again["error"]) for again in one["rechecks"]]
    assert told == [
        ("done", "cannot_tell", "hidden", None), ("failed", None, None, "no model"), ("waiting", None, None, None),
    ]  # fmt: skip
    shown = run("--lang", "zh").out
    assert "无法判断：该处被遮挡" in shown and "待复查" in shown and "请人工查看" in shown


def test_a_bundle_that_is_gone_leaves_its_row(run: Callable[..., Any], data: Path, made: tuple[Path, str]) -> None:
    shutil.rmtree(data / "cases" / made[1])
    (one,) = run("--json").json
    assert (one["case"], one["camera"], one["camera_name"], one["kind"]) == (made[1], "cam-1", None, None)
    assert made[1] in run("--lang", "en").out


def test_a_folder_without_cases_is_one_clear_error(run: Callable[..., Any], data: Path) -> None:
    (data / "state.db").unlink()
    ran = run()
    assert ran.code == 4 and "there are no cases here" in ran.err
    assert run("--camera", "none", "--json").code == 4


def test_only_of_one_camera(run: Callable[..., Any]) -> None:
    assert run("--camera", "cam-2", "--json").json == []
    assert len(run("--camera", "cam-1", "--last", "1", "--json").json) == 1
