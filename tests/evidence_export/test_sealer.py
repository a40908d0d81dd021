from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rfc8785
from PIL import Image

from evidence_export.bag.digest import digest_file
from evidence_export.case import CaseRequest, EvidenceLimits, Recording
from evidence_export.errors import SealError
from evidence_export.footage import ArchiveFootage
from evidence_export.keys import Ed25519Signer, load_or_create_key
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from evidence_export.verifier.__main__ import as_text
from streams.digest import payload_digest
from streams.errors import StreamsError
from streams.interface import Coverage, Gap
from tests.evidence_export.conftest import POLICY, SEALED_AT, START, S, at, make_request, moment, write_recording
from tests.evidence_export.helpers import files_of

GOLDEN = Path(__file__).parent / "golden" / "case.json"


def read_case(bundle: Path) -> dict[str, Any]:
    return json.loads((bundle / "case.json").read_bytes())


def masked(case: dict[str, Any]) -> dict[str, Any]:
    """The manifest without what hangs on the versions of the encoder, the muxer and zlib."""
    for listed in case["files"]:
        listed.update(size=0, sha256="-", sm3="-")
    for recording in case["recordings"]:
        recording.update(size=0, sha256="-", sm3="-")
    for clip in case["clips"]:
        clip.update(payload_sha256="-", source_payload_sha256="-", nal_sha256="-")
    text = json.dumps(case, ensure_ascii=False).replace(case["case"]["id"], "SP-ID")
    for listed in case["files"]:
        derived = listed.get("derived_from", {}).get("parent", "")
        if derived.startswith("recording:"):
            text = text.replace(derived, "recording:-")
    return json.loads(text)


def test_a_sealed_case_verifies(sealed_folder: Path, sealed_zip: Path, signer: Ed25519Signer) -> None:
    for path in (sealed_folder, sealed_zip):
        report = verify(path, trusted_key=signer.fingerprint)
        assert report.ok, as_text(report)
        assert report.case_id == sealed_folder.name


def test_the_manifest_is_the_golden_one(sealed_folder: Path) -> None:
    """After a wanted change of the format: delete the golden file, run this test twice, and read the difference."""
    case = masked(read_case(sealed_folder))
    if not GOLDEN.exists():
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(case, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        pytest.fail("the golden manifest was missing and has been written anew: read it, then run again")
    assert case == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_same_request_makes_the_same_bytes(
    request_: CaseRequest, signer: Ed25519Signer, sealed_folder: Path, sealed_zip: Path, tmp_path: Path
) -> None:
    again = seal(request_, tmp_path / "一", signer, SEALED_AT)
    assert files_of(again.path) == files_of(sealed_folder)
    for name in files_of(sealed_folder):
        assert (again.path / name).read_bytes() == (sealed_folder / name).read_bytes(), name
    assert again.manifest_sha256 == hashlib.sha256((again.path / "case.json").read_bytes()).hexdigest()
    packed = seal(request_, tmp_path / "二", signer, SEALED_AT, as_zip=True)
    assert packed.path.read_bytes() == sealed_zip.read_bytes()
    assert os.listdir(tmp_path / "二") == [packed.path.name]


def test_sealing_later_differs_only_where_the_manifest_says_when(
    request_: CaseRequest, signer: Ed25519Signer, sealed_folder: Path, tmp_path: Path
) -> None:
    later = seal(request_, tmp_path, signer, SEALED_AT.shifted(86_400 * S)).path
    different = {n for n in files_of(later) if (later / n).read_bytes() != (sealed_folder / n).read_bytes()}
    assert different == {"case.json", "case.json.sig", "tagmanifest-sha256.txt"}
    first, second = read_case(sealed_folder), read_case(later)
    assert first["seal"].pop("sealed_at") != second["seal"].pop("sealed_at")
    assert first == second
    tags = [(path / "tagmanifest-sha256.txt").read_text().splitlines() for path in (later, sealed_folder)]
    assert [line.split()[1] for line, other in zip(*tags, strict=True) if line != other] == [
        "case.json",
        "case.json.sig",
    ]


@pytest.mark.parametrize("as_zip", [False, True])
def test_sealing_twice_makes_one_case(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path, as_zip: bool
) -> None:
    first = seal(request_, tmp_path, signer, SEALED_AT, as_zip=as_zip)
    changed = first.path.stat().st_mtime_ns
    second = seal(request_, tmp_path, signer, SEALED_AT.shifted(S), as_zip=as_zip)
    assert second == first and first.path.stat().st_mtime_ns == changed
    assert os.listdir(tmp_path) == [first.path.name]


def test_a_corrupt_earlier_bundle_is_named_and_left_alone(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    path = seal(request_, tmp_path, signer, SEALED_AT).path
    (path / "README.txt").write_text("changed")
    with pytest.raises(SealError, match=r"README\.txt"):
        seal(request_, tmp_path, signer, SEALED_AT)
    assert (path / "README.txt").read_text() == "changed"


def test_a_bundle_of_another_key_does_not_pass_for_ours(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    other = load_or_create_key(tmp_path / "keys" / "other.pem")
    seal(request_, tmp_path / "out", other, SEALED_AT)
    with pytest.raises(SealError, match=r"site-key\.pub\.pem"):
        seal(request_, tmp_path / "out", signer, SEALED_AT)


def test_recordings_whose_end_is_unknown(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    early = tmp_path / "early.mp4"
    write_recording(early, 4, seed=9)
    before = Recording(early, digest_file(early).sha256, START.shifted(-600 * S))
    blind = replace(request_.recordings[0], coverage=None)
    request = replace(request_, recordings=(before, blind), limits=EvidenceLimits(pre_roll_ns=0))
    case = read_case(seal(request, tmp_path / "o", signer, SEALED_AT).path)
    assert [recording["decisive"] for recording in case["recordings"]] == [False, True]
    assert [recording["gaps"] for recording in case["recordings"]] == [{"known": False}] * 2
    assert "gaps_unknown" in case["case"]["approval_blocked_by"]


def test_a_leftover_draft_is_replaced(
    request_: CaseRequest, signer: Ed25519Signer, sealed_folder: Path, tmp_path: Path
) -> None:
    draft = tmp_path / f"{sealed_folder.name}.partial"
    (draft / "data" / "stills").mkdir(parents=True)
    (draft / "data" / "old.bin").write_bytes(b"x")
    assert verify(seal(request_, tmp_path, signer, SEALED_AT).path).ok
    assert os.listdir(tmp_path) == [sealed_folder.name]


KILLED = """
import pathlib, pickle, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evidence_export.keys import Ed25519Signer, load_or_create_key
from evidence_export.sealer import seal
request, at = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
print("go", flush=True)
seal(request, pathlib.Path(sys.argv[2]), signer, at, as_zip=sys.argv[3] == "zip")
print("done", flush=True)
"""


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_killed_at_any_moment_nothing_half_stays(
    request_: CaseRequest, signer: Ed25519Signer, sealed_folder: Path, sealed_zip: Path, tmp_path: Path, form: str
) -> None:
    asked = tmp_path / "request"
    asked.write_bytes(pickle.dumps((request_, SEALED_AT)))
    out = tmp_path / "out"
    whole = sealed_folder if form == "folder" else sealed_zip
    for delay in (0.0, 0.1, 0.25, 0.5):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(asked), str(out), form], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout and process.stdout.readline() == "go\n"
                time.sleep(delay)
            finally:
                process.kill()
        for path in out.iterdir() if out.exists() else ():
            assert path.name.endswith(".partial") or verify(path).ok, path
    done = seal(request_, out, signer, SEALED_AT, as_zip=form == "zip")
    assert os.listdir(out) == [whole.name]
    if form == "zip":
        assert done.path.read_bytes() == whole.read_bytes()
    else:
        for name in files_of(whole):
            assert (done.path / name).read_bytes() == (whole / name).read_bytes()


def test_the_clip_carries_the_original_packets(sealed_folder: Path, recording: Path) -> None:
    [clip] = read_case(sealed_folder)["clips"]
    in_clip = payload_digest(sealed_folder / clip["path"])
    in_source = payload_digest(recording, (clip["first_pts"], clip["last_pts"]))
    assert in_clip.sha256 == in_source.sha256 == clip["payload_sha256"] == clip["source_payload_sha256"]
    assert clip["payload_identical"] and clip["packets"] == in_clip.packets
    assert clip["start"] == START.isoformat()  # the pre-roll reaches before the recording


def test_the_stills_are_the_exact_frames(sealed_folder: Path, request_: CaseRequest) -> None:
    footage = ArchiveFootage(request_.recordings[0], "cam-1")
    panoramas = read_case(sealed_folder)["images"]["panoramas"]
    assert [p["at"] for p in panoramas] == [at(4).isoformat(), at(18).isoformat()]
    for panorama in panoramas:
        with Image.open(sealed_folder / panorama["path"]) as still:
            pixels = np.asarray(still)
        assert (pixels[:, :, ::-1] == footage.picture(panorama["pts"])).all()
        with Image.open(sealed_folder / panorama["overlay"]) as overlay:
            assert overlay.width >= 1280 and overlay.height > overlay.width * 9 // 16


def test_unknown_is_written_as_unknown(sealed_folder: Path) -> None:
    case = read_case(sealed_folder)
    unknown = {"known": False}
    assert case["case"]["status"] == "lead" and "legal_basis_unknown" in case["case"]["approval_blocked_by"]
    assert case["legal_basis"] == dict.fromkeys(("id", "statute", "competence", "reviewed_by"), unknown)
    assert case["camera"]["location"] == case["plate"] == case["time"]["clock_offset_ns"] == unknown
    assert case["images"]["resolution"]["met"] is False and case["images"]["resolution"]["height"] == 180


def test_a_legal_basis_makes_a_case(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    policy = json.loads(json.dumps(POLICY))
    policy["policy"]["rules"][0]["legal_basis"] = {
        "id": "dj-93",
        "statute": "道路交通安全法 第九十三条",
        "competence": "综合执法事项目录 第12项",
        "reviewed_by": "法制科",
    }
    violation = replace(request_.violation, policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest())
    case = read_case(seal(replace(request_, policy=policy, violation=violation), tmp_path, signer, SEALED_AT).path)
    assert case["case"]["status"] == "case"
    basis = {"legal_basis_unknown", "competence_unknown", "legal_basis_not_reviewed"}
    assert not basis & set(case["case"]["approval_blocked_by"])


def test_panoramas_too_close_say_so(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    violation = replace(request_.violation, moments=(moment(4), moment(10)))
    case = read_case(seal(replace(request_, violation=violation), tmp_path / "a", signer, SEALED_AT).path)
    assert case["images"]["separation_met"] is False and case["images"]["separation_ns"] == 6 * S
    assert "panoramas_too_close" in case["case"]["approval_blocked_by"]
    violation = replace(request_.violation, moments=(moment(4),))
    path = seal(replace(request_, violation=violation), tmp_path / "b", signer, SEALED_AT).path
    assert len(read_case(path)["images"]["panoramas"]) == 1 and verify(path).ok


def test_a_gap_in_the_decisive_interval_blocks(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    stay = replace(request_.violation.stay, gap_ns=3 * S, seen_ns=11 * S)
    coverage = Coverage(at(0), at(29.8), 150, 150, (Gap(100, 200, 3 * S, "the recording stopped"),), ())
    request = replace(
        request_,
        violation=replace(request_.violation, stay=stay),
        recordings=(replace(request_.recordings[0], coverage=coverage),),
    )
    case = read_case(seal(request, tmp_path, signer, SEALED_AT).path)
    assert case["continuity"]["blocks_approval"] and case["continuity"]["gap_in_decisive_ns"] == 3 * S
    assert "gap_in_decisive_interval" in case["case"]["approval_blocked_by"]
    assert case["recordings"][0]["gaps"][0]["reason"] == "the recording stopped"


def test_a_long_stay_is_cut_after_the_proof(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    stay = replace(request_.stay, last_seen=at(29), departed=None)
    limits = EvidenceLimits(pre_roll_ns=0, post_roll_ns=2 * S, max_clip_ns=15 * S)
    case = read_case(seal(replace(request_, stay=stay, limits=limits), tmp_path, signer, SEALED_AT).path)
    assert case["clip_range"]["shortened"] and case["clip_range"]["to"] == at(20).isoformat()
    assert case["clips"][0]["end"] == at(20).isoformat()


def test_a_stay_over_two_recordings(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    parts = []
    for number, begin in enumerate((0, 15)):
        path = tmp_path / f"第{number} 段.mp4"
        write_recording(path, 15, seed=number)
        start = START.shifted(begin * S)
        span = Coverage(start, start.shifted(round(14.8 * S)), 75, 75, (), ())
        parts.append(Recording(path, digest_file(path).sha256, start, span))
    request = replace(request_, recordings=tuple(parts))
    path = seal(request, tmp_path / "out", signer, SEALED_AT).path
    case = read_case(path)
    assert [clip["path"] for clip in case["clips"]] == ["data/clip-01.mp4", "data/clip-02.mp4"]
    assert [panorama["recording"] for panorama in case["images"]["panoramas"]] == [0, 1]
    assert all(recording["decisive"] for recording in case["recordings"])
    # What is recorded after the proof leaves the id as it is.
    later = replace(request.violation, fired_at=at(14), moments=(moment(4), moment(14)), allowed_ns=9 * S)
    alone = replace(request, violation=later, recordings=(parts[0],), stay=replace(request.stay, last_seen=at(14)))
    both = replace(request, violation=later)
    assert (
        seal(alone, tmp_path / "x", signer, SEALED_AT).case_id == seal(both, tmp_path / "y", signer, SEALED_AT).case_id
    )


def test_requests_that_contradict_themselves(
    request_: CaseRequest, signer: Ed25519Signer, recording: Path, tmp_path: Path
) -> None:
    late = replace(request_.recordings[0], start=at(25))
    bad = {
        "no recording": replace(request_, recordings=()),
        "not about the same": replace(request_, stay=replace(request_.stay, id="other")),
        "another camera": replace(request_, camera=replace(request_.camera, id="cam-2")),
        "order of time": replace(request_, recordings=(late, request_.recordings[0])),
        "between arrival and proof": replace(request_, recordings=(late,)),
        "time zone": replace(request_, site=replace(request_.site, timezone="Mars/Olympus")),
        "policy": replace(request_, policy={**POLICY, "zone": {}}),
        "another": replace(request_, recordings=(replace(request_.recordings[0], sha256="0" * 64),)),
        "no moment": replace(request_, violation=replace(request_.violation, moments=())),
        "no frame": replace(request_, violation=replace(request_.violation, moments=(moment(4.07), moment(18)))),
        "cannot be read": replace(request_, recordings=(replace(request_.recordings[0], path=tmp_path / "无.mp4"),)),
        "canonical": replace(request_, camera=replace(request_.camera, name="\ud800")),
    }
    for words, request in bad.items():
        with pytest.raises(SealError, match=words):
            seal(request, tmp_path / "out", signer, SEALED_AT)
        assert not (tmp_path / "out").exists() or not os.listdir(tmp_path / "out"), words


def test_a_recording_that_is_no_video(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"not a video" * 100)
    request = replace(
        request_, recordings=(replace(request_.recordings[0], path=path, sha256=digest_file(path).sha256),)
    )
    with pytest.raises(StreamsError):
        seal(request, tmp_path / "out", signer, SEALED_AT)
    assert os.listdir(tmp_path / "out") == []


def test_a_recording_that_changes_meanwhile(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    path = tmp_path / "live.mp4"
    shutil.copy(request_.recordings[0].path, path)

    def opener(recording: Recording, camera: str) -> ArchiveFootage:
        footage = ArchiveFootage(recording, camera)
        os.utime(path, ns=(1, 1))
        return footage

    request = replace(request_, recordings=(replace(request_.recordings[0], path=path),))
    with pytest.raises(SealError, match="changed while"):
        seal(request, tmp_path / "out", signer, SEALED_AT, opener=opener)


def test_a_place_that_cannot_be_written_to(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SealError, match="cannot be written"):
        seal(request_, tmp_path / "file", signer, SEALED_AT)


def test_names_cannot_add_lines_to_bag_info(recording: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    request = make_request(recording)
    request = replace(request, site=replace(request.site, name="局\nPayload-Oxum: 0.0\r\n\u2028x"))
    path = seal(request, tmp_path, signer, SEALED_AT).path
    assert verify(path).ok
    text = (path / "bag-info.txt").read_text(encoding="utf-8")
    assert [line.split(":")[0] for line in text.splitlines()].count("Payload-Oxum") == 1
