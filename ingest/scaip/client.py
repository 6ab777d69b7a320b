"""SCAIP towards an alarm centre: one request, and the answer in the 200 or in a MESSAGE that comes back.

The counterpart of `agent`: there Vaka is the receiver, here the sender. It says everything once and repeats it over UDP
only; asking again, and asking somebody else, is up to whoever calls.
"""

import asyncio
import contextlib
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from ingest.scaip.agent import repeat
from ingest.scaip.digest import authorization
from ingest.scaip.document import Fault, read_answer, write
from ingest.scaip.sip import SCAIP, Malformed, Request, Response, message, parse, respond, way_back
from ingest.scaip.transport import Datagram, Datagrams, Peer, Stream, Streams

METHOD = "MESSAGE"
CHALLENGES = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}


class Centre(Protocol):
    """What the client must know of a receiver. `answer`: where that puts its answers."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def transport(self) -> str: ...
    @property
    def user(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def answer(self) -> str: ...


class Refused(ConnectionError):
    """The receiver has answered, with a SIP status that is no 200."""


Resolve = Callable[[str, int, socket.SocketKind], Awaitable[list[str]]]
"""The addresses of a host that may be connected to. Raises OSError."""

_Arrived = asyncio.Queue[tuple[Request | Response, Peer] | None]
"""What came; None when the connection has ended and nothing more can come."""


class ScaipClient:
    """`tls` None: public authorities. Whoever calls sets the limit of time."""

    def __init__(self, resolve: Resolve, tls: ssl.SSLContext | None = None) -> None:
        self._resolve = resolve
        self._tls = tls

    async def tell(self, centre: Centre, fields: Mapping[str, str]) -> int:
        """The `snu` that the centre answers to a request with `fields`. Raises OSError or ValueError."""
        arrived: _Arrived = asyncio.Queue()
        connect = self._datagrams if centre.transport == "udp" else self._stream
        async with connect(centre, arrived) as way:
            exchange = _Exchange(centre, fields, way)
            exchange.ask()
            try:
                while (came := await arrived.get()) is not None:
                    snu = exchange.take(*came)
                    if snu is not None:
                        return snu
            finally:
                await exchange.end()
        raise ConnectionError("the connection ended before the answer")

    @asynccontextmanager
    async def _datagrams(self, centre: Centre, arrived: _Arrived) -> AsyncIterator[Peer]:
        (host, *_) = await self._resolve(centre.host, centre.port, socket.SOCK_DGRAM)
        sockets = Datagrams(_from(host, arrived))
        # Not connected: an answer in a MESSAGE of its own may come from another port.
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: sockets, local_addr=(_own_address(host, centre.port), 0)
        )
        try:
            yield Datagram(sockets, (host, centre.port))
        finally:
            await sockets.close()

    @asynccontextmanager
    async def _stream(self, centre: Centre, arrived: _Arrived) -> AsyncIterator[Peer]:
        (host, *_) = await self._resolve(centre.host, centre.port, socket.SOCK_STREAM)
        tls = (self._tls or ssl.create_default_context()) if centre.transport == "tls" else None
        name = centre.host.strip("[]") if tls is not None else None
        reader, writer = await asyncio.open_connection(host, centre.port, ssl=tls, server_hostname=name)
        streams = Streams(_from(host, arrived), lambda head, peer: None, centre.transport.upper())
        reading = asyncio.create_task(streams.serve(reader, writer))
        reading.add_done_callback(lambda _: arrived.put_nowait(None))
        try:
            yield Stream(writer, centre.transport.upper())
        finally:
            writer.transport.abort()
            await asyncio.wait([reading])


class _Exchange:
    """One request on its way: sent, repeated over UDP, proved with a password when that is asked for, answered."""

    def __init__(self, centre: Centre, fields: Mapping[str, str], way: Peer) -> None:
        host = f"[{way.source[0]}]" if ":" in way.source[0] else way.source[0]
        self._centre = centre
        self._way = way
        self._ref = fields["ref"]
        self._body = write(dict(fields))
        self._uri = f"sip:{host}:{centre.port}"
        self._us = f"sip:{centre.user or fields['cid']}@{way.here}"
        self._call_id = secrets.token_hex(16)
        self._number = 0
        self._branch = ""
        self._answered = asyncio.Event()
        self._repeating: asyncio.Task[None] | None = None

    def ask(self, *fields: tuple[str, str]) -> None:
        self._number += 1
        # A Contact and no Accept says: answer in a MESSAGE. An Accept says: in the 200.
        says = ("Accept", SCAIP) if self._centre.answer == "response" else ("Contact", f"<{self._us}>")
        self._branch, data = message(
            *(self._uri, self._us, self._uri, self._way.transport, str(self._way.here), self._body),
            *(says, *fields),
            call_id=self._call_id,
            number=self._number,
        )
        if self._way.transport != "UDP":
            self._way.send(data, self._way.source)
            return
        self._answered = asyncio.Event()
        self._repeating = asyncio.create_task(repeat(lambda: self._way.send(data, self._way.source), self._answered))

    def take(self, came: Request | Response, peer: Peer) -> int | None:
        """The `snu`, once it is there. Raises Refused, or ValueError when the answer is none of SCAIP."""
        if isinstance(came, Request):
            return self._asked(came, peer)
        if came.branch != self._branch or came.status < 200:
            return None
        self._answered.set()
        if came.status in CHALLENGES and self._number == 1 and self._centre.password is not None:
            self._prove(came)
            return None
        if came.status >= 300:
            raise Refused(f"SIP status {came.status}")
        return self._read(came.body) if came.body else None

    def _asked(self, request: Request, peer: Peer) -> int | None:
        """Our answer, in a request of its own: it is acknowledged, again when it comes again."""
        if request.method != METHOD or not request.body:
            return None
        peer.send(respond(request, 200, peer.source), way_back(request, peer.source))
        self._answered.set()
        return self._read(request.body)

    def _read(self, body: bytes) -> int | None:
        try:
            answer = read_answer(body)
        except Fault as fault:
            raise ValueError(f"the answer cannot be read: {fault}") from fault
        return answer.status if answer.ref in (self._ref, None) else None

    def _prove(self, response: Response) -> None:
        name = CHALLENGES[response.status]
        challenge = response.headers.get(name[0]) or ""
        user, password = self._centre.user or "", self._centre.password or ""
        self._stop_repeating()
        self.ask((name[1], authorization(challenge, METHOD, self._uri, user, password)))

    def _stop_repeating(self) -> None:
        if self._repeating is not None:
            self._repeating.cancel()

    async def end(self) -> None:
        self._stop_repeating()
        if self._repeating is not None:
            await asyncio.wait([self._repeating])


def _from(host: str, arrived: _Arrived) -> Callable[[bytes, Peer], None]:
    """Takes what `host` sends. What cannot be read is not there, as for any SIP peer, and time runs out."""

    def receive(data: bytes, peer: Peer) -> None:
        with contextlib.suppress(Malformed):
            if peer.source[0] == host:
                arrived.put_nowait((parse(data), peer))

    return receive


def _own_address(host: str, port: int) -> str:
    """By which `host` is reached: what a Via must name. Nothing is sent."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        address: str = probe.getsockname()[0]
        return address
