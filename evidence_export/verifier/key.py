"""The key that a verifier was told to trust."""

from __future__ import annotations

import re
from pathlib import Path

from evidence_export.bag import layout, pubkey
from evidence_export.errors import NotABundleError

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def trusted_fingerprint(trusted_key: str | Path) -> str:
    """The fingerprint meant by `trusted_key`: 64 hex characters (colons and capitals are fine), or a public key file.

    Raises NotABundleError where it is neither.
    """
    if isinstance(trusted_key, str):
        compact = trusted_key.strip().lower().replace(":", "").replace(" ", "").removeprefix("sha256")
        if _FINGERPRINT.fullmatch(compact):
            return compact
    path = Path(trusted_key)
    try:
        with path.open("rb") as stream:
            data = stream.read(layout.MAX_TAG_BYTES)
        return pubkey.fingerprint(pubkey.from_pem(data))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotABundleError(
            f"the trusted key cannot be read ({reason})",
            where=str(trusted_key),
            remedy="Give the 64-character fingerprint of the site key, or the path of its public key in PEM form",
        ) from error
