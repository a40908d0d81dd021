"""Everything else that reads bytes from outside: what it makes of bytes that were tampered with.

A reader may refuse, in the one way it says it does. Where it accepts bytes that are not the genuine ones, what they say
must be what was signed: a token has parts that nobody signs.
"""

from __future__ import annotations

import base64
import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evidence_export.bag import certificate, pubkey, timestamp
from evidence_export.bag.pem import pem_of
from evidence_export.keys import open_keys
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import CA_CERTIFICATE, CA_CRL, Role
from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.release import age
from evidence_export.release.age import AgeError
from evidence_export.timestamp import rfc3161
from evidence_export.timestamp.interface import StampError
from streetproof.ledgers import proofs
from streetproof.store.ledger.database import SqlLedger
from tests.fuzz.forms import owner
from tests.tsa import Tsa

_AT = "2026-03-04T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Reader:
    """`read`: what the bytes say, None where they are refused; it raises only `refuses`, which counts as refused."""

    name: str
    genuine: bytes
    read: Callable[[bytes], Any]
    refuses: tuple[type[Exception], ...] = (ValueError,)
    exact: bool = True
    """Every byte counts: nothing but the genuine bytes is accepted. False: what is accepted says the same."""


@dataclass
class Outcome:
    """`faults`: what a reader did wrong."""

    mutations: Counter[str]
    accepted: Counter[str]
    slowest_s: float
    faults: list[str]


def readers(folder: Path) -> list[Reader]:
    """Each with genuine bytes of its own."""
    keys = owner()
    signer = keys.first
    public = pubkey.from_pem(signer.public_key_pem)
    tsa = Tsa(folder / "tsa")
    roots = rfc3161.roots_in(tsa.ca.read_bytes())
    with SqlLedger.open_file(folder / "ledger.db", "west") as store:
        ledger = Ledger(store)
        happenings = [Happening(Kind.TIME_CHECKED, _AT, "daemon", f"clock {n}", {"n": n}) for n in range(21)]
        ledger.add(happenings)
        note = ledger.checkpoint(signer, _AT)
        token = tsa.stamp(rfc3161.question(note).der)
        store.add_stamp(note, token)
        (proof,) = proofs.prove(store, "13")
        entry = ledger.inclusion(5, 21).entry
    return [
        Reader("proof file", json.dumps(proof).encode(), lambda data: _judged(data, public, roots), exact=False),
        Reader("checkpoint", note, lambda data: _signed_note(data, public)),
        Reader("entry", entry, _entry, exact=False),
        Reader("token", token, lambda data: timestamp.read(data, note, roots), exact=False),
        Reader("locked release", _locked(), _unlocked, (AgeError,)),
        Reader("token of the ledger", token, lambda data: rfc3161.read(data, note, roots), (StampError,), exact=False),
        *_of_keys(folder),
    ]


def _locked() -> bytes:
    out = io.BytesIO()
    age.lock(io.BytesIO(b"a release" * 9000), out, "correct horse battery", work_factor=1)
    return out.getvalue()


def _unlocked(data: bytes) -> bytes:
    out = io.BytesIO()
    age.unlock(io.BytesIO(data), out, "correct horse battery")
    return out.getvalue()


def _of_keys(folder: Path) -> list[Reader]:
    """Certificates, revocation lists, public keys, signatures."""
    found = []
    ring = folder / "ring"
    init(
        ring,
        "demo",
        (NewKey(Role.SEAL, "ECDSA-P256-SHA256"), NewKey(Role.SECOND, "SM2-SM3")),
        Secrets(),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    keys = open_keys(ring)
    assert keys.certificate is not None and keys.second is not None and keys.second_certificate is not None
    authority = certificate.load((ring / CA_CERTIFICATE).read_bytes())
    crl = (ring / CA_CRL).read_bytes()
    for name, pem in (("certificate", keys.certificate), ("certificate of SM2", keys.second_certificate)):

        def read(data: bytes) -> bytes | None:
            one = certificate.load(data)
            return one.der if one.is_issued_by(authority) else None

        found.append(Reader(name, pem, read, exact=False))

    def read_list(data: bytes) -> object:
        one = certificate.load_crl(data)
        return (one.number, one.made_ns, sorted(one.entries.items())) if one.is_signed_by(authority) else None

    found.append(Reader("revocation list", crl, read_list, exact=False))
    found.append(Reader("revocation list in DER", _der(crl), read_list, exact=False))
    message = b"case.json " * 40
    for name, signer in (("ECDSA", keys.first), ("SM2", keys.second)):
        public = pubkey.from_pem(signer.public_key_pem)
        found.append(
            Reader(
                f"signature of {name}",
                signer.sign(message),
                lambda data, public=public: public.verify(data, message) or None,
            )
        )
        found.append(
            Reader(
                f"public key of {name}",
                signer.public_key_pem,
                lambda data, public=public: _same(data, public),
                exact=False,
            )
        )
    return found


def run(made: Sequence[Reader], count: int, seed: int) -> Outcome:
    """`count` mutations of each."""
    outcome = Outcome(Counter(), Counter(), 0.0, [])
    for reader in made:
        expected = reader.read(reader.genuine)
        assert expected not in (None, False), f"{reader.name}: the genuine bytes are refused"
        for number in range(count):
            dice = random.Random(f"{seed}/{reader.name}/{number}")
            data = mutated(reader.genuine, dice)
            if data == reader.genuine:
                continue
            outcome.mutations[reader.name] += 1
            started = time.monotonic()
            fault = _fault(reader, data, expected, outcome)
            outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - started)
            if fault is not None:
                outcome.faults.append(f"{reader.name}, number {number}: {fault}: {data[:80]!r}")
    return outcome


def _fault(reader: Reader, data: bytes, expected: Any, outcome: Outcome) -> str | None:
    try:
        found = reader.read(data)
    except reader.refuses:
        return None
    except Exception as error:
        return f"{type(error).__name__} escaped ({str(error)[:100]})"
    if found is None or found is False:
        return None
    outcome.accepted[reader.name] += 1
    if reader.exact:
        return "accepted"
    return None if found == expected or reader.name == "entry" else f"says {found!r}"[:300]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Bits, bytes, lengths; and in texts and base64, what stands behind them."""
    changed = bytearray(data)
    match dice.randrange(9):
        case 0 | 1:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        case 2:
            for _ in range(dice.randint(2, 9)):
                changed[dice.randrange(len(changed))] = dice.randrange(256)
        case 3:
            del changed[dice.randrange(len(changed)) :]
        case 4:
            changed += dice.choice([b"\n", b"\0", bytes(changed), dice.randbytes(20)])
        case 5:
            at = dice.randrange(len(changed))
            changed[at : at + dice.randrange(4)] = dice.randbytes(dice.randrange(4))
        case 6:
            at, to = sorted(dice.sample(range(len(changed)), 2))
            changed[at:to] = changed[at:to][::-1]
        case 7:
            return _inside(data, dice)
        case _:
            return dice.choice(
                [
                    b"",
                    b"{}",
                    b"[" * 50_000,
                    b"null",
                    data.replace(b"\n", b"\r\n"),
                    b"\xef\xbb\xbf" + data,
                    data.replace(b'"seq": 13', b'"seq": 1e3'),
                    data.replace(b'"seq": 13', b'"seq": ' + b"9" * 5000),
                    data.upper(),
                    dice.randbytes(200),
                    b"0\x84\xff\xff\xff\xff" + data,
                ]
            )
    return bytes(changed)


def _inside(data: bytes, dice: random.Random) -> bytes:
    """What is in base64 within PEM, or a value within JSON."""
    if data.startswith(b"-----BEGIN"):
        lines = data.split(b"\n")
        body = bytearray(base64.b64decode(b"".join(lines[1:-2])))
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        return pem_of(bytes(body), lines[0].removeprefix(b"-----BEGIN ").removesuffix(b"-----"))
    if not data.startswith(b"{"):
        return data + b"x"
    value = json.loads(data)
    name = dice.choice(list(value))
    value[name] = dice.choice(
        [None, 0, -1, 2**70, "", [], {}, True, value.get("entry"), [""], ["zz"], "x" * 300_000, "\ud800"]
    )
    return json.dumps(value).encode()


def _judged(data: bytes, public: pubkey.PublicKey, roots: Sequence[Any]) -> Any:
    found = proofs.judged(data, [public], roots)
    # A token may be left out: then nothing is said of the time, and what is proven is the same.
    return None if found.faults else found.entry


def _entry(data: bytes) -> bytes:
    """Nobody signs an entry by itself, so another may be read; but each in one form only."""
    assert read_entry(data).to_bytes() == data, "read in another form than it is written in"
    return data


def _signed_note(data: bytes, public: pubkey.PublicKey) -> Any:
    note = read_note(data)
    return note.checkpoint if note.signed_by(public) else None


def _same(data: bytes, public: pubkey.PublicKey) -> Any:
    """Another key may well be read; then it is another."""
    found = pubkey.from_pem(data)
    return True if found == public or found.pem != public.pem else "another way to write the same key"


def _der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.strip().split(b"\n")[1:-1]))
