"""What failed in a secure connection, however deep a client has wrapped it."""

from __future__ import annotations

import ssl


def refused_by_tls(error: BaseException) -> bool:
    """Whether an error comes of a certificate or protocol that was not accepted."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
