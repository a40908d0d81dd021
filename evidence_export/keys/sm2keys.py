"""SM2 keys in files, and signing with them through the package gmssl (extra `sm2`).

gmssl is plain Python and not constant in time: who can measure the time of many signatures on this machine may learn
about the key. Two more things in it are worked around here: its random numbers are not made for secrets, so the number
k of each signature comes from the operating system, and it cuts leading digits off some public keys, so it is not given
any: the digest is computed, and every signature checked, by `bag.sm2`.
"""

from __future__ import annotations

import hmac
import os
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from evidence_export.bag import curve, der, layout, pubkey, sm2
from evidence_export.bag.pem import pem_of
from evidence_export.errors import SigningKeyError
from evidence_export.keys.held import Held

_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
"""AlgorithmIdentifier: id-ecPublicKey on sm2p256v1."""
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("300c06082a864886f70d02090500")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")
_ROUNDS, _MAX_ROUNDS = 600_000, 10_000_000


class Sm2Signer(Held):
    """Signs with an SM2 key. Its representation shows the fingerprint only."""

    __slots__ = ("_private",)

    algorithm: str = layout.SM2

    def __init__(self, private: int) -> None:
        """Raises ValueError for a number that is no private key, SigningKeyError where gmssl is not installed."""
        if not 1 <= private < sm2.N - 1:
            raise ValueError("no SM2 private key")
        super().__init__(pubkey.of_der(sm2.spki_of(_point_of(private))))
        self._private = private

    def sign(self, data: bytes) -> bytes:
        """The signature over SM3 of `data` with the usual identity (GB/T 32918.2): DER."""
        e = sm2.digest(sm2.point_of(self._public.der), data)
        engine = _engine(f"{self._private:064x}")
        found = None
        while found is None:  # once in 2^255 a k does not serve
            found = engine.sign(e.to_bytes(32, "big"), f"{1 + secrets.randbelow(sm2.N - 1):064x}")
        signature = sm2.encode(int(found[:64], 16), int(found[64:], 16))
        if not self._public.verify(signature, data):
            # A wrong signature can give the key away: it must not leave this place.
            raise SigningKeyError("an SM2 signature came out wrong", remedy="Check the memory of this machine")
        return signature


def generate() -> int:
    """A new private key."""
    return 1 + secrets.randbelow(sm2.N - 2)


def to_pem(private: int, passphrase: bytes | None) -> bytes:
    """PKCS#8 PEM that OpenSSL reads, too; with a passphrase encrypted by PBES2 (PBKDF2-HMAC-SHA-256, AES-256-CBC)."""
    point = sm2.spki_of(_point_of(private))[-65:]
    inner = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        der.tlv(der.OCTET_STRING, private.to_bytes(32, "big")),
        der.tlv(0xA1, der.tlv(der.BIT_STRING, b"\0", point)),
    )
    plain = der.tlv(der.SEQUENCE, der.integer(0), _ALGORITHM, der.tlv(der.OCTET_STRING, inner))
    if passphrase is None:
        return pem_of(plain, b"PRIVATE KEY")
    salt, iv = os.urandom(16), os.urandom(16)
    derivation = der.tlv(der.SEQUENCE, der.tlv(der.OCTET_STRING, salt), der.integer(_ROUNDS), _HMAC_SHA256)
    scheme = der.tlv(
        der.SEQUENCE,
        _PBES2,
        der.tlv(
            der.SEQUENCE,
            der.tlv(der.SEQUENCE, _PBKDF2, derivation),
            der.tlv(der.SEQUENCE, _AES_256_CBC, der.tlv(der.OCTET_STRING, iv)),
        ),
    )
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(_derive(passphrase, salt, _ROUNDS)), modes.CBC(iv)).encryptor()
    locked = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return pem_of(der.tlv(der.SEQUENCE, scheme, der.tlv(der.OCTET_STRING, locked)), b"ENCRYPTED PRIVATE KEY")


def is_sm2(plain: bytes) -> bool:
    """Whether a DER PrivateKeyInfo holds an SM2 key."""
    return _ALGORITHM in plain[:64]


def from_der(plain: bytes) -> int:
    """The private key of a DER PrivateKeyInfo. Raises ValueError, which quotes nothing of it."""
    content = der.whole(der.read(plain, der.SEQUENCE))
    version, rest = der.read_integer(content)
    if version not in (0, 1) or not rest.startswith(_ALGORITHM):
        raise ValueError("no SM2 private key in PKCS#8 form")
    inner = der.whole(der.read(der.read(rest[len(_ALGORITHM) :], der.OCTET_STRING)[0], der.SEQUENCE))
    version, rest = der.read_integer(inner)
    octets, rest = der.read(rest, der.OCTET_STRING)
    if version != 1 or len(octets) != 32:
        raise ValueError("no SM2 private key in PKCS#8 form")
    private = int.from_bytes(octets, "big")
    if not 1 <= private < sm2.N - 1:
        raise ValueError("no SM2 private key")
    stated = sm2.spki_of(_point_of(private))[-65:]
    if rest and not hmac.compare_digest(rest[-65:], stated):
        raise ValueError("its public key is not that of its private key")
    return private


def unlock(locked: bytes, passphrase: bytes) -> bytes:
    """The DER PrivateKeyInfo in a DER EncryptedPrivateKeyInfo as `to_pem` and `openssl pkcs8 -topk8` write it.

    Raises ValueError for another form or a wrong passphrase.
    """
    content = der.whole(der.read(locked, der.SEQUENCE))
    scheme, rest = der.read(content, der.SEQUENCE)
    cipher = der.whole(der.read(rest, der.OCTET_STRING))
    if not scheme.startswith(_PBES2):
        raise ValueError("encrypted in a way that is not known here; use PBES2 with AES-256")
    parameters = der.whole(der.read(scheme[len(_PBES2) :], der.SEQUENCE))
    derivation, rest = der.read(parameters, der.SEQUENCE)
    encryption = der.whole(der.read(rest, der.SEQUENCE))
    if not derivation.startswith(_PBKDF2) or not encryption.startswith(_AES_256_CBC):
        raise ValueError("encrypted in a way that is not known here; use PBKDF2 and AES-256-CBC")
    iv = der.whole(der.read(encryption[len(_AES_256_CBC) :], der.OCTET_STRING))
    salt, rest = der.read(der.whole(der.read(derivation[len(_PBKDF2) :], der.SEQUENCE)), der.OCTET_STRING)
    rounds, rest = der.read_integer(rest)
    if rest != _HMAC_SHA256 or not 1 <= rounds <= _MAX_ROUNDS or len(iv) != 16 or not cipher or len(cipher) % 16:
        raise ValueError("encrypted in a way that is not known here; use PBKDF2 with HMAC-SHA-256")
    decryptor = Cipher(algorithms.AES(_derive(passphrase, salt, rounds)), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(cipher) + decryptor.finalize()) + unpadder.finalize()


def _derive(passphrase: bytes, salt: bytes, rounds: int) -> bytes:
    return PBKDF2HMAC(hashes.SHA256(), 32, salt, rounds).derive(passphrase)


def _engine(private: str) -> Any:
    try:
        from gmssl.sm2 import CryptSM2
    except ImportError as error:
        raise SigningKeyError(
            "signing with SM2 needs the package gmssl, which is not installed",
            remedy="Run: pip install 'streetproof[sm2]'. Checking SM2 signatures works without it",
        ) from error
    return CryptSM2(private, "")


def _point_of(private: int) -> curve.Point:
    engine = _engine("")
    found = engine._kg(private, engine.ecc_table["g"])
    return int(found[:64], 16), int(found[64:], 16)
