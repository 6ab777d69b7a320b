"""Web Push (RFC 8030): encrypted for one browser (RFC 8291), signed with the installation's key (VAPID, RFC 8292).

The push service in between learns that there is a message and how urgent it is, and nothing of what it says.
"""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]
import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02  # type: ignore[import-untyped]

from events.ids import derived_id
from processors.channels.channel import Message, Receipt, Target
from processors.channels.http import TIMEOUT_SECONDS, NoAnswer, Reply, ask
from processors.channels.waiting import retry_after
from rules.addresses import Subscription, read_address
from rules.given import GivenError

TTL = timedelta(minutes=15)
"""How long the push service keeps a message for a browser that is away. The ladder repeats sooner than that."""

SIGNED_FOR = timedelta(hours=12)
"""RFC 8292 allows 24 hours; less leaves room for a clock that is off."""

MOST_TEXT = 1000
"""Characters of title and of body: a push service takes 4,096 octets, encryption included."""

URGENCY = {1: "high", 2: "normal"}
"""RFC 8030, 5.3, by priority. `high` wakes a phone that saves its battery."""

GONE = frozenset({404, 410})
REFUSED = 413
WAITING = frozenset({429, 503})

PrivateKey = Callable[[str], Awaitable[str | None]]
"""From the public key that a subscription was made with to the private one; None when it is no longer kept."""


class Push:
    """`contact`: `mailto:` or `https:` address of who runs this, for push services. `real_now`: real time."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        private_key: PrivateKey,
        contact: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        real_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._private_key = private_key
        self._contact = contact
        self._timeout = timeout_seconds
        self._real_now = real_now

    async def send(self, message: Message, target: Target) -> Receipt:
        try:
            subscription = read_address(target.channel, target.address)
        except GivenError as error:
            return Receipt(False, gone=True, error=str(error))
        assert isinstance(subscription, Subscription)
        private = await self._private_key(subscription.key)
        if private is None:
            return Receipt(False, gone=True, error="it was made with a key that is no longer kept")
        try:
            body = encrypted(message, subscription)
        except ValueError as error:
            return Receipt(False, gone=True, error=f"its keys cannot be used: {error}")
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(TTL.total_seconds())),
            "Urgency": URGENCY.get(message.priority, "low"),
            "Topic": topic_of(message),
            **signature(subscription.endpoint, private, self._contact, self._real_now()),
        }
        try:
            reply = await ask(self._client, "POST", subscription.endpoint, self._timeout, content=body, headers=headers)
        except NoAnswer as error:
            return Receipt(False, error=str(error))
        return self._receipt(reply)

    def _receipt(self, reply: Reply) -> Receipt:
        return Receipt(
            reply.is_success,
            gone=reply.status in GONE,
            refused=reply.status == REFUSED,
            retry_after=retry_after(reply.headers.get("retry-after"), self._real_now())
            if reply.status in WAITING
            else None,
            reference=reply.headers.get("location", "")[:500] or None if reply.is_success else None,
            status=reply.status,
            answer=reply.text,
        )


def encrypted(message: Message, subscription: Subscription) -> bytes:
    """What the browser's service worker reads. Raises ValueError when the browser's key is no point of the curve."""
    said = {
        "id": message.id,
        "title": message.title[:MOST_TEXT],
        "body": message.body[:MOST_TEXT],
        "url": message.url,
        "tag": topic_of(message),
        "priority": message.priority,
        "test": message.test,
    }
    # The key of our side is for this one message, as RFC 8291 has it.
    body: bytes = http_ece.encrypt(
        msgspec.json.encode(said),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decoded(subscription.p256dh),
        auth_secret=_decoded(subscription.auth),
        version="aes128gcm",
    )
    return body


def _decoded(key: str) -> bytes:
    """Base64 for addresses, which browsers write without padding."""
    return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))


def signature(endpoint: str, private: str, contact: str, real_now: datetime) -> dict[str, str]:
    """The Authorization for the push service that `endpoint` belongs to, and for no other."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((real_now + SIGNED_FOR).timestamp()),
        "sub": contact,
    }
    # Its own check of the claims knows fewer addresses than there are; ours were checked when they were set.
    key = Vapid02.from_raw(private.encode())
    key.conf = {"no-strict": True}
    headers: dict[str, str] = key.sign(claims)
    return headers


def topic_of(message: Message) -> str:
    """A later message with the same topic takes the place of one that still waits: an alarm is told of once."""
    return derived_id("push", message.alarm or message.id)
