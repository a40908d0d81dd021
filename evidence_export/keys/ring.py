"""A site's keys on disk: its authority, its sealing keys with their certificates, and which of them is in use.

A folder of mode 0700:

    ca.key.pem       private key of the authority; to be kept offline, needed only to make, rotate and revoke keys
    ca.cert.pem      its certificate          ca.crl.pem       its revocation list
    KEY.key.pem      private key, 0600; absent where the key is in a token
    KEY.cert.pem     its certificate
    keyring.json     what each key is for, where it is and in which state; nothing secret

Nothing is ever deleted: certificates of old keys are needed as long as bundles that they sealed.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from evidence_export.bag import certificate, layout
from evidence_export.errors import SigningKeyError
from evidence_export.keys.pkcs11keys import TokenKey
from streams.recorder.durable import sync_folder

RECORD = "keyring.json"
CA_KEY, CA_CERTIFICATE, CA_CRL = "ca.key.pem", "ca.cert.pem", "ca.crl.pem"
_MAX_BYTES = 1 << 20


class Role(StrEnum):
    """What a key is for."""

    SEAL = "seal"
    """The signature that every bundle has."""
    SECOND = "second"
    """The one beside it."""


class State(StrEnum):
    """Whether a key is in use."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class RingKey:
    """One key as the record has it. `serial` is that of its certificate; `token`: where it is, if not in a file."""

    id: str
    role: Role
    algorithm: str
    fingerprint: str
    serial: int
    made: datetime
    state: State = State.CURRENT
    withdrawn: datetime | None = None
    """When it was superseded or revoked."""
    since: datetime | None = None
    """Of a revoked key: nothing signed since then is to be trusted."""
    reason: str | None = None
    token: TokenKey | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """The record of one site's keys."""

    folder: Path
    site: str
    keys: tuple[RingKey, ...] = field(default=())
    crl_number: int = 0

    def current(self, role: Role) -> RingKey | None:
        return next((one for one in self.keys if one.role is role and one.state is State.CURRENT), None)

    def key(self, key_id: str) -> RingKey | None:
        return next((one for one in self.keys if one.id == key_id), None)

    def next_id(self) -> str:
        """The id of a key to come; files that an interrupted command left are passed over."""
        numbers = (f"key-{number}" for number in count(len(self.keys) + 1))
        return next(one for one in numbers if not any(self.folder.glob(f"{one}.*")))

    def key_file(self, key: RingKey) -> Path:
        return self.folder / f"{key.id}.key.pem"

    def certificate_file(self, key: RingKey) -> Path:
        return self.folder / f"{key.id}.cert.pem"

    def with_key(self, key: RingKey) -> Ring:
        """The ring with `key` added, or in the place of the one with its id."""
        if self.key(key.id) is None:
            return replace(self, keys=(*self.keys, key))
        return replace(self, keys=tuple(key if one.id == key.id else one for one in self.keys))


def is_ring(folder: Path) -> bool:
    return (folder / RECORD).is_file()


def read_ring(folder: Path) -> Ring:
    """The ring in `folder`. Raises SigningKeyError where there is none or it cannot be understood."""
    path = folder / RECORD
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES)
        return _ring(folder, json.loads(data))
    except OSError as error:
        raise SigningKeyError(
            f"there are no keys of a site here ({error.strerror})",
            where=str(path),
            remedy="Make them with `streetproof keys init`, or give the folder that holds keyring.json",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SigningKeyError(
            f"the record of keys cannot be understood ({type(error).__name__}: {error})",
            where=str(path),
            remedy="Bring it back from a backup; the keys beside it are not affected",
        ) from error


def write_ring(ring: Ring) -> None:
    """Write the record, whole or not at all. Raises SigningKeyError."""
    document = {
        "format": "streetproof-keyring",
        "version": 1,
        "site": ring.site,
        "crl_number": ring.crl_number,
        "keys": [_document(one) for one in ring.keys],
    }
    write_public(ring.folder / RECORD, json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


def write_public(path: Path, data: bytes) -> None:
    """Write a file that holds nothing secret, whole or not at all. Raises SigningKeyError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise SigningKeyError(
            f"it cannot be written ({error.strerror})", where=str(path), remedy="Check the disk and who may write there"
        ) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a second command from changing the same keys. Raises SigningKeyError where one is at it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SigningKeyError(
            f"the folder of keys cannot be used ({error.strerror})",
            where=str(folder),
            remedy="Give a folder that this user may write to",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SigningKeyError(
                "another command is changing these keys", where=str(folder), remedy="Wait until it is done"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _document(key: RingKey) -> dict[str, Any]:
    place = key.token
    return {
        "id": key.id,
        "role": key.role.value,
        "algorithm": key.algorithm,
        "fingerprint": key.fingerprint,
        "serial": f"{key.serial:x}",
        "made": key.made.isoformat(),
        "state": key.state.value,
        "withdrawn": key.withdrawn and key.withdrawn.isoformat(),
        "since": key.since and key.since.isoformat(),
        "reason": key.reason,
        "token": place and {"module": str(place.module), "token": place.token, "label": place.label},
    }


def _ring(folder: Path, document: Any) -> Ring:
    if document["format"] != "streetproof-keyring" or document["version"] != 1:
        raise ValueError("another format or version")
    return Ring(folder, str(document["site"]), tuple(map(_key, document["keys"])), int(document["crl_number"]))


def _key(item: Any) -> RingKey:
    place = item["token"]
    if item["algorithm"] not in layout.ALGORITHMS:
        raise ValueError(f"algorithm {item['algorithm']!r}")
    key_id = str(item["id"])
    if not layout.is_path(key_id) or "/" in key_id:
        raise ValueError(f"key id {key_id!r}")
    return RingKey(
        id=key_id,
        role=Role(item["role"]),
        algorithm=item["algorithm"],
        fingerprint=str(item["fingerprint"]),
        serial=int(item["serial"], 16),
        made=_time(item["made"]),
        state=State(item["state"]),
        withdrawn=item["withdrawn"] and _time(item["withdrawn"]),
        since=item["since"] and _time(item["since"]),
        reason=item["reason"],
        token=place and TokenKey(Path(place["module"]), str(place["token"]), str(place["label"])),
    )


def _time(text: Any) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"the time {text} has no zone")
    return found


def valid_until(ring: Ring, key: RingKey) -> datetime:
    """The end of a key's certificate. Raises SigningKeyError."""
    path = ring.certificate_file(key)
    try:
        found = certificate.load(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SigningKeyError(
            f"a certificate cannot be read ({error})", where=str(path), remedy="Bring it back from a backup"
        ) from error
    return datetime.fromtimestamp(found.not_after_ns // 1_000_000_000, UTC)
