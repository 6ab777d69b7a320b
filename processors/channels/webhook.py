"""Telling a program: a signed POST. docs/webhooks.md says how the other side checks it."""

import hashlib
import hmac
import time
from collections.abc import Callable

import httpx
import msgspec

from processors.channels.channel import Message, Receipt, Target
from processors.channels.http import TIMEOUT_SECONDS, NoAnswer, ask


class Webhook:
    """Sends messages through `client`; the address is the `url`, and the `secret` that what goes there is signed with.

    `real_time`: Unix seconds, for the signature.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        real_time: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._timeout = timeout_seconds
        self._real_time = real_time

    async def send(self, message: Message, target: Target) -> Receipt:
        """POSTs it once; only an answer of 200 to 299 within the time limit is taken as one. Never raises."""
        body = payload(message)
        timestamp = str(int(self._real_time()))
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Vaka-Notification": message.id,
            "Vaka-Timestamp": timestamp,
            "Vaka-Signature": signature(str(target.address["secret"]), timestamp, body),
        }
        try:
            url = str(target.address["url"])
            reply = await ask(self._client, "POST", url, self._timeout, content=body, headers=headers)
        except NoAnswer as error:
            return Receipt(False, error=str(error))
        return Receipt(reply.is_success, status=reply.status, answer=reply.text)


def payload(message: Message) -> bytes:
    """The JSON body; the same for every attempt, unless the alarm changed meanwhile."""
    return msgspec.json.encode({"id": message.id, "alarm": message.facts, "rung": message.rung, "round": message.round})


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body`."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
