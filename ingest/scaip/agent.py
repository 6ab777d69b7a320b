"""The SIP side of the gateway: who may ask, what is taken, retransmissions, and the two ways to answer.

A SCAIP answer goes into the 200 or into a MESSAGE of our own; peers do it both ways. A sender whose Accept names SCAIP
reads the 200; one that has an Accept without it, or a Contact, waits for a MESSAGE; one that says nothing gets the 200.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import StrEnum

from ingest.scaip.digest import Digest
from ingest.scaip.sip import (
    SCAIP,
    Malformed,
    Request,
    Response,
    contact_of,
    message_to,
    parse,
    respond,
    uri_in,
    way_back,
)
from ingest.scaip.transport import Peer

log = logging.getLogger(__name__)

T1 = 0.5
T2 = 4.0
LIFETIME = 64 * T1
"""Seconds: RFC 3261, 17.1.2.2 and 17.2.2, how a message is repeated over UDP and how long an answer is remembered."""

MOST = 5000
"""Requests that are being answered, or whose answers are remembered for retransmissions."""

ALLOW = ("Allow", "MESSAGE, OPTIONS")
ACCEPT = ("Accept", SCAIP)


class Way(StrEnum):
    """Where the answer goes."""

    AUTO = "auto"
    RESPONSE = "response"
    MESSAGE = "message"


Refusal = tuple[int, tuple[tuple[str, str], ...]]
_Key = tuple[object, ...]


class Agent:
    """`answer` makes an `<mrs>` of an `<mrq>`; `digest` None lets everybody ask."""

    def __init__(
        self, answer: Callable[[bytes], Awaitable[bytes]], digest: Digest | None = None, way: Way = Way.AUTO
    ) -> None:
        self._answer = answer
        self._digest = digest
        self._way = way
        self._given: OrderedDict[_Key, tuple[float, bytes | None]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._awaited: dict[str, asyncio.Event] = {}

    def receive(self, data: bytes, peer: Peer) -> None:
        """One SIP message, whole."""
        try:
            message = parse(data)
        except Malformed as error:
            log.info("SCAIP from %s: %s", peer.source[0], error)
            return
        if isinstance(message, Response):
            self._came_back(message)
        elif message.method != "ACK":
            self._requested(message, peer)

    def too_large(self, head: bytes, peer: Peer) -> None:
        """A request with a body that nobody reads."""
        try:
            request = parse(head, is_whole=False)
        except Malformed as error:
            log.info("SCAIP from %s: %s", peer.source[0], error)
            return
        if isinstance(request, Request):
            peer.send(respond(request, 413, peer.source), peer.source)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _requested(self, request: Request, peer: Peer) -> None:
        """A retransmission gets the same answer; while there is none yet it gets nothing."""
        now = asyncio.get_running_loop().time()
        self._forget(now)
        key = (peer.transport, peer.source, *request.transaction())
        if key in self._given:
            known = self._given[key][1]
            if known is not None:
                peer.send(known, way_back(request, peer.source))
            return
        if len(self._tasks) >= MOST:
            peer.send(respond(request, 503, peer.source, ("Retry-After", "5")), way_back(request, peer.source))
            return
        self._given[key] = (now, None)
        task = asyncio.create_task(self._serve(request, peer, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, now: float) -> None:
        while self._given:
            key, (at, _) = next(iter(self._given.items()))
            if now - at < LIFETIME and len(self._given) < 2 * MOST:
                return
            del self._given[key]

    async def _serve(self, request: Request, peer: Peer, key: _Key) -> None:
        try:
            await self._answer_one(request, peer, key)
        except Exception:  # Our own fault: the sender is told, so that it tries its next receiver.
            log.exception("SCAIP from %s: a request could not be answered", peer.source[0])
            self._give(request, peer, key, 500)

    async def _answer_one(self, request: Request, peer: Peer, key: _Key) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            self._give(request, peer, key, refusal[0], *refusal[1])
        elif request.method == "OPTIONS":
            self._give(request, peer, key, 200, ALLOW, ACCEPT)
        elif self._goes_back(request):
            self._give(request, peer, key, 200)
            await self._send_back(request, peer, await self._answer(request.body))
        else:
            body = await self._answer(request.body)
            self._give(request, peer, key, 200, ("Content-Type", SCAIP), body=body)

    def _refusal(self, request: Request) -> Refusal | None:
        headers = request.headers
        if request.version != "SIP/2.0":
            return 505, ()
        if request.method == "OPTIONS":
            return None
        if request.method != "MESSAGE":
            return 405, (ALLOW,)
        if headers.get("require"):
            return 420, (("Unsupported", headers.get("require") or ""),)
        challenge = self._digest.judge(request.method, headers.get("authorization")) if self._digest else None
        if challenge is not None:
            return 401, (("WWW-Authenticate", challenge),)
        media = (headers.get("content-type") or "").partition(";")[0].strip().lower()
        if media != SCAIP or (headers.get("content-encoding") or "identity").lower() != "identity":
            return 415, (ACCEPT, ("Accept-Encoding", "identity"))
        return None

    def _goes_back(self, request: Request) -> bool:
        if self._way is not Way.AUTO:
            return self._way is Way.MESSAGE
        accepted = request.headers.all("accept")
        if accepted:
            media = {one.partition(";")[0].strip().lower() for text in accepted for one in text.split(",")}
            return media.isdisjoint((SCAIP, "application/*", "*/*"))
        return request.headers.get("contact") is not None

    def _give(
        self, request: Request, peer: Peer, key: _Key, status: int, *fields: tuple[str, str], body: bytes = b""
    ) -> None:
        data = respond(request, status, peer.source, *fields, body=body)
        if key in self._given:
            self._given[key] = (self._given[key][0], data)
        peer.send(data, way_back(request, peer.source))

    async def _send_back(self, request: Request, peer: Peer, body: bytes) -> None:
        """A MESSAGE to where the request came from; over UDP again and again until it is answered."""
        contact, sender = request.headers.get("contact"), request.headers.get("from")
        uri = uri_in(contact or "") or uri_in(sender or "") or f"sip:{peer.source[0]}:{peer.source[1]}"
        branch, data = message_to(uri, request, peer.transport, str(peer.here), body)
        to = contact_of(request, peer.source)
        if peer.transport != "UDP":
            peer.send(data, to)
            return
        answered = self._awaited[branch] = asyncio.Event()
        try:
            await repeat(lambda: peer.send(data, to), answered)
        finally:
            del self._awaited[branch]

    def _came_back(self, response: Response) -> None:
        try:
            branch = response.branch
        except Malformed:
            return
        if response.status >= 200 and branch in self._awaited:
            self._awaited[branch].set()


async def repeat(send: Callable[[], None], answered: asyncio.Event) -> None:
    """Sends again and again, until it is answered or the message's lifetime is over."""
    wait, left = T1, LIFETIME
    while left > 0:
        send()
        try:
            async with asyncio.timeout(wait):
                await answered.wait()
            return
        except TimeoutError:
            left -= wait
            wait = min(2 * wait, T2)
