"""The same street through `streetproof run` and through `streetproof batch`: the same violations.

One run of the daemon on two cameras that show the same scene. Camera `exact` looks at the same frames as a batch does,
so everything has to be equal; camera `usual` has the settings that cameras have, so its looks follow the attention of
the engine, and arrivals are intervals that must overlap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import yaml

from evidence_export.ledger.entry import Kind, read_entry
from evidence_export.verifier import verify
from streams.instant import NS_PER_S, iso_utc
from streams.recorder.interface import SegmentRecord
from streetproof.store.database import Store
from streetproof.store.findings import FindingState
from streetproof.store.ledger.database import SqlLedger
from tests.ports import reserved_port
from tests.rtsp.server import RtspServer, requires_gstreamer
from tests.scenes import Actor, Encoding, Look, Scene, Stop, compose
from tests.streetproof.commands import streetproof
from tests.streetproof.daemon.running import RunningDaemon
from vision.boxes import iou

pytestmark = requires_gstreamer

DWELL_S = 12
FPS = 10
SCENE = Scene(
    seconds=34,
    fps=Fraction(FPS),
    seed=3,
    actors=(
        # Stands longer than is allowed.
        Actor(
            "van", Look.VAN, enter=((1.05, 0.72), (0.9, 0.5)), stops=(Stop((0.8, 0.42), 5, 30),),
            leave=((0.9, 0.17),), approach=3,
        ),
        # Stands, but not so long.
        Actor(
            "car", Look.CAR, enter=((-0.05, 0.9), (0.3, 0.75)), stops=(Stop((0.55, 0.62), 10, 18),),
            leave=((0.75, 0.45), (0.95, 0.2)), approach=3,
        ),
    ),
)  # fmt: skip
ENCODINGS = {
    # Keyframes every 2.7 s are enough for one look in three seconds, so that nothing else is ever looked at; and the
    # model has time for each of them, however much else this machine has to do.
    "exact": Encoding(gop=27, b_frames=0, preset="ultrafast"),
    "usual": Encoding(gop=20, b_frames=2, preset="ultrafast"),
}
LOOKS: Mapping[str, Mapping[str, Any]] = {"exact": {"skip_unchanged": False, "rate": "1/3"}, "usual": {}}
GROWS = ("departed", "last_seen", "seen_ns", "sightings", "sworn_ns", "trace")
"""What a longer look at the same stay changes: the daemon seals while the van still stands."""


@dataclass(frozen=True)
class Live:
    """What the daemon left behind, and what its cameras showed."""

    site: Path
    data: Path
    scenes: Mapping[str, Path]
    cases: Mapping[str, Path]
    """The bundle of each camera."""
    segments: Mapping[str, list[SegmentRecord]]


def write_site(path: Path, urls: Mapping[str, str], model: str, port: int) -> None:
    zone = [[0.30, 0.46], [0.60, 0.30], [0.72, 0.22], [0.95, 0.20], [0.99, 0.72], [0.40, 0.75]]
    rule = {"id": "no-parking", "kind": "no_parking", "classes": ["car", "truck", "bus"], "dwell": f"{DWELL_S}s"}
    site = {
        "site": {"id": "parity", "name": "对照测试", "timezone": "Asia/Shanghai"},
        "model": {"name": model},
        "evidence": {"pre_roll": "2s", "post_roll": "2s"},
        "live": {"listen": f"127.0.0.1:{port}", "segment": "5s", "seal_after": "4s"},
        "policies": [{"id": "road", "name": "一路一策", "version": "1", "rules": [rule | {"min_score": 0.3}]}],
        "cameras": [
            {
                "id": name,
                "name": f"人民路 {name}",
                "policy": "road",
                "zones": [{"id": "road", "polygon": zone, "rules": ["no-parking"]}],
                "recordings": [f"*/{name}/*"],
                "look": dict(LOOKS[name]),
                "stream": {"main": url},
            }
            for name, url in urls.items()
        ],
    }
    path.write_text(yaml.safe_dump(site, allow_unicode=True), encoding="utf-8")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, real_model: str) -> Live:
    """The daemon, until it has sealed a case for each camera. Takes as long as the scene.

    Camera `exact` is there to compare looks at the same pictures: where this machine was too busy even so to look at
    all of them, it is done again.
    """
    folder = tmp_path_factory.mktemp("live") / "数据 一"
    scenes = {
        name: compose(SCENE, folder / name / "录像 1.mp4", encoding).video for name, encoding in ENCODINGS.items()
    }
    for attempt in range(3):
        data = folder / f"data {attempt}"
        site, shed = _watched(folder, data, scenes, real_model)
        if not shed:
            break
    else:
        pytest.fail("this machine has too much else to do to look at a picture in three seconds")
    with Store.open_file(data / "state.db") as store:
        counts = store.findings.counts()
        assert counts[FindingState.SEALED] == sum(counts.values()) == 2, "the car has done nothing wrong"
        cases = {row.camera: data / row.bundle for row in store.cases()}
        segments = {name: store.segments.between(name, 0, 1 << 62) for name in scenes}
    return Live(site, data, scenes, cases, segments)


def _watched(folder: Path, data: Path, scenes: Mapping[str, Path], model: str) -> tuple[Path, int]:
    """Let the daemon seal a case for each camera; the site file, and how many looks at `exact` it left out
    until it had found something there."""
    site = folder / "site.yaml"
    with RtspServer({f"/{name}": video for name, video in scenes.items()}) as server, reserved_port() as port:
        write_site(site, {name: server.url(f"/{name}") for name in scenes}, model, port)
        with RunningDaemon(site, data) as daemon:
            for name in scenes:
                daemon.wait("connected", 120, camera=name)
                server.remove(f"/{name}")  # it is shown once, however long sealing takes
            daemon.wait("violation", 120, camera="exact")
            status = streetproof("status", site, "--json").json
            for _ in scenes:
                daemon.wait("case_sealed", 300)
            assert daemon.stop() == 0
            assert [line for line in daemon.logged if line.get("level") in ("error", "critical")] == []
    return site, next(camera["shed"] for camera in status["cameras"] if camera["id"] == "exact")


def batch(live: Live, out: Path, *arguments: object) -> dict[str, Any]:
    ran = streetproof("batch", live.site, *arguments, "--out", out, "--json")
    assert ran.code == 0, ran.err
    report: dict[str, Any] = ran.json
    return report


def case_in(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "case.json").read_bytes())
    return content


def moments_in(bundle: Path) -> list[dict[str, Any]]:
    """The sightings that the decision stands on; where they stand in which file is the bundle's own affair."""
    found = json.loads((bundle / "data" / "detections.json").read_bytes())
    return [{key: one[key] for key in ("at", "box", "class", "score", "track")} for one in found["moments"]]


def keyframes(video: Path, limit: int) -> list[tuple[Fraction, npt.NDArray[np.uint8]]]:
    """The first keyframes of a file: seconds since its beginning, and the picture."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        found = []
        for frame in container.decode(stream):
            assert frame.pts is not None and stream.time_base is not None
            found.append((frame.pts * stream.time_base, frame.to_ndarray()))
            if len(found) == limit:
                break
    return [(at - found[0][0], picture) for at, picture in found]


def start_of(live: Live, camera: str) -> int:
    """UTC of the scene's first frame on the daemon's line, ns: found by the picture that was recorded first."""
    first = live.segments[camera][0]
    _, recorded = keyframes(live.data / "recordings" / first.path, 1)[0]
    shown = next(at for at, picture in keyframes(live.scenes[camera], 8) if np.array_equal(picture, recorded))
    return first.opening.start.utc_ns - int(shown * NS_PER_S)


def violation_in(bundle: Path) -> dict[str, Any]:
    violation: dict[str, Any] = case_in(bundle)["violation"]
    return violation


def longest_pause_ns(bundle: Path) -> int:
    """Between two sightings that the decision stands on."""
    seen = [datetime.fromisoformat(moment["at"]) for moment in moments_in(bundle)]
    return max((after - before) // timedelta(microseconds=1) for before, after in pairwise(seen)) * 1000


def assert_alike(bundle: Path, other_bundle: Path) -> None:
    """The same finding, as far as looks at other frames can tell."""
    one, other = violation_in(bundle), violation_in(other_bundle)
    for key in ("rule", "zone", "kind", "allowed_ns"):
        assert one[key] == other[key]
    stay, same = one["stay"], other["stay"]
    assert stay["class"] == same["class"]
    assert iou(*([float(value) for value in of["place"]] for of in (stay, same))) > 0.8  # type: ignore[arg-type]
    arrived, again = stay["arrived"], same["arrived"]
    assert max(arrived["after"], again["after"]) < min(arrived["by"], again["by"]), "the intervals overlap"
    for of, where in ((one, bundle), (other, other_bundle)):
        # It fires at the first look by which the vehicle has stood for long enough; a busy machine looks less often.
        too_long_ns = DWELL_S * NS_PER_S + longest_pause_ns(where) + NS_PER_S // 10
        assert DWELL_S * NS_PER_S < of["dwell_lower_bound_ns"] <= too_long_ns


def test_both_bundles_verify_and_the_van_was_seen_to_come(live: Live) -> None:
    assert set(live.cases) == {"exact", "usual"}
    for camera, bundle in live.cases.items():
        assert verify(bundle).ok
        arrived = case_in(bundle)["violation"]["stay"]["arrived"]
        rest = iso_utc(start_of(live, camera) + 5 * NS_PER_S)
        late = iso_utc(start_of(live, camera) + 10 * NS_PER_S)
        assert arrived["after"] < rest and arrived["by"] < late
        # One clip out of many segments: nothing between two of them is missing.
        assert case_in(bundle)["continuity"]["clips"] == 1
        assert len(case_in(bundle)["recordings"]) > 2


@pytest.fixture(scope="module")
def again(live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A batch over what the daemon recorded: nothing is told but where the segments lie."""
    out = tmp_path_factory.mktemp("again") / "out"
    return batch(live, out, live.data / "recordings") | {"out": out}


def test_a_batch_takes_every_segment_with_the_time_it_tells_of_itself(live: Live, again: dict[str, Any]) -> None:
    told = sorted((one["camera"], one["start"], one["time_source"]) for one in again["inputs"])
    assert told == sorted(
        (name, record.opening.start.isoformat(), str(record.opening.start.source))
        for name, records in live.segments.items()
        for record in records
    )
    assert [one["frames_overlapping"] for one in again["inputs"]] == [0] * len(told), "no border costs a look"
    assert all(not one["gaps"] for one in again["inputs"])


def test_where_the_same_frames_are_looked_at_batch_finds_the_same_to_the_nanosecond(
    live: Live, again: dict[str, Any]
) -> None:
    (case,) = [one for one in again["cases"] if one["camera"] == "exact"]
    bundle = again["out"] / case["bundle"]
    ours, theirs = case_in(live.cases["exact"]), case_in(bundle)
    assert bundle.name == live.cases["exact"].name, "it is the same case"
    violation, same = ours["violation"], theirs["violation"]
    arrived, again_arrived = violation["stay"].pop("arrived"), same["stay"].pop("arrived")
    assert arrived["by"] == again_arrived["by"]
    assert arrived["after"] >= again_arrived["after"], "a look back only narrows"
    for name in GROWS:
        del violation["stay"][name], same["stay"][name]
    assert violation == same
    assert moments_in(live.cases["exact"]) == moments_in(bundle)
    assert ours["policy"] == theirs["policy"]


def test_under_usual_settings_batch_finds_the_same_in_the_recordings(live: Live, again: dict[str, Any]) -> None:
    assert len(again["cases"]) == 2, "one for each camera: no border between two segments broke the stay"
    (case,) = [one for one in again["cases"] if one["camera"] == "usual"]
    assert len(case["recordings"]) > 2
    assert_alike(live.cases["usual"], again["out"] / case["bundle"])


@pytest.mark.parametrize("camera", ["exact", "usual"])
def test_batch_finds_the_same_in_what_the_camera_sent(live: Live, tmp_path: Path, camera: str) -> None:
    report = batch(live, tmp_path, live.scenes[camera], "--camera", camera, "--start", iso_utc(start_of(live, camera)))
    (case,) = report["cases"]
    assert_alike(live.cases[camera], tmp_path / case["bundle"])
    if camera == "exact":
        ours, theirs = violation_in(live.cases[camera]), violation_in(tmp_path / case["bundle"])
        assert ours["stay"]["place"] == theirs["stay"]["place"]
        # The line of a camera's time moves by 500 ppm at most.
        assert abs(ours["dwell_lower_bound_ns"] - theirs["dwell_lower_bound_ns"]) < NS_PER_S // 100


def test_the_ledger_has_every_segment_and_every_case_and_is_in_order(live: Live, tmp_path: Path) -> None:
    key = live.cases["exact"] / "site-key.pub.pem"  # of a bundle: whoever has one can check the ledger
    checked = streetproof("ledger", "check", "--data", live.data, "--key", key, "--json")
    assert checked.code == 0, checked.out
    assert checked.json["faults"] == [] and checked.json["checkpoints"] >= 1
    with SqlLedger.open_file(live.data / "ledger.db") as ledger:
        entries = [read_entry(row.entry).happening for row in ledger.rows()]
    closed = {one.data["sha256"]: one.about for one in entries if one.kind is Kind.SEGMENT_CLOSED}
    recorded = {
        one.sha256: f"{camera}/{one.opening.sequence}" for camera, all_ in live.segments.items() for one in all_
    }
    assert recorded.items() <= closed.items()
    sealed = {one.about: one.data["manifest_sha256"] for one in entries if one.kind is Kind.CASE_SEALED}
    assert sealed == {
        case.name: hashlib.sha256((case / "case.json").read_bytes()).hexdigest() for case in live.cases.values()
    }
    assert {Kind.CONFIGURATION_USED, Kind.MODEL_USED, Kind.HOLD_PLACED} <= {one.kind for one in entries}
    assert {one.by for one in entries} == {"daemon"}
    with Store.open_file(live.data / "state.db") as store:
        assert store.happenings.waiting() == 0, "what happened until the end is entered at the end"
    for name in sealed:
        proof = tmp_path / "证明.json"
        proof.write_text(streetproof("ledger", "prove", name, "--data", live.data).out, encoding="utf-8")
        assert streetproof("ledger", "verify", proof, "--key", key).code == 0
