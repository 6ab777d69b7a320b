"""Telling a program: a signed POST. docs/webhooks.md says how the other side checks it."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from store.outbox import Claimed

TIMEOUT_SECONDS = 10.0
ANSWER_CHARACTERS = 500
_ANSWER_BYTES = 4 * ANSWER_CHARACTERS


class Receipt(Struct, frozen=True, omit_defaults=True):
    """What came of a POST: the status and beginning of the answer, or the error in its place."""

    delivered: bool
    status: int | None = None
    answer: str | None = None
    error: str | None = None

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Webhook:
    """Sends notifications through `client`. `real_time`: Unix seconds, for the signature."""

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

    async def send(self, notification: Claimed) -> Receipt:
        """POSTs it once; only an answer of 200 to 299 within the time limit is delivered. Never raises."""
        try:
            # The client's own limits are for each read; an answer that trickles in would keep within them for ever.
            async with asyncio.timeout(self._timeout):
                return await self._post(notification)
        except TimeoutError:
            return Receipt(False, error=f"no answer within {self._timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Receipt(False, error=f"{type(error).__name__}: {_text(str(error).encode(errors='replace'))}")

    async def _post(self, notification: Claimed) -> Receipt:
        body = payload(notification)
        timestamp = str(int(self._real_time()))
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Vaka-Notification": notification.id,
            "Vaka-Timestamp": timestamp,
            "Vaka-Signature": signature(notification.secret or "", timestamp, body),
        }
        url = notification.url or ""
        async with self._client.stream("POST", url, content=body, headers=headers) as response:
            return Receipt(response.is_success, response.status_code, _text(await _beginning(response)))


def client() -> httpx.AsyncClient:
    """A client that follows no redirects and uses no proxy: what is signed goes to that address alone."""
    return httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS)


def payload(notification: Claimed) -> bytes:
    """The JSON body; the same for every attempt, unless the alarm changed meanwhile."""
    return msgspec.json.encode(
        {
            "id": notification.id,
            "alarm": notification.alarm,
            "rung": notification.rung,
            "round": notification.round,
        }
    )


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body`."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _beginning(response: httpx.Response) -> bytes:
    beginning = b""
    async for chunk in response.aiter_raw():
        beginning += chunk
        if len(beginning) >= _ANSWER_BYTES:
            break
    return beginning


def _text(answer: bytes) -> str:
    """At most 500 characters that PostgreSQL can keep: it has no NUL."""
    return (
        answer[:_ANSWER_BYTES].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:ANSWER_CHARACTERS]
    )
