"""Judging: in order of time whatever the order of completion, and never the same footage twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.interface import Detections, ModelInfo
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import Coverage
from streetproof.batch.judge import Finding, Judge
from streetproof.batch.observations import (
    ObservationsError,
    ObservationWriter,
    coverage_json,
    model_json,
    read_end,
    read_header,
    read_observations,
)
from streetproof.batch.observe import Observed, Probed
from streetproof.settings.load import load_site
from tests.conftest import ROOT
from vision.codec import to_json

MODEL = ModelInfo("m", "0" * 64, "none", "yolox", ("person", "car", "truck"), (416, 416))
SITE = load_site(ROOT / "configs" / "demo" / "site.yaml").site
SIZE = (768, 576)
T0 = 1_800_000_000 * NS_PER_S


def at(second: float) -> Instant:
    return Instant(T0 + int(second * NS_PER_S), TimeSource.FILENAME, NS_PER_S)


def van() -> Detections:
    return Detections(
        np.array([[651, 41, 724, 99]], np.float32), np.array([0.7], np.float32), np.array([2], np.int64), SIZE, MODEL
    )


def recording(
    folder: Path, name: str, start: float, frames: Iterator[tuple[float, bool]], sha256: str = ""
) -> Observed:
    file = folder / f"{name}.jsonl.gz"
    header = {
        "camera": "demo-01",
        "time_base": str(Fraction(1, 1000)),
        "start": to_json(at(start)),
        "model": model_json(MODEL),
    }
    with ObservationWriter(file, header) as writer:
        last = start
        for second, there in frames:
            last = second
            seen = van() if there else Detections.empty(SIZE, MODEL)
            writer.add("demo-01", at(second), int(second * 1000), seen, False)
        coverage = Coverage(at(start), at(last), 1, 1, (), ())
        writer.finish({"level": "keyframes", "coverage": coverage_json(coverage)})
    return Observed(folder / name, "demo-01", 1, 1, sha256 or name, file, read_end(file), False)


def every(start: float, end: float, there: bool = True) -> Iterator[tuple[float, bool]]:
    return ((start + 2 * k, there) for k in range(int((end - start) // 2)))


def judge(observed: list[Observed | None], order: list[Probed], completion: list[int]) -> tuple[list[Finding], Judge]:
    one = Judge(SITE.rules_of(SITE.cameras[0]), ZoneInfo("Asia/Shanghai"), order, 10 * NS_PER_S)
    found = [finding for k in completion for finding in one.give(order[k], observed[k])]
    assert one.finished
    return found, one


def probed(path: Path, start: float) -> Probed:
    return Probed(path, "demo-01", at(start), 30 * NS_PER_S)


def test_every_order_of_completion_gives_the_same_findings(tmp_path: Path) -> None:
    spans = [(0, 30), (30, 60), (60, 90), (90, 120)]
    observed = [recording(tmp_path, f"r{k}", a, every(a, b, there=k < 3)) for k, (a, b) in enumerate(spans)]
    order = [probed(tmp_path / f"r{k}", a) for k, (a, _) in enumerate(spans)]
    outcomes = [judge(observed, order, list(completion))[0] for completion in itertools.permutations(range(4))]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    (finding,) = outcomes[0]
    assert finding.stay.departed is not None
    assert finding.stay.departed[1] == at(90)


def test_a_failed_recording_is_a_gap_and_not_time_stood(tmp_path: Path) -> None:
    observed = [recording(tmp_path, "a", 0, every(0, 40)), None, recording(tmp_path, "c", 60, every(60, 80))]
    order = [probed(tmp_path / name, start) for name, start in (("a", 0), ("b", 40), ("c", 60))]
    found, _ = judge(observed, order, [2, 1, 0])
    assert found == []


def test_overlapping_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    observed = [recording(tmp_path, "a", 0, every(0, 80)), recording(tmp_path, "b", 60, every(60, 100))]
    order = [probed(tmp_path / "a", 0), probed(tmp_path / "b", 60)]
    (finding,), done = judge(observed, order, [0, 1])
    assert done.overlapping == {str(tmp_path / "b"): 10}
    assert finding.stay.last_seen == at(98)


def test_a_copy_with_another_time_makes_no_second_case(tmp_path: Path) -> None:
    observed = [
        recording(tmp_path, "a", 0, every(0, 80), sha256="same"),
        recording(tmp_path, "copy", 5000, every(5000, 5080), sha256="same"),
    ]
    order = [probed(tmp_path / "a", 0), probed(tmp_path / "copy", 5000)]
    found, done = judge(observed, order, [1, 0])
    assert len(found) == 1
    assert done.duplicates == {str(tmp_path / "copy"): str(tmp_path / "a")}


def test_observations_come_back_as_they_were_rounded_and_the_same_look_makes_the_same_bytes(tmp_path: Path) -> None:
    first = recording(tmp_path, "a", 0, every(0, 20))
    again = recording(tmp_path, "b", 0, every(0, 20))
    assert first.file.read_bytes() == again.file.read_bytes()
    header = read_header(first.file)
    assert (header.start, header.model, header.time_base) == (at(0), MODEL, Fraction(1, 1000))
    seen = list(read_observations(first.file))
    assert [one.at for one in seen] == [at(2 * k) for k in range(10)]
    assert np.array_equal(seen[0].detections.xyxy, van().xyxy)
    assert seen[0].detections.names == ("truck",)


def test_observations_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    file = recording(tmp_path, "a", 0, every(0, 200)).file
    whole = file.read_bytes()
    for broken in (b"", whole[:40], whole[: len(whole) // 2], whole[:-9], b"\x00" + whole[1:], b"{}"):
        file.write_bytes(broken)
        with pytest.raises(ObservationsError, match="observations"):
            list(read_observations(file))
            read_end(file)


def test_a_writer_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ObservationWriter(tmp_path / "x.jsonl.gz", {"camera": "c"}) as writer:
        writer.add("c", at(0), 0, van(), False)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_finding_waits_for_the_footage_after_it(tmp_path: Path) -> None:
    """What goes into a bundle must not depend on which worker was quicker."""
    observed = [recording(tmp_path, "a", 0, every(0, 90)), recording(tmp_path, "b", 94, every(94, 150, there=False))]
    order = [probed(tmp_path / "a", 0), probed(tmp_path / "b", 94)]
    one = Judge(SITE.rules_of(SITE.cameras[0]), ZoneInfo("Asia/Shanghai"), order, 10 * NS_PER_S)
    assert list(one.give(order[0], observed[0])) == []
    assert len(list(one.give(order[1], observed[1]))) == 1


def test_where_recordings_overlap_the_earlier_one_speaks_to_its_end(tmp_path: Path) -> None:
    """Also between its last looked-at frame and its end, so that a still is taken from where its box comes from."""
    early = recording(tmp_path, "a", 0, iter([(2.0 * k, True) for k in range(40)] + [(79.9, True)]))
    late = recording(tmp_path, "b", 61, ((61.25 + 2 * k, True) for k in range(30)))
    order = [probed(tmp_path / "a", 0), probed(tmp_path / "b", 61)]
    (finding,), done = judge([early, late], order, [0, 1])
    assert done.overlapping == {str(tmp_path / "b"): 10}
    inside = [moment.at.utc_ns for moment in finding.violation.moments if moment.at.utc_ns <= at(79.9).utc_ns]
    assert all((utc_ns - T0) % (2 * NS_PER_S) == 0 or utc_ns == at(79.9).utc_ns for utc_ns in inside)
