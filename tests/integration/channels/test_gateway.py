"""SMS and voice calls through a gateway's API: a real HTTP server that accepts, refuses, hangs, or talks nonsense."""

import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from processors.channels.channel import Receipt
from processors.channels.gateway import GatewaySender
from processors.channels.http import client
from processors.channels.network import Network
from rules.contact import Channel
from tests.support.channels import LOOPBACK, SHORT, message, nobody_listens, says, target
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver

pytestmark = pytest.mark.anyio

ANNAS = {"number": "+46700000001"}
TEXT = "Larm. Öppna Vaka https://vaka.example/?notification=n-1"


@pytest.fixture
def server() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client(LOOPBACK) as made:
        yield made


def gateway(server: WebhookReceiver, **settings: Any) -> dict[str, Any]:
    template = {"to": "{to}", "message": {"text": "{text}"}, "parts": ["{id}", 1]}
    return {"url": server.url, "template": template, **settings}


async def send(http: httpx.AsyncClient, provider: dict[str, Any], channel: Channel = Channel.SMS) -> Receipt:
    return await GatewaySender(http).send(message(), target(channel, ANNAS, provider))


async def test_json_as_the_template_has_it(http: httpx.AsyncClient, server: WebhookReceiver) -> None:
    server.answer = lambda request: Answer(201, b'{"messages": [{"id": 17}]}')
    receipt = await send(http, gateway(server, answer={"reference": "messages.0.id"}))
    assert (receipt.accepted, receipt.reference, receipt.status) == (True, "17", 201)
    (request,) = server.take()
    assert request.json == {"to": "+46700000001", "message": {"text": TEXT}, "parts": ["n-1", 1]}
    assert request.headers["Idempotency-Key"] == "n-1"


async def test_a_form_with_a_password(http: httpx.AsyncClient, server: WebhookReceiver) -> None:
    form = {"to": "{to}", "message": "{text}", "from": "{sender}"}
    secrets = {"password": "s3cret", "token": "t0ken"}
    headers = {"X-Token": "{secret.token}"}
    await send(
        http,
        gateway(server, body="form", template=form, sender="Vaka", user="u", secrets=secrets, headers=headers),
    )
    (request,) = server.take()
    assert parse_qs(request.body.decode()) == {"to": ["+46700000001"], "message": [TEXT], "from": ["Vaka"]}
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"u:s3cret").decode()
    assert request.headers["X-Token"] == "t0ken"


async def test_what_goes_into_the_address_can_say_nothing_else(
    http: httpx.AsyncClient, server: WebhookReceiver
) -> None:
    told = message(title="x&to=+46&a=", body="\r\nHost: evil", url=None)
    provider = gateway(server, url=f"{server.url}/{{title}}?a=1", body="query", template={"to": "{to}", "t": "{text}"})
    assert (await GatewaySender(http).send(told, target(Channel.SMS, ANNAS, provider))).accepted
    (request,) = server.take()
    path, _, query = request.path.partition("?")
    assert path == "/alarms/x%26to%3D%2B46%26a%3D"
    assert parse_qs(query) == {"a": ["1"], "to": ["+46700000001"], "t": ["x&to=+46&a=. \r\nHost: evil"]}
    assert "evil" not in request.headers["Host"]


async def test_a_header_takes_one_line_only(http: httpx.AsyncClient, server: WebhookReceiver) -> None:
    told = message(body="x\r\nX-Evil: 1")
    provider = gateway(server, headers={"X-Text": "{body}"})
    receipt = await GatewaySender(http).send(told, target(Channel.SMS, ANNAS, provider))
    assert not receipt.accepted
    assert receipt.error is not None
    assert server.requests.empty()


async def test_a_call_says_what_a_key_does(http: httpx.AsyncClient, server: WebhookReceiver) -> None:
    receipts = {"reference": "id", "state": "state", "key": "key", "accept_key": "5"}
    for language, more in (("sv", "Tryck 5 för att ta larmet."), ("en", "Press 5 to take the alarm.")):
        await send(http, gateway(server, receipts=receipts, language=language), Channel.VOICE)
        (request,) = server.take()
        assert request.json["message"]["text"] == f"Larm. Öppna Vaka {more}"
    await send(http, gateway(server), Channel.VOICE)
    (request,) = server.take()
    assert request.json["message"]["text"] == "Larm. Öppna Vaka"


ANSWERS: list[tuple[int, bytes, str]] = [
    (200, b'{"ok": true}', "accepted"),
    (200, b'{"ok": false, "code": "busy"}', "later"),
    (200, b'{"ok": false, "code": "dead"}', "gone"),
    (200, b'{"ok": false, "code": "never"}', "refused"),
    (400, b'{"ok": true}', "later"),
    (500, b"", "later"),
    (200, b"<html>nonsense", "later"),
    (200, b"\xff\x00" + b"[" * 5000, "later"),
]


@pytest.mark.parametrize(("status", "body", "outcome"), ANSWERS)
async def test_what_an_answer_means(
    http: httpx.AsyncClient, server: WebhookReceiver, status: int, body: bytes, outcome: str
) -> None:
    rules = {
        "accepted": {"path": "ok", "values": ["true"]},
        "gone": {"path": "code", "values": ["dead"]},
        "refused": {"path": "code", "values": ["never"]},
    }
    server.answer = lambda request: Answer(status, body)
    receipt = await send(http, gateway(server, answer=rules))
    flags = {"accepted": receipt.accepted, "gone": receipt.gone, "refused": receipt.refused}
    assert [name for name, is_set in flags.items() if is_set] == ([outcome] if outcome != "later" else [])
    assert receipt.status == status


async def test_a_plain_answer_is_read_as_text_and_as_a_form(http: httpx.AsyncClient, server: WebhookReceiver) -> None:
    server.answer = lambda request: Answer(200, b"id=77&status=0\n")
    assert (await send(http, gateway(server, answer={"reference": "id"}))).reference == "77"
    server.answer = lambda request: Answer(200, b"88\n")
    assert (await send(http, gateway(server, answer={"reference": "text"}))).reference == "88"


@pytest.mark.parametrize(("status", "header", "seconds"), [(429, "7", 7.0), (503, "99999", 3600.0), (429, "?", None)])
async def test_a_gateway_that_wants_to_be_left_alone(
    http: httpx.AsyncClient, server: WebhookReceiver, status: int, header: str, seconds: float | None
) -> None:
    server.answer = lambda request: Answer(status, b"", (("Retry-After", header),))
    receipt = await send(http, gateway(server))
    assert (receipt.accepted, receipt.retry_after) == (False, seconds)


async def test_redirects_are_not_followed_and_cookies_not_kept(
    http: httpx.AsyncClient, server: WebhookReceiver
) -> None:
    server.answer = lambda request: Answer(307, b"", (("Location", server.url), ("Set-Cookie", "a=b")))
    assert (await send(http, gateway(server))).accepted is False
    assert (await send(http, gateway(server))).accepted is False
    assert ["Cookie" in request.headers for request in server.take(2)] == [False, False]
    assert server.requests.empty()


async def test_proxies_of_the_environment_are_not_asked(
    http: httpx.AsyncClient, server: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with client(LOOPBACK) as made:
        assert (await send(made, gateway(server))).accepted


async def test_a_gateway_that_hangs_or_trickles(http: httpx.AsyncClient) -> None:
    sender = GatewaySender(http, timeout_seconds=SHORT)
    for chunks in ((), (b"HTTP/1.1 200 OK\r\n",), (b"HTTP/1.1 100 Continue\r\n\r\n",)):
        async with says(*chunks) as port:
            provider = {"url": f"http://127.0.0.1:{port}/", "template": {"to": "{to}"}}
            receipt = await sender.send(message(), target(Channel.SMS, ANNAS, provider))
        assert receipt == Receipt(False, error="no answer within 0.3 s")


async def test_a_gateway_that_is_not_there_or_no_http(http: httpx.AsyncClient) -> None:
    with nobody_listens() as port:
        provider = {"url": f"http://127.0.0.1:{port}/", "template": {"to": "{to}"}}
        assert "ConnectError" in ((await send(http, provider)).error or "")
    async with says(b"220 mail.example ESMTP\r\n\r\n") as port:
        provider = {"url": f"http://127.0.0.1:{port}/", "template": {"to": "{to}"}}
        assert "RemoteProtocolError" in ((await send(http, provider)).error or "")


async def test_the_rest_of_the_machine_is_out_of_reach(server: WebhookReceiver) -> None:
    async with client(Network()) as made:
        for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"):
            provider = gateway(server, url=f"http://{host}:{httpx.URL(server.url).port}/")
            receipt = await send(made, provider)
            assert "is not public" in (receipt.error or ""), host
    assert server.requests.empty()


@pytest.mark.parametrize("provider", [{}, {"url": "x"}, {"url": "http://127.0.0.1/", "template": {"a": "{b}"}}])
async def test_settings_that_cannot_be_used(http: httpx.AsyncClient, provider: dict[str, Any]) -> None:
    receipt = await send(http, provider)
    assert not receipt.accepted
    assert receipt.error


async def test_a_number_that_is_none(http: httpx.AsyncClient, server: WebhookReceiver) -> None:
    receipt = await GatewaySender(http).send(message(), target(Channel.SMS, {"number": "112"}, gateway(server)))
    assert "number" in (receipt.error or "")
    assert server.requests.empty()
