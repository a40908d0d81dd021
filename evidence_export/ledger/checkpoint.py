"""Checkpoints: how long a ledger was, and what its root was then, signed by the site.

Whoever holds one can tell later whether the ledger still begins with what it held then. The form is the one that
transparency logs agreed on (C2SP `tlog-checkpoint` and `signed-note`), so that tools of others read it too: lines of
text, an empty line, and a line for each signature. The fourth line, the time, is ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from evidence_export.bag import layout, pubkey
from evidence_export.bag.pubkey import PublicKey
from evidence_export.ledger.tree import HASH_BYTES, Hash

MAX_NOTE_BYTES = 8 << 10
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNED = "— "
_ED25519, _OTHER = b"\x01", b"\xff"
"""The kind of a signature in `signed-note`: Ed25519 over the text; another, which its name tells."""
_RAW_BYTES = 32
"""Of an Ed25519 key: the end of its DER form."""


class CheckpointSigner(Protocol):
    """What a checkpoint is signed with, see `evidence_export.keys.Signer`."""

    @property
    def public_key_pem(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a ledger says of itself at one moment. Raises ValueError for what could not be written and read back."""

    origin: str
    """Which ledger: letters, digits, `.`, `_`, `-` and `/`, for example `streetproof/yuhang/7f3a09c2`."""
    size: int
    """Entries."""
    root: Hash
    at: str
    """When, ISO 8601 in UTC, by the clock of the server."""

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.origin):
            raise ValueError("the origin of a checkpoint is letters, digits, '.', '_', '-' and '/'")
        if not _SIZE.fullmatch(str(self.size)) or len(self.root) != HASH_BYTES or not _TIME.fullmatch(self.at):
            raise ValueError("a checkpoint has a size, a root of 32 bytes and a time in UTC")

    @property
    def text(self) -> bytes:
        """What is signed."""
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.at}\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint with its signatures, as it was read; none of them is verified yet."""

    checkpoint: Checkpoint
    signatures: tuple[tuple[str, bytes], ...]
    """Name of a key, and four bytes that tell keys of one name apart, followed by the signature."""

    def signed_by(self, key: PublicKey) -> bool:
        """Whether one of the signatures is that of the key, under the ledger's own name."""
        origin, mark, text = self.checkpoint.origin, key_mark(self.checkpoint.origin, key), self.checkpoint.text
        mine = (value[4:] for name, value in self.signatures if name == origin and value[:4] == mark)
        return any(key.verify(signature, text) for signature in mine)


def key_mark(name: str, key: PublicKey) -> bytes:
    """Four bytes that tell keys of one name apart (`signed-note`)."""
    ed25519 = key.algorithm == layout.ED25519
    what = _ED25519 + key.der[-_RAW_BYTES:] if ed25519 else _OTHER + key.algorithm.encode("ascii") + key.der
    return hashlib.sha256(name.encode("ascii") + b"\n" + what).digest()[:4]


def signed(checkpoint: Checkpoint, signer: CheckpointSigner) -> bytes:
    """The checkpoint as a note with one signature."""
    mark = key_mark(checkpoint.origin, pubkey.from_pem(signer.public_key_pem))
    value = base64.b64encode(mark + signer.sign(checkpoint.text)).decode("ascii")
    return checkpoint.text + f"\n{_SIGNED}{checkpoint.origin} {value}\n".encode()


def read_note(data: bytes) -> Note:
    """A note as `signed` writes it, with any number of signatures. Hostile input: raises ValueError, in one line."""
    if len(data) > MAX_NOTE_BYTES:
        raise ValueError(f"a checkpoint has no more than {MAX_NOTE_BYTES} bytes")
    head, empty, tail = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not empty or len(lines) != 4 or not lines[3].startswith(b"time ") or not tail.endswith(b"\n"):
        raise ValueError("a checkpoint has four lines, an empty one, and a line for each signature")
    try:
        origin, size, at = lines[0].decode("ascii"), lines[1].decode("ascii"), lines[3][5:].decode("ascii")
        root = base64.b64decode(lines[2], validate=True)
        signatures = tuple(_signature(line) for line in tail.decode("utf-8").split("\n")[:-1])
    except (UnicodeDecodeError, binascii.Error) as error:
        raise ValueError("a checkpoint is text, and its hashes and signatures are base64") from error
    if not _SIZE.fullmatch(size):
        raise ValueError("the second line of a checkpoint is a number of entries")
    checkpoint = Checkpoint(origin, int(size), root, at)
    if checkpoint.text != head + b"\n":
        raise ValueError("a checkpoint is not in the one form that it has")
    return Note(checkpoint, signatures)


def _signature(line: str) -> tuple[str, bytes]:
    name, space, value = line.removeprefix(_SIGNED).partition(" ")
    if not line.startswith(_SIGNED) or not space or not _ORIGIN.fullmatch(name):
        raise ValueError("a line of a checkpoint that is no signature")
    signature = base64.b64decode(value, validate=True)
    # Bits that base64 leaves over would be a second form of the same.
    if len(signature) <= 4 or base64.b64encode(signature).decode("ascii") != value:
        raise ValueError("a signature of a checkpoint that is too short, or not in its one form")
    return name, signature
