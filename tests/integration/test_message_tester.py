"""Test messages on the real database, by a gateway on a local server: on demand, by the clock, alarms first."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from psycopg.types.json import Jsonb

from events.ids import TenantId
from processors.message_tester import ATTEMPTS, MessageTester
from processors.reach_metrics import ReachMetrics
from rules.contact import Channel
from rules.gateway_reports import Outcome
from store.message_tests import ask_test
from store.pool import Pool
from store.receipts import note_receipt
from tests.support.alarms import OPENED, TENANT, add_alarm, add_municipality, add_notification, rows
from tests.support.delivery import AT_ONCE, add_gateway, add_point, open_delivery
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def gateway() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as server:
        server.answer = lambda request: Answer(200, b'{"id": "g-1"}')
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(OPENED)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def town(pool: Pool, gateway: WebhookReceiver) -> Pool:
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_gateway(connection, Channel.SMS, gateway.url)
        await add_point(connection, "sms")
    return pool


@pytest.fixture
async def tester(town: Pool, clock: ManualClock, registry: CollectorRegistry) -> AsyncIterator[MessageTester]:
    async with open_delivery(town, clock) as delivery:
        yield MessageTester(town, clock, ReachMetrics(registry), delivery.senders, retries=AT_ONCE)


async def ask(pool: Pool, clock: ManualClock, id: str = "t-1", point: str = "sms") -> None:
    async with pool.connection() as connection:
        await ask_test(connection, id, point, clock(), "astrid")


async def point(pool: Pool, id: str = "sms") -> dict[str, Any]:
    async with pool.connection() as connection:
        (found,) = await rows(connection, "SELECT * FROM contact_points WHERE id = %s", id)
    return found


async def set_schedule(pool: Pool, clock: ManualClock, **schedule: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO delivery_settings VALUES ('testby', %s, %s, 'admin', %s)",
            (Jsonb({"tests": schedule}), clock(), clock()),
        )


async def test_it_says_that_it_is_one(
    town: Pool, tester: MessageTester, clock: ManualClock, gateway: WebhookReceiver, registry: CollectorRegistry
) -> None:
    await ask(town, clock)
    clock.advance(timedelta(seconds=5))
    await tester.step()
    (request,) = gateway.take()
    text = "Test från Vaka. Bara ett test, ingenting behöver göras"
    assert request.json == {"to": "+46700000001", "text": text, "id": "t-1"}
    found = await point(town)
    assert (found["last_test"], found["last_test_at"]) == ("sent", OPENED + timedelta(seconds=5))
    assert registry.get_sample_value("vaka_test_messages_total", {"channel": "sms", "outcome": "sent"}) == 1
    assert registry.get_sample_value("vaka_notifications_total", {"channel": "sms", "outcome": "sent"}) is None


@pytest.mark.parametrize(("outcome", "expected"), [(Outcome.DELIVERED, "delivered"), (Outcome.FAILED, "failed")])
async def test_what_the_gateway_says_of_it_later(
    town: Pool, tester: MessageTester, clock: ManualClock, outcome: Outcome, expected: str
) -> None:
    await ask(town, clock)
    await tester.step()
    async with town.connection() as connection:
        await note_receipt(connection, TenantId(TENANT), Channel.SMS, "g-1", outcome, clock())
    found = await point(town)
    assert found["last_test"] == expected
    assert (found["last_delivered_at"] is not None) == (expected == "delivered")


async def test_after_some_attempts_it_has_failed(
    town: Pool, tester: MessageTester, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    gateway.answer = lambda request: Answer(500)
    await ask(town, clock)
    for _ in range(ATTEMPTS + 1):
        await tester.step()
    assert {request.json["id"] for request in gateway.take(ATTEMPTS)} == {"t-1"}
    assert gateway.requests.empty()
    assert (await point(town))["last_test"] == "failed"


async def test_a_number_that_is_not_in_use_expires(
    town: Pool, tester: MessageTester, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    gateway.answer = lambda request: Answer(400, b'{"error": "unknown number"}')
    await ask(town, clock)
    await tester.step()
    found = await point(town)
    assert (found["last_test"], found["expired_at"]) == ("failed", OPENED)


async def test_alarms_go_first(town: Pool, tester: MessageTester, clock: ManualClock, gateway: WebhookReceiver) -> None:
    await ask(town, clock)
    async with town.connection() as connection:
        await add_alarm(connection)
        await add_notification(connection, "n-1", "alarm-1", "sms", channel=Channel.SMS, priority=4)
    await tester.step()
    assert gateway.requests.empty()
    async with town.connection() as connection:
        await connection.execute("UPDATE notifications SET state = 'sent'")
    await tester.step()
    assert gateway.take()[0].json["id"] == "t-1"


async def test_by_the_clock_each_contact_point_once(
    town: Pool, tester: MessageTester, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    """Mondays at 13:00 in Stockholm, with two at work; not those that have expired, and nothing is made up for."""
    clock.time = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    await set_schedule(town, clock, time="13:00", day="mon")
    async with town.connection() as connection:
        await add_point(connection, "gone", rank=2)
        await connection.execute("UPDATE contact_points SET expired_at = created_at WHERE id = 'gone'")
    async with open_delivery(town, clock) as delivery:
        other = MessageTester(town, clock, ReachMetrics(CollectorRegistry()), delivery.senders)
        await asyncio.gather(tester.step(), other.step())
        clock.time = datetime(2026, 3, 9, 11, 59, 59, tzinfo=UTC)
        await asyncio.gather(tester.step(), other.step())
        assert gateway.requests.empty()
        clock.advance(timedelta(seconds=1))
        for _ in range(2):
            await asyncio.gather(tester.step(), other.step())
    assert len(gateway.take()) == 1
    assert gateway.requests.empty()
    assert (await point(town))["last_test"] == "sent"
    assert (await point(town, "gone"))["last_test"] is None


async def test_a_crash_repeats_it_with_the_same_id(
    town: Pool, tester: MessageTester, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    gateway.hang()
    await ask(town, clock)
    interrupted = asyncio.create_task(tester.step())
    await asyncio.to_thread(gateway.take)
    interrupted.cancel()
    await asyncio.wait([interrupted])
    gateway.release()
    await tester.step()
    assert gateway.requests.empty()
    async with town.connection() as connection:
        await connection.execute("UPDATE test_messages SET leased_until = now()")
    await tester.step()
    assert gateway.take()[0].json["id"] == "t-1"
    assert (await point(town))["last_test"] == "sent"
