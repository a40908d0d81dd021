"""The plate of a stay, from drawn recordings into sealed bundles: read where it is surely its own, never guessed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evidence_export.bag.releases import Profile
from evidence_export.case import CaseRequest, PlateRules
from evidence_export.errors import SealError
from evidence_export.footage import open_footage
from evidence_export.keys import Ed25519Signer
from evidence_export.places import places_of
from evidence_export.plates.looks import PlateEyes, looks_of
from evidence_export.plates.reading import PlateFindings, most_looks, read_plates
from evidence_export.plates.statement import marked
from evidence_export.plates.words import plate_lines, text_of
from evidence_export.release.carried import opened
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from models.errors import InferenceError
from models.plates.interface import PlateReader
from models.plates.loading import load_plate_reader
from models.plates.reader import ReaderSettings
from models.store import ModelStore
from tests.evidence_export.conftest import SEALED_AT
from tests.evidence_export.helpers import resign
from tests.evidence_export.platefilm import OTHER, TEXT, Shown, Told, about, film
from tests.evidence_export.segments import live, record, recordings_of
from tests.evidence_export.test_sealer import read_case
from vision.interface import Box

NEARER: Box = (0.35, 0.4, 0.85, 1.0)


@pytest.fixture(scope="module")
def reader(plate_store: ModelStore) -> PlateReader:
    # A look half as large as usual finds these plates in a quarter of the time.
    return load_plate_reader(store=plate_store, settings=ReaderSettings(side=480, second_side=0))


@dataclass(frozen=True)
class Case:
    bundle: Path
    request: CaseRequest

    @property
    def json(self) -> dict[str, Any]:
        return read_case(self.bundle)

    @property
    def plate(self) -> dict[str, Any]:
        return self.json["plate"]

    @property
    def readme(self) -> str:
        return (self.bundle / "README.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sealed(reader: PlateReader, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    def make(*shown: Shown, vehicles: Told | None = None, of: Case | None = None) -> Case:
        """`of`: from the recording of that case, instead of a new one."""
        folder = tmp_path_factory.mktemp("号牌 一")
        request = about(of.request.recordings[0].path if of else film(folder / "录像 一.mp4", *shown))
        eyes = PlateEyes(reader, vehicles or Told())
        case = Case(seal(request, folder / "cases", signer, SEALED_AT, eyes=eyes).path, request)
        report = verify(case.bundle, trusted_key=signer.fingerprint)
        assert report.ok, [step.findings for step in report.steps]
        return case

    return make


@pytest.fixture(scope="module")
def certain(sealed: Callable[..., Case]) -> Case:
    return sealed(Shown(TEXT))


@pytest.fixture(scope="module")
def two(sealed: Callable[..., Case]) -> Case:
    return sealed(Shown(TEXT, (250, 200)), Shown(OTHER, (400, 240)))


def test_a_plate_that_is_read_alike_in_several_frames_is_certain(certain: Case) -> None:
    plate = certain.plate
    assert (plate["status"], plate["text"], plate["marked"], plate["doubts"]) == ("certain", TEXT, TEXT, [])
    assert (plate["colour"], plate["rows"], plate["form"]) == ("blue", "single", "ordinary")
    assert [one["text"] for one in plate["characters"]] == list(TEXT)
    assert not any(one["doubtful"] for one in plate["characters"])
    assert plate["frames"] == {"found_in": plate["looked_at"], "read": 2, "agreeing": 2}
    assert plate["looked_at"] > 3, "the moments, and more of the stay"
    assert [model.split("@")[0] for model in plate["models"]] == ["plate-detector", "plate-recogniser"]
    case = certain.json
    assert "plate_unknown" not in case["case"]["approval_blocked_by"]
    assert "not_reviewed" in case["case"]["approval_blocked_by"], "a reading takes no review away"
    assert f"号牌：{TEXT}（蓝牌，单层），读数确定，2 帧中 2 帧一致" in certain.readme
    assert "须由执法人员与近景图" in certain.readme and "data/plates/ " in certain.readme
    assert f"Plate: {TEXT} (blue, one row), a certain reading" in " ".join(certain.readme.split())


def test_the_close_up_is_cut_out_of_the_frame_that_it_names(certain: Case) -> None:
    shown = certain.plate["close_up"]
    (recording,) = certain.request.recordings
    frame = open_footage(recording, "cam-1").picture(shown["pts"])
    x, y, width, height = shown["cut"]
    picture = np.asarray(Image.open(certain.bundle / shown["path"]))[:, :, ::-1]
    assert (picture == frame[y : y + height, x : x + width]).all()
    assert certain.json["images"]["plate_close_up"] == shown["path"] == "data/plates/plate-1.png"
    # The plate stands at (320, 230), 110 pixels wide, in a frame of 640 x 360.
    x1, y1, x2, y2 = (float(one) for one in shown["box"])
    assert (x1 * 640, x2 * 640) == (pytest.approx(265, abs=4), pytest.approx(375, abs=4))
    assert (y1 * 360, y2 * 360) == (pytest.approx(212, abs=4), pytest.approx(247, abs=4))
    assert (shown["camera"], shown["recording"], shown["frame_size"]) == ("cam-1", 0, [640, 360])
    # One of the stills is as good as any other frame here, so it is the parent.
    listed = next(one for one in certain.json["files"] if one["path"] == shown["path"])
    assert shown["panorama"] == listed["derived_from"]["parent"] == "data/stills/panorama-1.png"
    assert f"pts {shown['pts']}" in listed["derived_from"]["transform"]


def test_the_plate_of_another_vehicle_stays_with_the_department(two: Case) -> None:
    withheld = opened(two.bundle).withheld(Profile.OUTGOING)
    (other,) = two.plate["others"]
    assert other["close_up"]["path"] in withheld and two.plate["close_up"]["path"] not in withheld
    assert opened(two.bundle).withheld(Profile.FULL) == {}


def test_two_plates_in_one_box_make_neither_certain(two: Case) -> None:
    plate = two.plate
    (other,) = plate["others"]
    assert {plate["text"], other["text"]} == {TEXT, OTHER}
    assert plate["status"] == other["status"] == "uncertain"
    assert "several_plates" in plate["doubts"] and "several_plates" in other["doubts"]
    assert (two.bundle / other["close_up"]["path"]).is_file()
    assert "plate_unknown" in two.json["case"]["approval_blocked_by"]
    assert f"号牌：不确定，疑似 {plate['marked']}" in two.readme and "车辆框内另有一块号码不同的号牌" in two.readme
    assert "不得作为认定依据" in two.readme


def test_a_plate_where_a_nearer_vehicle_stands_is_not_this_ones(certain: Case, sealed: Callable[..., Case]) -> None:
    case = sealed(of=certain, vehicles=Told(NEARER))
    plate = case.plate
    assert (plate["status"], plate["others"], "text" in plate) == ("none_found", [], False)
    assert plate["left_out"]["of_nearer_vehicles"] == plate["looked_at"]
    assert TEXT not in case.readme and not (case.bundle / "data/plates").exists()
    assert "未发现可归于该车的号牌" in case.readme and "更靠近摄像机的车辆" in case.readme
    assert case.json["images"]["plate_close_up"] == {"known": False}


def found(reader: PlateReader, path: Path, vehicles: Told | None = None) -> PlateFindings:
    """What sealing would find of the plate, without a bundle."""
    request = about(path)
    assert request.plates is not None
    footage = [open_footage(request.recordings[0], "cam-1")]
    looks = looks_of(request, footage, places_of(request, footage), vehicles or Told(), most_looks(request.plates))
    return read_plates(list(looks), reader, request.plates)


def test_a_vehicle_further_away_takes_no_plate(certain: Case, reader: PlateReader) -> None:
    path = certain.request.recordings[0].path
    findings = found(reader, path, Told((0.3, 0.1, 0.9, 0.7)))
    assert findings.plate is not None and findings.plate.certain and findings.nearer == 0


def test_where_the_vehicle_is_not_seen_its_plate_is_not_looked_for(certain: Case, reader: PlateReader) -> None:
    path = certain.request.recordings[0].path
    assert found(reader, path, Told(own=None)).looks == 3, "only the moments, at which it was seen"


def test_a_plate_that_passes_by_is_left_out(reader: PlateReader, tmp_path: Path) -> None:
    findings = found(reader, film(tmp_path / "a.mp4", Shown(TEXT), Shown(OTHER, (240, 140), since=9.9, until=10.1)))
    assert findings.plate is not None
    assert (findings.plate.verdict.text, findings.plate.doubts, findings.others) == (TEXT, (), ())
    assert findings.passing == 1


def test_a_plate_that_is_seen_once_is_not_certain(reader: PlateReader, tmp_path: Path) -> None:
    findings = found(reader, film(tmp_path / "a.mp4", Shown(TEXT, since=9.9, until=10.1)))
    assert findings.plate is not None
    assert (findings.plate.verdict.text, findings.plate.doubts) == (TEXT, ("seen_once",))


def test_what_cannot_be_read_is_not_guessed(reader: PlateReader, tmp_path: Path) -> None:
    findings = found(reader, film(tmp_path / "a.mp4", Shown(TEXT, blur=3.2)))
    assert findings.plate is None or not findings.plate.certain
    if findings.plate is not None and findings.plate.verdict.characters:
        assert "[" in marked(findings.plate.verdict.characters, 0.98)


def test_segments_of_a_live_camera(certain: Case, reader: PlateReader, signer: Ed25519Signer, tmp_path: Path) -> None:
    (source,) = certain.request.recordings
    folder = tmp_path / "片段"
    request = live(certain.request, recordings_of(record(source.path, folder), folder))
    bundle = seal(request, tmp_path / "cases", signer, SEALED_AT, eyes=PlateEyes(reader, Told())).path
    assert verify(bundle).ok
    case = read_case(bundle)
    shown = case["plate"]["close_up"]
    assert (case["plate"]["text"], case["plate"]["status"]) == (TEXT, "certain")
    segment = case["recordings"][shown["recording"]]["segment"]
    assert segment["first_pts"] <= shown["pts"] <= segment["last_pts"]


def test_a_case_is_not_sealed_as_if_its_plate_had_been_looked_for(
    certain: Case, signer: Ed25519Signer, tmp_path: Path
) -> None:
    with pytest.raises(SealError, match="nothing to read it with"):
        seal(certain.request, tmp_path, signer, SEALED_AT)

    class Broken:
        models = ("x",)

        def find(self, image: object) -> list[Any]:
            raise InferenceError("the runtime failed", where="x")

        def read(self, image: object, spots: object = None) -> list[Any]:
            return []

    with pytest.raises(InferenceError):
        seal(certain.request, tmp_path, signer, SEALED_AT, eyes=PlateEyes(Broken(), Told()))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="frames"):
        PlateRules(frames=0)


def put(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def edit(case: dict[str, Any]) -> None:
        holder: Any = case
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value

    return edit


def drop_block(case: dict[str, Any]) -> None:
    case["case"]["approval_blocked_by"].remove("plate_unknown")


LIES: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "the plate is passed over": ("certain", put("plate", value={"known": False})),
    "no plate was found": ("certain", put("plate", "status", value="none_found")),
    "another text": ("certain", put("plate", "text", value=OTHER)),
    "certain with a doubt": ("certain", put("plate", "doubts", value=["seen_once"])),
    "certain with a doubtful character": ("certain", put("plate", "characters", 0, "doubtful", value=True)),
    "more frames agree than were read": ("certain", put("plate", "frames", "agreeing", value=9)),
    "a frame that is not there": ("certain", put("plate", "close_up", "recording", value=5)),
    "another frame": ("certain", put("plate", "close_up", "pts", value=0)),
    "another camera": ("certain", put("plate", "close_up", "camera", value="cam-2")),
    "tied to no still": ("certain", put("plate", "close_up", "panorama", value={"known": False})),
    "cut out beyond the frame": ("certain", put("plate", "close_up", "cut", value=[600, 0, 100, 50])),
    "cut out elsewhere": ("certain", put("plate", "close_up", "cut", value=[0, 0, 100, 50])),
    "a share above one": ("certain", put("plate", "characters", 0, "confidence", value="1.5")),
    "a share that never ends": ("certain", put("plate", "characters", 0, "confidence", value="1e999999999")),
    "another close-up": ("certain", put("images", "plate_close_up", value="data/stills/panorama-1.png")),
    "blocked though certain": ("certain", lambda case: case["case"]["approval_blocked_by"].append("plate_unknown")),
    "not blocked though uncertain": ("two", drop_block),
    "the second plate is left out": ("two", put("plate", "others", value=[])),
    "certain beside another": ("two", lambda case: case["plate"].update(status="certain", doubts=[])),
    "malformed": ("certain", put("plate", "characters", value="none")),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_statement_that_cannot_be_true_is_found(
    lie: str, request: pytest.FixtureRequest, signer: Ed25519Signer
) -> None:
    which, edit = LIES[lie]
    bundle: Path = request.getfixturevalue(which).bundle
    saved = {path: path.read_bytes() for path in bundle.iterdir() if path.is_file()}
    try:
        resign(bundle, signer, edit)
        report = verify(bundle)
    finally:
        for path, data in saved.items():
            path.write_bytes(data)
    failed = [step.number for step in report.steps if step.findings]
    assert failed == [10], [step.findings for step in report.steps]


def test_words_mark_every_doubt_and_stand_for_any_statement(certain: Case, two: Case) -> None:
    assert list(plate_lines({"known": False})) == []
    assert text_of({"status": "none_found"}).zh == "未发现"
    plate = copy.deepcopy(two.plate)
    plate.update(marked="京A1[2/Z]345", text="京A12345", doubts=["weak_character", "something_new"], others=[])
    (said,) = plate_lines(plate)
    assert "不确定，疑似 京A1[2/Z]345" in said.zh and "京A12345" not in said.zh
    assert "something_new" in said.zh and "uncertain, perhaps 京A1[2/Z]345" in said.en
    assert text_of(certain.plate).zh == f"{TEXT}（确定）"
