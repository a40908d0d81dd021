"""Signs a report (PAdES) with the site's key, whatever it is kept in: the same seam that seals cases."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from evidence_export.bag import layout
from evidence_export.errors import EvidenceError, SigningKeyError
from evidence_export.keys.interface import SealingKeys, Signer
from evidence_export.keys.sealing import check_valid
from evidence_export.words import Said
from streams.instant import Instant, to_datetime

_MECHANISMS = {layout.ED25519: ("ed25519", "sha512"), layout.ECDSA: ("sha256_ecdsa", "sha256")}
"""Algorithm -> that of the CMS signature, and the digest that goes with it (RFC 8419, RFC 5754)."""
_RESERVED = 16 << 10
FIELD = "StreetproofSite"


@dataclass(frozen=True, slots=True)
class Signing:
    """With what a report is signed, and when."""

    keys: SealingKeys
    at: Instant


@dataclass(frozen=True, slots=True)
class Usable:
    """The key that signs a PDF, and its certificate (PEM)."""

    signer: Signer
    certificate: bytes
    authority: bytes


def usable(keys: SealingKeys) -> Usable | None:
    """The first of the keys that a PDF can be signed with; None: none has a certificate, or all are SM2."""
    if keys.authority is None:
        return None
    for signer, certificate in ((keys.first, keys.certificate), (keys.second, keys.second_certificate)):
        if signer is not None and certificate is not None and signer.algorithm in _MECHANISMS:
            return Usable(signer, certificate, keys.authority)
    return None


def signing_said(signing: Signing | None) -> Said:
    """What the report says of its own signature."""
    if signing is None:
        return Said(
            "本 PDF 未签名。其内容以证据包为准：凭防伪码核对。",
            "This PDF is not signed. The bundle is what counts: compare it by the anti-forgery code.",
        )
    found = usable(signing.keys)
    if found is None:
        algorithms = signing.keys.first.algorithm
        return Said(
            f"本 PDF 未签名：站点密钥（{algorithms}）没有 PDF 签名可用的证书或算法。其内容以证据包为准：凭防伪码核对。",
            f"This PDF is not signed: the site's key ({algorithms}) has no certificate, or is of an algorithm that PDF "
            "signatures do not know. The bundle is what counts: compare it by the anti-forgery code.",
        )
    return Said(
        f"本 PDF 由站点密钥数字签名（PAdES，{found.signer.algorithm}，公钥指纹 {found.signer.fingerprint}）。"
        "签名时间为签名者自述；请以站点公布的证书为信任根验证。",
        f"This PDF is signed with the site's key (PAdES, {found.signer.algorithm}, fingerprint of the key "
        f"{found.signer.fingerprint}). Its time is the signer's own word; verify it with the certificate that the site "
        "publishes as root.",
    )


def sign(pdf: bytes, signing: Signing, reason: str) -> bytes:
    """The signed PDF; unchanged where `usable` is None. Raises SigningKeyError, also where a certificate has ended."""
    found = usable(signing.keys)
    if found is None:
        return pdf
    check_valid(signing.keys, signing.at)
    # The library runs an event loop of its own, which must not be that of the caller.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(_sign(pdf, found, signing.at, reason))).result()


async def _sign(pdf: bytes, found: Usable, at: Instant, reason: str) -> bytes:
    from asn1crypto import pem, x509
    from asn1crypto.algos import SignedDigestAlgorithm
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.signers.pdf_signer import PdfSigner, PdfSigningSession
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    mechanism, digest = _MECHANISMS[found.signer.algorithm]
    when = to_datetime(at.utc_ns)

    class SiteSigner(signers.Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            return bytes(layout.MAX_SIGNATURE_SIZE) if dry_run else found.signer.sign(data)

    class Writer(IncrementalPdfFileWriter):
        """Writes neither today's date nor a random number: both would make two runs differ."""

        def _update_meta(self) -> None:
            pass

        @classmethod
        def _handle_id(cls, prev: Any) -> generic.ArrayObject:
            first, _ = prev.trailer["/ID"]
            kept = first.original_bytes if isinstance(first, generic.TextStringObject) else bytes(first)
            renewed = hashlib.sha256(pdf + str(at.utc_ns).encode()).digest()[:16]
            return generic.ArrayObject([generic.ByteStringObject(kept), generic.ByteStringObject(renewed)])

    class At(PdfSigner):
        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> PdfSigningSession:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = when
            return session

    def certificate(data: bytes) -> x509.Certificate:
        return x509.Certificate.load(pem.unarmor(data)[2])

    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(certificate(found.authority))
    signer = SiteSigner(
        signature_mechanism=SignedDigestAlgorithm({"algorithm": mechanism}),
        signing_cert=certificate(found.certificate),
        cert_registry=store,
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm=digest, subfilter=SigSeedSubFilter.PADES, reason=reason
    )
    out = BytesIO()
    try:
        await At(metadata, signer).async_sign_pdf(Writer(BytesIO(pdf)), bytes_reserved=_RESERVED, output=out)
    except EvidenceError:
        raise
    except (PdfError, SigningError, ValueError) as error:
        raise SigningKeyError(
            f"the report cannot be signed ({error})",
            remedy="Look at the site's certificate with `streetproof keys show`",
        ) from error
    return out.getvalue()
