"""Ground that is taken across several recordings, as recorders cut them: one taking, however often a batch is run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.occupation.site import site_of
from streams.instant import NS_PER_S, Instant, TimeSource
from streetproof.batch.chain import Chain
from streetproof.batch.observe import Carry, Observed, Probed
from tests.scenes import Encoding, Scene
from tests.scenes.pavement import Blocks, Pavement, Piece, Taking, Thing, record
from tests.streetproof.commands import streetproof
from vision.carried import CARRY_NS

FPS = 5
PARTS = (0, 18, 36, 54)
"""Seconds at which the recorder begins another file."""
STREET = Pavement(
    Scene(camera="south", seconds=54, fps=Fraction(FPS), size=(768, 576)),
    (Thing("heap", Blocks((Piece(2.0, 1.5, 0.5, "carton", 3),)), ((15.0, 10.0, 6.5),)),),
    (Taking("occupation", ("heap",), 15.0, None),),
)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ground") / "录像 一"
    for start, end in pairwise(PARTS):
        path = folder / f"南街 20261102_0800{start:02d}.mp4"
        frames = range(start * FPS, end * FPS)
        record(STREET, path, 1.0, Encoding(gop=10, b_frames=0, preset="ultrafast"), frames=frames)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, real_model: str) -> Path:
    content = site_of(STREET)
    content["model"] = {"name": real_model}
    content["policies"][0]["rules"][0]["dwell"] = "12s"
    content["cameras"][0] |= {"recordings": [], "time": {"sources": ["filename"]}}
    path = tmp_path_factory.mktemp("site") / "站点 1.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def batch(site: Path, footage: Path | Sequence[Path], out: Path) -> dict[str, Any]:
    inputs = [footage] if isinstance(footage, Path) else footage
    ran = streetproof("batch", site, *inputs, "--out", out, "--key", out.parent / "key.pem", "--json")
    assert ran.code == 0, ran.out
    report: dict[str, Any] = ran.json
    return report


@pytest.fixture(scope="module")
def first(site: Path, footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a batch makes of the three recordings."""
    out = tmp_path_factory.mktemp("out") / "out"
    (case,) = batch(site, footage, out)["cases"]
    told = json.loads((out / case["bundle"] / "case.json").read_bytes())
    assert len(told["recordings"]) == 3, "it came in the first, broke the rule in the second, and stands in the third"
    stay = told["violation"]["stay"]
    assert stay["arrived"]["by"] < "2026-11-02T00:00:30" < stay["last_seen"] > "2026-11-02T00:00:50"
    assert float(told["violation"]["occupied"]["area_m2"]) == pytest.approx(3.0, rel=0.2)
    assert told["images"]["before"]["recording"] == 0
    return out


def observations(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "observations").glob("*.jsonl.gz"))}


def test_one_memory_is_kept_for_whatever_comes_next(first: Path) -> None:
    assert len(observations(first)) == 3
    assert len(list((first / "observations").glob("*.ground"))) == 1


def test_a_second_run_looks_at_nothing(first: Path, site: Path, footage: Path) -> None:
    before = observations(first)
    report = batch(site, footage, first)
    assert [one["reused"] for one in report["inputs"]] == [True] * 3
    assert observations(first) == before


@pytest.fixture(scope="module")
def begun(site: Path, footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `out` and of the key after a batch over the first two recordings alone."""
    folder = tmp_path_factory.mktemp("begun")
    batch(site, sorted(footage.glob("*.mp4"))[:2], folder / "out")
    return folder


@pytest.mark.parametrize("lost", ["memory", "memory damaged", "middle", "nothing"])
def test_an_interrupted_run_ends_with_the_same_observations(
    first: Path, begun: Path, site: Path, footage: Path, tmp_path: Path, lost: str
) -> None:
    """Also where the memory of the recordings before is gone, and they have to be looked at again for it."""
    whole = observations(first)
    out = Path(shutil.copytree(begun, tmp_path / "案件 二")) / "out"
    assert observations(out).items() < whole.items()
    (memory,) = (out / "observations").glob("*.ground")
    if lost.startswith("memory"):
        memory.unlink()
    if lost == "memory damaged":
        memory.write_bytes(b"\x80\x05cos\nsystem\n(S'true'\ntR.")
    if lost == "middle":
        memory.with_suffix(".jsonl.gz").unlink()
    report = batch(site, footage, out)
    assert observations(out) == whole
    assert len(report["cases"]) == 1 and len(report["inputs"]) == 3, "each is judged once"


# -- the chain by itself -------------------------------------------------------------------------------------------


def probed(start_s: int) -> Probed:
    return Probed(Path(f"{start_s}.mp4"), "c", Instant(start_s * NS_PER_S, TimeSource.FILENAME, 0), None)


def observed(link_path: Path, end_s: int, memory: Path | None) -> Observed:
    carry = None if memory is None else Carry(memory.name, memory, end_s * NS_PER_S)
    return Observed(link_path, "c", 1, 1, "ab" * 32, Path("x"), {}, False, carry)


def test_a_recording_goes_on_with_what_the_one_before_left(tmp_path: Path) -> None:
    pause = CARRY_NS // NS_PER_S
    chain = Chain([probed(0), probed(60), probed(120), probed(181 + pause)])
    first, second = tmp_path / "a.ground", tmp_path / "b.ground"
    for path in (first, second):
        path.write_bytes(b"x")
    link = chain.link()
    assert link is not None and link.carry is None
    chain.done(observed(link.recording.path, 60, first))
    link = chain.link()
    assert link is not None and link.carry is not None and link.carry.file == first
    chain.done(None)
    link = chain.link()
    assert link is not None and link.carry is not None and link.carry.file == first, "it could not be looked at"
    chain.done(observed(link.recording.path, 180, second))
    assert not first.exists() and second.exists()
    link = chain.link()
    assert link is not None and link.carry is None, "too long a pause"
    chain.done(observed(link.recording.path, 300, None))
    assert chain.link() is None and second.exists()


def test_a_chain_begins_again_once(tmp_path: Path) -> None:
    chain = Chain([probed(0), probed(60), probed(120)])
    memory = tmp_path / "a.ground"
    for end in (60, 120):
        link = chain.link()
        assert link is not None and not link.again
        chain.done(observed(link.recording.path, end, memory))
    assert chain.restart()
    for end in (60, 120):
        link = chain.link()
        assert link is not None and link.again
        chain.done(observed(link.recording.path, end, memory))
    link = chain.link()
    assert link is not None and not link.again and link.recording.path == Path("120.mp4")
    assert not chain.restart(), "it did not help"


def test_recordings_that_overlap_are_no_chain() -> None:
    chain = Chain([probed(0), probed(30)])
    link = chain.link()
    assert link is not None
    chain.done(observed(link.recording.path, 60, Path("nowhere.ground")))
    link = chain.link()
    assert link is not None and link.carry is None
