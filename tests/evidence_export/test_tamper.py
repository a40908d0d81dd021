"""Whatever is done to a bundle is found, and the file to blame is named: alone, not among the innocent."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence_export.bag import forms, layout
from evidence_export.keys import Ed25519Signer, load_or_create_key
from evidence_export.verifier import Outcome, verify
from evidence_export.verifier.__main__ import as_text
from tests.evidence_export.helpers import files_of, flip, resign, tiny

FIXED = [*forms.CASE.tag_files, layout.TAG_MANIFEST]
STRIDE = {layout.CASE: 3, layout.README: 2}


@pytest.fixture(scope="module")
def small(sealed_folder: Path, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(sealed_folder, tmp_path_factory.mktemp("小 包") / sealed_folder.name, signer)


@pytest.fixture
def small_copy(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / small.name))


def positions(size: int, stride: int) -> Iterator[tuple[int, int]]:
    dice = random.Random(size)
    return ((offset, dice.randrange(8)) for offset in range(dice.randrange(stride), size, stride))


def test_the_small_bundle_is_valid(small: Path) -> None:
    report = verify(small)
    assert report.ok, as_text(report)


@pytest.mark.parametrize("name", [*FIXED, layout.POLICY, layout.DETECTIONS, "data/clip.mp4"])
def test_a_flipped_bit_names_the_one_file(small_copy: Path, name: str) -> None:
    path = small_copy / name
    for offset, bit in positions(path.stat().st_size, STRIDE.get(name, 1)):
        flip(path, offset, bit)
        report = verify(small_copy)
        assert not report.ok and report.culprits == (name,), f"byte {offset} bit {bit}\n{as_text(report)}"
        flip(path, offset, bit)
    assert verify(small_copy).ok


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_flipped_bit_in_a_real_bundle(bundle: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(files_of(bundle)))
    offset = data.draw(st.integers(0, (bundle / name).stat().st_size - 1))
    bit = data.draw(st.integers(0, 7))
    flip(bundle / name, offset, bit)
    report = verify(bundle)
    flip(bundle / name, offset, bit)
    assert not report.ok and report.culprits == (name,)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_text_edits_that_mean_the_same_are_edits(small_copy: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FIXED))
    path = small_copy / name
    before = path.read_bytes()
    edit: Callable[[bytes], bytes] = data.draw(
        st.sampled_from(
            [
                lambda b: b + b"\n",
                lambda b: b + b" ",
                lambda b: b"\xef\xbb\xbf" + b,
                lambda b: b.replace(b"\n", b"\r\n"),
                lambda b: b.upper(),
                lambda b: b.lower(),
                lambda b: b.replace(b":", b": "),
                lambda b: b"\n".join(reversed(b.split(b"\n"))),
                lambda b: b[:-1],
                lambda b: b"",
            ]
        )
    )
    after = edit(before)
    if after == before:
        return
    path.write_bytes(after)
    report = verify(small_copy)
    path.write_bytes(before)
    assert not report.ok and report.culprits == (name,)


@pytest.mark.parametrize("name", [*FIXED, layout.POLICY, "data/clip.mp4", "data/stills/panorama-1.png"])
def test_a_removed_file_is_named(small_copy: Path, name: str) -> None:
    (small_copy / name).unlink()
    report = verify(small_copy)
    assert not report.ok and name in report.culprits
    assert set(report.culprits) <= {name}


@pytest.mark.parametrize(
    "name", ["added.txt", ".hidden", "data/more.png", "data/stills/.DS_Store", "data/片段.mp4", "case.json ", "DATA/x"]
)
def test_an_added_file_is_named(small_copy: Path, name: str) -> None:
    path = small_copy / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    report = verify(small_copy)
    assert not report.ok
    assert report.culprits == (name.encode("unicode_escape").decode(),)


def test_names_that_are_no_text_are_named(small_copy: Path) -> None:
    with open(os.fsencode(small_copy) + b"/data/\xff\xfe\x1b[2J", "wb"):
        pass
    report = verify(small_copy)
    assert not report.ok and report.culprits[0].isprintable() and "data/" in report.culprits[0]


def test_an_empty_folder_a_link_and_a_pipe_are_named(small_copy: Path) -> None:
    (small_copy / "data" / "empty").mkdir()
    (small_copy / "link").symlink_to("/etc/hostname")
    (small_copy / "loop").symlink_to(small_copy)
    os.mkfifo(small_copy / "pipe")
    report = verify(small_copy)
    assert set(report.culprits) == {"data/empty/", "link", "loop", "pipe"}


def test_a_file_replaced_by_a_link_to_its_own_bytes(small_copy: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    (small_copy / "data" / "clip.mp4").rename(moved)
    (small_copy / "data" / "clip.mp4").symlink_to(moved)
    report = verify(small_copy)
    assert not report.ok and set(report.culprits) == {"data/clip.mp4"}


def test_two_swapped_files_are_both_named(small_copy: Path) -> None:
    one, two = small_copy / "data/stills/panorama-1.png", small_copy / "data/stills/panorama-2.png"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert set(verify(small_copy).culprits) == {"data/stills/panorama-1.png", "data/stills/panorama-2.png"}


def test_an_edit_hidden_in_every_unsigned_file_still_names_the_manifest(small_copy: Path) -> None:
    """The forger changes case.json and repairs the tag manifest, but has no key."""
    case = small_copy / layout.CASE
    case.write_bytes(case.read_bytes().replace(b'"status":"lead"', b'"status":"case"'))
    tags = {name: "" for name in forms.CASE.tag_files}
    tags = {name: layout.parse_manifest((small_copy / layout.TAG_MANIFEST).read_bytes())[name] for name in tags}
    from evidence_export.bag.digest import digest_file

    tags[layout.CASE] = digest_file(case).sha256
    (small_copy / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))
    report = verify(small_copy)
    assert report.culprits == (layout.CASE,)
    assert [step.number for step in report.steps if step.outcome is Outcome.SKIPPED] == [4, 5, 6, 8, 9, 10, 11, 12]


def test_a_whole_bundle_signed_anew_fails_against_the_trusted_key(
    small_copy: Path, signer: Ed25519Signer, tmp_path: Path
) -> None:
    forger = load_or_create_key(tmp_path / "keys" / "forger.pem")
    resign(small_copy, forger, lambda case: case["case"].update(status="case"))
    assert verify(small_copy).ok
    assert "belongs to the authority" in verify(small_copy).cannot_know[0]
    report = verify(small_copy, trusted_key=signer.fingerprint)
    assert not report.ok and report.culprits == (layout.SITE_KEY,)


def test_a_key_swapped_alone_is_named(small_copy: Path, tmp_path: Path) -> None:
    other = load_or_create_key(tmp_path / "keys" / "other.pem")
    (small_copy / layout.SITE_KEY).write_bytes(other.public_key_pem)
    assert verify(small_copy).culprits == (layout.SITE_KEY,)


def test_the_trusted_key_may_be_a_fingerprint_or_a_file(small: Path, signer: Ed25519Signer, tmp_path: Path) -> None:
    pem = tmp_path / "公钥.pem"
    pem.write_bytes(signer.public_key_pem)
    colons = ":".join(signer.fingerprint[i : i + 2].upper() for i in range(0, 64, 2))
    for key in (signer.fingerprint, colons, pem, str(pem)):
        report = verify(small, trusted_key=key)
        assert report.ok and not any("belongs to the authority" in line for line in report.cannot_know)
