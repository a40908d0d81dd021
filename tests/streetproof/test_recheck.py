"""`streetproof recheck` on real media: what it says, and the evidence that it leaves."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag import canonical
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from models.interface import Detections, Image, ModelInfo
from streetproof.recheck import writing
from streetproof.settings.load import LoadedSite, load_site
from tests.evidence_export.conftest import SEALED_AT, at, make_request, moment
from tests.evidence_export.test_kinds import OCCUPIED
from tests.streetproof.commands import inside
from vision.policy import policy_content, policy_hash

SITE = """\
site: {id: demo, name: 示范区综合行政执法局, timezone: Asia/Shanghai}
policies:
  - id: east-road
    name: 东大街一路一策
    version: "1"
    rules: [{id: no-parking, kind: no_parking, classes: [car], dwell: 12s}]
cameras:
  - id: cam-1
    name: 东大街1号机
    policy: east-road
    zones:
      - {id: kerb, name: 东侧路缘, polygon: [[0.3, 0.4], [0.7, 0.4], [0.75, 0.8], [0.25, 0.8]], rules: [no-parking]}
"""
LOOK = ("--purpose", "procedure", "--officer", "李明", "--licence", "33010001")
MODEL = ModelInfo("red-blocks", "ab" * 32, "none", "none", ("car",), (320, 180))
SECONDS = 122
CRATES = np.kron(np.random.default_rng(3).integers(30, 250, (9, 16, 3)), np.ones((10, 8, 1))).astype(np.uint8)
CRATES[..., 2] //= 4  # no red block
PAVEMENT = """\
site: {id: demo, name: 示范区综合行政执法局, timezone: Asia/Shanghai}
policies:
  - id: east-road
    name: 东大街一路一策
    version: "1"
    rules: [{id: taken, kind: occupation, dwell: 12s, min_area: 0.5}]
cameras:
  - id: cam-1
    name: 东大街1号机
    policy: east-road
    ground:
      points: [[0.2, 0.4], [0.8, 0.4], [0.9, 0.9], [0.1, 0.9]]
      metres: [[0, 10], [6, 10], [6, 4], [0, 4]]
    shops: [{id: shop-1, name: 阿明 水果店, owner: 王阿明, frontage: [[0.25, 0.45], [0.7, 0.45]]}]
    zones:
      - {id: kerb, name: 东侧路缘, polygon: [[0.25, 0.42], [0.75, 0.42], [0.8, 0.85], [0.2, 0.85]], rules: [taken]}
"""


class RedBlocks:
    """A detector that takes red blocks for cars."""

    info = MODEL

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> Detections:
        height, width = image.shape[:2]
        red = (image[..., 2].astype(int) - image[..., 0] > 60) & (image[..., 2] > 90)
        rows, columns = np.nonzero(red)
        if len(rows) < 200:
            return Detections.empty((width, height), MODEL)
        box = [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
        return Detections(np.array(box, np.float32), np.array([0.9], np.float32), np.array([0]), (width, height), MODEL)


def film(
    path: Path,
    seconds: int,
    *,
    car: Callable[[int], bool],
    heap: Callable[[int], bool] = lambda second: False,
    shift: int = 0,
    light: float = 1.0,
) -> Path:
    """One frame a second of a textured street, with a red block where `car` says so, or a `heap` of something else."""
    coarse = np.random.default_rng(7).integers(40, 180, (24, 40), dtype=np.uint8)
    street = cv2.resize(coarse, (800, 480), interpolation=cv2.INTER_CUBIC)[40:400, 40 + shift : 680 + shift]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(
            "libx264", rate=1, options={"preset": "ultrafast", "x264-params": "keyint=10:threads=1"}
        )
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.time_base = Fraction(1, 1)
        for second in range(seconds):
            image = np.repeat(street[:, :, None], 3, axis=2)
            if car(second):
                image = image.copy()
                image[180:270, 256:384] = (40, 40, 200)
            if heap(second):
                image = image.copy()
                image[180:270, 256:384] = CRATES
            image = (image * light).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "bgr24")
            frame.pts = second
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("复查 一")


@pytest.fixture(scope="module")
def loaded(folder: Path) -> LoadedSite:
    path = folder / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    return load_site(path)


@pytest.fixture(scope="module")
def bundle(folder: Path, loaded: LoadedSite) -> Path:
    """The case: the block stood there on 2 March."""
    rules = loaded.site.rules_of(loaded.site.cameras[0])
    original = film(folder / "东门 20260302_080000.mp4", 30, car=lambda second: second >= 4)
    request = make_request(original)
    digest = policy_hash(rules.policy, rules.zones[0], None)
    request = replace(
        request,
        policy=policy_content(rules.policy, rules.zones[0]),
        violation=replace(request.violation, policy_hash=digest),
    )
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    return seal(request, folder / "cases", signer, SEALED_AT).path


@pytest.fixture(scope="module")
def empty(folder: Path) -> Path:
    """Two minutes of the next day without it."""
    return film(folder / "门 20260303_090000.mp4", SECONDS, car=lambda second: False)


@pytest.fixture
def run(
    folder: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    monkeypatch.setattr("models.store.load_detector", lambda *a, **k: RedBlocks())

    def running(
        *arguments: object,
        original: Path = bundle,
        site: Path = folder / "site.yaml",
        code: int,
        at: str = "2026-03-03T09:00",
        lang: str = "",
    ) -> Any:
        """What it says as JSON; as text where a language is asked for."""
        key = ("--key", tmp_path / "keys" / "site.pem")
        form = ("--lang", lang) if lang else ("--json",)
        ran = inside(
            capsys, monkeypatch, "recheck", original, site, "--at", at,
            "--out", tmp_path / "out", "--window", "120s", *key, *form, *LOOK, *arguments,
        )  # fmt: skip
        assert ran.code == code, ran.err
        return ran.out + ran.err if lang else ran.json

    return running


def test_a_place_that_is_empty_is_corrected_with_pictures_and_a_signature(
    run: Callable[..., Any], bundle: Path, empty: Path
) -> None:
    told = run(empty, code=0)
    document, place = told["recheck"], Path(told["folder"])
    assert document["outcome"]["verdict"] == "corrected" and document["outcome"]["free_ns"] >= 115 * 10**9
    assert document["original"]["case"] == bundle.name
    assert document["view"] == {"compared_with_original": True}
    assert [one["state"] for one in document["shown"]] == ["free"] * 3
    assert canonical.loads((place / "recheck.json").read_bytes()) == document
    if shutil.which("openssl"):
        checked = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "site-key.pub.pem", "-rawin", "-in", "recheck.json",
             "-sigfile", "recheck.json.sig"], cwd=place, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "已改正" in (place / "README.txt").read_text("utf-8")
    assert {one.name for one in (place / "data/stills").iterdir()} == {"look-1.png", "look-2.png", "look-3.png"}
    report = verify(place)
    assert report.ok and report.recheck is not None, report.culprits
    assert (report.recheck.case_id, report.recheck.case_sha256) == (bundle.name, verify(bundle).manifest_sha256)
    own = [sys.executable, "-I", "-S", place / "data/verify.pyz", place]
    assert subprocess.run(own, capture_output=True, check=False).returncode == 0
    assert run(empty, code=4)["error"]["what"].startswith("this re-check was written before")


def test_it_is_written_whole_or_not_at_all(
    run: Callable[..., Any], bundle: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the verifier would refuse does not get its name, and no draft is left."""
    document = writing._document

    def lying(*arguments: Any) -> dict[str, Any]:
        told = document(*arguments)
        told["outcome"]["free_ns"] = 0
        return told

    with monkeypatch.context() as patched:
        patched.setattr(writing, "_document", lying)
        told = run(empty, code=4)
    assert "was not seen in order for long enough" in told["error"]["what"]
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / f"out/recheck-cam-1-20260303-090000-{bundle.name}.partial").mkdir()
    assert run(empty, code=0)["recheck"]["outcome"]["verdict"] == "corrected"
    assert len(list((tmp_path / "out").iterdir())) == 1, "what a killed run left is gone"


def test_what_stands_there_again_is_not_corrected(run: Callable[..., Any], tmp_path: Path, bundle: Path) -> None:
    footage = film(tmp_path / "门 20260303_090000.mp4", SECONDS, car=lambda second: 40 <= second < 80)
    document = run(footage, code=1)["recheck"]
    assert document["outcome"]["verdict"] == "not_corrected"
    assert document["outcome"]["violation"]["dwell_lower_bound_ns"] > 12 * 10**9
    again = run(footage, original=tmp_path / f"out/recheck-cam-1-20260303-090000-{bundle.name}", code=4)
    assert again["error"]["what"] == "this is a re-check, and no case"
    assert {one["state"] for one in document["shown"]} == {"taken"}


def test_the_recording_of_the_violation_under_another_time_is_no_footage(
    run: Callable[..., Any], tmp_path: Path, folder: Path
) -> None:
    """Renamed to after the deadline it would show that nothing was corrected."""
    renamed = Path(shutil.copy(folder / "东门 20260302_080000.mp4", tmp_path / "门 20260303_090000.mp4"))
    told = run(renamed, code=3)
    assert told["recheck"]["outcome"]["reason"] == "no_footage" and told["recheck"]["recordings"] == []
    (failure,) = told["failures"]
    assert failure["path"] == str(renamed) and "a recording of the case itself" in failure["what"]
    zh = run(renamed, code=3, at="2026-03-03T09:00:01", lang="zh")
    assert "这是本案自身的录像" in zh


def test_a_recording_that_goes_on_after_the_violation_shows_what_came_later(
    run: Callable[..., Any], tmp_path: Path, loaded: LoadedSite
) -> None:
    """An hour from a recorder holds both: under its own time it is no forgery."""
    rules = loaded.site.rules_of(loaded.site.cameras[0])
    long = film(tmp_path / "门 20260302_080000.mp4", 60 + SECONDS, car=lambda second: 4 <= second < 40)
    request = make_request(long)
    violation = replace(request.violation, policy_hash=policy_hash(rules.policy, rules.zones[0], None))
    request = replace(request, policy=policy_content(rules.policy, rules.zones[0]), violation=violation)
    sealed = seal(request, tmp_path / "cases", Ed25519Signer(Ed25519PrivateKey.generate()), SEALED_AT)
    told = run(long, original=sealed.path, code=0, at="2026-03-02T08:01:00")
    assert told["failures"] == [] and len(told["recheck"]["recordings"]) == 1


def test_two_rules_of_one_stay_are_looked_at_each_by_itself(
    run: Callable[..., Any], tmp_path: Path, folder: Path, bundle: Path, empty: Path
) -> None:
    """They are two cases; neither takes the other's evidence for its own. A file of events names the rule."""
    path = tmp_path / "two.yaml"
    path.write_text(SITE.replace("no-parking,", "short,").replace("[no-parking]", "[short]"), encoding="utf-8")
    site = load_site(path).site
    rules = site.rules_of(site.cameras[0])
    request = make_request(folder / "东门 20260302_080000.mp4")
    digest = policy_hash(rules.policy, rules.zones[0], None)
    violation = replace(request.violation, rule="short", policy_hash=digest)
    request = replace(request, policy=policy_content(rules.policy, rules.zones[0]), violation=violation)
    other = seal(request, tmp_path / "cases", Ed25519Signer(Ed25519PrivateKey.generate()), SEALED_AT).path
    assert other.name != bundle.name
    first, second = run(empty, code=0), run(empty, original=other, code=0)
    assert Path(first["folder"]).name.endswith(bundle.name) and Path(second["folder"]).name.endswith(other.name)
    assert [one["recheck"]["original"]["case"] for one in (first, second)] == [bundle.name, other.name]
    entry = {"camera": "cam-1", "rule": "no-parking", "zone": "kerb", "cls": "car", "stay": "a" * 32}
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"entries": [{**entry, "box": [0.4, 0.5, 0.6, 0.75]}]}))
    assert Path(run(empty, original=events, code=0)["folder"]).name.endswith("-aaaaaaaa-no-parking")


@pytest.mark.parametrize("left_out", ["--purpose", "--officer", "--licence"])
def test_nobody_looks_without_saying_who_and_why(
    folder: Path, bundle: Path, empty: Path, tmp_path: Path, left_out: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    place = LOOK.index(left_out)
    ran = inside(
        capsys, monkeypatch, "recheck", bundle, folder / "site.yaml", empty, "--at", "2026-03-03T09:00",
        "--out", tmp_path / "out", *LOOK[:place], *LOOK[place + 2 :],
    )  # fmt: skip
    assert ran.code == 2 and not (tmp_path / "out").exists()


def test_what_cannot_be_told_says_why(run: Callable[..., Any], tmp_path: Path) -> None:
    nothing = run(tmp_path / "none.mp4", code=3)
    assert nothing["recheck"]["outcome"]["reason"] == "no_footage" and nothing["failures"]
    dark = film(tmp_path / "暗 20260303_100000.mp4", SECONDS, car=lambda second: False, light=0.05)
    assert run(dark, code=3, at="2026-03-03T10:00")["recheck"]["outcome"]["reason"] == "too_dark"
    told = run(tmp_path / "none.mp4", code=3, at="2026-03-05T10:00", lang="zh")
    assert (
        "无法判断：该时段没有录像" in told and "证据：" in told and "none.mp4：无法读取：没有这样的文件或文件夹" in told
    )
    assert "Evidence" not in told and "Cannot tell" not in told
    told = run(tmp_path / "none.mp4", code=3, at="2026-03-06T10:00", lang="en")
    assert "Cannot tell: there is no footage of that time" in told
    moved = film(tmp_path / "移 20260303_110000.mp4", SECONDS, car=lambda second: False, shift=40)
    assert run(moved, code=3, at="2026-03-03T11:00")["recheck"]["outcome"]["reason"] == "view_fault"
    other = run(moved, code=3, at="2026-03-04T11:00")
    assert other["recheck"]["outcome"]["reason"] == "no_footage" and other["recheck"]["recordings"] == []


def test_a_file_of_events_will_do_where_there_is_no_case(run: Callable[..., Any], tmp_path: Path, empty: Path) -> None:
    entry = {"camera": "cam-1", "rule": "no-parking", "zone": "kerb", "cls": "car", "stay": "0" * 32}
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"entries": [{**entry, "box": [0.4, 0.5, 0.6, 0.75]}]}))
    document = run(empty, original=events, code=0)["recheck"]
    assert document["view"] == {"compared_with_original": False}
    events.write_text(json.dumps({"entries": []}))
    assert "no violation" in run(empty, original=events, code=4)["error"]["what"]
    events.write_text("{")
    assert "no file of events" in run(empty, original=events, code=4)["error"]["what"]


def test_a_bundle_that_was_changed_is_not_built_on(run: Callable[..., Any], tmp_path: Path, bundle: Path) -> None:
    copied = shutil.copytree(bundle, tmp_path / bundle.name)
    (copied / "data" / "policy.json").write_bytes(b"{}")
    assert "does not verify" in run(tmp_path / "x.mp4", original=copied, code=4)["error"]["what"]


def test_a_window_that_is_too_short_is_refused(run: Callable[..., Any], tmp_path: Path) -> None:
    assert "too short" in run(tmp_path / "x.mp4", "--window", "60s", code=4)["error"]["what"]


@pytest.fixture(scope="module")
def pavement(folder: Path) -> Path:
    """The site file of those who watch the ground."""
    path = folder / "人行道 1.yaml"
    path.write_text(PAVEMENT, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=[True, False], ids=["seen-free", "never-seen-free"])
def taking(folder: Path, pavement: Path, request: pytest.FixtureRequest) -> Path:
    """The case: crates stood there from 12 s on, on 2 March."""
    site = load_site(pavement).site
    rules = site.rules_of(site.cameras[0])
    plane = rules.plane
    assert plane is not None
    original = film(folder / "街 20260302_080000.mp4", 40, car=lambda s: False, heap=lambda s: s >= 12)
    asked = make_request(original)
    outline = ((0.4, 0.5), (0.6, 0.5), (0.6, 0.75), (0.4, 0.75))
    ground = plane.to_ground([(0.4, 0.62), (0.6, 0.62), (0.6, 0.75), (0.4, 0.75)])
    occupied = replace(OCCUPIED, outlines=(outline,), ground=tuple((float(x), float(y)) for x, y in ground))
    stay = replace(asked.stay, arrived=(at(10) if request.param else None, at(12)), last_seen=at(30), departed=None)
    violation = replace(
        asked.violation,
        rule="taken",
        policy_hash=policy_hash(rules.policy, rules.zones[0], rules.ground, rules.shops),
        stay=stay,
        moments=(moment(12), moment(26)),
        fired_at=at(26),
        occupied=occupied,
    )
    content = policy_content(rules.policy, rules.zones[0], rules.ground, rules.shops)
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    sealing = replace(asked, policy=content, violation=violation, stay=stay)
    return seal(sealing, folder / f"cases-{request.param}", signer, SEALED_AT).path


def test_ground_that_was_taken_is_looked_at_beside_a_picture_of_it_free(
    run: Callable[..., Any], tmp_path: Path, pavement: Path, taking: Path
) -> None:
    """Also what stands there from the first look on: nothing of a re-check is learned as the street."""
    if "cases-False" in str(taking):
        told = run(tmp_path / "none.mp4", original=taking, site=pavement, code=4)
        assert "no picture of the ground before" in told["error"]["what"]
        return

    def again(name: str, hour: int, code: int, **what: Any) -> Any:
        footage = film(tmp_path / f"{name} 20260303_{hour:02d}0000.mp4", SECONDS, **{"car": lambda s: False, **what})
        told = run(footage, original=taking, site=pavement, code=code, at=f"2026-03-03T{hour:02d}:00")
        return told["recheck"]["outcome"]

    free = again("空", 9, 0)
    assert free["verdict"] == "corrected" and free["free_ns"] >= 100 * 10**9
    dimmer = again("暗", 10, 0, light=0.6)
    assert dimmer["verdict"] == "corrected"
    still = again("占", 11, 1, heap=lambda s: True)
    assert still["verdict"] == "not_corrected" and float(still["violation"]["occupied"]["area_m2"]) > 0.5
    some = again("半", 12, 3, heap=lambda s: s % 40 < 12)
    assert (some["verdict"], some["reason"]) == ("cannot_tell", "unclear")
    hidden = again("车", 13, 3, car=lambda s: True)
    assert (hidden["verdict"], hidden["reason"]) == ("cannot_tell", "hidden")
    moved = again("移", 14, 3, shift=40)
    assert moved["verdict"] == "cannot_tell"


def test_a_file_of_events_shows_no_ground_from_before(run: Callable[..., Any], tmp_path: Path, pavement: Path) -> None:
    entry = {"camera": "cam-1", "rule": "taken", "zone": "kerb", "cls": "footprint", "stay": "0" * 32, "occupied": {}}
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"entries": [{**entry, "box": [0.4, 0.5, 0.6, 0.75]}]}))
    told = run(tmp_path / "none.mp4", original=events, site=pavement, code=4)
    assert "no picture of the ground before" in told["error"]["what"]


def test_a_time_before_the_violation_is_refused(run: Callable[..., Any], empty: Path) -> None:
    told = run(empty, code=4, at="2026-03-01T09:00")
    assert "lies before the violation" in told["error"]["what"]
