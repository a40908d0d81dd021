"""What is done with a site's keys over the years: made, rotated, withdrawn. Every change is on disk before it returns.

The private key of the authority may lie elsewhere (a stick in a safe): each function takes its path. Nothing here
reads a clock: times come in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from evidence_export.bag import certificate, layout, pubkey
from evidence_export.errors import SigningKeyError
from evidence_export.keys import ring as rings
from evidence_export.keys.authority import (
    AUTHORITY_DAYS,
    KEY_DAYS,
    AuthorityKey,
    Withdrawn,
    issue,
    make_authority,
    revocation_list,
)
from evidence_export.keys.files import PrivateKey, generate, read_key, signer_of, write_key
from evidence_export.keys.opening import read_public, token_signer
from evidence_export.keys.pkcs11keys import TokenKey
from evidence_export.keys.ring import Ring, RingKey, Role, State, is_ring, locked, read_ring, write_public, write_ring
from evidence_export.keys.secret import SecretSource

HANDOVER = timedelta(minutes=1)
"""So long after a rotation the old key still counts: whoever is sealing a case at that moment has it in hand."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to make: of an algorithm in a file, or the one that lies in a token already."""

    role: Role
    algorithm: str = layout.ED25519
    token: TokenKey | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where the secrets stand: of key files, of the token, of the authority's key."""

    passphrase: SecretSource | None = None
    pin: SecretSource | None = None
    authority: SecretSource | None = None


def init(
    folder: Path,
    site: str,
    new: tuple[NewKey, ...],
    secrets: Secrets,
    now: datetime,
    *,
    authority_algorithm: str = layout.ED25519,
    authority_days: int = AUTHORITY_DAYS,
    key_days: int = KEY_DAYS,
) -> Ring:
    """Make the authority of `site` and its first keys in `folder`. Raises SigningKeyError, also where one is there.

    The record is written last: what an interrupted run leaves is refused by the next one until it is moved away.
    """
    with locked(folder):
        if is_ring(folder) or (folder / rings.CA_KEY).exists() or (folder / rings.CA_CERTIFICATE).exists():
            raise SigningKeyError(
                "there is an authority already",
                where=str(folder),
                remedy="Use `streetproof keys rotate` for a new key; a new authority needs a folder of its own. If an "
                "earlier `init` was interrupted (there is no keyring.json), move its files away",
            )
        ready = [_ready(one, secrets) for one in new]
        key = generate(authority_algorithm)
        if isinstance(key, int):
            raise SigningKeyError("an authority signs with Ed25519 or ECDSA-P256-SHA256", where=str(folder))
        write_key(folder / rings.CA_KEY, key, secrets.authority)
        authority = make_authority(key, site, now, authority_days)
        write_public(folder / rings.CA_CERTIFICATE, authority)
        ring = Ring(folder, site)
        for one in ready:
            ring = _add(ring, one, secrets, key, authority, now, key_days)
        return _publish(ring, key, authority, now)


def rotate(
    folder: Path, new: NewKey, secrets: Secrets, authority_key: Path | None, now: datetime, *, key_days: int = KEY_DAYS
) -> tuple[Ring, RingKey, RingKey | None]:
    """Put a new key in the place of the one in use; gives the ring, the new key and the old one.

    The old key is listed as superseded: what it sealed before goes on to be valid. Raises SigningKeyError.
    """
    with locked(folder):
        ring = read_ring(folder)
        key, authority = _authority(ring, secrets, authority_key)
        ready = _ready(new, secrets)
        old = ring.current(new.role)
        if old is not None:
            gone = replace(
                old, state=State.SUPERSEDED, withdrawn=now + HANDOVER, since=now + HANDOVER, reason="superseded"
            )
            ring = ring.with_key(gone)
        ring = _add(ring, ready, secrets, key, authority, now, key_days)
        made = ring.keys[-1]
        return _publish(ring, key, authority, now), made, old


def revoke(
    folder: Path,
    key_id: str,
    reason: str,
    since: datetime | None,
    secrets: Secrets,
    authority_key: Path | None,
    now: datetime,
) -> tuple[Ring, RingKey]:
    """List a key as withdrawn; `since`: the time from which nothing it signed is to be trusted, `now` where None.

    A key that was only superseded may be revoked afterwards; one may be moved to an earlier time, never to a later.
    Raises SigningKeyError.
    """
    with locked(folder):
        ring = read_ring(folder)
        old = ring.key(key_id)
        if old is None:
            known = ", ".join(one.id for one in ring.keys)
            raise SigningKeyError(f"there is no key {key_id!r}", where=str(folder), remedy=f"Its keys are: {known}")
        from_ = now if since is None else since
        if from_ > now:
            raise SigningKeyError(
                "a key cannot be revoked from a time to come", where=str(folder), remedy="Give a time that has passed"
            )
        if old.state is State.REVOKED and old.since is not None and from_ > old.since:
            raise SigningKeyError(
                f"{key_id} is revoked since {old.since.isoformat()} already",
                where=str(folder),
                remedy="A revocation can be moved to an earlier time only",
            )
        key, authority = _authority(ring, secrets, authority_key)
        listed = now if old.withdrawn is None else min(now, old.withdrawn)
        gone = replace(old, state=State.REVOKED, withdrawn=listed, since=min(from_, listed), reason=reason)
        return _publish(ring.with_key(gone), key, authority, now), gone


@dataclass(frozen=True, slots=True)
class _Ready:
    """A key that can be had: whatever may be refused was asked for before anything is written."""

    new: NewKey
    public: pubkey.PublicKey
    private: PrivateKey | None = field(repr=False)


def _ready(new: NewKey, secrets: Secrets) -> _Ready:
    if new.token is None:
        if secrets.passphrase is not None:
            secrets.passphrase.read()
        private = generate(new.algorithm)
        return _Ready(new, pubkey.from_pem(signer_of(private).public_key_pem), private)
    if secrets.pin is None:
        raise SigningKeyError(
            f"the {new.token.where} needs a PIN, and none is given",
            where=str(new.token.module),
            remedy="Say where it stands with --pin",
        )
    return _Ready(new, pubkey.from_pem(token_signer(new.token, secrets.pin).public_key_pem), None)


def _add(
    ring: Ring, ready: _Ready, secrets: Secrets, key: AuthorityKey, authority: bytes, now: datetime, days: int
) -> Ring:
    key_id, public, new = ring.next_id(), ready.public, ready.new
    if any(one.fingerprint == public.fingerprint for one in ring.keys):
        raise SigningKeyError(
            "this key has a certificate already",
            where=str(ring.folder),
            remedy="Make a new key pair in the token under another label",
        )
    data = issue(key, authority, public, ring.site, key_id, now, days)
    serial = certificate.load(data).serial
    made = RingKey(key_id, new.role, public.algorithm, public.fingerprint, serial, now, token=new.token)
    if ready.private is not None:
        write_key(ring.key_file(made), ready.private, secrets.passphrase)
    write_public(ring.certificate_file(made), data)
    return ring.with_key(made)


def _authority(ring: Ring, secrets: Secrets, path: Path | None) -> tuple[AuthorityKey, bytes]:
    where = path or ring.folder / rings.CA_KEY
    if not where.exists():
        raise SigningKeyError(
            "the private key of the authority is not here",
            where=str(where),
            remedy="Bring it from where it is kept, and name it with --ca-key",
        )
    key = read_key(where, secrets.authority)
    authority = read_public(ring.folder / rings.CA_CERTIFICATE)
    try:
        named = certificate.load(authority).key
    except ValueError as error:
        raise SigningKeyError(
            f"the certificate of the authority cannot be read ({error})",
            where=str(ring.folder / rings.CA_CERTIFICATE),
            remedy="Bring it back from a backup",
        ) from error
    if isinstance(key, int) or pubkey.of(key.public_key()) != named:
        raise SigningKeyError(
            "this is not the key of this site's authority",
            where=str(where),
            remedy=f"Give the one that belongs to {rings.CA_CERTIFICATE}",
        )
    return key, authority


def _publish(ring: Ring, key: AuthorityKey, authority: bytes, now: datetime) -> Ring:
    """Write the record, then the list made of it: whoever seals in between does so with the new key already."""
    ring = replace(ring, crl_number=ring.crl_number + 1)
    withdrawn = [
        Withdrawn(one.serial, one.withdrawn, one.since or one.withdrawn, one.reason or "compromise")
        for one in ring.keys
        if one.withdrawn is not None
    ]
    write_ring(ring)
    write_public(ring.folder / rings.CA_CRL, revocation_list(key, authority, withdrawn, ring.crl_number, now))
    return ring
