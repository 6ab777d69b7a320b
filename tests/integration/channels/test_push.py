"""Push messages to a real push service over TLS, read by a browser that follows the RFCs."""

import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from processors.channels.channel import Message, Receipt
from processors.channels.http import client
from processors.channels.network import Network
from processors.channels.push import TTL, Push
from rules.contact import Channel
from store.push_keys import new_pair
from tests.support.browser import Browser
from tests.support.certificate import certificate
from tests.support.channels import LOOPBACK, SHORT, message, nobody_listens, target
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONTACT = "mailto:drift@prov.example"
KEYS = new_pair()


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For the server and for us."""
    cert, key = certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=cert)


@pytest.fixture
def service(trusted: tuple[ssl.SSLContext, ssl.SSLContext]) -> Iterator[WebhookReceiver]:
    with webhook_receiver(trusted[0]) as receiver:
        receiver.answer = lambda request: Answer(201, b"", (("Location", "https://push.example/m/1"),))
        yield receiver


@pytest.fixture
def browser(service: WebhookReceiver) -> Browser:
    return Browser(service.url, KEYS.public)


@pytest.fixture
async def http(trusted: tuple[ssl.SSLContext, ssl.SSLContext]) -> AsyncIterator[httpx.AsyncClient]:
    async with client(LOOPBACK, trusted[1]) as made:
        yield made


async def private_key(public: str) -> str | None:
    return KEYS.private if public == KEYS.public else None


async def send(http: httpx.AsyncClient, browser: Browser, told: Message | None = None, **more: float) -> Receipt:
    push = Push(http, private_key, CONTACT, real_now=lambda: NOON, **more)
    return await push.send(told or message(), target(Channel.PUSH, browser.subscription))


async def test_an_alarm_reaches_the_browser(
    http: httpx.AsyncClient, service: WebhookReceiver, browser: Browser
) -> None:
    receipt = await send(http, browser)
    assert receipt == Receipt(True, reference="https://push.example/m/1", status=201, answer="")
    (request,) = service.take()
    said = browser.read(request.body)
    tag = said.pop("tag")
    assert said == {
        "id": "n-1",
        "title": "Larm",
        "body": "Öppna Vaka",
        "url": "https://vaka.example/?notification=n-1",
        "priority": 1,
        "test": False,
    }
    headers = request.headers
    assert (headers["Content-Encoding"], headers["Urgency"], headers["Topic"]) == ("aes128gcm", "high", tag)
    assert headers["TTL"] == str(int(TTL.total_seconds()))
    claims = browser.claims(headers["Authorization"])
    assert (claims["aud"], claims["sub"]) == (service.url.removesuffix("/alarms"), CONTACT)
    assert NOON < datetime.fromtimestamp(claims["exp"], UTC) <= NOON + timedelta(hours=24)
    assert b"Larm" not in request.body


async def test_the_same_alarm_takes_the_place_of_itself_and_of_no_other(
    http: httpx.AsyncClient, service: WebhookReceiver, browser: Browser
) -> None:
    for told in (message(), message(id="n-2", rung=1), message(id="n-3", alarm="a-2"), message(id="n-4", alarm=None)):
        await send(http, browser, told)
    topics = [request.headers["Topic"] for request in service.take(4)]
    assert topics[0] == topics[1]
    assert len(set(topics)) == 3
    assert all(len(topic) <= 32 for topic in topics)


async def test_what_can_wait_does_not_wake_a_telephone(
    http: httpx.AsyncClient, service: WebhookReceiver, browser: Browser
) -> None:
    for priority in (1, 2, 3, 4):
        await send(http, browser, message(priority=priority))
    assert [request.headers["Urgency"] for request in service.take(4)] == ["high", "normal", "low", "low"]


async def test_what_a_push_service_takes_at_most(
    http: httpx.AsyncClient, service: WebhookReceiver, browser: Browser
) -> None:
    await send(http, browser, message(body="å" * 5000, title="x" * 5000))
    (request,) = service.take()
    assert len(request.body) <= 4096
    assert browser.read(request.body)["body"] == "å" * 1000


ANSWERS = [
    (404, Receipt(False, gone=True, status=404, answer="")),
    (410, Receipt(False, gone=True, status=410, answer="")),
    (413, Receipt(False, refused=True, status=413, answer="")),
    (429, Receipt(False, retry_after=90.0, status=429, answer="")),
    (503, Receipt(False, retry_after=90.0, status=503, answer="")),
    (403, Receipt(False, status=403, answer="")),
    (307, Receipt(False, status=307, answer="")),
]


@pytest.mark.parametrize(("status", "receipt"), ANSWERS)
async def test_what_an_answer_means(
    http: httpx.AsyncClient, service: WebhookReceiver, browser: Browser, status: int, receipt: Receipt
) -> None:
    later = "Mon, 02 Mar 2026 12:01:30 GMT"
    service.answer = lambda request: Answer(status, b"", (("Retry-After", later), ("Location", service.url)))
    assert await send(http, browser) == receipt
    service.take()
    assert service.requests.empty()


async def test_a_service_that_hangs_or_is_not_there(
    http: httpx.AsyncClient, service: WebhookReceiver, browser: Browser
) -> None:
    service.hang()
    assert await send(http, browser, timeout_seconds=SHORT) == Receipt(False, error="no answer within 0.3 s")
    with nobody_listens() as port:
        gone = Browser(f"https://127.0.0.1:{port}/", KEYS.public)
        assert "ConnectError" in ((await send(http, gone)).error or "")


async def test_a_service_that_nobody_vouches_for_gets_nothing(service: WebhookReceiver, browser: Browser) -> None:
    async with client(LOOPBACK) as made:
        assert "CERTIFICATE_VERIFY_FAILED" in ((await send(made, browser)).error or "")
    assert service.requests.empty()


async def test_the_rest_of_the_machine_is_out_of_reach(service: WebhookReceiver, browser: Browser) -> None:
    async with client(Network()) as made:
        assert "is not public" in ((await send(made, browser)).error or "")
    assert service.requests.empty()


async def test_a_subscription_of_a_forgotten_key_is_gone(http: httpx.AsyncClient, service: WebhookReceiver) -> None:
    receipt = await send(http, Browser(service.url, new_pair().public))
    assert (receipt.accepted, receipt.gone) == (False, True)


async def test_keys_that_are_none_are_gone(http: httpx.AsyncClient, browser: Browser) -> None:
    for broken in ({"p256dh": "B" + "A" * 86}, {"p256dh": "x"}, {"auth": ""}, {"endpoint": "http://push.example/"}):
        address = {**browser.subscription, **broken}
        receipt = await Push(http, private_key, CONTACT).send(message(), target(Channel.PUSH, address))
        assert (receipt.accepted, receipt.gone) == (False, True), broken
