"""Signed reports: pyHanko's own validation with the site's authority as root, and Poppler's."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import pem, x509
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from evidence_export.bag import layout
from evidence_export.dossier import Dossier
from evidence_export.errors import SigningKeyError
from evidence_export.keys import Ed25519Signer, SealingKeys, SecretSource, TokenKey, open_keys
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.opening import KeySpec
from evidence_export.keys.ring import Role
from evidence_export.report.making import ReportLanguage, Signing, report_pdf
from evidence_export.report.signing import signing_said, usable
from streams.instant import Instant, TimeSource
from tests.evidence_export.papers.conftest import needs_poppler, picture, text_of
from tests.evidence_export.softhsm import MODULE, PIN, needs_softhsm

MADE = datetime(2026, 3, 1, tzinfo=UTC)
AT = Instant(1_772_600_000_000_000_000, TimeSource.ARRIVAL, 0)  # 2026-03-04T04:53:20Z
WHEN = datetime(2026, 3, 4, 4, 53, 20, tzinfo=UTC)
ALGORITHMS = [layout.ED25519, layout.ECDSA]


@pytest.fixture(scope="session")
def rings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SealingKeys]:
    made = {}
    for algorithm in ALGORITHMS:
        folder = tmp_path_factory.mktemp("ring") / "demo"
        init(folder, "demo", (NewKey(Role.SEAL, algorithm),), Secrets(), MADE, authority_algorithm=algorithm)
        made[algorithm] = open_keys(folder)
    return made


@pytest.fixture(scope="session")
def signed(dossier: Dossier, rings: dict[str, SealingKeys]) -> dict[str, bytes]:
    sheet = picture(240, 180)
    return {
        algorithm: report_pdf(dossier, sheet, ReportLanguage.BOTH, Signing(keys, AT))
        for algorithm, keys in rings.items()
    }


@cache
def loaded(data: bytes) -> x509.Certificate:
    return x509.Certificate.load(pem.unarmor(data)[2])


def judged(pdf: bytes, root: bytes) -> PdfSignatureStatus:
    reader = PdfFileReader(BytesIO(pdf))
    (signature,) = reader.embedded_signatures
    context = ValidationContext(trust_roots=[loaded(root)], allow_fetching=False, moment=WHEN)
    usage = KeyUsageConstraints(key_usage={"digital_signature"})
    return validate_pdf_signature(signature, context, key_usage_settings=usage)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_it_holds_under_the_sites_authority(
    algorithm: str, signed: dict[str, bytes], rings: dict[str, SealingKeys], tmp_path: Path
) -> None:
    authority = rings[algorithm].authority
    assert authority is not None
    status = judged(signed[algorithm], authority)
    assert status.intact and status.valid and status.trusted and status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE" and status.signer_reported_dt == WHEN
    (certificate,) = load_certs_from_pemder_data(rings[algorithm].certificate or b"")
    assert status.signing_cert.sha256 == certificate.sha256
    assert PdfFileReader(BytesIO(signed[algorithm])).embedded_signatures[0].sig_object["/SubFilter"] == (
        "/ETSI.CAdES.detached"
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_authority_of_the_same_name_is_not_trusted(
    algorithm: str, signed: dict[str, bytes], tmp_path: Path
) -> None:
    init(tmp_path / "demo", "demo", (NewKey(Role.SEAL),), Secrets(), MADE, authority_algorithm=algorithm)
    other = open_keys(tmp_path / "demo").authority
    assert other is not None
    status = judged(signed[algorithm], other)
    assert status.intact and status.valid and not status.trusted


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_flipped_byte_of_what_is_signed_is_found(
    algorithm: str, signed: dict[str, bytes], rings: dict[str, SealingKeys]
) -> None:
    pdf, authority = signed[algorithm], rings[algorithm].authority
    assert authority is not None
    first, length, second, rest = PdfFileReader(BytesIO(pdf)).embedded_signatures[0].byte_range
    assert first == 0 and second + rest == len(pdf)
    # In the compressed pages, where any byte may be another; the structure of the file may become unreadable.
    for place in (pdf.index(b"stream") + 20, *random.Random(1).sample(range(2000, length - 4000), 6)):
        changed = bytearray(pdf)
        changed[place] ^= 1
        try:
            status = judged(bytes(changed), authority)
        except (PdfError, ValueError):
            continue
        assert not status.intact and not status.bottom_line


@needs_poppler
def test_poppler_says_so_too(signed: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "r.pdf").write_bytes(signed[layout.ECDSA])
    told = subprocess.run(["pdfsig", tmp_path / "r.pdf"], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in told and "ETSI.CAdES.detached" in told and "Total document signed" in told
    changed = bytearray(signed[layout.ECDSA])
    changed[5000] ^= 1
    (tmp_path / "r.pdf").write_bytes(changed)
    told = subprocess.run(["pdfsig", tmp_path / "r.pdf"], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" not in told


def test_an_ed25519_signature_is_the_same_each_time(
    dossier: Dossier, rings: dict[str, SealingKeys], signed: dict[str, bytes]
) -> None:
    again = report_pdf(dossier, picture(240, 180), ReportLanguage.BOTH, Signing(rings[layout.ED25519], AT))
    assert again == signed[layout.ED25519]


@needs_poppler
def test_the_report_says_who_signed_it(signed: dict[str, bytes], rings: dict[str, SealingKeys], tmp_path: Path) -> None:
    text = text_of(signed[layout.ECDSA], tmp_path)
    assert "本 PDF 由站点密钥数字签名（PAdES，ECDSA-P256-SHA256" in text and "未签名" not in text
    assert rings[layout.ECDSA].first.fingerprint in text.replace(" ", "")


@needs_poppler
def test_a_key_without_certificate_signs_nothing_and_the_report_says_so(
    dossier: Dossier, signer: Ed25519Signer, tmp_path: Path
) -> None:
    pdf = report_pdf(dossier, picture(8, 8), ReportLanguage.ZH, Signing(SealingKeys(signer), AT))
    assert PdfFileReader(BytesIO(pdf)).embedded_signatures == []
    assert "本 PDF 未签名：站点密钥（Ed25519）没有 PDF 签名可用的证书" in text_of(pdf, tmp_path)


def test_of_an_sm2_key_and_another_the_other_signs(tmp_path: Path) -> None:
    pytest.importorskip("gmssl", reason="needs gmssl: pip install 'streetproof[sm2]'")
    folder = tmp_path / "demo"
    init(folder, "demo", (NewKey(Role.SEAL, layout.SM2), NewKey(Role.SECOND, layout.ECDSA)), Secrets(), MADE)
    keys = open_keys(folder)
    found = usable(keys)
    assert found is not None and found.signer is keys.second and found.certificate == keys.second_certificate
    alone = replace(keys, second=None, second_certificate=None)
    assert usable(alone) is None and "SM2-SM3" in signing_said(Signing(alone, AT)).zh


def test_a_certificate_that_has_ended_signs_nothing(dossier: Dossier, rings: dict[str, SealingKeys]) -> None:
    late = Instant(AT.utc_ns + 100 * 365 * 86_400 * 10**9, TimeSource.ARRIVAL, 0)
    with pytest.raises(SigningKeyError, match="is valid from"):
        report_pdf(dossier, picture(8, 8), ReportLanguage.ZH, Signing(rings[layout.ED25519], late))


@needs_softhsm
def test_a_key_in_a_token_signs(
    softhsm: str, dossier: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_PIN", PIN)
    pin, folder = SecretSource(env="TOKEN_PIN"), tmp_path / "demo"
    key = NewKey(Role.SEAL, token=TokenKey(MODULE, softhsm, "seal-p256"))
    init(folder, "demo", (key,), Secrets(pin=pin), MADE)
    keys = open_keys(KeySpec(folder, pin=pin))
    pdf = report_pdf(dossier, picture(8, 8), ReportLanguage.ZH, Signing(keys, AT))
    status = judged(pdf, keys.authority or b"")
    assert status.intact and status.valid and status.trusted
