"""Notices to an MQTT broker, with quality of service 1: the broker confirms each."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import aiomqtt

from streetproof.daemon.notices.interface import Deliver, Message, UnreachableError

_QUIET = logging.getLogger("streetproof.mqtt")
"""The client's own log lines repeat what the sender says already, once per attempt."""
_QUIET.setLevel(logging.CRITICAL)
_KEEPALIVE_S = 30
_NOT_IN_A_LEVEL = str.maketrans({"/": "_", "+": "_", "#": "_", "\0": "_"})


class MqttTarget:
    """Publishes to `topic`/SITE/KIND. `tls` None: not encrypted. `timeout_s` is for connecting and for each message."""

    def __init__(
        self,
        host: str,
        port: int,
        topic: str,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._host = host
        self._port = port
        self._topic = topic.rstrip("/")
        self._username = username
        self._password = password
        self._tls = tls
        self._timeout_s = timeout_s
        self.label = f"mqtt{'s' if tls else ''}://{host}:{port}"
        self.key = f"mqtt:{hashlib.sha256(f'{host}:{port}/{self._topic}'.encode()).hexdigest()[:32]}"

    def __repr__(self) -> str:
        return f"<{self.label}>"

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Deliver]:
        """See `Target`. The connection lasts only while there is something to say: notices are rare."""
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self._username,
            password=self._password,
            tls_context=self._tls,
            identifier=f"streetproof-{uuid4().hex[:10]}",
            keepalive=_KEEPALIVE_S,
            timeout=self._timeout_s,
            logger=_QUIET,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await client.__aenter__()
        except (aiomqtt.MqttError, OSError, ValueError, TimeoutError) as error:
            raise UnreachableError(_kind(error), where=self.label) from None
        try:

            async def deliver(message: Message) -> None:
                topic = "/".join((self._topic, message.site.translate(_NOT_IN_A_LEVEL), message.kind))
                try:
                    await client.publish(topic, message.body, qos=1, timeout=self._timeout_s)
                except (aiomqtt.MqttError, OSError, ValueError) as error:
                    raise UnreachableError(_kind(error), where=self.label) from None

            yield deliver
        finally:
            # What was confirmed is there; how the connection ended is of no interest.
            with suppress(aiomqtt.MqttError, OSError):
                await client.__aexit__(None, None, None)


def _kind(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "the secure connection failed: its certificate or protocol is not accepted"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiomqtt.MqttCodeError):
        return f"the broker refused (code {error.rc})"
    return f"cannot connect, or the connection broke off ({type(error).__name__})"
