"""The page on releases: the case within, what is withheld, and the ledger, judged as by the verifier for Python."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import canonical, layout, releases
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from evidence_export.keys import SealingKeys
from tests.evidence_export.browser import Browser, agree, culprits, opened
from tests.evidence_export.helpers import files_of, flip
from tests.evidence_export.release.conftest import Office, resign, with_wrong_sm3
from tests.evidence_export.release.test_release import OTHER_KEY, edited, entries, restated, swap

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("page")) as found:
        yield found
        assert found.errors == []


def test_a_full_release_and_every_second_file_of_it_changed(browser: Browser, full: Path, office: Office) -> None:
    report = agree(browser, full, key=office.keys.first.fingerprint)
    assert report["verdict"] == "verified"
    assert (report["caseId"], report["releaseId"]) == (office.case_id, full.name)
    details = {step["number"]: step["detail"] for step in report["steps"]}
    assert details[8] == f"8 of 8 steps of {office.case_id} passed, whole"
    assert details[10].startswith("8 entries about the case")
    shown = browser.page.inner_text("#result")
    assert "时间戳本页不核验" in shown and "尚无时间戳机构签名" not in shown
    for number, name in enumerate(files_of(full)[::2]):
        flip(full / name, (full / name).stat().st_size // 2, number % 8)
        assert any(name in one for one in culprits(agree(browser, full, alike=False))), name
        flip(full / name, (full / name).stat().st_size // 2, number % 8)


def test_an_outgoing_release_as_a_zip_with_a_smuggled_file(browser: Browser, office: Office, tmp_path: Path) -> None:
    masked = Part(f"{releases.MASKED}panorama-1.png", "masked", b"masked", "case:data/stills/panorama-1.png", "masked")
    request = replace(office.request(Profile.OUTGOING), parts=(masked,), masking={"model": "some"})
    path = office.released(tmp_path / "out", request, as_zip=True)
    report = agree(browser, path)
    assert report["verdict"] == "verified" and report["masked"]
    assert "无关人员和车辆是否均已遮挡" in browser.page.inner_text("#result")
    folder = office.released(tmp_path / "again", replace(request, purpose="again"))
    shutil.copy(office.bundle / "data/clip.mp4", folder / "data/harmless.mp4")
    report = agree(browser, resign(folder, office.keys))
    assert culprits(report) == ["data/harmless.mp4"]
    assert "是移送包称未随附的案件文件" in browser.page.inner_text("ol.steps")


def test_entries_that_only_a_later_version_knows_are_proven_like_others(
    browser: Browser, office: Office, tmp_path: Path
) -> None:
    office.enter("case.praised", by="somebody", words="well done")
    report = agree(browser, office.released(tmp_path / "out", office.request()))
    assert report["verdict"] == "verified"


def test_a_release_without_a_ledger(browser: Browser, office: Office, tmp_path: Path) -> None:
    assert agree(browser, office.released(tmp_path / "out", office.request(), ledger=False))["verdict"] == "verified"


@pytest.mark.parametrize(
    "tamper",
    [
        entries(swap),
        entries(edited),
        entries(lambda items: items.pop(0)),
        entries(lambda items: items.pop(-1)),
        entries(lambda items: items.pop(3)),
        entries(lambda items: items[2].update(seq=4)),
        entries(lambda items: items[2]["proof"].pop()),
        entries(lambda items: items[2]["proof"].append("00" * 32)),
        entries(lambda items: items[2].update(entry="{}")),
        entries(lambda items: items.clear()),
    ],
)
def test_entries_that_were_changed(
    browser: Browser, full: Path, office: Office, tamper: Callable[[Path], None]
) -> None:
    tamper(full)
    report = agree(browser, resign(full, office.keys), alike=False)
    assert culprits(report) and report["verdict"] == "failed"


@pytest.mark.parametrize(
    "edit",
    [
        restated(recipient="somebody else"),
        restated(profile="outgoing"),
        restated(profile="secret"),
        restated(id="R"),
        lambda root: root["case"].update(id="SP-20260302-AAAAAAAAAAAA"),
        lambda root: root["case"].update(manifest_sha256="0" * 64),
        lambda root: root["case"].update(key_fingerprint="0" * 64),
        lambda root: root["ledger"].update(size=3),
        lambda root: root["ledger"].update(origin="another"),
        lambda root: root["ledger"].update(time_stamp=None),
        lambda root: root.update(ledger=None),
        lambda root: root["exhibits"][0].update(path="data/sheet.png"),
        lambda root: root["recordings"][0].update(sha256="1" * 64),
        lambda root: root["recordings"][0].update(path="data/sheet.png"),
        lambda root: root["withheld"].append({"path": "data/clip.mp4", "sha256": "0" * 64, "why": "x"}),
        lambda root: root["withheld"].append({"path": "data/<b>", "sha256": "0" * 64, "why": "x"}),
        lambda root: root["files"][0].update(derived_from={"parent": "case:data/none", "transform": "x"}),
    ],
)  # fmt: skip
def test_what_the_release_says_must_fit(browser: Browser, full: Path, office: Office, edit: Edit) -> None:
    report = agree(browser, resign(full, office.keys, edit))
    assert report["verdict"] == "failed" and culprits(report)


def test_a_recording_of_which_the_case_tells_another_sm3(
    browser: Browser, office: Office, recording: Path, tmp_path: Path
) -> None:
    report = agree(browser, with_wrong_sm3(office, recording, tmp_path / "out"))
    assert culprits(report) == [f"{releases.RECORDINGS}01.mp4"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("time 2026", "time 2027"),
        lambda text: text + "more\n",
        lambda text: text.replace("— ", "- "),
        lambda text: text[:-1],
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace("=\n", "\n", 1),
        lambda text: f" {text}",
        lambda text: "x" * 9000,
        lambda text: "",
    ],
)
def test_checkpoints_that_were_changed(
    browser: Browser, full: Path, office: Office, edit: Callable[[str], str]
) -> None:
    path = full / releases.CHECKPOINT
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    assert culprits(agree(browser, resign(full, office.keys), alike=False)) == [releases.CHECKPOINT]


def test_signed_anew_with_another_key(browser: Browser, full: Path, office: Office) -> None:
    resign(full, SealingKeys(OTHER_KEY))
    assert layout.SITE_KEY in culprits(agree(browser, full, key=office.keys.first.fingerprint))
    assert agree(browser, full)["trusted"] is False


def test_a_case_within_that_lacks_a_file(browser: Browser, full: Path, office: Office) -> None:
    (full / "data/case/data/clip.mp4").unlink()
    assert culprits(agree(browser, resign(full, office.keys))) == ["data/case/data/clip.mp4"]
    (full / "data/case/case.json").unlink()
    assert agree(browser, resign(full, office.keys))["verdict"] == "failed"


def test_a_release_that_came_with_another_departments(
    browser: Browser, full: Path, office: Office, tmp_path: Path
) -> None:
    """data/origin/: signed by whoever sent it, and about this very case."""
    origin = full / releases.ORIGIN
    origin.mkdir()
    before = {name: (full / name).read_bytes() for name in (layout.RELEASE, f"{layout.RELEASE}.sig", layout.SITE_KEY)}
    for name, data in before.items():
        (origin / name).write_bytes(data)
    report = agree(browser, resign(full, office.keys))
    assert report["verdict"] == "verified" and "came from another department" in report["steps"][8]["detail"]
    for name, data in before.items():
        (origin / name).write_bytes(data.replace(b"a", b"b", 1) if name.endswith(".json") else data[:-6])
        assert culprits(agree(browser, resign(full, office.keys), alike=False)) == [releases.ORIGIN_MANIFEST]
        (origin / name).write_bytes(data)
    root = json.loads(before[layout.RELEASE])
    root["case"]["manifest_sha256"] = "0" * 64
    data = canonical.dumps(root)
    (origin / layout.RELEASE).write_bytes(data)
    (origin / f"{layout.RELEASE}.sig").write_bytes(office.keys.first.sign(data))
    assert culprits(agree(browser, resign(full, office.keys))) == [releases.ORIGIN_MANIFEST]
