"""Webhooks, as https://www.standardwebhooks.com has them."""

import base64
import binascii
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django_sla import __version__
from django_sla.channels.base import Channel
from django_sla.channels.options import seconds
from django_sla.channels.transport import Target, post
from django_sla.exceptions import Undeliverable
from django_sla.flow.message import Item, Message

PREFIX = "whsec_"
GONE = 410


class Webhook(Channel):
    """A signed call of an address, with JSON, for each thing that happens.

    The address is resolved once for each call, must be a public one, and is the one connected to.
    Redirects are not followed, and proxies of the environment are not used.
    """

    for_people: ClassVar[bool] = False
    digests: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        *,
        url: str,
        secret: str | Iterable[str],
        timeout: float = 10,
        ca_file: str | None = None,
        allow_http: bool = False,
        allow_private: bool = False,
        **options: Any,
    ):
        """
        Args:
            url: where to; ``https://``.
            secret: ``"whsec_…"``, as Standard Webhooks writes it; while it is being replaced,
                the new one and the old one.
            timeout: seconds for everything, from the look-up of the name to the answer.
            ca_file: the authorities to trust, in a file of PEM; those of the system by default.
            allow_http: whether ``http://`` will do.
            allow_private: whether addresses that are not public will do.
        """
        super().__init__(name, **options)
        self.target = Target.read(url, allow_http=allow_http, allow_private=allow_private)
        self.keys = _keys(secret)
        self.timeout = seconds("timeout", timeout)
        try:
            self.context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise ValueError(f"ca_file: {error}") from None

    def send(self, message: Message) -> None:
        body = json.dumps(payload(message.items[0])).encode()
        answer = post(
            self.target,
            body,
            self._headers(message.key, body),
            timeout=self.timeout,
            context=self.context,
        )
        if answer.status == GONE:
            raise Undeliverable(f"{self.target} {answer}")
        if not 200 <= answer.status <= 299:
            raise ConnectionError(f"{self.target} {answer}")

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        # Of the clock on the wall: receivers refuse what is too old or from the future.
        timestamp = str(int(time.time()))
        return {
            "Content-Type": "application/json",
            "User-Agent": f"django-sla/{__version__}",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(
                signature(secret, key, timestamp, body) for secret in self.keys
            ),
        }


def payload(item: Item) -> dict[str, Any]:
    """What is told, as JSON types."""
    verdict = item.verdict
    left = verdict.remaining
    return {
        "type": f"sla.{item.kind}",
        "timestamp": item.at.isoformat(),
        "data": {
            "model": item.ticket._meta.label,
            "pk": item.ticket.pk if isinstance(item.ticket.pk, int) else str(item.ticket.pk),
            "title": str(item.ticket),
            "url": item.url,
            "metric": item.metric,
            "cycle": item.cycle,
            "when": item.when,
            "at": item.at.isoformat(),
            "due": _iso(item.due),
            "state": verdict.state.value,
            "remaining": None if left is None else left.total_seconds(),
            "policy": item.explanation.policy,
        },
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((id.encode(), timestamp.encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _keys(secret: str | Iterable[str]) -> list[bytes]:
    """Messages do not repeat a secret: they are logged and shown."""
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets:
        raise ValueError("secret: there is none")
    return [_key(written) for written in secrets]


def _key(written: object) -> bytes:
    try:
        key = base64.b64decode(str(written).removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not isinstance(written, str) or not written.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f'secret: expected "{PREFIX}" and 24 to 64 bytes in Base64')
    return key
