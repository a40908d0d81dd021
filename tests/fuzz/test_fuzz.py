"""A short run of the fuzzers, always the same; and that they would find a verifier that does not look."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence_export.bag.pubkey import PublicKey
from evidence_export.verifier import papers
from evidence_export.verifier.bagsteps import BagVerification
from evidence_export.verifier.container import FolderContainer
from evidence_export.verifier.report import VerificationReport
from tests.fuzz import readers
from tests.fuzz.forms import Form, make
from tests.fuzz.mutators import ALL
from tests.fuzz.running import run

pytest.importorskip("gmssl", reason="needs gmssl: pip install 'streetproof[sm2]'")


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> list[Form]:
    return make(tmp_path_factory.mktemp("变造 样本") / "forms")


def test_no_bundle_that_was_tampered_with_is_taken_for_whole(forms: list[Form], tmp_path: Path) -> None:
    outcome = run(forms, 540, 7, tmp_path)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert len(outcome.by_form) == len(forms) >= 18
    assert set(outcome.by_mutator) >= set(ALL) - {"very_many", "zip_crowded"}, "each of them was at work"
    assert outcome.slowest_s < 5


def test_a_zip_of_very_many_entries_takes_no_longer_than_any(forms: list[Form], tmp_path: Path) -> None:
    zips = [form for form in forms if form.as_zip]
    outcome = run(zips, 4, 3, tmp_path, mutators=["zip_crowded"])
    assert not outcome.faults, "\n".join(outcome.faults)


@pytest.mark.parametrize(
    ("what", "mutators", "fault"),
    [
        ("hashes", ["flipped_bit", "truncated"], "accepted"),
        ("signature", ["signed_garbage", "reordered_lists"], ""),
        ("containers", ["odd_things"], "accepted"),
        ("trust", ["signed_by_a_stranger"], "stranger's signature"),
        ("silence", ["signed_by_a_stranger"], "nobody vouches"),
        ("names", ["flipped_bit"], "is to blame"),
        ("errors", ["flipped_bit"], "escaped"),
    ],
)
def test_a_verifier_that_does_not_look_is_found(
    forms: list[Form], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, mutators: list[str], fault: str
) -> None:
    chosen = [form for form in forms if form.name == "lead" and not form.as_zip]
    if what == "hashes":
        monkeypatch.setattr(BagVerification, "_hashes", lambda self: ("not looked at", []))
        monkeypatch.setattr(BagVerification, "_bagit", lambda self: ("not looked at", []))
    elif what == "signature":
        monkeypatch.setattr(PublicKey, "verify", lambda self, signature, data: 1 / 0)
    elif what == "containers":
        monkeypatch.setattr(FolderContainer, "findings", ())
    elif what == "trust":
        from tests.fuzz import judge

        believing = judge.verify
        monkeypatch.setattr(judge, "verify", lambda path, trusted_key=None: believing(path))
    elif what == "silence":
        monkeypatch.setattr(papers, "UNKNOWN_KEY", "all is well")
    elif what == "names":
        monkeypatch.setattr(VerificationReport, "culprits", ("somebody",))
    else:
        monkeypatch.setattr(FolderContainer, "digest", lambda self, path: {}[path])
    outcome = run(chosen, 24, 1, tmp_path, mutators=mutators)
    assert any(fault in one for one in outcome.faults), outcome.faults


def test_no_reader_breaks_or_believes_what_was_not_signed(tmp_path: Path) -> None:
    made = readers.readers(tmp_path)
    outcome = readers.run(made, 60, 5)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert len(outcome.mutations) == len(made)
    assert outcome.slowest_s < 5
