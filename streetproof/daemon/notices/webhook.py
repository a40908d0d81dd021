"""Notices by HTTP POST, signed. docs/notices.md tells receivers how to check them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2

from streams.instant import NS_PER_S
from streetproof.daemon.notices.interface import Deliver, Message, RefusedError, UnreachableError
from streetproof.tls import refused_by_tls
from streetproof.version import __version__

_OWN_TROUBLE = frozenset({408, 429})


class WebhookTarget:
    """Posts to one URL. `secret` signs; `now_ns` gives UTC for the signature; `timeout_s` is for a whole exchange."""

    def __init__(self, url: str, secret: str, *, timeout_s: float, now_ns: Callable[[], int]) -> None:
        if not secret:
            raise ValueError("the signing secret is empty")
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._url = url
        self._secret = secret.encode()
        self._timeout_s = timeout_s
        self._now_ns = now_ns
        # Paths and queries of webhooks are often secrets themselves.
        self.label = f"webhook {parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"
        self.key = f"webhook:{hashlib.sha256(url.encode()).hexdigest()[:32]}"

    def __repr__(self) -> str:
        return f"<{self.label}>"

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Deliver]:
        """See `Target`. A redirect is a refusal: whoever can send one could have the notices sent anywhere."""
        async with httpx2.AsyncClient(
            follow_redirects=False,
            # The machine's own trusted authorities, to which an operator can add; and no proxy or password that
            # happens to stand in the environment.
            verify=ssl.create_default_context(),
            trust_env=False,
            timeout=self._timeout_s,
            headers={"User-Agent": f"streetproof/{__version__}"},
        ) as client:

            async def deliver(message: Message) -> None:
                await self._post(client, message)

            yield deliver

    async def _post(self, client: httpx2.AsyncClient, message: Message) -> None:
        timestamp = str(self._now_ns() // NS_PER_S)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Streetproof-Id": message.id,
            "X-Streetproof-Timestamp": timestamp,
            "X-Streetproof-Signature": signature(self._secret, timestamp, message.body),
        }
        try:
            # Over the whole exchange: a receiver that sends a byte now and then never reaches a timeout per read.
            async with (
                asyncio.timeout(self._timeout_s),
                client.stream("POST", self._url, content=message.body, headers=headers) as response,
            ):
                # The body is never read: there is nothing to learn from it, and it may be endless.
                status = response.status_code
        except (TimeoutError, httpx2.TimeoutException):
            raise UnreachableError(f"no answer within {self._timeout_s:g} s", where=self.label) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ssl.SSLError) as error:
            # Not the error's own words: they may repeat the URL.
            raise UnreachableError(_kind(error), where=self.label) from None
        if 200 <= status < 300:
            return
        if status >= 500 or status in _OWN_TROUBLE:
            raise UnreachableError(f"answered {status}", where=self.label)
        raise RefusedError(f"answered {status}", where=self.label)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """`v1=` and the HMAC-SHA-256, in lower-case hex, over the timestamp, a full stop and the body."""
    return "v1=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _kind(error: Exception) -> str:
    if refused_by_tls(error):
        return "the secure connection failed: its certificate or protocol is not accepted"
    if isinstance(error, httpx2.ConnectError | OSError):
        return "cannot connect"
    return f"the exchange broke off ({type(error).__name__})"
