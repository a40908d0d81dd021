"""A witness that is reached by plain HTTP: a folder that takes PUT, gives GET, and lists its names. docs/ledger.md.

Whoever keeps checkpoints is trusted with nothing else: what it answers is bounded and checked, and it is never followed
to another place. obstore's HTTPStore is not used: it cannot put without replacing, and needs PROPFIND to list.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

import httpx2

from evidence_export.ledger.checkpoint import MAX_NOTE_BYTES, Note, read_note
from streetproof.ledgers.reading import LedgerError
from streetproof.tls import refused_by_tls
from streetproof.version import __version__

TOKEN, USER, PASSWORD = "STREETPROOF_WITNESS_TOKEN", "STREETPROOF_WITNESS_USER", "STREETPROOF_WITNESS_PASSWORD"
MAX_INDEX_BYTES = 8 << 20
_TIMEOUT_S = 20.0
_STORED = frozenset({200, 201, 204})
_THERE = frozenset({409, 412})
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_TOKEN = re.compile(r"[!-~]{1,4096}")
_CREDENTIALS = f"Set {TOKEN}, or {USER} and {PASSWORD}, where the program is started"

_AGAIN = "Nothing is lost: run the same again once the witness answers"
ASK = "Ask whoever keeps the checkpoints what happened there, and keep what it answers"
_ADDRESS = "Name the address at which the witness really is"
_LIST = "The folder must be there, and list the names in it; docs/ledger.md says how"


class HttpWitness:
    """One folder at one URL. Every method raises LedgerError."""

    def __init__(self, url: str, headers: Mapping[str, str], runner: asyncio.Runner, timeout_s: float) -> None:
        self.label = url.rstrip("/")
        self._runner, self._timeout_s = runner, timeout_s
        self._client = httpx2.AsyncClient(
            follow_redirects=False,
            verify=ssl.create_default_context(),
            trust_env=False,
            timeout=timeout_s,
            # What is packed could unpack to any size.
            headers={"User-Agent": f"streetproof/{__version__}", "Accept-Encoding": "identity", **headers},
        )

    def __repr__(self) -> str:
        return f"<witness {urlsplit(self.label).hostname}>"

    def close(self) -> None:
        """Let the connections go."""
        self._runner.run(self._client.aclose())

    def names(self, suffix: str) -> list[str]:
        """The names that its list holds, in whatever form that is: HTML, JSON or plain text."""
        status, body = self._ask("GET", "", MAX_INDEX_BYTES)
        self._must(status == 200, status, "")
        return sorted({one for one in _NAME.findall(body.decode("ascii", "replace")) if one.endswith(suffix)})

    def fetch(self, name: str) -> bytes | None:
        """The checkpoint that it keeps under a name; None: there is none."""
        status, body = self._ask("GET", name, MAX_NOTE_BYTES)
        if status == 404:
            return None
        self._must(status == 200, status, name)
        try:
            read_note(body)
        except ValueError as error:
            raise self._error(f"what the witness gives is no checkpoint ({error})", name, ASK) from None
        return body

    def put(self, name: str, note: bytes) -> None:
        """Have it keep a checkpoint, never in another's place, and see that it does."""
        if self.fetch(name) is None:
            status, _ = self._ask("PUT", name, 0, note)
            self._must(status in _STORED or status in _THERE, status, name)
        kept = self.fetch(name)
        if kept is None or not _same(read_note(kept), read_note(note)):
            raise self._error("the witness did not keep the checkpoint that was handed over", name, ASK)
        if name not in self.names(name):
            raise self._error("the witness keeps the checkpoint, and does not list it", "", _LIST)

    def _ask(self, method: str, name: str, limit: int, content: bytes | None = None) -> tuple[int, bytes]:
        try:
            return self._runner.run(self._exchange(method, name, limit, content))
        except (TimeoutError, httpx2.TimeoutException):
            raise self._error(f"the witness gives no answer within {self._timeout_s:g} s", name, _AGAIN) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # Not the error's own words: they may repeat what was sent.
            raise self._error(f"the witness cannot be reached ({_kind(error)})", name, _AGAIN) from None

    async def _exchange(self, method: str, name: str, limit: int, content: bytes | None) -> tuple[int, bytes]:
        headers = {} if content is None else {"If-None-Match": "*", "Content-Type": "text/plain; charset=utf-8"}
        url = f"{self.label}/{name}"
        # Over the whole exchange: who sends a byte now and then never reaches a timeout per read.
        async with (
            asyncio.timeout(self._timeout_s),
            self._client.stream(method, url, content=content, headers=headers) as response,
        ):
            body = b""
            if response.status_code == 200 and content is None:
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > limit:
                        raise self._error(f"the witness's answer is longer than {limit} bytes", name, ASK)
            return response.status_code, body

    def _must(self, right: bool, status: int, name: str) -> None:
        if right:
            return
        if 300 <= status < 400:
            raise self._error(f"the witness sends elsewhere (status {status}), which is not followed", name, _ADDRESS)
        if status in (401, 403):
            raise self._error(f"the witness does not let this office in (status {status})", name, _CREDENTIALS)
        if status == 404 and not name:
            raise self._error("the witness has no such folder, or does not list it (status 404)", name, _LIST)
        raise self._error(f"the witness answers with status {status}", name, _AGAIN)

    def _error(self, what: str, name: str, remedy: str) -> LedgerError:
        return LedgerError(what, where=f"{self.label}/{name}", remedy=remedy)


@contextmanager
def witness_at(
    url: str, environment: Mapping[str, str], *, plain: bool = False, timeout_s: float = _TIMEOUT_S
) -> Iterator[HttpWitness]:
    """The witness at an `https://` URL, or `http://` on this machine; `plain`: `http://` anywhere.

    Raises LedgerError for other addresses, and what is no token.
    """
    address, headers = _address(url, plain), _credentials(environment)
    with asyncio.Runner() as runner:
        try:
            found = HttpWitness(address, headers, runner, timeout_s)
        except httpx2.InvalidURL:
            raise _no_address() from None
        try:
            yield found
        finally:
            found.close()


def is_http(where: str) -> bool:
    """Whether a witness is named that is reached by HTTP."""
    return where.lower().startswith(("https://", "http://"))


def _address(url: str, plain: bool) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _no_address() from None
    # What could hold a secret is not repeated: arguments of a process are for everybody on the machine to see.
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise _no_address()
    if parts.scheme == "http" and not plain and not _here(host):
        raise LedgerError(
            "the witness would be reached without encryption",
            where=host,
            remedy="Write https://, or allow it with --plain-http where the way there is safe otherwise",
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def _no_address() -> LedgerError:
    return LedgerError("it is no address of a witness", remedy=f"Write https://HOST/FOLDER/. {_CREDENTIALS}")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _credentials(environment: Mapping[str, str]) -> dict[str, str]:
    token, user, password = (environment.get(name) or None for name in (TOKEN, USER, PASSWORD))
    if token is not None:
        if not _TOKEN.fullmatch(token):
            raise LedgerError(
                "the witness's token holds characters that no token has", where=TOKEN, remedy=_CREDENTIALS
            )
        return {"Authorization": f"Bearer {token}"}
    if user is None and password is None:
        return {}
    if user is None or password is None or ":" in user:
        raise LedgerError("a user and a password go together", where=f"{USER}, {PASSWORD}", remedy=_CREDENTIALS)
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")}


def _same(kept: Note, given: Note) -> bool:
    """Whether both say the same of the ledger: it may have been signed once more meanwhile."""
    one, other = kept.checkpoint, given.checkpoint
    return (one.origin, one.size, one.root) == (other.origin, other.size, other.root)


def _kind(error: Exception) -> str:
    if refused_by_tls(error):
        return "its certificate or protocol is not accepted"
    return type(error).__name__
