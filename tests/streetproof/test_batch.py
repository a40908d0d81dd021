"""The whole path on real footage: found once, sealed once, whatever happens in between."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence_export.verifier import verify
from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.cut import cut
from streams.instant import Instant, TimeSource
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.once import once
from tests.streetproof.commands import command, streetproof

DEMO = ROOT / "configs" / "demo" / "site.yaml"


@pytest.fixture
def finished(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, real_model: str, demo_clip: Path) -> Path:
    """What a batch over the demo clip left."""

    def make(folder: Path) -> None:
        assert streetproof("batch", DEMO, demo_clip, "--out", folder, "--model", real_model).code == 0

    return Path(shutil.copytree(once(tmp_path_factory, "finished batch", make), tmp_path / "finished"))


def bundles(out: Path) -> list[Path]:
    return sorted((out / "cases").iterdir())


def content(bundle: Path) -> dict[str, bytes]:
    """Every file of a bundle; what depends on the moment of sealing is replaced by what does not."""
    files = {str(path.relative_to(bundle)): path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    case = json.loads(files["case.json"])
    del case["seal"]["sealed_at"]
    files["case.json"] = json.dumps(case, sort_keys=True).encode()
    files["case.json.sig"] = b"made over sealed_at"
    lines = files["tagmanifest-sha256.txt"].splitlines()
    files["tagmanifest-sha256.txt"] = b"\n".join(line for line in lines if not line.endswith((b"case.json", b".sig")))
    return files


def assert_spans(case: dict[str, Any], seconds: float) -> None:
    stood = datetime.fromisoformat(case["last_seen"]) - datetime.fromisoformat(case["arrived"])
    assert abs(stood.total_seconds() - seconds) <= 2.1
    assert not case["arrival_seen"]
    assert not case["departure_seen"]


def test_the_van_is_found_once_and_nobody_else(tmp_path: Path, real_model: str, demo_clip: Path) -> None:
    out = tmp_path / "结果 1"
    ran = streetproof("batch", DEMO, demo_clip, "--out", out, "--model", real_model, "--json")
    assert ran.code == 0, ran.err
    (case,) = ran.json["cases"]
    assert case["cls"] in {"truck", "car", "bus"}
    assert_spans(case, 79.5)
    assert case["dwell_lower_bound_ns"] > case["allowed_ns"]
    assert verify(out / case["bundle"]).ok
    assert case["id"] in (out / "report.html").read_text(encoding="utf-8")


def test_the_bootstrap_model_finds_the_van_once_too(tmp_path: Path, bootstrap_model: str) -> None:
    ran = streetproof("demo", "--out", tmp_path / "d", "--json")
    assert ran.code == 0, ran.err
    (case,) = ran.json["report"]["cases"]
    assert_spans(case, 79.5)
    assert case["weak_model"]
    assert [one["ok"] for one in ran.json["verification"]] == [True]


def test_one_stay_over_twelve_files_is_one_case_and_a_second_run_changes_nothing(
    tmp_path: Path, real_model: str, pieces: Path, site: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("batch", site, pieces, "--out", out, "--model", real_model, "--json")
    first = streetproof(*arguments)
    assert first.code == 0, first.err
    (case,) = first.json["cases"]
    assert_spans(case, 79.5)
    assert len(case["recordings"]) == 12
    assert first.json["totals"]["inputs"] == 12
    before = {path: path.stat().st_mtime_ns for path in (out / "cases").rglob("*")}
    second = streetproof(*arguments)
    assert second.code == 0
    assert second.json["totals"]["new_cases"] == 0
    assert all(one["reused"] for one in second.json["inputs"])
    assert [one["id"] for one in second.json["cases"]] == [case["id"]]
    assert {path: path.stat().st_mtime_ns for path in (out / "cases").rglob("*")} == before

    # The database is an index: without it, the bundle is found again and none is added.
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (out / name).unlink(missing_ok=True)
    third = streetproof(*arguments)
    assert (third.code, third.json["totals"]["cases"], third.json["totals"]["new_cases"]) == (0, 1, 0)
    assert {path: path.stat().st_mtime_ns for path in (out / "cases").rglob("*")} == before
    with Store.open_file(out / "state.db") as store:
        assert [row.id for row in store.cases()] == [case["id"]]


def test_twelve_good_and_eight_broken_inputs(
    tmp_path: Path, real_model: str, pieces: Path, site: Path, demo_clip: Path
) -> None:
    folder = tmp_path / "录像 一"
    shutil.copytree(pieces, folder)
    whole = next(pieces.iterdir()).read_bytes()
    noise = random.Random(7).randbytes(200_000)
    broken = {
        "空 20261103000000.mp4": b"",
        "text 20261103000100.mp4": "这不是录像\n".encode() * 100,
        "noise 20261103000200.ts": noise,
        "head 20261103000300.mp4": whole[:700],
        "png 20261103000400.mp4": b"\x89PNG\r\n\x1a\n" + noise,
        "playlist 20261103000500.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n",
        "no time in the name.mp4": whole,
        "zip 20261103000700.avi": b"PK\x03\x04" + noise,
    }
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    ran = streetproof("batch", site, folder, "--out", tmp_path / "out", "--model", real_model, "--json")
    assert ran.code == 3, ran.err
    assert ran.json["totals"]["inputs"] == 12
    assert ran.json["totals"]["cases"] == 1
    told = {Path(failure["path"]).name: failure for failure in ran.json["failures"]}
    assert set(told) == set(broken)
    assert all(failure["what"] and failure["remedy"] and "\n" not in failure["what"] for failure in told.values())
    assert "text" in told["text 20261103000100.mp4"]["what"]
    assert "--start" in told["no time in the name.mp4"]["remedy"]


def test_only_broken_inputs_is_an_error_of_the_run(tmp_path: Path, real_model: str, site: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"")
    ran = streetproof("batch", site, tmp_path / "x.mp4", "--out", tmp_path / "out", "--model", real_model)
    assert ran.code == 4
    assert "empty" in ran.err + ran.out


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_ends_with_the_same_cases(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, real_model: str, pieces: Path, site: Path, seed: int
) -> None:
    chance = random.Random(seed)
    arguments = ("batch", site, pieces, "--model", real_model, "--quiet", "--out")

    def run_undisturbed(folder: Path) -> None:
        began = time.monotonic()
        assert streetproof(*arguments, folder, cold=True).code == 0
        (folder / "took").write_text(str(time.monotonic() - began))

    undisturbed = once(tmp_path_factory, "undisturbed batch", run_undisturbed)
    took = float((undisturbed / "took").read_text())
    out = tmp_path / "killed"
    kills = 0
    # The first falls into a run that has done nothing yet, the last into the start of one that may have done it all.
    for share in [*(chance.uniform(0.15, 0.85) for _ in range(5)), 0.1]:
        with subprocess.Popen(command(*arguments, out), stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(timeout=share * took)
            except subprocess.TimeoutExpired:
                kills += 1
            else:
                # All is done, or the machine has less to do than when it was timed.
                took = min(took, share * took)
                if kills < 2:
                    shutil.rmtree(out)
            finally:
                process.kill()
    assert kills >= 2
    assert streetproof(*arguments, out).code == 0
    expected, found = bundles(undisturbed), bundles(out)
    assert [path.name for path in found] == [path.name for path in expected]
    assert len(found) == 1
    for one, other in zip(expected, found, strict=True):
        assert verify(other).ok
        assert content(one) == content(other)


def test_another_model_or_threshold_gives_no_second_case_of_the_same_stay(
    tmp_path: Path, bootstrap_model: str, demo_clip: Path
) -> None:
    out = tmp_path / "out"
    first = streetproof("batch", DEMO, demo_clip, "--out", out, "--model", bootstrap_model, "--json")
    (case,) = first.json["cases"]
    other = tmp_path / "other.yaml"
    text = DEMO.read_text(encoding="utf-8").replace("level: keyframes ", "level: sampled ")
    other.write_text(text.replace("start: 2009-02-01T12:34:00", "start: 2009-02-01T12:33:59.9"), encoding="utf-8")
    second = streetproof("batch", other, demo_clip, "--out", out, "--model", bootstrap_model, "--json")
    assert second.code == 0, second.err
    assert not second.json["inputs"][0]["reused"]
    assert [(one["id"], one["new"]) for one in second.json["cases"]] == [(case["id"], False)]
    assert [bundle.name for bundle in bundles(out)] == [case["id"]]


def test_two_batches_do_not_write_into_one_folder(tmp_path: Path, real_model: str, demo_clip: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = streetproof("batch", DEMO, demo_clip, "--out", out, "--model", real_model)
    assert ran.code == 4
    assert "another batch is writing" in ran.err


def test_one_start_for_many_recordings_is_refused(tmp_path: Path, real_model: str, pieces: Path) -> None:
    ran = streetproof(
        "batch", DEMO, pieces, "--out", tmp_path / "out", "--model", real_model, "--start", "2026-11-02T08:00:00+08:00"
    )
    assert ran.code == 4
    assert "one at a time" in ran.err


def test_a_changed_recording_is_looked_at_again(tmp_path: Path, real_model: str, pieces: Path, site: Path) -> None:
    recording = tmp_path / "r 20261102080000.mp4"
    files = sorted(pieces.iterdir())
    shutil.copy(files[0], recording)
    arguments = ("batch", site, recording, "--out", tmp_path / "out", "--model", real_model, "--json")
    first = streetproof(*arguments).json["inputs"][0]
    status = recording.stat()
    shutil.copy(files[5], recording)
    os.utime(recording, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    second = streetproof(*arguments).json["inputs"][0]
    assert first["sha256"] != second["sha256"]
    assert not second["reused"]


def test_bundles_can_be_zips(tmp_path: Path, real_model: str, demo_clip: Path) -> None:
    out = tmp_path / "out"
    ran = streetproof("batch", DEMO, demo_clip, "--out", out, "--model", real_model, "--zip", "--json")
    assert ran.code == 0, ran.err
    (case,) = ran.json["cases"]
    assert case["bundle"].endswith(".zip")
    assert streetproof("verify", out / case["bundle"]).code == 0


def cases_of(out: Path) -> dict[str, dict[str, Any]]:
    return {path.name: json.loads((path / "case.json").read_bytes()) for path in bundles(out)}


def test_how_many_workers_there_are_changes_nothing(tmp_path: Path, real_model: str, pieces: Path, site: Path) -> None:
    """The stay ends near the end of a recording, so that its post-roll reaches into the next."""
    text = site.read_text(encoding="utf-8").replace("dwell: 60s", "dwell: 20s") + "evidence: {post_roll: 30s}\n"
    data = yaml.safe_load(text)
    data["cameras"][0]["zones"][0]["polygon"] = [[0.818, 0.132], [0.949, 0.122], [0.951, 0.165], [0.823, 0.236]]
    site.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    contents = []
    for workers in (1, 2):
        out = tmp_path / f"w{workers}"
        arguments = ("batch", site, pieces, "--out", out, "--model", real_model, "--workers", workers, "--json")
        ran = streetproof(*arguments, cold=workers == 1)
        assert ran.code == 0, ran.err
        contents.append([content(bundle) for bundle in bundles(out)])
    assert len(contents[0]) == 1
    assert contents[0] == contents[1]


def test_the_report_says_what_the_bundle_says_when_the_archive_grew_or_the_rule_changed(
    tmp_path: Path, real_model: str, pieces: Path, site: Path
) -> None:
    some, out = tmp_path / "some", tmp_path / "out"
    some.mkdir()
    for path in sorted(pieces.iterdir())[:11]:
        shutil.copy(path, some)
    (first,) = streetproof("batch", site, some, "--out", out, "--model", real_model, "--json").json["cases"]
    (grown,) = streetproof("batch", site, pieces, "--out", out, "--model", real_model, "--json").json["cases"]
    assert (grown["id"], grown["new"], grown["note"]) == (first["id"], False, "seen_longer")
    site.write_text(site.read_text(encoding="utf-8").replace("dwell: 60s", "dwell: 30s"), encoding="utf-8")
    (changed,) = streetproof("batch", site, pieces, "--out", out, "--model", real_model, "--json").json["cases"]
    assert (changed["id"], changed["note"]) == (first["id"], "earlier_policy")
    (manifest,) = cases_of(out).values()
    for case in (first, grown, changed):
        assert case["last_seen"] == manifest["violation"]["stay"]["last_seen"]
        assert case["allowed_ns"] == manifest["violation"]["allowed_ns"] == 60 * 10**9
        assert len(case["recordings"]) == len(manifest["recordings"]) == 11


def test_overlapping_recordings_give_one_case_with_pictures_of_what_was_seen(
    tmp_path: Path, real_model: str, demo_clip: Path, site: Path
) -> None:
    """The second one begins in the first one's time, off its grid of frames."""
    folder = tmp_path / "r"
    folder.mkdir()
    source = open_archive(demo_clip, "c", TimeRules(start=Instant(0, TimeSource.OPERATOR, 0)))
    cut(demo_clip, 0, source.pts_of(50 * 10**9), folder / "a-20261102080000000.mp4")
    cut(demo_clip, source.pts_of(30 * 10**9), source.pts_of(80 * 10**9), folder / "b-20261102080030250.mp4")
    data = yaml.safe_load(site.read_text(encoding="utf-8"))
    data["cameras"][0]["time"]["patterns"] = ["a-%Y%m%d%H%M%S%f", "b-%Y%m%d%H%M%S%f"]
    site.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    ran = streetproof("batch", site, folder, "--out", tmp_path / "out", "--model", real_model, "--json")
    assert ran.code == 0, ran.out
    assert [one["frames_overlapping"] > 0 for one in ran.json["inputs"]] == [False, True]
    (manifest,) = cases_of(tmp_path / "out").values()
    for panorama in manifest["images"]["panoramas"]:
        recording = manifest["recordings"][panorama["recording"]]
        assert recording["start"] <= panorama["at"] <= recording["end"]
        if panorama["at"] <= manifest["recordings"][0]["end"]:
            assert panorama["recording"] == 0


def test_a_damaged_bundle_of_an_earlier_run_is_not_passed_over(
    finished: Path, real_model: str, demo_clip: Path
) -> None:
    (bundle,) = bundles(finished)
    with (bundle / "README.txt").open("ab") as file:
        file.write(b" ")
    again = streetproof("batch", DEMO, demo_clip, "--out", finished, "--model", real_model, "--json")
    assert again.code == 3
    assert "README.txt" in again.json["failures"][0]["what"]


def test_strange_inputs_are_told_one_by_one_and_the_job_goes_on(
    tmp_path: Path, real_model: str, pieces: Path, site: Path
) -> None:
    folder = tmp_path / "录像"
    folder.mkdir()
    first = sorted(pieces.iterdir())[0]
    shutil.copy(first, folder)
    shutil.copy(first, os.fsencode(folder) + b"/x\xff\xfe 20261102090000.mp4")
    (folder / "bag").mkdir()
    (folder / "bag" / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    shutil.copy(first, folder / "bag" / "clip 20261102100000.mp4")
    out = folder / "out"  # inside the input: what the batch writes must never become its input
    arguments = ("batch", site, folder, "--out", out, "--model", real_model, "--json")
    for _ in range(2):
        ran = streetproof(*arguments)
        assert ran.code == 3, ran.err
        assert len(ran.json["inputs"]) == 1
        assert sorted(failure["what"] for failure in ran.json["failures"]) == [
            "is part of an evidence bundle",
            "its name is not valid UTF-8",
        ]


def test_one_stated_start_does_not_date_several_recordings(tmp_path: Path, real_model: str, pieces: Path) -> None:
    ran = streetproof("batch", DEMO, pieces, "--out", tmp_path / "out", "--model", real_model, "--json")
    assert ran.code == 4
    assert len(ran.json["failures"]) == 12
    assert "one start" in ran.json["failures"][0]["what"]


def test_a_class_that_the_model_does_not_know_stops_the_batch(tmp_path: Path, real_model: str, demo_clip: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(DEMO.read_text(encoding="utf-8").replace("[car, truck, bus]", "[car, trukc]"), encoding="utf-8")
    ran = streetproof("batch", path, demo_clip, "--out", tmp_path / "out", "--model", real_model)
    assert ran.code == 4
    assert "did you mean 'truck'" in ran.err
    checked = streetproof("config", "check", path, "--json")
    assert checked.code == 1
    assert checked.json["mistakes"][0]["location"] == "policies[0].rules[0].classes[1]"


def test_a_full_disk_is_told_and_leaves_nothing_half(tmp_path: Path, real_model: str, demo_clip: Path) -> None:
    """A limit on file size stands in for a full disk: writing fails in the same places."""
    arguments = ("batch", DEMO, demo_clip, "--model", real_model, "--json", "--out", tmp_path / "out")
    limited = ["bash", "-c", 'ulimit -f 600; trap "" XFSZ; exec "$@"', "bash", *command(*arguments)]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in bundles(tmp_path / "out") if path.suffix != ".partial"]
    assert streetproof(*arguments).code == 0
    assert len(bundles(tmp_path / "out")) == 1


def test_another_sites_folder_is_refused(tmp_path: Path, finished: Path, real_model: str, demo_clip: Path) -> None:
    other = tmp_path / "x.yaml"
    other.write_text(DEMO.read_text(encoding="utf-8").replace("id: demo  ", "id: other"), encoding="utf-8")
    ran = streetproof("batch", other, demo_clip, "--out", finished, "--model", real_model)
    assert ran.code == 4
    assert "belongs to site 'demo'" in ran.err
