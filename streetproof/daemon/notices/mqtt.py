"""Notices to an MQTT broker, with quality of service 1: the broker confirms each."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import aiomqtt

from streetproof.daemon.notices.interface import Deliver, Message, UnreachableError
from streetproof.tls import refused_by_tls

_QUIET = logging.getLogger("streetproof.mqtt")
"""The client's own log lines repeat what the sender says already, once per attempt."""
_QUIET.setLevel(logging.CRITICAL)
_SHORTEST_KEEPALIVE_S = 5
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
            # Also how long the client waits in a TLS handshake.
            keepalive=max(_SHORTEST_KEEPALIVE_S, math.ceil(self._timeout_s)),
            timeout=self._timeout_s,
            logger=_QUIET,
        )
        try:
            await client.__aenter__()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            await _hang_up(client)
            raise UnreachableError(_kind(error), where=self.label) from None
        lost = asyncio.create_task(_until_lost(client))
        try:

            async def deliver(message: Message) -> None:
                topic = "/".join((self._topic, message.site.translate(_NOT_IN_A_LEVEL), message.kind))
                try:
                    await _publish(client, topic, message.body, lost, self._timeout_s)
                except (aiomqtt.MqttError, OSError, ValueError) as error:
                    raise UnreachableError(_kind(error), where=self.label) from None

            yield deliver
        finally:
            lost.cancel()
            await asyncio.wait([lost])
            # What was confirmed is there; how the connection ended is of no interest.
            with suppress(aiomqtt.MqttError, OSError):
                await client.__aexit__(None, None, None)
            await _hang_up(client)


async def _publish(client: aiomqtt.Client, topic: str, body: bytes, lost: asyncio.Task[None], timeout_s: float) -> None:
    """Return when the broker has confirmed. The client itself would wait for that on a connection that is gone."""
    confirmed = asyncio.create_task(client.publish(topic, body, qos=1, timeout=timeout_s))
    try:
        await asyncio.wait([confirmed, lost], return_when=asyncio.FIRST_COMPLETED)
        if not confirmed.done():
            raise aiomqtt.MqttError("the connection is gone")
        confirmed.result()
    finally:
        confirmed.cancel()
        await asyncio.wait([confirmed])


async def _until_lost(client: aiomqtt.Client) -> None:
    with suppress(aiomqtt.MqttError):
        async for _ in client.messages:
            # Nothing was subscribed to: whatever comes is not for us.
            continue


async def _hang_up(client: aiomqtt.Client) -> None:
    """Leave no socket behind: where the broker never answered, the client keeps it, and the loop keeps the client."""
    inner = client._client
    with suppress(OSError, ValueError):
        inner.disconnect()
    # What the client has asked of the loop until now has to have been done before it can be undone.
    await asyncio.sleep(0)
    socket = inner.socket()
    if socket is not None and socket.fileno() >= 0:
        loop = asyncio.get_running_loop()
        loop.remove_reader(socket.fileno())
        loop.remove_writer(socket.fileno())
        socket.close()


def _kind(error: Exception) -> str:
    if refused_by_tls(error):
        return "the secure connection failed: its certificate or protocol is not accepted"
    if isinstance(error, aiomqtt.MqttCodeError):
        return f"the broker refused (code {error.rc})"
    return f"cannot connect, or the connection broke off ({type(error).__name__})"
