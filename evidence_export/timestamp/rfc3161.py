"""Tokens of RFC 3161: asked for, and checked down to the authority's root certificate.

What is kept is the whole response (`TimeStampResp`, DER), as `openssl ts -verify -in` takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from evidence_export.timestamp.interface import StampError
from streams.instant import from_datetime, iso_utc

MAX_TOKEN_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent to an authority, and the number by which its answer is known."""

    der: bytes
    nonce: int | None


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a token says."""

    at: str
    """When, ISO 8601 in UTC, by the authority's clock."""
    policy: str
    """The authority's policy, an OID."""


def question(data: bytes) -> Question:
    """Ask for a stamp over the SHA-256 of `data`, with the certificate that signs it."""
    asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
    request = asked.cert_request(cert_request=True).build()
    return Question(request.as_bytes(), request.nonce)


def roots_in(pem: bytes) -> list[x509.Certificate]:
    """The authority's root certificates in PEM form. Raises ValueError where there is none."""
    roots = x509.load_pem_x509_certificates(pem)
    if not roots:
        raise ValueError("no certificate in PEM form")
    return roots


def read(token: bytes, data: bytes, roots: Sequence[x509.Certificate], nonce: int | None = None) -> Stamped:
    """What a token says of `data`; `nonce`: of the question that it answers.

    Hostile input: raises StampError where it is no token, is over something else, or is not signed by an authority
    below one of the roots whose certificate was valid then and is for time stamps.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise StampError(f"a time stamp has no more than {MAX_TOKEN_BYTES} bytes")
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    if nonce is not None:
        builder = builder.nonce(nonce)
    try:
        response = decode_timestamp_response(token)
        if response.status != 0:
            raise StampError(f"the authority refused (status {response.status})")
        builder.build().verify_message(response, data)
        info = response.tst_info
        return Stamped(iso_utc(from_datetime(info.gen_time)), info.policy.dotted_string)
    except ValueError as error:  # raised wherever a part of it is read first
        raise StampError("it is no time stamp in the strict form of RFC 3161") from error
    except VerificationError as error:
        raise StampError(f"the time stamp does not hold: {_line(error)}") from error


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
