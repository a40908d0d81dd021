"""The targets that a site file names, with their secrets read."""

from __future__ import annotations

import ssl
import time

from streams.instant import NS_PER_S
from streetproof.daemon.notices.interface import Target
from streetproof.daemon.notices.mqtt import MqttTarget
from streetproof.daemon.notices.webhook import WebhookTarget
from streetproof.daemon.secrets import password_of, signing_secret_of
from streetproof.settings.load import LoadedSite


def targets_of(loaded: LoadedSite) -> list[Target]:
    """Everybody who is told. Raises SecretError where a password or signing secret cannot be read."""
    notices = loaded.site.live.notices
    found: list[Target] = [
        WebhookTarget(
            webhook.url,
            signing_secret_of(webhook, loaded.path).reveal(),
            timeout_s=webhook.timeout / NS_PER_S,
            # A signature's time is the system's: the receiver compares it with its own clock.
            now_ns=time.time_ns,
        )
        for webhook in notices.webhooks
    ]
    for mqtt in notices.mqtt:
        secret = password_of(mqtt, loaded.path)
        found.append(
            MqttTarget(
                mqtt.host,
                mqtt.port,
                mqtt.topic,
                username=mqtt.username,
                password=None if secret is None else secret.reveal(),
                tls=ssl.create_default_context() if mqtt.tls else None,
            )
        )
    return found
