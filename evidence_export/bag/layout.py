"""Names, fixed texts and derived values of a bundle, format version 1. See docs/evidence-format.md."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence

from evidence_export.bag.canonical import dumps

FORMAT = "streetproof-case"
FORMAT_VERSION = 1
FORMAT_REVISION = 12
"""Revisions add fields and take nothing away. Since revision 11, which brought a verifier into every bundle, all are
of the current one; those before are of the lowest that had all their fields, the first without one of revision 0."""
REASONS_REVISION, BEFORE_REVISION, KEYS_REVISION = 5, 6, 8

BAGIT = "bagit.txt"
BAG_INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
CASE = "case.json"
SIGNATURE = "case.json.sig"
SITE_KEY = "site-key.pub.pem"
README = "README.txt"
PAYLOAD = "data/"
POLICY = "data/policy.json"
DETECTIONS = "data/detections.json"
PLATES = "data/plates/"
SIGNS = "data/signs/"
OWN_VERIFIER = "data/verify.pyz"
"""Below data/, where a verifier of an earlier revision takes any file that is listed."""

PAYLOAD_OXUM = "Payload-Oxum"
"""Of bag-info.txt: bytes and number of the files below data/."""
BAGIT_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

RELEASE = "release.json"
RECHECK = "recheck.json"
VERIFIER_FILE = "verify.pyz"
VERIFIER_PAGE = "verify.html"
"""Of a release only, see `forms`."""

SECOND_SIGNATURE = "case.json.second.sig"
"""Only where `seal.second` says so; as the first, it is over the bytes of `case.json`, and not listed there."""
KEYS = "data/keys/"
SITE_CERTIFICATE = "data/keys/site-key.cert.pem"
CA_CERTIFICATE = "data/keys/site-ca.cert.pem"
SECOND_KEY = "data/keys/second-key.pub.pem"
SECOND_CERTIFICATE = "data/keys/second-key.cert.pem"
"""Below data/, where a verifier of an earlier revision takes any file that is listed."""
KEY_FILES = (SITE_CERTIFICATE, CA_CERTIFICATE, SECOND_KEY, SECOND_CERTIFICATE)

ED25519, ECDSA, SM2 = "Ed25519", "ECDSA-P256-SHA256", "SM2-SM3"
ALGORITHMS = (ED25519, ECDSA, SM2)
SIGNATURE_ALGORITHM = ED25519
SIGNATURE_SIZE = 64
"""Of Ed25519; the others are DER and vary by a few bytes."""
MAX_SIGNATURE_SIZE = 80

MAX_FILES = 4096
MAX_CASE_BYTES = 16 << 20
MAX_TAG_BYTES = 1 << 20

_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,7}")
_CASE_ID = re.compile(r"SP-[0-9]{8}-[A-Z2-7]{12}")
_LINE = re.compile(rb"([0-9a-f]{64})  ([ -~]{1,400})")


def is_path(path: str) -> bool:
    """Whether `path` may name a file of a bundle: plain ASCII, relative, nothing hidden, no `..`, no trailing dot."""
    return _PATH.fullmatch(path) is not None and not any(part.endswith(".") for part in path.split("/"))


def is_case_id(text: str) -> bool:
    """Whether `text` has the form of a case id."""
    return _CASE_ID.fullmatch(text) is not None


def case_id(
    *,
    local_date: str,
    site: str,
    camera: str,
    rule: str,
    zone: str,
    policy_sha256: str,
    recordings_sha256: Sequence[str],
    stay: str,
) -> str:
    """`SP-`, the local date of arrival (YYYYMMDD), `-`, and 12 base32 characters of SHA-256 over what the case is.

    The same footage under the same policy gives the same id on every machine; nothing in it is random or timed.
    `local_date` is YYYY-MM-DD. Raises ValueError where a part cannot be written as canonical JSON.
    """
    content = dumps(
        {
            "camera": camera,
            "policy_sha256": policy_sha256,
            "recordings_sha256": list(recordings_sha256),
            "rule": rule,
            "site": site,
            "stay": stay,
            "zone": zone,
        }
    )
    tail = base64.b32encode(hashlib.sha256(content).digest()).decode("ascii")[:12]
    return f"SP-{local_date.replace('-', '')}-{tail}"


def manifest_bytes(sha256: Mapping[str, str]) -> bytes:
    """A BagIt manifest in the only form this format allows: sorted by path, two spaces, LF, no empty line."""
    return "".join(f"{sha256[path]}  {path}\n" for path in sorted(sha256)).encode("ascii")


def parse_manifest(data: bytes) -> dict[str, str]:
    """The well-formed lines of a manifest as path -> SHA-256; used to find culprits, never to trust anything."""
    found: dict[str, str] = {}
    for line in data.split(b"\n"):
        if match := _LINE.fullmatch(line):
            found[match[2].decode("ascii")] = match[1].decode("ascii")
    return found
