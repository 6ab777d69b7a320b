"""SIP over UDP, TCP and TLS: bytes in and out, and where one message ends and the next begins."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, Protocol, cast

from events.address import Address
from ingest.scaip.sip import Malformed, content_length, read_head

log = logging.getLogger(__name__)

MAX_HEAD = 16 * 1024
MAX_BODY = 64 * 1024
"""Bytes. A SCAIP request has at most 1,300; a datagram cannot be longer than this either."""

MAX_CONNECTIONS = 10_000
MESSAGE_SECONDS = 30.0
"""How long a message may take from its first byte to its last; between messages a connection may rest."""

PING, PONG = b"\r\n", b"\r\n"
"""How peers keep the way through address translation open (RFC 5626, 3.5.1)."""


class Peer(Protocol):
    """Where a message came from, and the way back. `here` is our own address as the peer sees it."""

    transport: str
    source: tuple[str, int]
    here: Address

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        """`to` counts for datagrams only: a stream leads to its own peer."""


Receive = Callable[[bytes, Peer], None]
TooLarge = Callable[[bytes, Peer], None]


class Datagrams(asyncio.DatagramProtocol):
    """One UDP socket."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._closed = asyncio.Event()
        self.address = Address("", 0)
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.address = Address(*transport.get_extra_info("sockname")[:2])

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if data.strip(b"\r\n\0"):
            self._receive(data.lstrip(b"\r\n"), Datagram(self, (addr[0], addr[1])))

    def error_received(self, exc: Exception) -> None:
        """A peer that is gone; it repeats what it wants."""
        log.debug("SCAIP over UDP: %s", exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    async def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
            await self._closed.wait()


class Datagram:
    """A UDP socket as the way to one peer."""

    transport = "UDP"

    def __init__(self, socket: Datagrams, source: tuple[str, int]) -> None:
        self._socket = socket
        self.source = source
        self.here = socket.address

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        if self._socket.transport is not None:
            self._socket.transport.sendto(data, to)


class Stream:
    """A connection's way out."""

    def __init__(self, writer: asyncio.StreamWriter, transport: str) -> None:
        self._writer = writer
        self.transport = transport
        self.source: tuple[str, int] = writer.get_extra_info("peername")[:2]
        self.here = Address(*writer.get_extra_info("sockname")[:2])

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        """A peer that takes nothing must not fill the memory: its connection ends."""
        if self._writer.transport.get_write_buffer_size() > MAX_BODY:
            self._writer.transport.abort()
        elif not self._writer.is_closing():
            self._writer.write(data)


class Streams:
    """Connections of TCP or TLS. `too_large` gets the head of a message whose body is not read."""

    def __init__(self, receive: Receive, too_large: TooLarge, transport: str) -> None:
        self._receive = receive
        self._too_large = too_large
        self._transport = transport
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def listen(self, address: Address, tls: ssl.SSLContext | None = None) -> asyncio.Server:
        return await asyncio.start_server(self.serve, address.host, address.port, limit=MAX_HEAD, ssl=tls)

    async def close(self) -> None:
        """Ends every connection."""
        reading = [task for task in self._open.values() if task is not None]
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*reading, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads messages until the connection ends, and closes it."""
        if len(self._open) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._open[writer] = asyncio.current_task()
        try:
            peer = Stream(writer, self._transport)
            while await self._next(reader, peer):
                pass
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, Malformed) as error:
            log.info("SCAIP over %s: connection ends: %s", self._transport, error or type(error).__name__)
        finally:
            del self._open[writer]
            writer.close()

    async def _next(self, reader: asyncio.StreamReader, peer: Stream) -> bool:
        """Reads one message. False when no more can be read; raises OSError, EOFError, LimitOverrunError, Malformed."""
        first = await reader.read(1)
        async with asyncio.timeout(MESSAGE_SECONDS):
            if first == b"\r":
                await reader.readexactly(1)
                peer.send(PONG, peer.source)
                return True
            if not first:
                return False
            head = first + await reader.readuntil(b"\r\n\r\n")
            length = content_length(read_head(head)) or 0
            if length > MAX_BODY:
                self._too_large(head, peer)
                return False
            self._receive(head + await reader.readexactly(length), peer)
            return True
