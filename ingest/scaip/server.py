"""The SCAIP gateway as a part of Vaka: its sockets, from start to stop."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from events.address import Address
from ingest.scaip.agent import Agent, Way
from ingest.scaip.digest import Digest, Users
from ingest.scaip.gateway import HOLD_SECONDS, Gateway, Offer
from ingest.scaip.transport import Datagrams, Streams

log = logging.getLogger(__name__)


class Options(Struct, frozen=True, kw_only=True):
    """`listen`: UDP and TCP; `tls_listen`: TLS, with `certificate` and `key` (PEM files). None: not at all.

    `users`: the file of who may send; None lets everybody. `hold_seconds`: after which a sender is told to ask again.
    """

    listen: Address | None = None
    tls_listen: Address | None = None
    certificate: Path | None = None
    key: Path | None = None
    users: Path | None = None
    realm: str = "vaka"
    way: Way = Way.AUTO
    heartbeat_minutes: int | None = None
    hold_seconds: float = HOLD_SECONDS


class ScaipGateway:
    """`offer` takes deliveries for the log. `listening` is set once the sockets are open; port 0 took a free one.

    Raises OSError when an address, the certificate or the file of users cannot be used.
    """

    def __init__(self, options: Options, offer: Offer, now: Callable[[], datetime]) -> None:
        digest = Digest(options.realm, Users(options.users).password) if options.users is not None else None
        self._options = options
        self._gateway = Gateway(
            offer, now, heartbeat_minutes=options.heartbeat_minutes, hold_seconds=options.hold_seconds
        )
        self._agent = Agent(self._gateway.answer, digest, options.way)
        self._tls = _tls(options)
        self.listening = asyncio.Event()
        self.udp: Address | None = None
        self.tcp: Address | None = None
        self.tls: Address | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Listens until `stop` is set. Who has no answer by then asks again, or somebody else."""
        udp = Datagrams(self._agent.receive)
        tcp = Streams(self._agent.receive, self._agent.too_large, "TCP")
        tls = Streams(self._agent.receive, self._agent.too_large, "TLS")
        servers: list[asyncio.Server] = []
        try:
            if self._options.listen is not None:
                servers.append(await tcp.listen(self._options.listen))
                self.tcp = _address(servers[-1])
                self.udp = await self._listen_udp(udp, self._options.listen)
            if self._options.tls_listen is not None:
                servers.append(await tls.listen(self._options.tls_listen, self._tls))
                self.tls = _address(servers[-1])
            log.info("SCAIP: UDP %s, TCP %s, TLS %s", self.udp, self.tcp, self.tls)
            self.listening.set()
            await stop.wait()
        finally:
            self._gateway.close()
            await self._agent.close()
            for server in servers:
                server.close()
            for sockets in (udp, tcp, tls):
                await sockets.close()

    async def _listen_udp(self, udp: Datagrams, address: Address) -> Address:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: udp, local_addr=(address.host, address.port))
        return udp.address


def _address(server: asyncio.Server) -> Address:
    return Address(*server.sockets[0].getsockname()[:2])


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_listen is None:
        return None
    if options.certificate is None or options.key is None:
        raise OSError("TLS needs a certificate and its key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Tickets come unasked after the handshake, and some SIP clients take them for an answer.
    context.num_tickets = 0
    context.load_cert_chain(options.certificate, options.key)
    return context
