"""Who signs: the `Signer` seam, and the Ed25519 site key in a file.

A hardware token (PKCS#11) or an SM2 signer becomes another implementation of `Signer`.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence_export.bag import layout, pubkey
from evidence_export.errors import SigningKeyError
from streams.recorder.durable import sync_folder

_MAX_KEY_BYTES = 16 << 10


class Signer(Protocol):
    """Signs case manifests. What it signs with never leaves it."""

    @property
    def algorithm(self) -> str:
        """The name written into the seal, for example `Ed25519`."""

    @property
    def public_key_pem(self) -> bytes: ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case hex characters."""

    def sign(self, data: bytes) -> bytes: ...


class Ed25519Signer:
    """Signs with an Ed25519 key held in memory. Its representation shows the fingerprint only."""

    __slots__ = ("_key", "_pem", "fingerprint")

    algorithm = layout.SIGNATURE_ALGORITHM

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._pem = pubkey.to_pem(key.public_key())
        self.fingerprint = pubkey.fingerprint(key.public_key())

    @property
    def public_key_pem(self) -> bytes:
        return self._pem

    def sign(self, data: bytes) -> bytes:
        """The raw 64-byte signature over `data` (RFC 8032, pure Ed25519)."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        return f"Ed25519Signer(fingerprint={self.fingerprint!r})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a signing key does not travel between processes; load it again from its file")


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
        _create(path)
        return _load(path)
    except OSError as error:
        raise SigningKeyError(
            f"the site key cannot be created ({error.strerror})",
            where=str(path),
            remedy="Give a folder on a local disk that this user may write to",
        ) from error


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
        data = stream.read(_MAX_KEY_BYTES + 1)
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


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.parent.stat().st_mode)
    if mode & 0o022 and not mode & stat.S_ISVTX:
        raise SigningKeyError(
            f"others may write to the folder of the site key (mode {mode:04o})",
            where=str(path.parent),
            remedy="Give a folder of mode 0700",
        )
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
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
            return
        sync_folder(path.parent)
    finally:
        draft.unlink()
