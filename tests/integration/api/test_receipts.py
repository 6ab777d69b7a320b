"""Receipts of gateways over HTTP: forged ones, odd ones, early ones, and a call in which the alarm is taken."""

import base64
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from psycopg.types.json import Jsonb

from processors.channels.webhook import signature
from tests.support.api import NOON, Api, made, problem
from tests.support.delivery import CALLBACK, gateway

pytestmark = pytest.mark.anyio

SMS, VOICE = "/api/v1/receipts/west:sms", "/api/v1/receipts/west:voice"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def sent(town: Api) -> Api:
    """Astrid has been told of an alarm by SMS and by a call; the gateway calls the two `g-1` and `g-2`."""
    astrid = await town.staff("astrid")
    await town.alarm("alarm-1")
    for number, channel in enumerate(("sms", "voice"), 1):
        await made(astrid, "contact-points", id=channel, channel=channel, address={"number": "+46700000001"})
        await town.execute(
            "INSERT INTO channel_providers VALUES ('west', %s, %s, %s, 'test')",
            (channel, Jsonb(gateway("https://gateway.example/")), NOON),
        )
        await town.execute(
            "INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, state, created_at,"
            " attempts, next_attempt_at, sent_at, tenant, lane, provider, owner, owner_id, rank, reference,"
            " fall_back_at)"
            " VALUES (%s, 'alarm-1', 1, 0, 1, %s, %s, 'sent', %s, 1, now(), %s, 'west', 'l', 'p', 'staff', 'astrid',"
            " 1, %s, %s)",
            (f"n-{number}", channel, channel, NOON, NOON, f"g-{number}", NOON),
        )
    return town


def proof(secret: str = CALLBACK) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"gateway:{secret}".encode()).decode()}


async def states(api: Api) -> dict[Any, Any]:
    return dict(await api.execute("SELECT id, state FROM notifications"))  # type: ignore[arg-type]


async def test_delivered(sent: Api) -> None:
    for body in ({"id": "g-1", "status": "delivered"}, {"id": "g-1", "status": "delivered"}):
        answer = await sent.anybody().post(SMS, json=body, headers=proof())
        assert (answer.status_code, answer.content) == (204, b"")
    assert await states(sent) == {"n-1": "delivered", "n-2": "sent"}


async def test_by_our_own_id_as_a_form_with_a_signature(sent: Api) -> None:
    body = urlencode({"id": "n-1", "status": "delivered", "more": "x"}).encode()
    timestamp = str(int(NOON.timestamp()))
    signed = {"Vaka-Timestamp": timestamp, "Vaka-Signature": signature(CALLBACK, timestamp, body)}
    answer = await sent.anybody().post(SMS, content=body, headers={**FORM, **signed})
    assert answer.status_code == 204
    assert await states(sent) == {"n-1": "delivered", "n-2": "sent"}


async def test_several_at_once_those_that_say_nothing_among_them(sent: Api) -> None:
    reports = [{"id": "g-1", "status": "queued"}, "?", {"status": "failed"}, {"id": "g-1", "status": "failed"}, {}]
    assert (await sent.anybody().post(SMS, json=reports, headers=proof())).status_code == 204
    assert await states(sent) == {"n-1": "failed", "n-2": "sent"}


async def test_one_that_comes_too_early_is_kept(sent: Api) -> None:
    answer = await sent.anybody().post(SMS, json={"id": "g-9", "status": "delivered"}, headers=proof())
    assert answer.status_code == 204
    assert await sent.execute("SELECT reference, outcome FROM receipts") == [("g-9", "delivered")]


FORGED: list[dict[str, str]] = [{}, proof("wrong secret of it"), {"Authorization": f"Bearer {CALLBACK}x"}]


@pytest.mark.parametrize("headers", FORGED)
@pytest.mark.parametrize(
    "path", [SMS, "/api/v1/receipts/east:sms", "/api/v1/receipts/west:email", "/api/v1/receipts/x"]
)
async def test_a_forged_one_is_refused_and_changes_nothing(sent: Api, path: str, headers: dict[str, str]) -> None:
    problem(await sent.anybody().post(path, json={"id": "g-1", "status": "delivered"}, headers=headers), 401)
    assert await states(sent) == {"n-1": "sent", "n-2": "sent"}


async def test_nor_is_an_administrators_token_a_gateways_secret(sent: Api, admin: httpx.AsyncClient) -> None:
    problem(await admin.post(SMS, json={"id": "g-1", "status": "delivered"}), 401)


async def test_the_secret_of_one_channel_says_nothing_of_another(sent: Api) -> None:
    answer = await sent.anybody().post(VOICE, json={"id": "g-1", "status": "delivered"}, headers=proof())
    assert answer.status_code == 204
    assert await states(sent) == {"n-1": "sent", "n-2": "sent"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {"Content-Type": "application/json"}, 400),
        (b"<xml/>", {"Content-Type": "application/xml"}, 415),
        (b"", {}, 415),
        (b"\xff\xfe", FORM, 204),
        (b"7", {"Content-Type": "application/json"}, 204),
        (b'{"id": {"a": 1}, "status": ["delivered"]}', {"Content-Type": "application/json"}, 204),
    ],
)
async def test_what_cannot_be_read(sent: Api, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = await sent.anybody().post(SMS, content=body, headers={**headers, **proof()})
    assert answer.status_code == status, answer.text
    assert await states(sent) == {"n-1": "sent", "n-2": "sent"}


async def test_too_many_fields_are_no_form(sent: Api) -> None:
    body = "&".join(f"f{n}=1" for n in range(200)).encode()
    problem(await sent.anybody().post(SMS, content=body, headers={**FORM, **proof()}), 422)


async def test_without_settings_for_receipts_there_are_none(sent: Api) -> None:
    await sent.execute("UPDATE channel_providers SET settings = settings - 'receipts'")
    problem(await sent.anybody().post(SMS, json={"id": "g-1", "status": "delivered"}, headers=proof()), 422)


async def test_the_key_that_takes_the_alarm(sent: Api) -> None:
    for _ in range(2):
        answer = await sent.anybody().post(VOICE, json={"id": "g-2", "digit": "1"}, headers=proof())
        assert answer.status_code == 204, answer.text
    assert await states(sent) == {"n-1": "sent", "n-2": "seen"}
    assert await sent.execute("SELECT state, accepted_by, version FROM alarms") == [("accepted", "astrid", 2)]
    ((data,),) = await sent.execute("SELECT data FROM alarm_journal WHERE action = 'accepted'")
    assert data == {"by": "telephone", "name": "Test Astrid"}
    assert await sent.execute("SELECT count(*) FROM inbox WHERE kind = 'help_accepted'") == [(1,)]


async def test_the_key_comes_too_late(sent: Api) -> None:
    await sent.execute("UPDATE alarms SET state = 'accepted', accepted_by = 'bo', accepted_at = %s", (NOON,))
    await sent.anybody().post(VOICE, json={"id": "g-2", "digit": "1"}, headers=proof())
    assert await sent.execute("SELECT accepted_by, version FROM alarms") == [("bo", 1)]


async def test_another_key_takes_nothing(sent: Api) -> None:
    await sent.anybody().post(VOICE, json={"id": "g-2", "digit": "2", "status": "answered"}, headers=proof())
    assert await states(sent) == {"n-1": "sent", "n-2": "delivered"}
    assert await sent.execute("SELECT state FROM alarms") == [("open",)]
