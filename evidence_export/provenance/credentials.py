"""Writes a C2PA manifest into a derived copy, signed with the key that seals the site's cases.

An addition for whoever meets a copy outside of its release, in a newspaper or a chat: the release itself is proven by
its own manifest, and needs none of this. Originals never get one: their bytes stay what they are.
Source: C2PA Technical Specification 2.2, sections 9 (ingredients), 14 (credentials) and 18 (actions).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from evidence_export.bag import layout
from evidence_export.case import Software
from evidence_export.errors import CredentialError, SigningKeyError
from evidence_export.keys.interface import SealingKeys, Signer

FORMATS = {".mp4": "video/mp4", ".png": "image/png"}
DERIVED = "cn.streetproof.derived"
"""The label of the assertion that links a copy to its original."""
_EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
_ALGORITHMS = {layout.ED25519: "ED25519", layout.ECDSA: "ES256"}
_OFFLINE = {
    "verify": {"verify_trust": False, "ocsp_fetch": False, "remote_manifest_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True, slots=True)
class Derived:
    """What a copy is: of which file of which case, and what was done with it. `parent_sha256`: hex."""

    case_id: str
    parent: str
    parent_sha256: str
    transform: str


def embed(copy: Path, out: Path, derived: Derived, keys: SealingKeys, software: Software) -> None:
    """Write `copy` (.mp4 or .png) with a manifest into the new file `out`.

    The manifest names the original by its SHA-256 and carries nothing of it. Nothing is asked of a network.

    Raises CredentialError where `c2pa-python` is not installed, neither key is of a kind that C2PA takes, the site's
    certificates do not allow it, or the copy cannot be taken apart; SigningKeyError where the key does not sign.
    """
    library = _library()
    signer, certificates = _credential(keys)
    failed: list[SigningKeyError] = []

    def sign(data: bytes) -> bytes:
        try:
            signature = signer.sign(data)
        except SigningKeyError as error:
            failed.append(error)
            raise
        return signature if signer.algorithm == layout.ED25519 else _raw(signature)

    algorithm = library.C2paSigningAlg[_ALGORITHMS[signer.algorithm]]
    try:
        with (
            library.Context.from_dict(_OFFLINE) as context,
            library.Signer.from_callback(sign, algorithm, certificates, None) as signing,
            library.Builder(json.dumps(_manifest(copy, derived, software), ensure_ascii=False), context) as builder,
            copy.open("rb") as source,
            out.open("x+b") as target,
        ):
            builder.sign(signing, FORMATS[copy.suffix], source, target)
    except library.C2paError as error:
        if failed:
            raise failed[0] from error
        raise CredentialError(f"it takes no C2PA manifest ({error})", where=str(copy)) from error
    except OSError as error:
        raise CredentialError(
            f"the copy with its manifest cannot be written ({error.strerror})", where=str(error.filename or out)
        ) from error


def _manifest(copy: Path, derived: Derived, software: Software) -> dict[str, object]:
    kind = FORMATS[copy.suffix]
    original = {
        "title": derived.parent,
        "format": kind,
        "instance_id": f"urn:sha256:{derived.parent_sha256}",
        "relationship": "parentOf",
        "label": "original",
    }
    actions = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}},
        {"action": "c2pa.edited", "description": derived.transform, "digitalSourceType": _EDITED},
    ]
    told = {
        "case": derived.case_id,
        "parent": derived.parent,
        "parent_sha256": derived.parent_sha256,
        "transform": derived.transform,
    }
    return {
        "claim_generator_info": [{"name": software.name, "version": software.version}],
        "title": copy.name,
        "format": kind,
        "ingredients": [original],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": actions, "allActionsIncluded": True}},
            {"label": DERIVED, "data": told},
        ],
    }


def _credential(keys: SealingKeys) -> tuple[Signer, str]:
    """The key of the site that C2PA takes, and its chain (PEM)."""
    pairs = [(keys.first, keys.certificate), (keys.second, keys.second_certificate)]
    fit = [(key, pem) for key, pem in pairs if key is not None and key.algorithm in _ALGORITHMS]
    if not fit:
        raise CredentialError(
            "C2PA knows Ed25519 and ECDSA P-256, and the site seals with neither",
            remedy="Add such a key as the second one with `streetproof keys`, or leave --c2pa out",
        )
    signer, certificate = fit[0]
    if certificate is None or keys.authority is None:
        raise CredentialError(
            "C2PA needs a certificate of the key that signs, and this key has none",
            remedy="Set up keys with certificates (`streetproof keys init`), or leave --c2pa out",
        )
    try:
        usage = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        usage = None
    if usage is None:
        raise CredentialError(
            "the certificate of the key that signs was issued before such were fit for C2PA",
            remedy="Make a new key with `streetproof keys rotate`, or leave --c2pa out",
        )
    return signer, f"{certificate.decode()}\n{keys.authority.decode()}"


def _raw(signature: bytes) -> bytes:
    """The P-256 signature as COSE has it: r and s of 32 bytes each (RFC 9053, 2.1)."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _library() -> ModuleType:
    try:
        import c2pa
    except ImportError as error:
        raise CredentialError(
            "Content Credentials need the package c2pa-python, which is not installed",
            remedy="Install it with: pip install 'streetproof[c2pa]'",
        ) from error
    module: ModuleType = c2pa
    return module
