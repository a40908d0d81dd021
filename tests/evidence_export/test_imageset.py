"""The image set of what is parked: which frames are shown, signs and markings, obstruction, and what is refused."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evidence_export.case import CaseRequest
from evidence_export.dossier import open_dossier
from evidence_export.imageset.ground import standing_in
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from evidence_export.sheet import compose
from evidence_export.verifier import verify
from evidence_export.verifier.chinese import chinese
from evidence_export.verifier.imageset import image_faults
from evidence_export.verifier.text import ZH, as_text
from tests.evidence_export.conftest import SEALED_AT, at, make_request
from tests.evidence_export.helpers import resign
from tests.evidence_export.imagesets import (
    CAR,
    COVERED,
    LINE,
    RIDDEN,
    RIDER,
    SIGN,
    moment,
    policy_of,
    street_request,
    write_street,
)
from tests.vision.byhand import SHANGHAI, detections
from vision.engine import Engine
from vision.ground import Ground
from vision.interface import Hindrance, RoadUser, StayEnded, ViolationFired
from vision.policy import build_camera_rules, parse_policy, policy_content


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("街景 录像") / "street.mp4"
    write_street(path)
    return path


@pytest.fixture(scope="module")
def sealed(street: Path, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = street_request(street, policy_of(SIGN, LINE))
    return seal(request, tmp_path_factory.mktemp("图片组 案"), signer, SEALED_AT).path


@pytest.fixture(scope="module")
def case(sealed: Path) -> dict[str, Any]:
    return told(sealed)


def told(bundle: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((bundle / "case.json").read_bytes())
    return loaded


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(path))


def seen_at(case: dict[str, Any]) -> list[str]:
    return [one["seen_at"] for one in case["images"]["panoramas"]]


# -- which frames ------------------------------------------------------------------------------------------------------


def test_neither_a_blurred_nor_a_covered_frame_is_a_panorama(case: dict[str, Any]) -> None:
    """The first sighting is blurred, and a bus hides the car in the one that proved it: those were shown before."""
    assert seen_at(case) == [at(6).isoformat(), at(20).isoformat()]
    images = case["images"]
    assert images["separation_met"] and images["separation_ns"] == 14 * 10**9 >= images["separation_required_ns"]
    assert images["chosen_from"] == 10
    for one in images["panoramas"]:
        clarity = one["clarity"]
        assert clarity["whole"] and float(clarity["sharpness"]) > 0.9 and float(clarity["hidden"]) < 0.05


def test_what_is_shown_and_did_not_decide_stands_among_the_sightings(sealed: Path) -> None:
    detections = json.loads((sealed / "data/detections.json").read_bytes())
    assert [one["at"] for one in detections["moments"]] == [at(s).isoformat() for s in (4, 6, 8, 12, 16, 18)]
    assert [(one["at"], one["frame_at"]) for one in detections["shown"]] == [(at(20).isoformat(), at(20).isoformat())]


def test_a_vehicle_cut_off_by_the_border_is_not_shown_where_it_is_whole_elsewhere(
    street: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    request = street_request(street, policy_of())
    cut_off = (0.0, *CAR[1:])
    moments = tuple(
        moment(second, box=cut_off if second == 6 else CAR)  # type: ignore[arg-type]
        for second in (4, 6, 8, 12, 16, 18)
    )
    request = replace(request, violation=replace(request.violation, moments=moments))
    case = told(seal(request, tmp_path, signer, SEALED_AT).path)
    assert seen_at(case) == [at(8).isoformat(), at(20).isoformat()]


def test_distance_comes_before_clarity(street: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    """Nothing was seen after the proof: whatever is far enough apart has one fault at least, and that is said."""
    request = street_request(street, policy_of())
    request = replace(request, stay=replace(request.stay, later=()))
    case = told(seal(request, tmp_path, signer, SEALED_AT).path)
    assert case["images"]["separation_met"] and seen_at(case) == [at(4).isoformat(), at(16).isoformat()]
    first, second = (one["clarity"] for one in case["images"]["panoramas"])
    assert float(first["sharpness"]) < 0.6 < float(second["sharpness"]) and float(second["hidden"]) < 0.05


def test_where_none_stand_far_enough_apart_the_first_and_the_last_are_shown(
    street: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    request = street_request(street, policy_of())
    violation = replace(request.violation, moments=request.violation.moments[-2:])
    request = replace(request, violation=violation, stay=replace(request.stay, later=()))
    bundle = seal(request, tmp_path, signer, SEALED_AT).path
    case = told(bundle)
    assert seen_at(case) == [at(16).isoformat(), at(18).isoformat()] and not case["images"]["separation_met"]
    assert "panoramas_too_close" in case["case"]["approval_blocked_by"] and verify(bundle).ok


# -- signs and markings ------------------------------------------------------------------------------------------------


def test_a_sign_in_view_is_cut_out_of_a_panorama_pixel_for_pixel(sealed: Path, case: dict[str, Any]) -> None:
    listed = {one["path"]: one for one in case["files"]}
    assert [one["name"] for one in case["images"]["signs"]] == ["禁止停车标志", "消防车通道标线"]
    for sign in case["images"]["signs"]:
        close_up = sign["close_up"]
        x, y, wide, high = close_up["cut"]
        still = pixels(sealed / close_up["panorama"])
        assert np.array_equal(pixels(sealed / close_up["path"]), still[y : y + high, x : x + wide])
        file = listed[close_up["path"]]
        assert file["role"] == "sign_close_up" and file["derived_from"]["parent"] == close_up["panorama"]
        assert f"{wide}x{high} pixels from ({x}, {y})" in file["derived_from"]["transform"]
    assert case["images"]["sign_or_marking"] == "data/signs/sign-1.png"
    assert "sign_not_shown" not in case["case"]["approval_blocked_by"]


def test_a_sign_is_shown_out_of_the_panorama_in_which_nobody_stands_before_it(
    street: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    bus = RoadUser("bus", (0.1, 0.1, 0.3, 0.9), 0.9)
    request = street_request(street, policy_of(SIGN))
    moments = tuple(moment(second, (bus,) if second == 6 else ()) for second in (4, 6, 8, 12, 16, 18))
    request = replace(request, violation=replace(request.violation, moments=moments))
    case = told(seal(request, tmp_path, signer, SEALED_AT).path)
    (sign,) = case["images"]["signs"]
    assert seen_at(case)[0] == at(6).isoformat() and sign["hidden"] == "0.00"
    assert sign["close_up"]["panorama"] == case["images"]["panoramas"][1]["path"]


@pytest.mark.parametrize("place", [None, [[0.45, 0.55], [0.6, 0.55], [0.6, 0.7], [0.45, 0.7]]])
def test_a_sign_that_is_hidden_or_not_placed_is_not_shown_and_has_to_be_answered_for(
    street: Path, signer: Ed25519Signer, tmp_path: Path, place: list[list[float]] | None
) -> None:
    """Where it lies nobody says; or it is a marking that the vehicle stands on."""
    sign = {"kind": "marking", "name": "盲道", **({"place": place} if place else {})}
    bundle = seal(street_request(street, policy_of(sign)), tmp_path, signer, SEALED_AT).path
    case = told(bundle)
    (shown,) = case["images"]["signs"]
    assert shown["close_up"] == shown["photo"] == {"known": False} == case["images"]["sign_or_marking"]
    assert shown["hidden"] == ("1.00" if place else {"known": False})
    assert "sign_not_shown" in case["case"]["approval_blocked_by"] and not (bundle / "data/signs").exists()
    readme = (bundle / "README.txt").read_text("utf-8")
    assert "标志标线：盲道（标线），" + ("两张全景图中均被遮挡，未显示" if place else "未显示") in readme
    assert verify(bundle, trusted_key=signer.fingerprint).ok


def a_photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (300, 200), (200, 30, 40)).save(out, "JPEG")
    return out.getvalue()


def photographed(street: Path, file: Path, sha256: str) -> CaseRequest:
    photo = {"file": file.name, "sha256": sha256, "taken_by": "张三", "taken_on": "2026-02-01"}
    request = street_request(street, policy_of({"kind": "sign", "name": "禁止停车标志", "photo": photo}))
    return replace(request, sign_photos={sha256: file})


def test_a_photograph_is_carried_as_it_is_with_who_took_it(street: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    file = tmp_path / "标志.jpg"
    file.write_bytes(a_photo())
    request = photographed(street, file, hashlib.sha256(a_photo()).hexdigest())
    bundle = seal(request, tmp_path / "out", signer, SEALED_AT).path
    case = told(bundle)
    (sign,) = case["images"]["signs"]
    assert (sign["photo"]["taken_by"], sign["photo"]["taken_on"]) == ("张三", "2026-02-01")
    assert (bundle / sign["photo"]["path"]).read_bytes() == a_photo()
    assert case["images"]["sign_or_marking"] == sign["photo"]["path"] == "data/signs/photo-1.jpg"
    assert "sign_not_shown" not in case["case"]["approval_blocked_by"] and verify(bundle).ok
    placed = {one.path for one in compose(open_dossier(bundle)).placed}
    assert sign["photo"]["path"] in placed


@pytest.mark.parametrize("data", [None, b"another file", a_photo() + b"x"])
def test_a_photograph_that_is_not_the_one_named_is_not_carried(
    street: Path, signer: Ed25519Signer, tmp_path: Path, data: bytes | None
) -> None:
    file = tmp_path / "sign.jpg"
    if data is not None:
        file.write_bytes(data)
    sha256 = hashlib.sha256(data if data == b"another file" else a_photo()).hexdigest()
    bundle = seal(photographed(street, file, sha256), tmp_path / "out", signer, SEALED_AT).path
    case = told(bundle)
    assert case["images"]["signs"][0]["photo"]["path"] == {"known": False}
    assert "sign_not_shown" in case["case"]["approval_blocked_by"] and verify(bundle).ok


# -- obstruction -------------------------------------------------------------------------------------------------------


def test_the_picture_of_obstruction_is_the_frame_in_which_somebody_passed(sealed: Path, case: dict[str, Any]) -> None:
    told = case["images"]["obstruction"]
    assert (told["ground_is"], told["in_zone"]["share"], told["looks"], told["looks_near"]) == (
        "fire_lane",
        "1.00",
        7,
        1,
    )
    picture = told["picture"]
    assert picture["at"] == picture["seen_at"] == at(12).isoformat()
    assert [(one["class"], one["box"]) for one in picture["others"]] == [("bicycle", [str(v) for v in RIDER])]
    shown, other = pixels(sealed / picture["path"]), pixels(sealed / case["images"]["panoramas"][0]["path"])
    left, top, right, bottom = (round(v * size) for v, size in zip(RIDER, (1280, 720) * 2, strict=True))
    assert shown[top:bottom, left:right].mean() < other[top:bottom, left:right].mean() - 10, "the rider is in it"
    roles = {one["path"]: one["role"] for one in case["files"]}
    assert roles[picture["path"]] == "obstruction" and roles[picture["overlay"]] == "overlay"
    assert "obstruction_not_shown" not in case["case"]["approval_blocked_by"]


@pytest.mark.parametrize("hindrance", [None, Hindrance(7, 0, None)])
def test_where_nobody_was_seen_near_it_that_is_said_and_nothing_is_shown(
    street: Path, signer: Ed25519Signer, tmp_path: Path, hindrance: Hindrance | None
) -> None:
    request = street_request(street, policy_of(SIGN))
    request = replace(request, violation=replace(request.violation, hindrance=hindrance))
    bundle = seal(request, tmp_path, signer, SEALED_AT).path
    case = told(bundle)
    obstruction = case["images"]["obstruction"]
    assert obstruction["picture"] == {"known": False} and not (bundle / "data/stills/obstruction.png").exists()
    assert obstruction["looks_near"] == (0 if hindrance else {"known": False})
    assert "obstruction_not_shown" in case["case"]["approval_blocked_by"]
    words = "未观察到有人或车辆在其近旁通过" if hindrance else "是否有人或车辆在其近旁通过：未观察"
    assert words in (bundle / "README.txt").read_text("utf-8") and verify(bundle).ok
    assert not any("obstruction" in one.path for one in compose(open_dossier(bundle)).placed)


GROUND = Ground(points=((0.2, 0.9), (0.8, 0.9), (0.65, 0.4), (0.35, 0.4)), metres=((0, 0), (6, 0), (6, 20), (0, 20)))


def test_what_is_left_of_a_lane_is_told_where_it_is_seen_and_is_a_lower_bound() -> None:
    """The camera looks along a lane 6 m wide. The box is 2 m wide at its lower edge, 1 m from the left side."""
    lane = ((0.2, 0.9), (0.8, 0.9), (0.65, 0.4), (0.35, 0.4))
    found = standing_in((0.3, 0.5, 0.5, 0.9 - 1e-9), lane, GROUND)
    assert found.on_ground and found.near_m is None
    assert found.left_m == pytest.approx(1.0, abs=0.01) and found.right_m == pytest.approx(3.0, abs=0.01)
    beside = standing_in((0.1, 0.5, 0.5, 0.9 - 1e-9), lane, GROUND)
    assert beside.left_m == 0.0 and beside.right_m == pytest.approx(3.0, abs=0.01), "it sticks out on the left"


def test_what_lies_behind_the_vehicle_is_unknown_and_so_is_what_the_picture_cuts_off() -> None:
    """The camera looks across a lane: only the near side is seen."""
    across = Ground(points=GROUND.points, metres=((0, 0), (40, 0), (40, 6), (0, 6)))
    lane = ((0.2, 0.9), (0.8, 0.9), (0.65, 0.4), (0.35, 0.4))
    found = standing_in((0.4, 0.4, 0.5, 0.7), lane, across)
    assert found.left_m is None and found.right_m is None and found.near_m is not None and 0 < found.near_m < 6
    cut_off = ((0.2, 1.0), (0.8, 1.0), (0.65, 0.4), (0.35, 0.4))
    assert standing_in((0.4, 0.4, 0.5, 0.7), cut_off, across).near_m is None
    assert standing_in((0.4, 0.4, 0.5, 0.7), lane, None).near_m is None


def test_what_the_engine_saw_reaches_the_case(street: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    """From detections every two seconds to the sealed case: nobody has put the sightings together by hand."""
    content = policy_of(SIGN, LINE)
    rule = {"id": "no-parking", "kind": "no_parking", "classes": ["car"], "dwell": "12s"}
    policy = parse_policy({"id": "east-road", "name": "东大街一路一策", "version": "3", "rules": [rule]})
    rules = build_camera_rules("cam-1", policy, [content["zone"]])
    engine = Engine([rules], SHANGHAI)
    events = []
    for second in range(0, 40, 2):
        seen = [("car", 0.9, CAR)] if 4 <= second <= 28 and second != COVERED else []
        if second == RIDDEN[0]:
            seen.append(("person", 0.8, RIDER))
        events += engine.step("cam-1", at(second), detections(seen, (1280, 720)))
    (violation,) = [event.violation for event in events if isinstance(event, ViolationFired)]
    (stay,) = [event.stay for event in [*events, *engine.finish("cam-1")] if isinstance(event, StayEnded)]
    request = street_request(street, content)
    request = replace(
        request, violation=violation, stay=stay, policy=policy_content(rules.policy, rules.zones[0], None, ())
    )
    bundle = seal(request, tmp_path, signer, SEALED_AT).path
    images = told(bundle)["images"]
    assert verify(bundle).ok and violation.fired_at == at(20)
    assert images["obstruction"]["picture"]["at"] == at(12).isoformat()
    assert [one["class"] for one in images["obstruction"]["picture"]["others"]] == ["person"]
    assert images["obstruction"]["ground_is"] == "fire_lane" and images["obstruction"]["looks_near"] == 1
    assert [one["name"] for one in images["signs"]] == ["禁止停车标志", "消防车通道标线"]
    assert seen_at(told(bundle)) == [at(6).isoformat(), at(20).isoformat()], "not the blurred first sighting"


# -- the promise to earlier bundles, and lies --------------------------------------------------------------------------


def test_a_case_judged_before_stays_what_it_was(
    request_: CaseRequest, recording: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    case = told(seal(make_request(recording), tmp_path, signer, SEALED_AT).path)
    assert not {"signs", "obstruction", "chosen_from"} & set(case["images"])
    assert not {"sign_not_shown", "obstruction_not_shown"} & set(case["case"]["approval_blocked_by"])


def _set(case: dict[str, Any], path: str, value: object) -> None:
    where: Any = case
    *keys, last = path.split(".")
    for key in keys:
        where = where[int(key)] if key.isdigit() else where[key]
    where[int(last) if last.isdigit() else last] = value


UNKNOWN = {"known": False}
LIES = [
    ("images.signs.0.close_up.panorama", "data/stills/panorama-2.png", "made from another picture"),
    ("images.signs.0.close_up.panorama", "data/stills/obstruction.png", "no panorama"),
    ("images.signs.0.close_up.path", "data/signs/sign-2.png", "not the files"),
    ("images.signs.0.close_up.cut", [600, 95, 139, 156], "does not show the place"),
    ("images.signs.0.close_up.cut", [174, 95, 1390, 156], "reaches out"),
    ("images.signs.0.close_up.cut", [150, 80, 200, 200], "made in another way"),
    ("images.signs.0.close_up", UNKNOWN, "not the files"),
    ("images.signs.0.name", "限时停车标志", "not those that the policy names"),
    ("images.signs", [], "not those that the policy names"),
    ("images.sign_or_marking", "data/signs/sign-2.png", "not the picture of the first"),
    ("images.obstruction.ground_is", "lane", "not what the policy says"),
    ("images.obstruction.in_zone.share", "0.50", "does not follow from the place"),
    ("images.obstruction.in_zone.left_near_m", "2.0", "where the ground is not known"),
    ("images.obstruction.looks_near", 0, "nobody was"),
    ("images.obstruction.looks_near", 8, "do not fit"),
    ("images.obstruction.picture", UNKNOWN, "not the file"),
    ("images.obstruction.picture.path", "data/stills/panorama-1.png", "not the file"),
    ("images.obstruction.picture.pts", 0, "another frame"),
    ("images.obstruction.picture.recording", 3, "not there"),
    ("images.obstruction.picture.seen_at", at(22).isoformat(), "not of the time between"),
    ("images.obstruction.picture.others", [], "shows nobody"),
    ("images.chosen_from", 1, "fewer frames"),
]


@pytest.mark.parametrize(("path", "value", "words"), LIES)
def test_what_contradicts_itself_is_found_and_said_in_chinese(
    sealed: Path, case: dict[str, Any], path: str, value: object, words: str
) -> None:
    policy = (sealed / "data/policy.json").read_bytes()
    changed = copy.deepcopy(case)
    assert list(image_faults(changed, policy)) == []
    _set(changed, path, value)
    faults = list(image_faults(changed, policy))
    assert any(words in fault for fault in faults)
    for fault in faults:
        assert chinese(fault) != fault and not any(word in chinese(fault) for word in (" is ", " are ", " its "))


@pytest.mark.parametrize("code", ["sign_not_shown", "obstruction_not_shown"])
def test_what_blocks_can_neither_be_left_out_nor_made_up(
    sealed: Path, case: dict[str, Any], street: Path, signer: Ed25519Signer, tmp_path: Path, code: str
) -> None:
    made_up = copy.deepcopy(case)
    made_up["case"]["approval_blocked_by"].append(code)
    assert any(code in fault for fault in image_faults(made_up, (sealed / "data/policy.json").read_bytes()))
    request = street_request(street, policy_of())
    request = replace(request, violation=replace(request.violation, hindrance=Hindrance(7, 0, None)))
    bundle = seal(request, tmp_path, signer, SEALED_AT).path

    def leave_out(case: dict[str, Any]) -> None:
        case["case"]["approval_blocked_by"].remove(code)

    resign(bundle, signer, leave_out)
    report = verify(bundle)
    assert not report.ok and any(f"{code} does not follow" in one.what for one in report.steps[8].findings)
    assert "无法由" in as_text(report, ZH) or "不符" in as_text(report, ZH)


def test_a_close_up_of_another_frame_fails_whoever_signed_it(
    sealed: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    """The site's own key signs that the sign was cut out of the other panorama."""
    bundle = Path(shutil.copytree(sealed, tmp_path / sealed.name))

    def lie(case: dict[str, Any]) -> None:
        case["images"]["signs"][0]["close_up"]["panorama"] = "data/stills/panorama-2.png"

    resign(bundle, signer, lie)
    report = verify(bundle, trusted_key=signer.fingerprint)
    assert not report.ok and "近景的来源图片与所写不符" in as_text(report, ZH)
    resign(bundle, signer, lambda case: case.update(revision=9))
    report = verify(bundle, trusted_key=signer.fingerprint)
    assert not report.ok and "近景的来源图片与所写不符" in as_text(report, ZH)


MALFORMED: list[Callable[[dict[str, Any]], object]] = [
    lambda case: case["images"].pop("obstruction"),
    lambda case: _set(case, "images.signs.0.hidden", "0.5"),
    lambda case: _set(case, "images.obstruction.in_zone.measured", "guessed"),
    lambda case: _set(case, "images.obstruction.picture.box", ["0.1", "0.2", "0.3"]),
    lambda case: _set(case, "images.obstruction.picture.others.0.box", ["9e9", "0.2", "0.3", "0.4"]),
    lambda case: _set(case, "images.signs.0.close_up.cut", [1, 2, 3]),
    lambda case: case["images"]["panoramas"][0].pop("clarity"),
    lambda case: [case["images"].pop(name) for name in ("signs", "obstruction")],
]


@pytest.mark.parametrize("edit", MALFORMED)
def test_what_is_malformed_is_refused(
    sealed: Path, case: dict[str, Any], edit: Callable[[dict[str, Any]], object]
) -> None:
    changed = copy.deepcopy(case)
    edit(changed)
    with pytest.raises(ValueError):
        list(image_faults(changed, (sealed / "data/policy.json").read_bytes()))


# -- for people --------------------------------------------------------------------------------------------------------


def test_the_sheet_shows_signs_and_obstruction_uncovered(sealed: Path, case: dict[str, Any]) -> None:
    sheet = compose(open_dossier(sealed))
    shown = {one.path: one for one in sheet.placed}
    assert {"data/stills/obstruction.png", "data/signs/sign-1.png", "data/signs/sign-2.png"} <= set(shown)
    near = shown["data/stills/obstruction.png"]
    assert len(near.boxes) == 2, "the car and the rider"
    sign = shown["data/signs/sign-1.png"]
    x1, y1, x2, y2 = sign.at
    small = sign.picture.resize((x2 - x1, y2 - y1), Image.Resampling.LANCZOS)
    assert np.array_equal(np.asarray(sheet.image.crop(sign.at)), np.asarray(small)), "nothing is drawn on it"


def test_the_readme_says_that_nothing_was_recognised(sealed: Path) -> None:
    readme = (sealed / "README.txt").read_text("utf-8")
    assert "标志标线由辖区配置指明，未经识别，须由复核人员确认" in readme and "not recognised" in readme
    assert "近旁 自行车 1；是否受妨碍、是否与该车有关，由复核人员判断" in readme
    assert "data/signs/" in readme and "消防车通道" in readme and "fire lane" in readme
