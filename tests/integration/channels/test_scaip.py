"""SCAIP towards an alarm centre: Vaka's own gateway in its place, and sockets that answer as no centre should."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest.scaip.client import ScaipClient
from processors.channels.channel import Message, Receipt
from processors.channels.network import Network
from processors.channels.scaip import Scaip
from rules.contact import Channel
from tests.support.alarm_centre import centre
from tests.support.certificate import certificate
from tests.support.channels import LOOPBACK, SHORT, message, nobody_listens, says, target

pytestmark = pytest.mark.anyio

CID = {"cid": "prov-1"}


async def send(*centres: dict[str, Any], told: Message | None = None, tls: ssl.SSLContext | None = None) -> Receipt:
    scaip = Scaip(ScaipClient(LOOPBACK.resolve, tls).tell)
    return await scaip.send(told or message(), target(Channel.SCAIP, CID, {"centres": list(centres)}))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("way", ["response", "message"])
async def test_an_alarm_is_handled(transport: str, way: str) -> None:
    """The centre answers in the 200, or in a MESSAGE of its own: it reads from our headers what we wait for."""
    async with centre(transport) as there:
        receipt = await send({**there.settings, "answer": way})
    (request,) = there.requests
    assert receipt == Receipt(True, delivered=True, reference=request.ref, status=0)
    told = {name: request.get(name) for name in ("cid", "dty", "mty", "stc", "pri", "stt", "ite")}
    assert told == {
        "cid": "prov-1",
        "dty": "0002",
        "mty": "ME",
        "stc": "0010",
        "pri": "9",
        "stt": "Larm",
        "ite": "Öppna Vaka https://vaka.example/?notification=n-1",
    }


async def test_over_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(cert, key)
    async with centre("tls", tls=theirs) as there:
        assert (await send(there.settings, tls=ssl.create_default_context(cafile=cert))).accepted
        assert "CERTIFICATE_VERIFY_FAILED" in ((await send(there.settings)).error or "")
    assert len(there.requests) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_with_a_password(transport: str) -> None:
    async with centre(transport, password="s3cret") as there:
        assert (await send({**there.settings, "user": "vaka", "password": "s3cret"})).accepted
        wrong = await send({**there.settings, "user": "vaka", "password": "wrong"})
        nothing = await send(there.settings)
    assert len(there.requests) == 1
    for receipt in (wrong, nothing):
        assert (receipt.accepted, "SIP status 401" in (receipt.error or "")) == (False, True)


async def test_a_centre_that_says_hold_gets_the_same_request_again() -> None:
    async with centre(snus=(4, 0)) as there:
        first, second = [await send(there.settings) for _ in range(2)]
    assert (first.accepted, first.retry_after, first.status) == (False, 5.0, 4)
    assert second.accepted
    assert there.requests[0] == there.requests[1]


@pytest.mark.parametrize("snu", [5, 6])
async def test_what_one_centre_does_not_treat_the_next_one_has(snu: int) -> None:
    async with centre(snus=(snu, snu)) as first, centre("tcp", snus=(0,)) as second:
        assert (await send(first.settings, second.settings)).accepted
        receipt = await send(first.settings)
    assert [request.ref for request in first.requests[:1]] == [request.ref for request in second.requests]
    assert (receipt.accepted, receipt.refused, receipt.retry_after, receipt.status) == (False, False, None, snu)


async def test_a_centre_that_is_away_costs_its_share_of_the_time_only() -> None:
    scaip = Scaip(ScaipClient(LOOPBACK.resolve).tell, timeout_seconds=4 * SHORT)
    async with centre() as there:
        with nobody_listens() as port:
            away = {"host": "127.0.0.1", "port": port, "transport": "udp"}
            refusing = {"host": "127.0.0.1", "port": port, "transport": "tcp"}
            provider = {"centres": [away, refusing, there.settings]}
            assert (await scaip.send(message(), target(Channel.SCAIP, CID, provider))).accepted
            receipt = await scaip.send(message(), target(Channel.SCAIP, CID, {"centres": [away, refusing]}))
    assert (receipt.accepted, receipt.refused) == (False, False)
    assert "no answer" in (receipt.error or "")
    assert "ConnectionRefused" in (receipt.error or "")


@pytest.mark.parametrize("snu", [1, 2, 3, 7, 10])
async def test_a_request_that_is_wrong_is_not_sent_again(snu: int) -> None:
    async with centre(snus=(snu,)) as there:
        receipt = await send(there.settings)
    assert (receipt.accepted, receipt.refused, receipt.status) == (False, True, snu)


async def test_a_test_is_a_test_to_the_centre_as_well() -> None:
    async with centre() as there:
        assert (await send(there.settings, told=message(alarm=None))).accepted
    assert (there.requests[0].get("stc"), there.requests[0].get("pri")) == ("0102", "0")


async def test_the_longest_message_is_within_what_a_receiver_must_read() -> None:
    async with centre() as there:
        assert (await send(there.settings, told=message(title="å" * 500, body="&" * 500))).accepted


Reply = Callable[[bytes], bytes]


@asynccontextmanager
async def udp_server(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
            self.transport.sendto(reply(data), addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    try:
        yield {"host": "127.0.0.1", "port": transport.get_extra_info("sockname")[1], "transport": "udp"}
    finally:
        transport.close()
        await asyncio.sleep(0)


def echo_with(status: str, body: bytes) -> Reply:
    """The headers of the request that an answer must repeat, with this status and body."""

    def reply(data: bytes) -> bytes:
        lines = data.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        kept = [line for line in lines if line.split(b":")[0] in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")]
        length = b"Content-Length: %d" % len(body)
        return b"\r\n".join([f"SIP/2.0 {status}".encode(), *kept, length, b"", body])

    return reply


NONSENSE = [
    (echo_with("200 OK", b"<mrs><ref>x</ref>"), "cannot be read"),
    (echo_with("200 OK", b"<mrs><snu>soon</snu></mrs>"), "cannot be read"),
    (echo_with("503 Busy", b""), "SIP status 503"),
    (echo_with("401 Unauthorized", b""), "SIP status 401"),
    (echo_with("200 OK", b"<mrs><ref>another</ref><snu>0</snu></mrs>"), "no answer"),
    (lambda data: b"nonsense", "no answer"),
    (lambda data: b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=another\r\n\r\n", "no answer"),
    (echo_with("100 Trying", b""), "no answer"),
]


@pytest.mark.parametrize(("reply", "error"), NONSENSE)
async def test_answers_that_are_none(reply: Reply, error: str) -> None:
    scaip = Scaip(ScaipClient(LOOPBACK.resolve).tell, timeout_seconds=SHORT)
    async with udp_server(reply) as settings:
        receipt = await scaip.send(message(), target(Channel.SCAIP, CID, {"centres": [settings]}))
    assert (receipt.accepted, receipt.refused) == (False, False)
    assert error in (receipt.error or "")


async def test_over_udp_a_lost_request_is_sent_again() -> None:
    lost: list[bytes] = []
    handled = echo_with("200 OK", b"<mrs><snu>0</snu></mrs>")

    def reply(data: bytes) -> bytes:
        lost.append(data)
        return b"" if len(lost) == 1 else handled(data)

    async with udp_server(reply) as settings:
        assert (await send(settings)).accepted
    assert lost[0] == lost[1]


async def test_a_connection_that_ends_is_not_waited_for() -> None:
    async with says(b"SIP/2.0 nonsense\r\n\r\n", hangs_up=True) as port:
        receipt = await send({"host": "127.0.0.1", "port": port, "transport": "tcp"})
    assert "the connection ended" in (receipt.error or "")


async def test_the_rest_of_the_machine_is_out_of_reach() -> None:
    tell: Callable[..., Awaitable[int]] = ScaipClient(Network().resolve).tell
    async with centre() as there:
        receipt = await Scaip(tell).send(message(), target(Channel.SCAIP, CID, {"centres": [there.settings]}))
    assert "is not public" in (receipt.error or "")
    assert there.requests == []
