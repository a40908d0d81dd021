"""Private keys in files: PKCS#8 PEM, mode 0600, with or without a passphrase."""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence_export.bag import layout
from evidence_export.errors import SigningKeyError
from evidence_export.keys import sm2keys
from evidence_export.keys.interface import Signer
from evidence_export.keys.secret import SecretSource
from evidence_export.keys.sm2keys import Sm2Signer
from evidence_export.keys.softkeys import EcdsaSigner, Ed25519Signer
from streams.recorder.durable import sync_folder

_MAX_KEY_BYTES = 16 << 10
_PEM = re.compile(
    rb"-----BEGIN (ENCRYPTED )?PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END (?:ENCRYPTED )?PRIVATE KEY-----"
)

PrivateKey: TypeAlias = "Ed25519PrivateKey | ec.EllipticCurvePrivateKey | int"
"""`int`: an SM2 key."""


def generate(algorithm: str) -> PrivateKey:
    """A new private key of one of `layout.ALGORITHMS`."""
    if algorithm == layout.ED25519:
        return Ed25519PrivateKey.generate()
    if algorithm == layout.ECDSA:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == layout.SM2:
        return sm2keys.generate()
    raise ValueError(f"no such algorithm: {algorithm}")


def signer_of(key: PrivateKey) -> Ed25519Signer | EcdsaSigner | Sm2Signer:
    """The signer that holds `key`. Raises ValueError for another curve than P-256."""
    if isinstance(key, int):
        return Sm2Signer(key)
    return Ed25519Signer(key) if isinstance(key, Ed25519PrivateKey) else EcdsaSigner(key)


def write_key(path: Path, key: PrivateKey, passphrase: SecretSource | None = None) -> None:
    """Write `key` as PKCS#8 PEM of mode 0600, in a folder of mode 0700; encrypted where there is a passphrase.

    Raises SigningKeyError where the file exists, and where the disk or the folder refuses.
    """
    secret = None if passphrase is None else passphrase.read().encode()
    if isinstance(key, int):
        pem = sm2keys.to_pem(key, secret)
    else:
        lock = NoEncryption() if secret is None else BestAvailableEncryption(secret)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    try:
        made = _create(path, pem)
    except OSError as error:
        raise _not_created(path, error) from error
    if not made:
        raise SigningKeyError("there is a key already", where=str(path), remedy="Keep it, or give another path")


def read_key(path: Path, passphrase: SecretSource | None = None) -> PrivateKey:
    """The private key of any of the three algorithms at `path`.

    Raises SigningKeyError for a file that is missing, that others may read, that is no regular file, belongs to
    somebody else, or holds no such key, and for a passphrase that is wrong, missing, or given where none is needed.
    """
    try:
        data = _read(path)
    except OSError as error:
        raise _refused(path, error) from error
    match = _PEM.search(data)
    if match is None:
        raise _no_key(path)
    locked = match[1] is not None
    if locked and passphrase is None:
        raise SigningKeyError(
            "the key is encrypted, and no passphrase is given",
            where=str(path),
            remedy="Say where the passphrase stands: a file or an environment variable",
        )
    if not locked and passphrase is not None:
        raise SigningKeyError(
            "a passphrase is given, and the key is not encrypted",
            where=str(path),
            remedy="If this is the right file, leave the passphrase out; else bring the encrypted one back",
        )
    secret = None if passphrase is None else passphrase.read().encode()
    try:
        plain = base64.b64decode(match[2])
        if not locked and sm2keys.is_sm2(plain):
            return sm2keys.from_der(plain)
        try:
            key = load_pem_private_key(data, password=secret)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            if secret is None:
                raise
            # `cryptography` can say neither "wrong passphrase" nor "an SM2 key": look for the latter.
            plain = sm2keys.unlock(plain, secret)
            if not sm2keys.is_sm2(plain):
                raise
            return sm2keys.from_der(plain)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is left out on purpose: it might quote what it could not parse.
        if passphrase is None:
            raise _no_key(path) from None
        raise SigningKeyError(
            f"the key cannot be opened with the passphrase from {passphrase.where}",
            where=str(path),
            remedy="Check that the passphrase is that of this key",
        ) from None
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return key
    raise _no_key(path)


def load_key(path: Path, passphrase: SecretSource | None = None) -> Signer:
    """The signer with the key that `read_key` reads."""
    return signer_of(read_key(path, passphrase))


def load_or_create_key(path: Path) -> Ed25519Signer:
    """The site key at `path`, made on first use: PKCS#8 PEM, mode 0600, in a folder of mode 0700.

    Processes that race for the first use end with one and the same key. Raises SigningKeyError for a file that others
    may read, that is no regular file, belongs to somebody else, or holds no Ed25519 key, and where the disk refuses.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _refused(path, error) from error
    try:
        key = Ed25519PrivateKey.generate()
        _create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return _load(path)
    except OSError as error:
        raise _not_created(path, error) from error


def _refused(path: Path, error: OSError) -> SigningKeyError:
    if path.is_symlink():
        return SigningKeyError(
            "the site key is a symbolic link", where=str(path), remedy="Give the path of the key file itself"
        )
    return SigningKeyError(
        f"the site key cannot be read ({error.strerror})",
        where=str(path),
        remedy="Run as the user who owns the key, or give another path",
    )


def _load(path: Path) -> Ed25519Signer:
    data = _read(path)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is left out on purpose: it might quote what it could not parse.
        raise SigningKeyError(
            "the site key holds no unencrypted private key in PEM form",
            where=str(path),
            remedy="Restore it from a backup, or move it away and let a new one be made",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(
            "the site key is no Ed25519 key", where=str(path), remedy="Give an Ed25519 key in PKCS#8 PEM form"
        )
    return Ed25519Signer(key)


def _read(path: Path) -> bytes:
    """The bytes of a key file that nobody else may read. Raises OSError where it cannot be opened."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SigningKeyError("the site key is no regular file", where=str(path), remedy="Give the path of a file")
        if status.st_mode & 0o077:
            raise SigningKeyError(
                f"the site key may be read or changed by others (mode {stat.S_IMODE(status.st_mode):04o})",
                where=str(path),
                remedy="If nobody else has read it, run chmod 600 on it; else move it away and let a new one be made",
            )
        if status.st_uid != os.geteuid():
            raise SigningKeyError(
                "the site key belongs to another user", where=str(path), remedy="Run as its owner, or give another path"
            )
        return stream.read(_MAX_KEY_BYTES + 1)


def _no_key(path: Path) -> SigningKeyError:
    return SigningKeyError(
        "there is no private key in it that can be used",
        where=str(path),
        remedy="Give an Ed25519, ECDSA P-256 or SM2 key in PKCS#8 PEM form",
    )


def _not_created(path: Path, error: OSError) -> SigningKeyError:
    return SigningKeyError(
        f"the site key cannot be created ({error.strerror})",
        where=str(path),
        remedy="Give a folder on a local disk that this user may write to",
    )


def _create(path: Path, pem: bytes) -> bool:
    """Write a key file at once and whole; False where the name is taken."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.parent.stat().st_mode)
    if mode & 0o022 and not mode & stat.S_ISVTX:
        raise SigningKeyError(
            f"others may write to the folder of the site key (mode {mode:04o})",
            where=str(path.parent),
            remedy="Give a folder of mode 0700",
        )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(descriptor)
        try:
            # A hard link fails where the name is taken; a rename would replace the key of a process that was faster.
            os.link(draft, path)
        except FileExistsError:
            return False
        sync_folder(path.parent)
        return True
    finally:
        draft.unlink()
