from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_export import texts
from evidence_export.bag import code, layout
from evidence_export.bag.code import Outcome, code_of, read
from evidence_export.verifier import Outcome as Step
from evidence_export.verifier import verify
from evidence_export.verifier.__main__ import as_text, main
from tests.evidence_export.helpers import flip

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CASE, OTHER = (hashlib.sha256(name).hexdigest() for name in (b"one", b"two"))
STILLS = {"data/stills/panorama-1.png": hashlib.sha256(b"picture").hexdigest()}
STILL = code.still_code(STILLS["data/stills/panorama-1.png"])
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)


def test_the_code_of_a_hash_stays_what_it_is() -> None:
    assert code_of("00" * 32) == "NFNS-F94C-QWH8-ECVK"


@pytest.mark.parametrize("wrong", ["", "ab", "zz" * 32, "00" * 33])
def test_a_code_is_made_of_a_sha256_only(wrong: str) -> None:
    with pytest.raises(ValueError):
        code_of(wrong)


@given(hashes)
def test_its_form(sha256: str) -> None:
    groups = code_of(sha256).split("-")
    assert [len(group) for group in groups] == [4] * 4 and set("".join(groups)) <= set(ALPHABET)
    assert code_of(sha256) != code_of(OTHER) or sha256 == OTHER


@given(hashes, st.data())
def test_any_one_or_two_wrong_characters_are_a_slip_also_against_another_case(sha256: str, data: st.DataObject) -> None:
    typed = list(code_of(sha256).replace("-", ""))
    for place in data.draw(st.sets(st.integers(0, 15), min_size=1, max_size=2)):
        typed[place] = data.draw(st.sampled_from([one for one in ALPHABET if one != typed[place]]))
    if not set(typed) <= set("0123456789ABCDEF"):
        assert read("".join(typed), OTHER, {}).outcome is Outcome.SLIP
    assert read("".join(typed), sha256, {}).outcome is Outcome.SLIP


def test_any_two_characters_that_changed_places_are_a_slip() -> None:
    whole = code_of(CASE).replace("-", "")
    for one, two in itertools.combinations(range(16), 2):
        typed = list(whole)
        typed[one], typed[two] = typed[two], typed[one]
        if typed != list(whole):
            assert read("".join(typed), OTHER, {}).outcome is Outcome.SLIP


@pytest.mark.parametrize(
    "as_typed",
    [
        str.lower,
        lambda text: text.replace("-", ""),
        lambda text: text.replace("-", "  "),
        lambda text: text.replace("-", "——"),
        lambda text: text.replace("-", "\u3000"),
        lambda text: f" \t{text}\r\n",
        lambda text: text.replace("0", "O").replace("1", "I"),
        lambda text: text.replace("0", "o").replace("1", "l"),
        lambda text: "".join(chr(ord(one) + 0xFEE0) if one > " " else one for one in text),
        lambda text: "".join(chr(ord(one) + 0xFEE0) if one > " " else one for one in text.lower()),
        lambda text: "\u202e" + "\u200b".join(text),
    ],
)
@pytest.mark.parametrize("whose", [f"{code_of(CASE)}", code.grouped(STILL, " "), "zeros and ones"])
def test_what_people_type_is_read(as_typed: object, whose: str) -> None:
    assert callable(as_typed)
    if whose == "zeros and ones":
        sha256 = next(
            one for n in range(9999) if {"0", "1"} <= set(code_of(one := hashlib.sha256(b"%d" % n).hexdigest()))
        )
        assert read(as_typed(code_of(sha256)), sha256, {}).outcome is Outcome.MATCHES
    else:
        assert read(as_typed(whose), CASE, STILLS).outcome is Outcome.MATCHES


def test_it_tells_which_picture_the_older_code_is_of() -> None:
    assert read(STILL, CASE, STILLS).of == "data/stills/panorama-1.png"
    assert texts.anti_forgery_code(STILLS["data/stills/panorama-1.png"]).replace(" ", "") == STILL


@pytest.mark.parametrize(
    ("typed", "outcome", "words"),
    [
        (code_of(OTHER), Outcome.ANOTHER, "another case"),
        (code.still_code(OTHER), Outcome.ANOTHER, "picture of another case"),
        (STILL[:-1] + ("0" if STILL[-1] != "0" else "1"), Outcome.SLIP, "almost"),
        (code_of(CASE)[:-1], Outcome.SLIP, "15 characters"),
        (code_of(CASE) + "A", Outcome.SLIP, "17 characters"),
        ("", Outcome.SLIP, "0 characters"),
        (code_of(CASE)[:-1] + "U", Outcome.SLIP, "U is in no such code"),
        ("东" * 16, Outcome.SLIP, "东 is in no such code"),
        ("A" * 10_000_000, Outcome.SLIP, "characters"),
        ("\ud800" * 16, Outcome.SLIP, "? is in no such code"),
    ],
)
def test_what_it_says_of_others(typed: str, outcome: Outcome, words: str) -> None:
    verdict = read(typed, CASE, STILLS)
    assert verdict.outcome is outcome and words in verdict.why and verdict.of is None


@given(st.text(max_size=300))
def test_whatever_is_typed_is_told(typed: str) -> None:
    verdict = read(typed, CASE, STILLS)
    assert verdict.outcome is not Outcome.MATCHES and verdict.why_zh.isprintable() and verdict.why.isprintable()


def test_the_verifier_takes_the_code_of_the_bundle_and_of_its_pictures(bundle: Path) -> None:
    manifest = (bundle / layout.CASE).read_bytes()
    own = code_of(hashlib.sha256(manifest).hexdigest())
    still = next(one for one in json.loads(manifest)["files"] if one["path"] == "data/stills/panorama-2.png")
    plain = verify(bundle)
    for typed in (own, code.grouped(code.still_code(still["sha256"]), " ")):
        report = verify(bundle, code=typed)
        assert report.ok and len(report.steps) == len(plain.steps) + 1
    assert "panorama-2" in report.steps[-1].detail
    overlay = next(one for one in json.loads(manifest)["files"] if one["path"] == "data/overlay/panorama-2.png")
    assert not verify(bundle, code=code.still_code(overlay["sha256"])).ok


def test_a_code_of_another_bundle_fails_in_words(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = verify(bundle, code=code_of(CASE))
    assert report.steps[-1].outcome is Step.FAILED and all(step.ok for step in report.steps[:-1])
    assert "属于另一案件" in as_text(report) and "another case" in as_text(report)
    assert main([str(bundle), "--code", code_of(CASE)]) == 1
    assert "防伪码" in capsys.readouterr().out


def test_a_code_proves_nothing_of_a_manifest_that_nobody_vouches_for(bundle: Path) -> None:
    flip(bundle / layout.SIGNATURE, 3, 1)
    own = code_of(hashlib.sha256((bundle / layout.CASE).read_bytes()).hexdigest())
    report = verify(bundle, code=own)
    assert not report.ok and report.steps[-1].outcome is Step.SKIPPED


def test_the_command_takes_it(bundle: Path) -> None:
    start = [sys.executable, "-c", "from streetproof.cli import main; main()", "verify", str(bundle), "--code"]
    told = subprocess.run([*start, code_of(CASE)], capture_output=True, text=True, check=False)
    assert told.returncode == 1 and "属于另一案件" in told.stdout.replace("\n", "")
    own = code_of(hashlib.sha256((bundle / layout.CASE).read_bytes()).hexdigest())
    assert subprocess.run([*start, own.lower()], capture_output=True, check=False).returncode == 0
