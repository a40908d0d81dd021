"""A case gives its reasons: in case.json, in words, and so that what contradicts itself is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import layout
from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.reasons import bar, ending_said, step_said, why_lines, why_table
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from evidence_export.verifier.report import Outcome
from tests.evidence_export.conftest import SEALED_AT, S, at
from tests.evidence_export.helpers import resign
from vision.interface import Stay
from vision.reasons import Ending, EndReason, Part, Reckoning, Shown, Step, Trace

TRACE = Trace(
    steps=(
        Step((Part(Shown.SEEN, 6 * S, 3),)),
        Step((Part(Shown.HIDDEN, 3 * S, 2), Part(Shown.SEEN, 0, 1)), (("bus", 2),)),
        Step((Part(Shown.KEPT, 3 * S, 2), Part(Shown.SEEN, 2 * S, 1), Part(Shown.MISSED, 0, 1))),
        Step((Part(Shown.GAP, S, 0), Part(Shown.SEEN, 0, 1))),
        Step((Part(Shown.SEEN, S, 2),)),
    ),
    ended=Ending(EndReason.EMPTY, at(24), 4 * S, 2, 1),
)
RECKONING = Reckoning(
    limit_ns=4 * S, grace_ns=S, counted_ns=6 * S, apart_ns=S, uncounted_ns=2 * S, sworn_ns=8 * S, passed=at(17.5)
)


@pytest.fixture(scope="session")
def reasoned(request_: CaseRequest) -> CaseRequest:
    """Seen 12 of 16 s, 3 hidden and 1 without footage."""
    stay = replace(
        request_.stay, seen_ns=12 * S, occluded_ns=3 * S, gap_ns=S, sworn_ns=11 * S, sightings=9, kept=2, trace=TRACE
    )
    violation = replace(request_.violation, allowed_ns=4 * S, dwell_lower_bound_ns=6 * S, reckoning=RECKONING)
    return replace(request_, stay=stay, violation=violation)


@pytest.fixture(scope="session")
def sealed(reasoned: CaseRequest, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal(reasoned, tmp_path_factory.mktemp("why"), signer, SEALED_AT).path


def test_the_case_states_them_and_the_bundle_verifies(sealed: Path, signer: Ed25519Signer) -> None:
    report = verify(sealed, trusted_key=signer.fingerprint)
    assert report.ok
    assert (report.steps[10].number, report.steps[-1].outcome) == (11, Outcome.PASSED)
    case = json.loads((sealed / "case.json").read_bytes())
    trace = case["violation"]["stay"]["trace"]
    assert trace["steps"][1] == {
        "from": at(10).isoformat(),
        "to": at(13).isoformat(),
        "parts": [
            {"what": "hidden", "length_ns": 3 * S, "looks": 2},
            {"what": "seen", "length_ns": 0, "looks": 1},
        ],
        "hidden_by": [{"cls": "bus", "looks": 2}],
    }
    assert trace["ended"] == {
        "why": "empty",
        "at": at(24).isoformat(),
        "empty_ns": 4 * S,
        "empty_looks": 2,
        "emptied_looks": 1,
    }
    assert case["violation"]["reckoning"] == {
        "limit_ns": 4 * S,
        "grace_ns": S,
        "counted_ns": 6 * S,
        "apart_ns": S,
        "uncounted_ns": 2 * S,
        "sworn_ns": 8 * S,
        "passed": at(17.5).isoformat(),
    }


def test_the_readme_says_why_in_both_languages_and_counts_its_sections_on(sealed: Path) -> None:
    readme = (sealed / "README.txt").read_text("utf-8")
    zh, en = readme.split("-" * 100)
    heads = [line for line in zh.splitlines() if line[1:2] == "、"]
    assert [head[0] for head in heads] == ["一", "二", "三", "四", "五"] and heads[2] == "三、为何认定"
    assert "\n3. Why\n" in en and "\n4. How to verify it\n" in en and "\n5. What verification cannot say\n" in en
    assert "允许 4.0 秒，宽限 1.0 秒；至认定时计入 6.0 秒：03-02 08:00:17.5 达到上限" in zh
    assert "结束：该处空出，03-02 08:00:24.0 认定；此前空置 4.0 秒（2 次查看，其中 1 次画面也显示已空）" in zh
    assert "03-02 08:00:10.0        3.0 秒  被遮挡（2 次）（遮挡者：客车 2）" in zh
    assert "03-02 08:00:13.0        5.0 s  unchanged by pixels 3.0 s (2 looks), seen 2.0 s (1 look), missed in 1" in en
    assert "█" * 22 in zh and "░" * 11 in zh


def test_a_case_without_reasons_is_what_it_was(sealed_folder: Path, signer: Ed25519Signer) -> None:
    report = verify(sealed_folder, trusted_key=signer.fingerprint)
    assert report.ok and "none are given" in report.steps[10].detail
    readme = (sealed_folder / "README.txt").read_text("utf-8")
    assert "三、如何验证" in readme and "为何认定" not in readme and "3. How to verify it" in readme


def test_a_stay_that_goes_on_has_no_end(reasoned: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    stay = replace(reasoned.stay, departed=None, trace=replace(TRACE, ended=None))
    bundle = seal(replace(reasoned, stay=stay, still_standing=True), tmp_path, signer, SEALED_AT).path
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    assert "结束：" not in (bundle / "README.txt").read_text("utf-8").split("三、为何认定")[1]


Edit = Callable[[dict[str, Any]], object]


def part(step: int, number: int = 0) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda v: v["stay"]["trace"]["steps"][step]["parts"][number]  # type: ignore[no-any-return]


MANIPULATED: dict[str, tuple[Edit, str]] = {
    "hidden time called seen": (lambda v: part(1)(v).update(what="seen2"), "a part that cannot be"),
    "missed called hidden": (lambda v: part(1)(v).update(what="gap"), "add up to occluded_ns"),
    "hidden made seen": (lambda v: part(1, 1)(v).update(length_ns=3 * S) or part(1)(v).update(length_ns=0), "seen_ns"),
    "a step left out": (lambda v: v["stay"]["trace"]["steps"].pop(1), "begin where the one before"),
    "the last step left out": (lambda v: v["stay"]["trace"]["steps"].pop(), "reach the last sighting"),
    "a step made longer": (lambda v: part(0)(v).update(length_ns=7 * S), "as long as its parts"),
    "more seen than the steps": (lambda v: v["stay"].update(seen_ns=13 * S), "add up to seen_ns"),
    "less gap than the steps": (lambda v: v["stay"].update(gap_ns=0), "add up to gap_ns"),
    "more sworn to": (lambda v: v["stay"].update(sworn_ns=13 * S), "more is sworn to"),
    "more sightings": (lambda v: v["stay"].update(sightings=10), "the sightings"),
    "fewer looks by pixels": (lambda v: v["stay"].pop("kept"), "pixels showed it"),
    "negative looks": (lambda v: part(0)(v).update(looks=-1), "a part that cannot be"),
    "the end taken out": (lambda v: v["stay"]["trace"].update(ended={"known": False}), "fit the departure"),
    "an end without a departure": (lambda v: v["stay"].update(departed="not_seen_leaving"), "fit the departure"),
    "an end that nobody saw": (lambda v: v["stay"]["departed"].update(by={"known": False}), "nobody saw it gone"),
    "an end for no known reason": (lambda v: v["stay"]["trace"]["ended"].update(why="bored"), "reason that cannot be"),
    "an end before it was seen": (
        lambda v: v["stay"]["trace"]["ended"].update(at=at(21).isoformat()),
        "before it could",
    ),
    "more pixels than looks": (lambda v: v["stay"]["trace"]["ended"].update(emptied_looks=3), "fit each other"),
    "another limit": (lambda v: v["reckoning"].update(limit_ns=S), "allowed_ns"),
    "a limit not passed": (lambda v: v["reckoning"].update(grace_ns=2 * S), "does not pass the limit"),
    "more counted apart": (lambda v: v["reckoning"].update(apart_ns=3 * S), "not sworn to"),
    "more sworn to at the look": (lambda v: v["reckoning"].update(sworn_ns=10 * S), "more is sworn to than was seen"),
    "passed after it fired": (lambda v: v["reckoning"].update(passed=at(19).isoformat()), "fit each other"),
    "more seen than it stood": (lambda v: v["reckoning"].update(uncounted_ns=9 * S), "fit each other"),
    "a reckoning without a time": (lambda v: v["reckoning"].pop("passed"), "passed is missing"),
    "too many steps": (lambda v: v["stay"]["trace"].update(steps=v["stay"]["trace"]["steps"] * 7), "more than 32"),
}


@pytest.mark.parametrize("name", MANIPULATED)
def test_a_trace_that_does_not_fit_is_found_though_the_signature_holds(
    name: str, sealed: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    edit, found = MANIPULATED[name]
    bundle = Path(shutil.copytree(sealed, tmp_path / sealed.name))
    resign(bundle, signer, lambda case: edit(case["violation"]))
    step = verify(bundle, trusted_key=signer.fingerprint).steps[10]
    assert step.outcome is Outcome.FAILED
    assert any(found in finding.what for finding in step.findings), step.findings


@pytest.mark.parametrize("revision", [layout.REASONS_REVISION, layout.FORMAT_REVISION])
def test_only_bundles_of_stays_that_an_earlier_version_timed_may_give_no_reasons(
    revision: int, sealed: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    """Of the revision that brought them all have them; of later ones nobody can tell."""

    def without(case: Any) -> None:
        case["violation"].pop("reckoning"), case["violation"]["stay"].pop("trace"), case.update(revision=revision)

    bundle = Path(shutil.copytree(sealed, tmp_path / sealed.name))
    resign(bundle, signer, without)
    step = verify(bundle, trusted_key=signer.fingerprint).steps[10]
    if revision == layout.REASONS_REVISION:
        assert step.outcome is Outcome.FAILED and "no reasons are given" in step.findings[0].what
    else:
        assert step.outcome is Outcome.PASSED and step.detail == "none are given: an earlier version timed it"


def test_every_kind_of_time_and_every_end_has_words_in_both_languages() -> None:
    for what in Shown:
        said = step_said(Step((Part(what, S, 2),)))
        assert said.zh and said.en and what.value not in said.zh
    for why in EndReason:
        said = ending_said(Ending(why, at(1)), "now")
        assert said.zh.endswith("now 认定") and said.en.endswith("at now")


def test_the_bar_shows_what_each_time_was_and_a_long_trace_is_told_in_few_rows(reasoned: CaseRequest) -> None:
    assert bar(Trace((Step((Part(Shown.GAP, 1, 0),)), Step((Part(Shown.SEEN, 1, 1),))))) == "_" * 30 + "█" * 30
    steps = tuple(Step((Part(Shown.SEEN if i % 2 else Shown.MISSED, S, 1),)) for i in range(32))
    request = replace(reasoned, stay=replace(reasoned.stay, trace=Trace(steps)))
    assert len(why_table(request)) == 3 + 12
    assert len(why_lines(request)) == 4


def test_a_stay_seen_once_has_no_table(reasoned: CaseRequest) -> None:
    stay: Stay = replace(reasoned.stay, trace=Trace())
    assert why_table(replace(reasoned, stay=stay)) == []
