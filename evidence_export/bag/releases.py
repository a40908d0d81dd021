"""Names and fixed values of a release, format version 1. See docs/release-format.md."""

from __future__ import annotations

import base64
import hashlib
import re
from enum import StrEnum

from evidence_export.bag.canonical import dumps

FORMAT = "streetproof-release"
FORMAT_VERSION = 1
FORMAT_REVISION = 1
RECHECKS_REVISION = 1
"""From this one on a release names the re-checks of its case."""

CASE = "data/case/"
"""Below it, the sealed case as it is, or as much of it as the receiver may have."""
RECORDINGS = "data/recordings/"
MASKED = "data/masked/"
EXHIBITS = "data/exhibits/"
RECHECKS = "data/rechecks/"
"""Below it, re-checks of the case, each in a folder with a number, as they are or without their pictures."""
ORIGIN = "data/origin/"
"""Of a case from another department: what came with it to prove that."""
ORIGIN_MANIFEST = "data/origin/release.json"
LEDGER_FOLDER = "data/ledger/"
SHEET = "data/sheet.png"
REPORT = "data/report.pdf"

CHECKPOINT = "data/ledger/checkpoint.txt"
ENTRIES = "data/ledger/entries.json"
STAMPED_CHECKPOINT = "data/ledger/stamped-checkpoint.txt"
STAMPED_ENTRY = "data/ledger/stamped-entry.json"
TOKEN = "data/ledger/time-stamp.tsr"
TSA_ROOTS = "data/ledger/tsa-ca.pem"
LEDGER = (CHECKPOINT, ENTRIES)
STAMP = (STAMPED_CHECKPOINT, STAMPED_ENTRY, TOKEN, TSA_ROOTS)

ENTRIES_FORMAT = "streetproof-ledger-entries"
STAMPED_FORMAT = "streetproof-ledger-stamped-entry"
MAX_ENTRIES_BYTES = 16 << 20


class Profile(StrEnum):
    """What the receiver may have."""

    FULL = "full"
    """全卷: everything as it was sealed, for a court or the own archive."""
    OUTGOING = "outgoing"
    """对外: bystanders are masked, and the originals of what is masked stay with the department."""


KEPT_ROLES = frozenset({"policy", "bagit", "readme", "public_key", "certificate", "verifier"})
"""Files of a case, by the role that `case.json` gives them, that an outgoing release carries as they are, beside the
close-up of the case's own plate."""

_RECHECK = re.compile(rf"{RECHECKS}[0-9]{{2,3}}/")
_ID = re.compile(r"SP-[0-9]{8}-[A-Z2-7]{12}-R[A-Z2-7]{12}")


def release_id(case_id: str, *, manifest_sha256: str, profile: str, recipient: str, purpose: str, made_at: str) -> str:
    """The case's id, `-R`, and 12 base32 characters of SHA-256 over what the release is.

    Raises ValueError where a part cannot be written as canonical JSON.
    """
    content = dumps(
        {
            "made_at": made_at,
            "manifest_sha256": manifest_sha256,
            "profile": profile,
            "purpose": purpose,
            "recipient": recipient,
        }
    )
    tail = base64.b32encode(hashlib.sha256(content).digest()).decode("ascii")[:12]
    return f"{case_id}-R{tail}"


def is_recheck_folder(text: str) -> bool:
    """Whether `text` names a folder for one re-check: `data/rechecks/01/`."""
    return _RECHECK.fullmatch(text) is not None


def is_release_id(text: str) -> bool:
    """Whether `text` has the form of a release id."""
    return _ID.fullmatch(text) is not None
