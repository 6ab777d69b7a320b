"""Posting to a real HTTP server that answers well, badly, late or not at all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import httpx
import pytest

from events.ids import AlarmId, TenantId
from processors.channels import http
from processors.channels.channel import Message, Receipt, Target
from processors.channels.webhook import Webhook, signature
from rules.contact import Channel
from tests.support.channels import LOOPBACK
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver

pytestmark = pytest.mark.anyio

SHORT = 0.2


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with http.client(LOOPBACK) as client:
        yield client


MESSAGE = Message(
    id="n-1", priority=1, title="Larm", body="", alarm=AlarmId("a"), rung=3, round=1, facts={"id": "a", "kind": "fall"}
)


def to(url: str, secret: str = "s") -> Target:
    return Target(Channel.WEBHOOK, {"url": url, "secret": secret}, {}, TenantId("testby"))


async def test_a_signed_post(client: httpx.AsyncClient, receiver: WebhookReceiver) -> None:
    send = Webhook(client, real_time=lambda: 1772434800.9).send
    assert await send(MESSAGE, to(receiver.url)) == Receipt(True, status=200, answer="thank you")
    (request,) = receiver.take()
    assert request.json == {"id": "n-1", "alarm": {"id": "a", "kind": "fall"}, "rung": 3, "round": 1}
    assert request.id == "n-1"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Vaka-Timestamp"] == "1772434800"
    assert request.headers["Vaka-Signature"] == signature("s", "1772434800", request.body)


@pytest.mark.parametrize(("status", "taken"), [(204, True), (299, True), (400, False), (500, False), (503, False)])
async def test_only_2xx_is_an_acceptance(
    client: httpx.AsyncClient, receiver: WebhookReceiver, status: int, taken: bool
) -> None:
    receiver.answer = lambda request: Answer(status, b"")
    assert await Webhook(client).send(MESSAGE, to(receiver.url)) == Receipt(taken, status=status, answer="")


async def test_redirects_are_not_followed(client: httpx.AsyncClient, receiver: WebhookReceiver) -> None:
    receiver.answer = lambda request: Answer(307, b"", (("Location", receiver.url),))
    assert (await Webhook(client).send(MESSAGE, to(receiver.url))).accepted is False
    receiver.take()
    assert receiver.requests.empty()


async def test_the_receipt_keeps_the_beginning_of_the_answer(
    client: httpx.AsyncClient, receiver: WebhookReceiver
) -> None:
    receiver.answer = lambda request: Answer(200, b"\0\xff" + "å".encode() * 100_000)
    receipt = await Webhook(client).send(MESSAGE, to(receiver.url))
    assert receipt == Receipt(True, status=200, answer="\ufffd\ufffd" + "å" * 498)


async def test_a_receiver_that_hangs(client: httpx.AsyncClient, receiver: WebhookReceiver) -> None:
    receiver.hang()
    receipt = await Webhook(client, timeout_seconds=SHORT).send(MESSAGE, to(receiver.url))
    assert receipt == Receipt(False, error="no answer within 0.2 s")


async def test_an_answer_that_never_ends_counts_from_its_beginning(client: httpx.AsyncClient) -> None:
    """Each read is quick, and yet there is no answer."""
    over = asyncio.Event()

    async def go_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(go_on, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receipt = await Webhook(client, timeout_seconds=SHORT).send(MESSAGE, to(f"http://127.0.0.1:{port}/"))
    await over.wait()
    server.close()
    await server.wait_closed()
    assert receipt == Receipt(False, error="no answer within 0.2 s")


async def test_a_receiver_that_is_not_there(client: httpx.AsyncClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        receipt = await Webhook(client).send(MESSAGE, to(f"http://127.0.0.1:{port}/"))
    assert receipt == Receipt(False, error="ConnectError: All connection attempts failed")


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1/", "http://[::1", "http://a b/"])
async def test_an_address_that_does_not_work(client: httpx.AsyncClient, url: str) -> None:
    receipt = await Webhook(client).send(MESSAGE, to(url))
    assert (receipt.accepted, receipt.status) == (False, None)
    assert receipt.error
