"""Real sockets on loopback: UDP, TCP and TLS, and where one message of a stream ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from events.address import Address
from ingest.scaip.server import Options, ScaipGateway
from ingest.scaip.sip import Response, parse
from ingest.scaip.transport import MAX_BODY
from tests.support.certificate import certificate
from tests.unit.ingest.scaip.conftest import NOW, Log

pytestmark = pytest.mark.anyio

ANY_PORT = Address("127.0.0.1", 0)
PRESS = b"<mrq><ref>1243</ref><cid>678</cid><dty>2</dty></mrq>"


def message(body: bytes = PRESS, branch: str = "one", length: int | None = None, transport: str = "TCP") -> bytes:
    lines = [
        "MESSAGE sip:vaka@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/{transport} 127.0.0.1:9;rport;branch=z9hG4bK{branch}",
        "From: <sip:678@alarm.example>;tag=1",
        "To: <sip:vaka@127.0.0.1>",
        "Call-ID: one",
        "CSeq: 1 MESSAGE",
        "Content-Type: application/scaip+xml",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def running(options: Options, log: Log) -> AsyncIterator[ScaipGateway]:
    stop = asyncio.Event()
    gateway = ScaipGateway(options, log.offer, lambda: NOW)
    task = asyncio.create_task(gateway.run(stop))
    try:
        await asyncio.wait({task, asyncio.ensure_future(gateway.listening.wait())}, return_when="FIRST_COMPLETED")
        yield gateway
    finally:
        stop.set()
        await task


@pytest.fixture
async def gateway(log: Log) -> AsyncIterator[ScaipGateway]:
    async with running(Options(listen=ANY_PORT), log) as gateway:
        yield gateway


async def answer(reader: asyncio.StreamReader) -> Response:
    head = await reader.readuntil(b"\r\n\r\n")
    read = parse(head, is_whole=False)
    length = int(read.headers.get("content-length") or 0)
    whole = parse(head + await reader.readexactly(length))
    assert isinstance(whole, Response)
    return whole


class Device(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.came.put_nowait(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


async def test_a_datagram(gateway: ScaipGateway) -> None:
    transport, device = await asyncio.get_running_loop().create_datagram_endpoint(Device, remote_addr=gateway.udp)
    try:
        transport.sendto(b"\r\n\r\n")
        transport.sendto(b"nonsense")
        transport.sendto(message(transport="UDP"))
        given = parse(await device.came.get())
        assert given.body == b"<mrs><ref>1243</ref><snu>0</snu></mrs>"
        assert "received=127.0.0.1" in (given.headers.get("via") or "")
    finally:
        transport.close()
        await device.closed.wait()


async def test_messages_of_a_stream_one_after_the_other_and_in_pieces(gateway: ScaipGateway) -> None:
    assert gateway.tcp is not None
    reader, writer = await asyncio.open_connection(*gateway.tcp)
    writer.write(b"\r\n\r\n" + message(branch="1") + message(branch="2") + b"\r\n")
    third = message(branch="3")
    for place in range(0, len(third), 100):
        writer.write(third[place : place + 100])
        await writer.drain()
    for _ in range(2):
        assert await reader.readexactly(2) == b"\r\n"
    texts = [await reader.readuntil(b"</mrs>") for _ in range(3)]
    assert sum(text.count(b"SIP/2.0 200 OK") for text in texts) == 3
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        message(length=MAX_BODY + 1),
        message(body=b"x" * 1_000_000),
    ],
    ids=["said", "sent"],
)
async def test_a_body_that_is_too_large_is_not_read(gateway: ScaipGateway, data: bytes, log: Log) -> None:
    assert gateway.tcp is not None
    reader, writer = await asyncio.open_connection(*gateway.tcp)
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"SIP/2.0 413 ")
    writer.close()
    assert log.offered == []


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 100_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        message(length=-1),
        b"nonsense\r\n\r\n",
        b"\rx",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["endless", "http", "length", "nonsense", "half a ping", "tls"],
)
async def test_what_is_not_sip_ends_the_connection_and_nothing_else(gateway: ScaipGateway, data: bytes) -> None:
    assert gateway.tcp is not None
    reader, writer = await asyncio.open_connection(*gateway.tcp)
    writer.write(data)
    writer.write_eof()
    try:
        while await reader.read(1000):
            pass
    except ConnectionError:
        pass
    writer.close()
    reader, writer = await asyncio.open_connection(*gateway.tcp)
    writer.write(message())
    assert (await answer(reader)).status == 200
    writer.close()


async def test_tls_and_nothing_older_than_1_2(log: Log, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    options = Options(tls_listen=ANY_PORT, certificate=cert, key=key)
    async with running(options, log) as gateway:
        assert gateway.tls is not None
        trust = ssl.create_default_context(cafile=cert)
        reader, writer = await asyncio.open_connection(*gateway.tls, ssl=trust, server_hostname="localhost")
        writer.write(message(transport="TLS"))
        assert (await answer(reader)).body == b"<mrs><ref>1243</ref><snu>0</snu></mrs>"
        writer.close()
        reader, writer = await asyncio.open_connection(*gateway.tls)
        writer.write(message())
        assert b"SIP/2.0" not in await reader.read(1000)
        writer.close()


async def test_users_are_asked_for_their_password(log: Log, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("678:secret\n")
    async with running(Options(listen=ANY_PORT, users=users), log) as gateway:
        assert gateway.tcp is not None
        reader, writer = await asyncio.open_connection(*gateway.tcp)
        writer.write(message())
        assert (await answer(reader)).status == 401
        writer.close()
    assert log.offered == []


async def test_what_cannot_be_used_is_told_at_the_start(log: Log, gateway: ScaipGateway, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="users"):
        ScaipGateway(Options(users=tmp_path / "users"), log.offer, lambda: NOW)
    with pytest.raises(OSError, match="certificate"):
        ScaipGateway(Options(tls_listen=ANY_PORT), log.offer, lambda: NOW)
    taken = ScaipGateway(Options(listen=gateway.tcp), log.offer, lambda: NOW)
    with pytest.raises(OSError, match="in use"):
        await taken.run(asyncio.Event())
