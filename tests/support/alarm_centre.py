"""An alarm centre that takes SCAIP over UDP, TCP or TLS on a free port, and answers what it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from events.address import Address
from ingest.scaip.agent import Agent, Way
from ingest.scaip.digest import Digest
from ingest.scaip.document import Document, Status, answer, parse
from ingest.scaip.transport import Datagrams, Streams


class Centre:
    """The SIP side of Vaka's gateway, and `snus` that it answers one after the other, the last one from then on."""

    def __init__(self, snus: Sequence[int]) -> None:
        self.requests: list[Document] = []
        self._snus = list(snus)
        self.port = 0
        self.more: dict[str, Any] = {}

    async def answer(self, body: bytes) -> bytes:
        self.requests.append(parse(body))
        snu = self._snus.pop(0) if len(self._snus) > 1 else self._snus[0]
        return answer(self.requests[-1].ref, Status(snu))

    @property
    def settings(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, **self.more}


@asynccontextmanager
async def centre(
    transport: str = "udp",
    snus: Sequence[int] = (0,),
    way: Way = Way.AUTO,
    password: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Centre]:
    made = Centre(snus)
    digest = Digest("prov", lambda user: password) if password else None
    agent = Agent(made.answer, digest, way)
    made.more = {"transport": transport}
    async with _listening(agent, transport, tls) as made.port:
        yield made


@asynccontextmanager
async def _listening(agent: Agent, transport: str, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    here = Address("127.0.0.1", 0)
    if transport == "udp":
        udp = Datagrams(agent.receive)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: udp, local_addr=here)
        try:
            yield udp.address.port
        finally:
            await agent.close()
            await udp.close()
        return
    streams = Streams(agent.receive, agent.too_large, transport.upper())
    server = await streams.listen(here, tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await agent.close()
        server.close()
        await streams.close()
