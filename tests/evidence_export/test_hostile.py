"""What is made to keep a reader busy for hours, or to end it: each in the time of an honest file of that size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

from evidence_export.bag import canonical, certificate, layout, pem, pubkey
from evidence_export.keys import Ed25519Signer
from evidence_export.verifier import verify
from tests.evidence_export.browser import agree, culprits, opened
from tests.evidence_export.helpers import tiny

BLANK = b"-----BEGIN PUBLIC KEY-----" + b" \t\r\n" * 250_000
"""A million characters of white space where a key should be, as many as a key file may have."""
BOUND_S = 5
"""Thousands of times what each of these takes; what it is about would take hours."""


@pytest.fixture
def copy(sealed_folder: Path, signer: Ed25519Signer, tmp_path: Path) -> Path:
    return tiny(sealed_folder, tmp_path / sealed_folder.name, signer)


def in_time(work: Callable[[], object]) -> None:
    begun = process_time()
    work()
    assert process_time() - begun < BOUND_S


@pytest.mark.parametrize("tail", [b"!", b"-----END PUBLIC KEY-----", b"-----END PUBLIC KEY----- x"])
def test_a_key_of_white_space_is_none_and_takes_no_time(copy: Path, tail: bytes) -> None:
    for read in (pubkey.from_pem, certificate.fingerprint_in):
        with pytest.raises(ValueError):
            in_time(lambda read=read: read(BLANK[:15_000] + tail))  # type: ignore[misc]
    (copy / layout.SITE_KEY).write_bytes((BLANK + tail)[-layout.MAX_TAG_BYTES :])
    in_time(lambda: verify(copy))
    assert layout.SITE_KEY in verify(copy).culprits


def test_the_page_takes_no_time_for_it_either(copy: Path, tmp_path: Path) -> None:
    (copy / layout.SITE_KEY).write_bytes(BLANK[:15_000] + b"!")
    with opened(tmp_path) as browser:
        assert layout.SITE_KEY in culprits(agree(browser, copy, alike=False))


@pytest.mark.parametrize(
    "text",
    ["{} x", "x {}", "{}{}", "-----BEGIN PUBLIC KEY-----", "", "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----"],
)
def test_what_is_no_single_block_of_pem_is_none(signer: Ed25519Signer, text: str) -> None:
    whole = signer.public_key_pem.decode()
    with pytest.raises(ValueError):
        pem.der_in(text.replace("{}", whole).encode(), b"PUBLIC KEY")


def test_pem_is_read_as_it_is_written_whatever_white_space_stands_around(signer: Ed25519Signer) -> None:
    whole = signer.public_key_pem
    content = pem.der_in(whole, b"PUBLIC KEY")
    assert pem.pem_of(content, b"PUBLIC KEY") == whole
    assert pem.der_in(b"\r\n\t " + whole.replace(b"\n", b"\r\n \x0b") + b"\n\n", b"PUBLIC KEY") == content
    with pytest.raises(ValueError):
        pem.der_in(whole, b"CERTIFICATE")
    with pytest.raises(ValueError):
        pem.der_in(whole.replace(b"\n", b"\xa0\n", 1), b"PUBLIC KEY")


def test_a_manifest_of_a_million_keys_the_last_of_them_twice() -> None:
    many = ",".join(f'"{number:x}":0' for number in range(900_000))
    data = f'{{{many},"0":0}}'.encode()
    assert len(data) < layout.MAX_CASE_BYTES

    def refused() -> None:
        with pytest.raises(ValueError, match="'0' stands twice"):
            canonical.loads(data)

    in_time(refused)
