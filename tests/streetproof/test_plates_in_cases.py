"""Plates from recordings through a batch and the daemon's case work into bundles, the report and the ledger."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence_export.case import PlateRules
from evidence_export.verifier import verify
from models.errors import ModelMissingError
from models.store import ModelStore
from streetproof.batch.inputs import BatchRequest
from streetproof.batch.run import run_batch
from streetproof.batch.summary import note_of
from streetproof.plates import check_plates, plate_rules
from streetproof.settings.load import SiteInvalidError, load_site
from streetproof.store.vehicles import Span
from tests.evidence_export.conftest import make_request
from tests.scenes import Actor, Encoding, Look, Scene, Stop, compose
from tests.streetproof.commands import inside
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.sites import parked, play, segments
from tests.streetproof.daemon.test_casework import Work
from tests.streetproof.vehicles.entries import manifest

TEXT = "苏E05K83"
LI = ("--purpose", "procedure", "--officer", "李明", "--licence", "33010001")
SCENE = Scene(
    seconds=13,
    fps=Fraction(3),
    size=(960, 540),
    seed=5,
    actors=(Actor("van", Look.VAN, stops=(Stop((0.35, 0.80), 0),), plate=TEXT, size=1.55),),
)


def site_of(path: Path, model: str, **sections: Any) -> Path:
    rule = {"id": "no-parking", "kind": "no_parking", "classes": ["car", "truck", "bus"], "dwell": "8s"}
    content = {
        "site": {"id": "plates", "name": "示范区综合行政执法局", "timezone": "Asia/Shanghai"},
        "model": {"name": model},
        "evidence": {"pre_roll": "2s", "post_roll": "2s"},
        "policies": [{"id": "road", "name": "一路一策", "version": "1", "rules": [rule]}],
        "cameras": [
            {
                "id": "gate-1",
                "name": "东门 1",
                "policy": "road",
                "zones": [
                    {
                        "id": "kerb",
                        "name": "西侧路缘",
                        "polygon": [[0.05, 0.3], [0.9, 0.3], [0.9, 0.99], [0.05, 0.99]],
                        "rules": ["no-parking"],
                    }
                ],
            }
        ],
        **sections,
    }
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("录像 一")
    return compose(SCENE, folder / "东门 20261102080000.mp4", Encoding(gop=3, b_frames=0, preset="ultrafast")).video


def test_a_plate_goes_from_the_recording_into_bundle_report_and_ledger(
    tmp_path: Path,
    real_model: str,
    plate_store: ModelStore,
    recording: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "结果 1"
    loaded = load_site(site_of(tmp_path / "site.yaml", real_model, plates={"frames": 3}))
    request = BatchRequest(loaded, [str(recording)], out, tmp_path / "key.pem", plate_store, workers=1)
    (case,) = run_batch(request, lambda event: None).cases
    bundle = out / case["bundle"]
    assert verify(bundle).ok
    plate = json.loads((bundle / "case.json").read_bytes())["plate"]
    assert (plate["text"], plate["colour"], plate["status"]) == (TEXT, "blue", "certain"), plate
    assert plate["frames"]["agreeing"] == plate["frames"]["read"] == 3
    assert case["plate"]["text"] == TEXT and "plate_unknown" not in case["approval_blocked_by"]
    report = (out / "report.html").read_text(encoding="utf-8")
    assert f"<strong>{TEXT}</strong>" in report and case["plate"]["picture"].endswith("data/plates/plate-1.png")
    assert (out / case["plate"]["picture"]).is_file()

    found = inside(capsys, monkeypatch, "vehicles", "苏E05K8?", *LI, "--data", out, "--json")
    assert [(one["case"], one["plate"]["text"]) for one in found.json] == [(case["id"], TEXT)]
    assert (found.json[0]["zone_name"], found.json[0]["camera_name"]) == ("西侧路缘", "东门 1")
    assert found.json[0]["arrived"] == case["arrived"]

    # The database is an index: without it the ledger is filled again from the bundles.
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (out / name).unlink(missing_ok=True)
    again = run_batch(request, lambda event: None)
    assert (again.failures, [one["new"] for one in again.cases]) == ([], [False])
    assert inside(capsys, monkeypatch, "vehicles", TEXT, *LI, "--data", out, "--json").json == found.json


def test_a_bundle_sealed_without_plates_stays_and_the_report_says_so(tmp_path: Path) -> None:
    (tmp_path / "录像.mp4").write_bytes(b"x")
    request_ = make_request(tmp_path / "录像.mp4")
    sealed = {
        "policy": {"sha256": request_.violation.policy_hash},
        "detection": {"model": {"sha256": request_.detector.sha256}},
        "violation": {"stay": {"last_seen": request_.stay.last_seen.isoformat()}},
        "plate": {"known": False},
    }
    asked = replace(request_, plates=PlateRules())
    assert note_of(sealed, request_) is None
    assert note_of(sealed, asked) == "no_plate"
    assert note_of({**sealed, "plate": {"status": "none_found"}}, asked) is None


def test_a_model_that_is_not_here_stops_before_anything_is_done(
    tmp_path: Path,
    bootstrap_model: str,
    recording: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = ModelStore(tmp_path / "models")
    store.folder.mkdir()
    for path in ModelStore.default().folder.glob(f"{bootstrap_model}*"):
        shutil.copy(path, store.folder)
    site = site_of(tmp_path / "site.yaml", bootstrap_model, plates={})
    out = tmp_path / "out"
    ran = inside(capsys, monkeypatch, "batch", site, recording, "--out", out, "--store", store.folder)
    assert ran.code == 4
    assert "plate-detector is not on this machine yet" in ran.err
    assert "streetproof models pull plates" in ran.err and "site.yaml: plates" in ran.err
    assert not out.exists()
    with pytest.raises(ModelMissingError, match="models pull plates"):
        check_plates(load_site(site), store)
    off = load_site(site_of(tmp_path / "off.yaml", bootstrap_model))
    check_plates(off, store)
    assert plate_rules(off.site, "car") is None
    on = load_site(site).site
    assert plate_rules(on, "motorcycle") == PlateRules()
    assert plate_rules(on, "person") is plate_rules(on, "bicycle") is None, "what has no plate"


@pytest.mark.parametrize(
    ("plates", "said"),
    [
        ({"frames": 0}, "plates.frames"),
        ({"certainty": 0.9}, "plates.certainty"),
        ({"certainty": 1.0}, "plates.certainty"),
        ({"model": "x"}, "no such setting"),
    ],
)
def test_a_site_may_ask_for_more_certainty_and_never_for_less(
    tmp_path: Path, plates: dict[str, Any], said: str
) -> None:
    with pytest.raises(SiteInvalidError, match=said):
        load_site(site_of(tmp_path / "site.yaml", "yolov3-tiny", plates=plates))


def test_the_daemon_asks_for_the_plate_and_enters_what_the_bundle_says(tmp_path: Path) -> None:
    work = Work(tmp_path, sites.load(tmp_path / "site.yaml", sites.site(plates={"frames": 4, "certainty": 0.99})))
    with work.store:
        work.take(play(work.desk, parked(6, 80), 0, 120))
        work.store.segments.add(segments(1, 12))
        assert work.work(121)
        _, task = work.sealing.tasks[-1]
        assert task.plates is not None and task.request.plates is not None
        assert (task.request.plates.frames, task.request.plates.min_character) == (4, 0.99)
        assert (task.plates.detector, task.plates.recogniser) == ("plate-detector", "plate-recogniser")
        bundle = task.folder / "SP-1"
        bundle.mkdir(parents=True)
        content = {"format": "streetproof-case", **manifest(1, "京A12345")}
        (bundle / "case.json").write_text(json.dumps(content), encoding="utf-8")
        assert work.done(160) is not None
        (row,) = work.store.vehicles.exactly("京A12345", Span())
        assert row.status == "certain"
