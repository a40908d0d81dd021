"""PEM (RFC 7468) of one block: what stands between its two lines, and nothing around them but white space."""

from __future__ import annotations

import base64

_MAX_BODY = 16 << 10
"""Characters between the lines, white space included: certificates and keys have a tenth of it."""


def pem_of(content: bytes, label: bytes) -> bytes:
    """DER `content` as PEM: lines of 64 characters, LF."""
    text = base64.b64encode(content)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join((*_ends(label)[:1], *lines, *_ends(label)[1:], b""))


def der_in(data: bytes, label: bytes) -> bytes:
    """The DER in the one block that `data` is. Hostile input: raises ValueError, in time linear in its size.

    A regular expression for this looks harmless and is not: white space matches in three of its parts, and it tries
    every way to share it out among them.
    """
    begin, end = _ends(label)
    text = data.strip()
    body = text[len(begin) : len(text) - len(end)]
    if not (text.startswith(begin) and text.endswith(end)) or not body or len(body) > _MAX_BODY:
        raise ValueError(f"no block of PEM that is a {label.decode().lower()}")
    # Lines, tabs and spaces may stand anywhere in it; whatever else is no base64 raises.
    return base64.b64decode(b"".join(body.split()), validate=True)


def _ends(label: bytes) -> tuple[bytes, bytes]:
    return b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
