"""Telling a program: a signed POST. docs/webhooks.md says how the other side checks it."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable

import httpx
import msgspec

from processors.channels.channel import Message, Receipt, Target

TIMEOUT_SECONDS = 10.0
ANSWER_CHARACTERS = 500
_ANSWER_BYTES = 4 * ANSWER_CHARACTERS


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
        try:
            # The client's own limits are for each read; an answer that trickles in would keep within them for ever.
            async with asyncio.timeout(self._timeout):
                return await self._post(message, target)
        except TimeoutError:
            return Receipt(False, error=f"no answer within {self._timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Receipt(False, error=f"{type(error).__name__}: {_text(str(error).encode(errors='replace'))}")

    async def _post(self, message: Message, target: Target) -> Receipt:
        body = payload(message)
        timestamp = str(int(self._real_time()))
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "Vaka-Notification": message.id,
            "Vaka-Timestamp": timestamp,
            "Vaka-Signature": signature(str(target.address["secret"]), timestamp, body),
        }
        async with self._client.stream("POST", target.address["url"], content=body, headers=headers) as response:
            answer = _text(await _beginning(response))
            return Receipt(response.is_success, status=response.status_code, answer=answer)


def client() -> httpx.AsyncClient:
    """A client that follows no redirects and uses no proxy: what is signed goes to that address alone."""
    return httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS)


def payload(message: Message) -> bytes:
    """The JSON body; the same for every attempt, unless the alarm changed meanwhile."""
    return msgspec.json.encode({"id": message.id, "alarm": message.facts, "rung": message.rung, "round": message.round})


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
