"""Cases made of a live camera's segments: one clip per unbroken run, the chain, breaks, clocks, the view."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from evidence_export.bag import layout
from evidence_export.bag.digest import digest_file
from evidence_export.case import CaseRequest, EvidenceLimits, Recording, TimeFacts, ViewFaultFacts, recording_of
from evidence_export.continuity import Break, Hole, lost_ns
from evidence_export.errors import SealError
from evidence_export.footage import ArchiveFootage, open_footage
from evidence_export.keys import Ed25519Signer
from evidence_export.plan import case_id_of, recordings_needed
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from evidence_export.verifier.__main__ import as_text
from streams.digest import payload_digest
from streams.recorder.interface import CloseReason, SegmentRecord
from streams.recorder.recorder import Recorder
from streams.timeline import to_ns
from tests.evidence_export.conftest import SEALED_AT, S, at, moment, write_recording
from tests.evidence_export.helpers import resign
from tests.evidence_export.segments import GOOD_CLOCK, LINE, live, live_start, reconnect, record, recordings_of
from tests.evidence_export.test_sealer import masked, read_case
from tests.streams.recorder import feeding

GOLDEN = Path(__file__).parent / "golden" / "live-case.json"


@pytest.fixture(scope="session")
def chain(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, ...]:
    """The recording as 15 segments of one session."""
    folder = tmp_path_factory.mktemp("录像 库")
    return recordings_of(record(recording, folder), folder)


@pytest.fixture(scope="session")
def broken_chain(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, ...]:
    """The same with a reconnect of 3 s behind 10 s of footage."""
    folder = tmp_path_factory.mktemp("断线")
    return recordings_of(record(recording, folder, change=reconnect(5, 3)), folder)


@pytest.fixture(scope="session")
def live_request(request_: CaseRequest, chain: tuple[Recording, ...]) -> CaseRequest:
    return live(request_, chain)


@pytest.fixture(scope="session")
def live_bundle(live_request: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal(live_request, tmp_path_factory.mktemp("live"), signer, SEALED_AT).path


@pytest.fixture(scope="session")
def torn_bundle(
    request_: CaseRequest,
    broken_chain: tuple[Recording, ...],
    signer: Ed25519Signer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The reconnect lies between arrival (4 s) and proof (21 s)."""
    request = live(request_, broken_chain)
    moments = tuple(
        replace(one, at=one.at.shifted(3 * S)) if n else one for n, one in enumerate(request.violation.moments)
    )
    violation = replace(request.violation, moments=moments, fired_at=moments[-1].at)
    return seal(replace(request, violation=violation), tmp_path_factory.mktemp("torn"), signer, SEALED_AT).path


def test_one_session_is_one_clip(live_bundle: Path, recording: Path, signer: Ed25519Signer) -> None:
    report = verify(live_bundle, trusted_key=signer.fingerprint)
    assert report.ok, as_text(report)
    assert "15 segments" in report.steps[8].detail
    case = read_case(live_bundle)
    [clip] = case["clips"]
    assert (clip["recording"], clip["recordings"]) == (0, [0, 14])
    assert clip["first_pts"] == LINE and clip["start"] == live_start().isoformat()
    assert clip["packets"] == 150 and clip["end"] == at(29.8).isoformat()
    whole = payload_digest(recording)
    assert payload_digest(live_bundle / clip["path"]).nal_sha256 == whole.nal_sha256 == clip["nal_sha256"]
    assert case["continuity"]["breaks"] == [] and case["continuity"]["blocks_approval"] is False
    assert "gaps_unknown" not in case["case"]["approval_blocked_by"]
    assert [one["decisive"] for one in case["recordings"]] == [2 <= n <= 9 for n in range(15)]
    for one, other in zip(case["recordings"], case["recordings"][1:], strict=False):
        assert other["segment"]["previous"] == one["sha256"]
        assert (one["gaps"], one["problems"]) == ([], [])


def test_the_stills_are_the_recorded_frames(live_bundle: Path, chain: tuple[Recording, ...]) -> None:
    panoramas = read_case(live_bundle)["images"]["panoramas"]
    assert [(one["at"], one["difference_ns"]) for one in panoramas] == [(at(4).isoformat(), 0), (at(18).isoformat(), 0)]
    for panorama in panoramas:
        picture = open_footage(chain[panorama["recording"]], "cam-1").picture(panorama["pts"])
        with Image.open(live_bundle / panorama["path"]) as still:
            assert (np.asarray(still)[:, :, ::-1] == picture).all()


def test_what_was_read_of_a_segment_answers_as_the_file_does(chain: tuple[Recording, ...]) -> None:
    for recording in chain[:3]:
        read, file = open_footage(recording, "cam-1"), ArchiveFootage(recording, "cam-1")
        shift = read.first_pts - file.first_pts
        step = round(0.05 / read.info.time_base)
        shown = set()
        for pts in range(file.first_pts - 3 * step, file.first_pts + 60 * step, step):
            for within in (0, step, 9 * step):
                for keyframe in (False, True):
                    found, told = file.nearest(pts, within, keyframe=keyframe), pts + shift
                    wanted = None if found is None else found + shift
                    assert read.nearest(told, within, keyframe=keyframe) == wanted, (pts, within, keyframe)
                    shown.add(found)
        assert len(shown) > 5 and None in shown
        for own in shown - {None}:  # a keyframe is decoded alone where it is known to be one
            assert (read.picture(own + shift) == file.picture(own)).all(), own


def test_the_manifest_is_the_golden_one(torn_bundle: Path) -> None:
    """After a wanted change of the format: delete the golden file, run this test twice, and read the difference."""
    case = masked(read_case(torn_bundle))
    for one in case["recordings"]:
        one["segment"]["previous"] = "-"
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(case, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        pytest.fail("the golden manifest was missing and has been written anew: read it, then run again")
    assert case == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_a_reconnect_makes_another_clip_and_is_stated(torn_bundle: Path) -> None:
    assert verify(torn_bundle).ok
    case = read_case(torn_bundle)
    assert [clip["recordings"] for clip in case["clips"]] == [[0, 4], [5, 13]]
    assert [clip["path"] for clip in case["clips"]] == ["data/clip-01.mp4", "data/clip-02.mp4"]
    assert case["continuity"]["breaks"] == [
        {
            "after_recording": 4,
            "before_recording": 5,
            "from": at(10).isoformat(),
            "to": at(13).isoformat(),
            "duration_ns": 3 * S,
            "cause": "ended",
            "detail": "The camera closed the stream.",
            "decisive": True,
        }
    ]
    # The engine was not told of any gap; the footage tells it all the same.
    assert case["continuity"]["gap_in_decisive_ns"] == 3 * S and case["continuity"]["blocks_approval"]
    assert "gap_in_decisive_interval" in case["case"]["approval_blocked_by"]
    words = (torn_bundle / "README.txt").read_text(encoding="utf-8")
    assert "录像中断（关键时段）" in words and "the camera closed the stream" in " ".join(words.split())


def test_a_break_after_the_proof_does_not_block(
    request_: CaseRequest, recording: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    recordings = recordings_of(record(recording, tmp_path / "r", change=reconnect(12, 2)), tmp_path / "r")
    case = read_case(seal(live(request_, recordings), tmp_path / "o", signer, SEALED_AT).path)
    assert [one["decisive"] for one in case["continuity"]["breaks"]] == [False]
    assert case["continuity"]["gap_in_decisive_ns"] == 0 and not case["continuity"]["blocks_approval"]


def test_ninety_segments(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    source = tmp_path / "long.mp4"
    write_recording(source, 180, width=64, height=48)
    recordings = recordings_of(record(source, tmp_path / "r"), tmp_path / "r")
    assert len(recordings) == 90
    request = live(request_, recordings)
    moments = (moment(4), moment(90), moment(160))
    request = replace(
        request,
        violation=replace(request.violation, moments=moments, fired_at=at(160)),
        stay=replace(request.stay, last_seen=at(169), departed=None),
        still_standing=True,
    )
    path = seal(request, tmp_path / "o", signer, SEALED_AT).path
    assert verify(path).ok
    case = read_case(path)
    [clip] = case["clips"]
    assert clip["recordings"] == [0, 89] and clip["packets"] >= 179 * 5 + 1
    assert case["violation"]["stay"]["departed"] == "still_standing_when_sealed"
    assert case["continuity"]["breaks"] == []


def test_missing_segments_are_stated_and_block(
    live_request: CaseRequest, chain: tuple[Recording, ...], signer: Ed25519Signer, tmp_path: Path
) -> None:
    path = seal(replace(live_request, recordings=chain[:3] + chain[5:]), tmp_path, signer, SEALED_AT).path
    case = read_case(path)
    [stated] = case["continuity"]["breaks"]
    assert stated["cause"] == "segments_missing" and stated["detail"].startswith("2 segments")
    assert stated["duration_ns"] == 4 * S and "gap_in_decisive_interval" in case["case"]["approval_blocked_by"]


def test_a_clock_that_was_set_back_blocks(
    request_: CaseRequest, recording: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    recordings = recordings_of(record(recording, tmp_path / "r", change=reconnect(5, -1, "clock")), tmp_path / "r")
    path = seal(live(request_, recordings), tmp_path / "o", signer, SEALED_AT).path
    case = read_case(path)
    assert case["continuity"]["breaks"][0]["duration_ns"] == -1 * S and case["continuity"]["blocks_approval"]
    assert case["continuity"]["gap_in_decisive_ns"] == 0
    assert "gap_in_decisive_interval" in case["case"]["approval_blocked_by"] and verify(path).ok


@pytest.mark.parametrize(("lost", "where"), [(range(41, 50), "inside"), (range(51, 60), "at the seam")])
def test_lost_packets_block(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path, lost: range, where: str
) -> None:
    """Packets lost on the way leave a session whole, and a hole in a segment or between two."""
    source, holed = tmp_path / "whole.mp4", tmp_path / "holed.mp4"
    write_recording(source, 30)
    with av.open(str(source)) as whole, av.open(str(holed), "w", format="mp4") as out:
        copy = out.add_stream_from_template(whole.streams.video[0], opaque=True)
        for number, packet in enumerate(whole.demux(video=0)):
            if packet.size and number not in lost:
                packet.stream = copy
                out.mux(packet)
    recordings = recordings_of(record(holed, tmp_path / "r", gops=3), tmp_path / "r")
    case = read_case(seal(live(request_, recordings), tmp_path / "o", signer, SEALED_AT).path)
    gaps = [gap["duration_ns"] for one in case["recordings"] for gap in one["gaps"]]
    breaks = [(one["cause"], one["duration_ns"]) for one in case["continuity"]["breaks"]]
    inside = where == "inside"
    assert gaps == ([2 * S] if inside else []) and breaks == ([] if inside else [("frames_missing", 9 * S // 5)])
    assert case["continuity"]["gap_in_decisive_ns"] in (2 * S, 9 * S // 5)
    assert "gap_in_decisive_interval" in case["case"]["approval_blocked_by"]


# What a case is made of does not depend on when it is sealed.


def test_the_id_is_fixed_when_the_rule_fires(live_request: CaseRequest, chain: tuple[Recording, ...]) -> None:
    early = replace(
        live_request,
        recordings=chain[:10],
        stay=replace(live_request.violation.stay, last_seen=at(19)),
        still_standing=True,
    )
    narrowed = replace(live_request.stay, arrived=(at(3.8), at(3.8)))
    assert case_id_of(early) == case_id_of(live_request) == case_id_of(replace(live_request, stay=narrowed))


def test_only_the_footage_of_the_bundle_is_needed(
    live_request: CaseRequest, chain: tuple[Recording, ...], signer: Ed25519Signer, tmp_path: Path
) -> None:
    limits = EvidenceLimits(pre_roll_ns=1 * S, post_roll_ns=1 * S, max_clip_ns=15 * S)
    request = replace(live_request, limits=limits, stay=replace(live_request.stay, last_seen=at(29), departed=None))
    needed = recordings_needed(request)
    assert needed == chain[1:10]
    # What is not needed may be gone already.
    gone = replace(chain[14], path=tmp_path / "gone.mp4")
    sealed = seal(replace(request, recordings=(*chain[:14], gone)), tmp_path / "o", signer, SEALED_AT)
    assert sealed.recordings == tuple(one.path for one in needed)
    assert [one["name"] for one in read_case(sealed.path)["recordings"]] == [one.path.name for one in needed]
    again = seal(request, tmp_path / "o", signer, SEALED_AT)
    assert again == sealed


# Requests that contradict themselves.


def test_a_segment_that_was_changed_is_refused(
    live_request: CaseRequest, chain: tuple[Recording, ...], signer: Ed25519Signer, tmp_path: Path
) -> None:
    other = tmp_path / "段 004.mp4"
    data = bytearray(chain[4].path.read_bytes())
    data[-9] ^= 1
    other.write_bytes(data)
    forged = replace(chain[4], path=other)
    with pytest.raises(SealError, match="no longer the one"):
        seal(replace(live_request, recordings=(*chain[:4], forged, *chain[5:])), tmp_path / "o", signer, SEALED_AT)
    relabelled = replace(forged, sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(SealError, match=r"chain of segments is broken.*段 004"):
        seal(replace(live_request, recordings=(*chain[:4], relabelled, *chain[5:])), tmp_path / "o", signer, SEALED_AT)


def test_segments_that_contradict_themselves(
    live_request: CaseRequest,
    request_: CaseRequest,
    chain: tuple[Recording, ...],
    signer: Ed25519Signer,
    tmp_path: Path,
) -> None:
    def opened(index: int, **changes: object) -> tuple[Recording, ...]:
        segment = chain[index].segment
        assert segment is not None
        changed = replace(segment, opening=replace(segment.opening, **changes))
        return (*chain[:index], replace(chain[index], segment=changed), *chain[index + 1 :])

    first = chain[3].segment
    assert first is not None
    bad = {
        "cannot be evidence of one stay": (*chain, request_.recordings[0]),
        "is of camera cam-2": opened(3, camera="cam-2"),
        "of site other": opened(3, site="other"),
        "start at another time": opened(3, start=at(1)),
        "order of their sequence": (chain[1], chain[0], *chain[2:]),
        "chain of segments is broken": opened(3, previous=None),
        "overlap": opened(3, first_pts=first.opening.first_pts - 10**6),
        "another stream": opened(0, codec="hevc"),
        "does not reach": chain[:9],
    }
    for words, recordings in bad.items():
        with pytest.raises(SealError, match=words):
            seal(replace(live_request, recordings=recordings), tmp_path / "o", signer, SEALED_AT)
    with pytest.raises(SealError, match="said to go on"):
        seal(replace(live_request, still_standing=True), tmp_path / "o", signer, SEALED_AT)
    for tolerance in (-1, 2 * S + 1):
        with pytest.raises(SealError, match="cannot be looked for"):
            seal(replace(live_request, moment_tolerance_ns=tolerance), tmp_path / "o", signer, SEALED_AT)


def test_the_sm3_of_a_segment_is_that_of_its_closing(
    live_request: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    """What nobody took then is taken when the case is sealed."""
    chain = live_request.recordings
    assert chain[0].segment is not None
    told, untold = (replace(chain[0], segment=replace(chain[0].segment, sm3=sm3)) for sm3 in ("ab" * 32, None))
    for number, (first, expected) in enumerate([(told, "ab" * 32), (untold, digest_file(chain[0].path).sm3)]):
        request = replace(live_request, recordings=(first, *chain[1:]))
        case = read_case(seal(request, tmp_path / str(number), signer, SEALED_AT).path)
        assert case["recordings"][0]["sm3"] == expected
        assert case["recordings"][1]["sm3"] == digest_file(chain[1].path).sm3


# Moments that were seen in another stream.


def test_the_nearest_recorded_frame_is_taken_and_the_difference_said(
    live_request: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    # 4.09 s lies between the frames of 4.0 and 4.2 s; 5.98 s on the seam of two segments, nearest to the later one's.
    moments = (moment(4.09), moment(5.98), moment(18.05))
    violation = replace(live_request.violation, moments=moments, fired_at=at(18.05))
    request = replace(live_request, violation=violation)
    with pytest.raises(SealError, match="no frame at"):
        seal(request, tmp_path / "o", signer, SEALED_AT)
    path = seal(replace(request, moment_tolerance_ns=S // 10), tmp_path / "o", signer, SEALED_AT).path
    case = read_case(path)
    first, second = case["images"]["panoramas"]
    assert (first["at"], first["seen_at"], first["seen_in"]) == (at(4).isoformat(), at(4.09).isoformat(), "sub")
    assert (first["difference_ns"], second["difference_ns"]) == (-90_000_000, -50_000_000)
    assert case["images"]["separation_ns"] == 14 * S
    seen = json.loads((path / "data/detections.json").read_bytes())
    assert seen["seen_in"] == "sub"
    assert [(one["recording"], one["frame_at"]) for one in seen["moments"]] == [
        (2, at(4).isoformat()),
        (3, at(6).isoformat()),
        (9, at(18).isoformat()),
    ]
    assert "子码流" in (path / "README.txt").read_text(encoding="utf-8")


def test_the_separation_is_that_of_the_frames(live_request: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    """The sightings stand 12 s apart; the frames that show them do not."""
    moments = (moment(4.11), moment(16.11))
    violation = replace(live_request.violation, moments=moments, fired_at=at(16.11))
    request = replace(live_request, violation=violation, moment_tolerance_ns=S // 10)
    images = read_case(seal(request, tmp_path, signer, SEALED_AT).path)["images"]
    assert images["separation_ns"] == 12 * S and images["separation_met"]
    violation = replace(violation, moments=(moment(4.11), moment(16.09)), fired_at=at(16.11), allowed_ns=11_900_000_000)
    images = read_case(seal(replace(request, violation=violation), tmp_path / "b", signer, SEALED_AT).path)["images"]
    assert images["separation_ns"] == 11_800_000_000 and images["separation_met"] is False


def test_a_moment_without_a_recorded_frame_is_left_out(
    request_: CaseRequest, broken_chain: tuple[Recording, ...], signer: Ed25519Signer, tmp_path: Path
) -> None:
    """The sub stream went on while the main stream was away from 10 to 13 s."""
    request = live(request_, broken_chain)
    moments = (moment(4), moment(11.5), moment(18))
    request = replace(
        request, violation=replace(request.violation, moments=moments), moment_tolerance_ns=S // 5, seen_in="sub"
    )
    path = seal(request, tmp_path, signer, SEALED_AT).path
    seen = json.loads((path / "data/detections.json").read_bytes())["moments"]
    unknown = {"known": False}
    assert (seen[1]["recording"], seen[1]["pts"], seen[1]["frame_at"]) == (unknown, unknown, unknown)
    assert "gap_in_decisive_interval" in read_case(path)["case"]["approval_blocked_by"]
    lost = replace(request, violation=replace(request.violation, moments=(moment(11.5),)))
    with pytest.raises(SealError, match="near enough"):
        seal(lost, tmp_path / "none", signer, SEALED_AT)


# Clocks.


def clocked(recording: Path, folder: Path, at_number: int, **changes: object) -> tuple[Recording, ...]:
    def change(number: int, opening):
        return replace(opening, clock=replace(GOOD_CLOCK, **changes)) if number == at_number else opening

    return recordings_of(record(recording, folder, change=change), folder)


def test_measured_clocks_are_stated(live_bundle: Path) -> None:
    case = read_case(live_bundle)
    assert case["time"] == {
        "zone": "Asia/Shanghai",
        "source": "arrival",
        "uncertainty_ns": 20_000_000,
        "clock_offset_ns": 117_000_000,
        "camera_offset_ns": 120_000_000,
        "camera_drift_ppb": 4_000,
        "server_offset_ns": -3_000_000,
        "server_checked_at": at(-60).isoformat(),
        "flags": [],
    }
    assert not [name for name in case["case"]["approval_blocked_by"] if "offset" in name]
    words = (live_bundle / "README.txt").read_text(encoding="utf-8")
    assert "摄像机时钟比服务器时钟快 0.120 秒" in words and "服务器时钟比标准时间慢 0.003 秒" in words
    assert "The camera's clock was 0.120 s ahead of the server's clock" in words
    assert "The server's clock was 0.003 s behind the reference time" in words


@pytest.mark.parametrize(
    ("number", "changes", "flags"),
    [
        (5, {"camera_offset_ns": 1_000_000_001}, ["camera_offset_over_1s"]),
        (5, {"camera_offset_ns": -1_000_000_000}, []),
        (5, {"camera_offset_ns": None}, ["camera_offset_unknown"]),
        (5, {"server_offset_ns": None, "server_checked_ns": None}, ["server_offset_unknown"]),
        (5, {"server_offset_ns": -(10**10)}, ["server_offset_over_1s"]),
        (5, {"flags": ("host_clock_stepped", "camera_clock_jumped")}, ["camera_clock_jumped", "host_clock_stepped"]),
        (12, {"flags": ("camera_clock_jumped",)}, []),  # after the proof
    ],
)
def test_a_flag_of_any_decisive_segment_blocks(
    request_: CaseRequest,
    recording: Path,
    signer: Ed25519Signer,
    tmp_path: Path,
    number: int,
    changes: dict[str, object],
    flags: list[str],
) -> None:
    request = live(request_, clocked(recording, tmp_path / "r", number, **changes))
    for asked in (request, replace(request, time=TimeFacts(0, 0, 0, SEALED_AT.utc_ns))):
        path = seal(asked, tmp_path / ("a" if asked.time else "b"), signer, SEALED_AT).path
        case = read_case(path)
        assert case["time"]["flags"] == flags and set(flags) <= set(case["case"]["approval_blocked_by"])
        assert "clock_offset_unknown" not in case["case"]["approval_blocked_by"]


def test_unknown_clocks_stay_unknown(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    case = read_case(seal(replace(request_, time=TimeFacts(None, None, None, None)), tmp_path, signer, SEALED_AT).path)
    unknown = {"known": False}
    for name in ("clock_offset_ns", "camera_offset_ns", "camera_drift_ppb", "server_offset_ns", "server_checked_at"):
        assert case["time"][name] == unknown
    assert case["time"]["flags"] == ["camera_offset_unknown", "server_offset_unknown"]
    with pytest.raises(SealError, match="no name of a flag"):
        seal(replace(request_, time=TimeFacts(0, 0, 0, 0, ("\n",))), tmp_path / "x", signer, SEALED_AT)


# The view.


def test_view_faults(live_request: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    name = "view_fault_in_decisive_interval"
    for number, (faults, stated, blocks) in enumerate(
        (
            ((), [], False),
            ((ViewFaultFacts("blocked", at(-60), at(-30)),), [], False),
            ((ViewFaultFacts("blocked", at(-60), at(2)),), ["blocked"], False),
            ((ViewFaultFacts("moved", at(19), None), ViewFaultFacts("black", at(0), at(5))), ["black", "moved"], True),
            ((ViewFaultFacts("frozen", at(10), None),), ["frozen"], True),
        )
    ):
        path = seal(replace(live_request, view_faults=faults), tmp_path / str(number), signer, SEALED_AT).path
        case = read_case(path)
        assert [fault["kind"] for fault in case["view"]["faults"]] == stated
        assert case["view"]["blocks_approval"] is blocks is (name in case["case"]["approval_blocked_by"])
    words = (path / "README.txt").read_text(encoding="utf-8")
    assert "画面冻结" in words and "frozen" in words and "封存时仍未恢复" in words


def test_a_view_that_nobody_watched_is_unknown(live_bundle: Path) -> None:
    assert read_case(live_bundle)["view"] == {"faults": {"known": False}, "blocks_approval": False}


# The verifier, against a signer that lies.


def swap(case: dict[str, Any]) -> None:
    case["recordings"][3], case["recordings"][4] = case["recordings"][4], case["recordings"][3]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            lambda c: c["recordings"][12]["segment"].update(previous="0" * 64),
            "recordings 11 and 12: the chain is broken",
        ),
        (lambda c: c["recordings"][12]["segment"].update(previous=None), "recordings 11 and 12: the chain is broken"),
        (lambda c: c["recordings"][12].update(sha256="0" * 64), "recordings 12 and 13: the chain is broken"),
        (swap, "sequence does not rise"),
        (lambda c: c["recordings"].pop(12), "not the places"),
        (lambda c: c["recordings"][12]["segment"].update(sequence=7), "sequence does not rise"),
        (lambda c: c["recordings"][12]["segment"].update(first_pts=LINE), "they overlap"),
        (lambda c: c["recordings"][12].update(start=at(99).isoformat()), "not the places"),
        (lambda c: c["recordings"][12]["segment"].update(session="s3"), "not the places"),
        (lambda c: c["recordings"][12]["segment"].update(session=3), "session is no text"),
        (lambda c: c["recordings"][12]["segment"].update(last_pts=True), "no integer"),
        (lambda c: c["recordings"][12].update(end="soon"), "no UTC time"),
        (lambda c: c["recordings"][12].update(end="2026-13-02T00:00:04.000000000Z"), "month"),
        (lambda c: c["recordings"][12].update(time_base="1/0"), "time base"),
        (lambda c: c["recordings"][12].pop("segment"), "mixed"),
        (lambda c: c["continuity"]["breaks"].clear(), "not the places"),
        (lambda c: c["continuity"]["breaks"][0].update(to=at(11).isoformat()), "other times"),
        (lambda c: c["continuity"]["breaks"][0].update(duration_ns=0), "another length"),
        (lambda c: c["continuity"]["breaks"][0].update(decisive=False), "wrongly said to be decisive"),
        (lambda c: c["continuity"]["breaks"][0].update(before_recording=9), "neighbours"),
        (lambda c: c["continuity"].update(gap_in_decisive_ns=1), "less than the breaks"),
        (lambda c: c["continuity"].update(blocks_approval=False), "does not follow from the gaps"),
        (lambda c: c["case"]["approval_blocked_by"].remove("gap_in_decisive_interval"), "gap in the decisive interval"),
        (lambda c: c["clips"][0].update(recordings=[0, 5]), "reaches across a break"),
        (lambda c: c["clips"][0].update(recordings=[0]), "first and the last"),
        (lambda c: c["clips"][0].update(recordings=[0, 99]), "out of order, or not there"),
        (lambda c: c["clips"][1].update(last_pts=10), "pts are not those"),
        (lambda c: c["clips"][1].update(last_pts=c["clips"][1]["first_pts"]), "does not reach"),
        (lambda c: c["time"].update(flags=["camera_clock_jumped"]), "camera_clock_jumped is left out"),
        (
            lambda c: c["recordings"][4]["segment"]["clock"].update(flags=["host_clock_stepped"]),
            "host_clock_stepped of a decisive recording is left out",
        ),
        (
            lambda c: c["view"].update(
                faults=[{"kind": "black", "since": at(5).isoformat(), "until": {"known": False}, "decisive": True}]
            ),
            "does not follow from view.faults",
        ),
        (
            lambda c: c["view"].update(
                faults=[{"kind": "black", "since": at(5).isoformat(), "until": {"known": False}, "decisive": False}]
            ),
            "a fault is wrongly said",
        ),
        (lambda c: c.update(revision="1"), "revision"),
        (lambda c: c.pop("view"), "view is missing"),
    ],
)
def test_a_signed_manifest_that_lies_about_footage(
    torn_bundle: Path,
    signer: Ed25519Signer,
    tmp_path: Path,
    edit: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    bundle = Path(shutil.copytree(torn_bundle, tmp_path / torn_bundle.name))
    resign(bundle, signer, edit)
    report = verify(bundle)
    assert not report.ok and "case.json" in report.culprits
    assert words in as_text(report)


def test_a_later_revision_is_verified_as_far_as_it_is_known(
    live_bundle: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(live_bundle, tmp_path / live_bundle.name))
    resign(bundle, signer, lambda case: case.update(revision=layout.FORMAT_REVISION + 1))
    report = verify(bundle)
    assert report.ok and f"revision {layout.FORMAT_REVISION + 1} may say more" in report.steps[8].detail


def test_a_bundle_of_the_first_form_still_verifies(tmp_path: Path) -> None:
    """Sealed before there was a `revision`; see docs/evidence-format.md, Versions."""
    path = Path(__file__).parent / "golden" / "bundle-version-1.zip"
    key = "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"
    report = verify(path, trusted_key=key)
    assert report.ok, as_text(report)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.zip").write_bytes(data)
    assert not verify(tmp_path / "x.zip").ok


def test_lost_time_is_counted_once() -> None:
    start = live_start()

    def torn(first: int, last: int) -> Break:
        return Break(0, 1, start.shifted(first), start.shifted(last), "x", "")

    zero = start.utc_ns
    assert lost_ns((), (), zero, zero + 10) == 0
    assert lost_ns([torn(-5, 3), torn(8, 20)], [Hole(zero + 2, zero + 4)], zero, zero + 10) == 6
    assert lost_ns([torn(5, 2)], [], zero, zero + 10) == 0


def test_footage_of_the_recorder_itself(
    request_: CaseRequest, recording: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    records: list[SegmentRecord | None] = []
    with feeding.camera(recording) as (info, template, packets):
        recorder = Recorder(tmp_path / "r", "demo", "cam-1", segment_ns=6 * S)
        recorder.begin(
            info,
            template,
            "s1",
            anchor=lambda pts: live_start().shifted(to_ns(pts - feeding.PTS_0, info.time_base)),
            clock=lambda: GOOD_CLOCK,
        )
        records += [recorder.add(packet) for packet in packets]
        records.append(recorder.close(CloseReason.STOPPED))
    recordings = tuple(recording_of(one, tmp_path / "r") for one in records if one is not None)
    assert len(recordings) == 5
    path = seal(live(request_, recordings), tmp_path / "o", signer, SEALED_AT).path
    case = read_case(path)
    [clip] = case["clips"]
    assert clip["recordings"] == [0, 4] and clip["nal_sha256"] == payload_digest(recording).nal_sha256
    assert [(one["gaps"], one["problems"]) for one in case["recordings"]] == [([], [])] * 5
    assert case["recordings"][0]["segment"]["previous"] is None
    assert [one["difference_ns"] for one in case["images"]["panoramas"]] == [0, 0]
    assert verify(path, trusted_key=signer.fingerprint).ok
