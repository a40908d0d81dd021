"""Keys in a PKCS#11 token (a smart card, a USB token, an HSM), through the package python-pkcs11 (extra `pkcs11`).

Ed25519 (CKM_EDDSA, PKCS#11 3.0) and ECDSA on P-256 (CKM_ECDSA over SHA-256 computed here). SM2 has no mechanism in the
standard; keys of vendors' own mechanisms are not supported.

A token locks itself after a few wrong PINs, and a batch has many cases: a PIN that was refused is not tried again by
the same process.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.bag import der, layout, pubkey
from evidence_export.errors import SigningKeyError
from evidence_export.keys.held import Held
from evidence_export.keys.secret import SecretSource
from evidence_export.keys.softkeys import low_s

_P256 = bytes.fromhex("06082a8648ce3d030107")
_P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_ED25519 = (bytes.fromhex("06032b6570"), der.tlv(0x13, b"edwards25519"))
"""The curve is named by its OID (RFC 8410) or by its name (PKCS#11 3.0, 6.3.5)."""
_ED25519_HEAD = bytes.fromhex("302a300506032b6570032100")


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where a key lies: the module (a shared library), the label of the token, the label of the key pair in it."""

    module: Path
    token: str
    label: str

    @property
    def where(self) -> str:
        return f"key {self.label!r} in token {self.token!r}"


class Pkcs11Signer(Held):
    """Signs with a private key that never leaves its token. Its representation shows the fingerprint only.

    A session is opened on first use and kept; after a fork the child opens one of its own.
    """

    def __init__(self, place: TokenKey, pin: SecretSource) -> None:
        """Finds the key. Raises SigningKeyError; the PIN is in none of its messages."""
        self._place = place
        self._pin = pin
        self._process = 0
        self._private: Any = None
        super().__init__(self._open())
        self.algorithm = self._public.algorithm

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, in the form that seals have. Raises SigningKeyError where the token refuses."""
        pkcs11 = _package()
        if self._process != os.getpid() and self._open() != self._public:
            raise _refused(self._place, "is another key than before", "Bring the token back that was there")
        try:
            if self.algorithm == layout.ED25519:
                signature = bytes(self._private.sign(data, mechanism=pkcs11.Mechanism.EDDSA))
            else:
                raw = bytes(self._private.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA))
                half = len(raw) // 2
                signature = low_s(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        except pkcs11.PKCS11Error as error:
            self._process = 0
            _forget(self._place)
            raise _refused(
                self._place, f"did not sign ({type(error).__name__})", "See that the token is there and not locked"
            ) from None
        if not self._public.verify(signature, data):
            raise _refused(self._place, "gave a wrong signature", "Check that both halves of the pair belong together")
        return signature

    def _open(self) -> pubkey.PublicKey:
        pkcs11 = _package()
        place, attempt = self._place, (os.getpid(), self._place.module, self._place.token, self._pin)
        if attempt in _refused_pins:
            raise _wrong_pin(place, self._pin)
        try:
            session = _session(place, self._pin)
            self._private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=place.label)
            public = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=place.label)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked, pkcs11.PinExpired):
            _refused_pins.add(attempt)
            raise _wrong_pin(place, self._pin) from None
        except pkcs11.NoSuchToken:
            raise _refused(place, "cannot be reached: there is no such token", "Plug it in; check its label") from None
        except pkcs11.MultipleTokensReturned:
            raise _refused(
                place, "is ambiguous: several tokens have this label", "Give each a label of its own"
            ) from None
        except pkcs11.NoSuchKey:
            raise _refused(place, "is not there", "List the token: pkcs11-tool --list-objects --login") from None
        except pkcs11.MultipleObjectsReturned:
            raise _refused(
                place, "is ambiguous: several keys have this label", "Give each a label of its own"
            ) from None
        except (pkcs11.PKCS11Error, AttributeError, ValueError) as error:
            # Only the name of the error: texts of modules are not ours to vouch for.
            raise _refused(
                place, f"cannot be used ({type(error).__name__})", "Check the token with pkcs11-tool"
            ) from None
        try:
            found = _public_of(public)
        except ValueError as error:
            raise _refused(place, f"cannot be used ({error})", "Make an EC key on prime256v1 or edwards25519") from None
        self._process = os.getpid()
        return found


_refused_pins: set[tuple[int, Path, str, SecretSource]] = set()
_sessions: dict[tuple[int, Path, str], tuple[SecretSource, Any]] = {}
"""A program logs in to a token once, for all keys in it: a second login is refused."""


def _session(place: TokenKey, pin: SecretSource) -> Any:
    at = os.getpid(), place.module, place.token
    if at in _sessions:
        source, session = _sessions[at]
        if source != pin:
            raise _refused(place, f"is open already, with the PIN from {source.where}", "Give one source of the PIN")
        return session
    session = _library(place.module).get_token(token_label=place.token).open(user_pin=pin.read())
    _sessions[at] = pin, session
    return session


def _forget(place: TokenKey) -> None:
    """Close the session: after a fault the token may have been taken out, and another put in."""
    found = _sessions.pop((os.getpid(), place.module, place.token), None)
    if found is not None:
        with suppress(_package().PKCS11Error):
            found[1].close()


def _package() -> Any:
    try:
        import pkcs11
    except ImportError as error:
        raise SigningKeyError(
            "keys in a token need the package python-pkcs11, which is not installed",
            remedy="Run: pip install 'streetproof[pkcs11]'. Checking signatures works without it",
        ) from error
    return pkcs11


def _library(module: Path) -> Any:
    pkcs11 = _package()
    if not module.is_file():
        raise SigningKeyError(
            "there is no such PKCS#11 module",
            where=str(module),
            remedy="Give the path of the token's shared library, for example /usr/lib/softhsm/libsofthsm2.so",
        )
    try:
        return pkcs11.lib(str(module))
    except (RuntimeError, OSError, pkcs11.PKCS11Error) as error:
        raise SigningKeyError(
            f"the PKCS#11 module cannot be loaded ({type(error).__name__})",
            where=str(module),
            remedy="Give the shared library of the token's maker, and see that its settings are in place",
        ) from None


def _public_of(key: Any) -> pubkey.PublicKey:
    """Raises ValueError for a key of another kind."""
    pkcs11 = _package()
    parameters, point = bytes(key[pkcs11.Attribute.EC_PARAMS]), bytes(key[pkcs11.Attribute.EC_POINT])
    with suppress(ValueError):  # some tokens leave the wrapping out
        point = der.whole(der.read(point, der.OCTET_STRING))
    if parameters == _P256 and len(point) == 65:
        return pubkey.of_der(_P256_HEAD + point)
    if parameters in _ED25519 and len(point) == 32:
        return pubkey.of_der(_ED25519_HEAD + point)
    raise ValueError("neither an ECDSA key on P-256 nor an Ed25519 key")


def _wrong_pin(place: TokenKey, pin: SecretSource) -> SigningKeyError:
    return _refused(
        place,
        f"stays closed: the token refuses the PIN from {pin.where}",
        "Check the PIN before another try: after a few wrong ones the token locks itself",
    )


def _refused(place: TokenKey, what: str, remedy: str) -> SigningKeyError:
    return SigningKeyError(f"the {place.where} {what}", where=str(place.module), remedy=remedy)
