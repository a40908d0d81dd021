"""The keys that seal bundles: in files or in a PKCS#11 token, Ed25519, ECDSA on P-256 or SM2, with certificates of the
site's own authority. See docs/keys.md."""

from evidence_export.keys.files import load_key, load_or_create_key
from evidence_export.keys.interface import SealingKeys, Signer
from evidence_export.keys.opening import KeySpec, open_keys
from evidence_export.keys.pkcs11keys import Pkcs11Signer, TokenKey
from evidence_export.keys.secret import SecretSource
from evidence_export.keys.sm2keys import Sm2Signer
from evidence_export.keys.softkeys import EcdsaSigner, Ed25519Signer

__all__ = [
    "EcdsaSigner",
    "Ed25519Signer",
    "KeySpec",
    "Pkcs11Signer",
    "SealingKeys",
    "SecretSource",
    "Signer",
    "Sm2Signer",
    "TokenKey",
    "load_key",
    "load_or_create_key",
    "open_keys",
]
