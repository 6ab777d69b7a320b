"""What tests of channels share: a message, a network of loopback, and servers that are not there or never answer."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from events.ids import AlarmId, TenantId
from processors.channels.channel import Message, Target
from processors.channels.network import Network
from processors.channels.permitted import networks
from rules.contact import Channel

LOOPBACK = Network(networks("127.0.0.0/8"))
SHORT = 0.3
"""Seconds that a sender waits for somebody who never answers."""


def message(**fields: Any) -> Message:
    """An alarm for life; `alarm=None` for a test message."""
    given = {"title": "Larm", "body": "Öppna Vaka", "url": "https://vaka.example/?notification=n-1"}
    return Message(**{"id": "n-1", "priority": 1, "alarm": AlarmId("a-1"), **given, **fields})


def target(channel: Channel, address: dict[str, Any], provider: dict[str, Any] | None = None) -> Target:
    return Target(channel, address, provider or {}, TenantId("prov"))


@contextmanager
def nobody_listens() -> Iterator[int]:
    """A port of loopback that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@asynccontextmanager
async def says(*chunks: bytes, hangs_up: bool = False) -> AsyncIterator[int]:
    """The port of a server that says these to everybody who connects, whatever they want, and then nothing more."""

    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        with contextlib.suppress(ConnectionError):
            for chunk in chunks:
                writer.write(chunk)
            # Until the other side has had enough.
            while not hangs_up and await reader.read(65536):
                pass
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*open_now)
