"""A gateway for SMS and voice calls that reaches nobody: it takes messages over HTTP, shows them, and sends receipts.

`POST /messages` takes JSON `{"to", "text", "id", "kind"}` and answers `{"id", "status": "accepted"}`. The same `id`
again is the same message, and is not sent twice. The receipt is JSON too: `{"id", "reference", "status", "key"}`.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

import httpx
import msgspec
from msgspec import Struct

log = logging.getLogger(__name__)

RECEIPT_SECONDS = 10.0
MAX_BODY = 64 * 1024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Sms(Struct, frozen=True):
    """A message as it was asked for; `kind` `voice` is a call that says the text."""

    to: str
    text: str
    id: str
    kind: Literal["sms", "voice"] = "sms"


class Receipts(Struct, frozen=True):
    """Where receipts go, with which secret, and what they say. `key`: what the one who is rung presses."""

    url: str
    secret: str
    status: Literal["delivered", "failed", "answered"] = "delivered"
    key: str | None = None


class Gateway:
    """An ASGI application. `messages`: each once, by id; `tell` is called for each new one."""

    def __init__(self, receipts: Receipts | None = None, tell: Callable[[Sms], None] = lambda message: None) -> None:
        self.messages: dict[str, Sms] = {}
        self._receipts = receipts
        self._tell = tell
        self._sending: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if (scope["method"], scope["path"]) != ("POST", "/messages"):
            await _answer(send, 404, {"error": "POST /messages takes messages"})
            return
        try:
            message = msgspec.json.decode(await _body(receive), type=Sms)
        except msgspec.DecodeError as error:
            await _answer(send, 400, {"error": str(error)})
            return
        self._take(message)
        await _answer(send, 200, {"id": number_of(message), "status": "accepted"})

    async def close(self) -> None:
        """Ends receipts that are on their way."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def settled(self) -> None:
        """Returns when all receipts have been sent."""
        await asyncio.gather(*self._sending)

    def _take(self, message: Sms) -> None:
        if message.id in self.messages:
            return
        self.messages[message.id] = message
        self._tell(message)
        if self._receipts is not None:
            task = asyncio.create_task(_report(message, self._receipts))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)


def number_of(message: Sms) -> str:
    """The gateway's own id of it: the same in every run."""
    return "g-" + hashlib.blake2b(message.id.encode(), digest_size=6).hexdigest()


async def _report(message: Sms, receipts: Receipts) -> None:
    said = {"id": number_of(message), "reference": message.id, "status": receipts.status}
    if receipts.key is not None and message.kind == "voice":
        said["key"] = receipts.key
    headers = {"Authorization": f"Bearer {receipts.secret}"}
    async with httpx.AsyncClient(trust_env=False, timeout=RECEIPT_SECONDS) as client:
        try:
            await client.post(receipts.url, json=said, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("the receipt of %s could not be sent: %s", message.id, error)


async def _body(receive: Receive) -> bytes:
    body = b""
    while len(body) <= MAX_BODY:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    return body


async def _answer(send: Send, status: int, said: dict[str, str]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(said)})
