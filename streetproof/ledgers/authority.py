"""A time-stamping authority that is reached over HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from cryptography import x509

from evidence_export.timestamp import rfc3161
from evidence_export.timestamp.interface import StampError
from streetproof.settings.load import LoadedSite
from streetproof.version import __version__

_TIMEOUT_S = 15.0
_MAX_PEM_BYTES = 1 << 20


class HttpAuthority:
    """Asks one URL."""

    def __init__(self, url: str, roots: Sequence[x509.Certificate], *, timeout_s: float = _TIMEOUT_S) -> None:
        """`roots`: what its tokens are checked against, before they are kept."""
        self._url, self._roots, self._timeout_s = url, roots, timeout_s
        # Paths and queries may hold an account's secret.
        self.label = urlsplit(url).hostname or "?"

    def __repr__(self) -> str:
        return f"<authority {self.label}>"

    def stamp(self, data: bytes) -> bytes:
        """A token over `data`, see `Authority`."""
        asked = rfc3161.question(data)
        token = self._answer(asked.der)
        rfc3161.read(token, data, self._roots, asked.nonce)
        return token

    def _answer(self, question: bytes) -> bytes:
        try:
            with (
                httpx2.Client(
                    follow_redirects=False,
                    verify=ssl.create_default_context(),
                    trust_env=False,
                    timeout=self._timeout_s,
                    headers={"User-Agent": f"streetproof/{__version__}"},
                ) as client,
                client.stream(
                    "POST", self._url, content=question, headers={"Content-Type": "application/timestamp-query"}
                ) as response,
            ):
                if response.status_code != 200:
                    raise self._error(f"it answers with status {response.status_code}")
                token = b""
                for part in response.iter_bytes():
                    token += part
                    if len(token) > rfc3161.MAX_TOKEN_BYTES:
                        raise self._error("its answer is too long for a time stamp")
                return token
        except httpx2.TimeoutException as error:
            raise self._error(f"it does not answer within {self._timeout_s:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ssl.SSLError) as error:
            raise self._error(f"it cannot be reached ({type(error).__name__})") from error

    def _error(self, what: str) -> StampError:
        return StampError(
            f"the time-stamping authority gave no stamp: {what}",
            where=self.label,
            remedy="Checkpoints wait, and the newest one covers all of them once it answers again",
        )


def authority_of(loaded: LoadedSite) -> HttpAuthority | None:
    """The authority that a site file names; None: it names none. Raises StampError where its roots cannot be read."""
    asked = loaded.site.evidence.time_stamps
    return None if asked is None else HttpAuthority(asked.url, roots_at(loaded.path.parent / asked.ca))


def roots_at(path: Path) -> list[x509.Certificate]:
    """The root certificates in a file. Raises StampError."""
    try:
        with path.open("rb") as stream:
            return rfc3161.roots_in(stream.read(_MAX_PEM_BYTES))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no certificate in PEM form"
        raise StampError(
            f"the root certificates of the time-stamping authority cannot be read ({reason})",
            where=str(path),
            remedy="Ask the authority for them, in PEM form, and name that file",
        ) from error
