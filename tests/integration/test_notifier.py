"""The notifier on the real database, against a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from processors import notifier as module
from processors.backoff import Backoff
from processors.channels import http, webhook
from processors.channels.webhook import Webhook
from processors.delivering import RETRIES, Delivery, Wording
from processors.notifier import LEASE, PER_RECEIVER, Notifier
from processors.reach_metrics import ReachMetrics
from processors.waiting import prepare_new
from rules.alarm_lifecycle import Action
from rules.contact import Channel
from store import outcomes
from store.alarm_actions import Actor, act
from store.journal_write import record
from store.outbox import Room, claim
from store.outcomes import mark_seen
from store.pool import Pool
from tests.support.alarms import (
    OPENED,
    add_alarm,
    add_municipality,
    add_notification,
    add_staff,
    add_webhook,
    journal,
    notifications,
    rows,
)
from tests.support.channels import LOOPBACK
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio

NOW = OPENED + timedelta(seconds=2)
AT_ONCE = Backoff(timedelta(0), timedelta(0))


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@asynccontextmanager
async def notifying(
    pool: Pool,
    registry: CollectorRegistry,
    *,
    timeout: float = 20,
    retries: Backoff = RETRIES,
) -> AsyncIterator[Notifier]:
    clock = ManualClock(NOW)
    async with http.client(LOOPBACK) as client:
        senders = {Channel.WEBHOOK: Webhook(client, timeout_seconds=timeout)}
        delivery = Delivery(pool, clock, senders, Wording(), retries=retries)
        notifier = Notifier(pool, clock, ReachMetrics(registry), delivery)
        yield notifier
        await notifier.finish()


@pytest.fixture
async def notifier(pool: Pool, registry: CollectorRegistry) -> AsyncIterator[Notifier]:
    async with notifying(pool, registry, retries=AT_ONCE) as notifier:
        yield notifier


@pytest.fixture
async def town(pool: Pool, receiver: WebhookReceiver) -> Pool:
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_staff(connection, "astrid")
        await add_webhook(connection, "centre", receiver.url)
        await add_alarm(connection)
    return pool


async def notify(pool: Pool, id: str, receiver: str = "centre", **more: Any) -> None:
    async with pool.connection() as connection:
        await add_notification(connection, id, "alarm-1", receiver, **more)


async def kept(pool: Pool) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        return await notifications(connection)


async def resolve(pool: Pool) -> None:
    async with pool.connection() as connection:
        await act(connection, "alarm-1", Action.RESOLVE, 1, Actor("astrid", ""), NOW, {})


def count(registry: CollectorRegistry, outcome: str, channel: str = "webhook") -> float | None:
    labels = {"channel": channel, "outcome": outcome}
    return registry.get_sample_value("vaka_notifications_total", labels)


async def test_the_console_shows_it_by_the_journal(town: Pool, notifier: Notifier, registry: CollectorRegistry) -> None:
    await notify(town, "n-1", "astrid", channel="console")
    assert await notifier.step() is None
    (sent,) = await kept(town)
    assert (sent["state"], sent["sent_at"], sent["seen_at"]) == ("sent", NOW, None)
    async with town.connection() as connection:
        (entry,) = await journal(connection)
    assert (entry["actor"], entry["action"], entry["at"]) == ("notifier", "notified", NOW)
    assert (entry["version"], entry["state"]) == (1, "open")
    assert entry["data"] == {"notification": "n-1", "receiver": "astrid", "rung": 1, "round": 0}
    assert count(registry, "sent", "console") == 1
    assert registry.get_sample_value("vaka_notification_delay_seconds_sum") == 2


async def test_seen_once_by_its_receiver(town: Pool, notifier: Notifier) -> None:
    await notify(town, "n-1", "astrid", channel="console")
    async with town.connection() as connection:
        assert not await mark_seen(connection, "n-1", "astrid", NOW)
    await notifier.step()
    later = NOW + timedelta(seconds=9)
    async with town.connection() as connection:
        assert not await mark_seen(connection, "n-1", "bo", NOW)
        assert await mark_seen(connection, "n-1", "astrid", later)
        assert not await mark_seen(connection, "n-1", "astrid", later + timedelta(1))
    (seen,) = await kept(town)
    assert (seen["state"], seen["seen_at"]) == ("seen", later)


async def test_more_on_the_console_than_one_batch(
    town: Pool, notifier: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    for n in range(7):
        await notify(town, f"n-{n}", "astrid", channel="console")
    await notifier.step()
    assert {n["state"] for n in await kept(town)} == {"sent"}


async def test_a_webhook_is_told_and_its_receipt_kept(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver, registry: CollectorRegistry
) -> None:
    await notify(town, "n-1")
    await notifier.step()
    await notifier.finish()
    (request,) = receiver.take()
    assert request.json == {
        "id": "n-1",
        "rung": 1,
        "round": 0,
        "alarm": {
            "id": "alarm-1",
            "kind": "social_alarm",
            "priority": 1,
            "state": "open",
            "opened_at": OPENED.isoformat(),
            "resident": None,
            "unit": "north",
            "tenant": "testby",
            "device": "button-1",
            "count": 1,
        },
    }
    timestamp = request.headers["Vaka-Timestamp"]
    assert request.headers["Vaka-Signature"] == webhook.signature("secret of centre", timestamp, request.body)
    (sent,) = await kept(town)
    assert (sent["state"], sent["sent_at"], sent["attempts"]) == ("sent", NOW, 1)
    assert sent["receipt"] == {"accepted": True, "status": 200, "answer": "thank you"}
    assert count(registry, "sent") == 1


async def test_it_is_tried_until_it_succeeds(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver, registry: CollectorRegistry
) -> None:
    answers = iter([Answer(503, b"full"), Answer(500, b"broken"), Answer()])
    receiver.answer = lambda request: next(answers)
    await notify(town, "n-1")
    for _ in range(4):
        await notifier.step()
        await notifier.finish()
    requests = receiver.take(3)
    assert {request.id for request in requests} == {"n-1"}
    assert receiver.requests.empty()
    assert [(n["state"], n["attempts"]) for n in await kept(town)] == [("sent", 3)]
    assert (count(registry, "retried"), count(registry, "sent")) == (2, 1)


async def test_the_pause_doubles(town: Pool, registry: CollectorRegistry, receiver: WebhookReceiver) -> None:
    receiver.answer = lambda request: Answer(500)
    await notify(town, "n-1")
    pauses = []
    minute = timedelta(minutes=1)
    async with notifying(town, registry, retries=Backoff(minute, 3 * minute)) as notifier:
        for _ in range(3):
            await notifier.step()
            await notifier.finish()
            assert await notifier.step() is not None
            async with town.connection() as connection:
                (row,) = await rows(
                    connection,
                    "WITH before AS (SELECT id, next_attempt_at - now() AS pause FROM notifications)"
                    " UPDATE notifications SET next_attempt_at = now() FROM before"
                    " WHERE before.id = notifications.id RETURNING pause",
                )
            pauses.append(row["pause"])
    assert timedelta(0) < pauses[0] <= minute < pauses[1] <= 2 * minute < pauses[2] <= 3 * minute
    assert len(receiver.take(3)) == 3
    assert receiver.requests.empty()


async def test_a_late_answer_is_no_answer(town: Pool, registry: CollectorRegistry, receiver: WebhookReceiver) -> None:
    receiver.hang()
    await notify(town, "n-1")
    async with notifying(town, registry, timeout=0.2, retries=AT_ONCE) as notifier:
        await notifier.step()
        await notifier.finish()
    (due,) = await kept(town)
    assert (due["state"], due["receipt"]) == ("due", {"accepted": False, "error": "no answer within 0.2 s"})
    receiver.release()
    async with notifying(town, CollectorRegistry()) as notifier:
        await notifier.step()
        await notifier.finish()
    assert {request.id for request in receiver.take(2)} == {"n-1"}
    assert [n["state"] for n in await kept(town)] == ["sent"]


async def test_one_that_hangs_does_not_hold_up_the_others(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_FLIGHT", PER_RECEIVER + 1)
    with webhook_receiver() as hanging:
        hanging.hang()
        async with town.connection() as connection:
            await add_webhook(connection, "hanging", hanging.url)
        for n in range(3 * PER_RECEIVER):
            await notify(town, f"a-{n:02}", "hanging")
        await notify(town, "z-1")
        await notifier.step()
        (request,) = await asyncio.to_thread(receiver.take)
        assert request.id == "z-1"
        while [n["state"] for n in await kept(town) if n["id"] == "z-1"] != ["sent"]:
            pass
        await notify(town, "z-2")
        await notifier.step()
        (request,) = await asyncio.to_thread(receiver.take)
        assert request.id == "z-2"
        assert len(await asyncio.to_thread(hanging.take, PER_RECEIVER)) == PER_RECEIVER
        assert hanging.requests.empty()


@pytest.mark.parametrize(("limit", "per_receiver", "per_provider"), [(2, 9, 9), (9, 2, 9)])
async def test_the_gravest_is_sent_first(town: Pool, limit: int, per_receiver: int, per_provider: int) -> None:
    for n in range(5):
        await notify(town, f"technical-{n}", priority=3)
    await notify(town, "press", priority=1)
    room = Room({Channel.WEBHOOK: limit}, per_receiver, per_provider, {})
    async with town.connection() as connection:
        await prepare_new(connection, 100)
        claimed = await claim(connection, room, [Channel.WEBHOOK], NOW, LEASE)
    assert {ticket.id for ticket in claimed} == {"press", "technical-0"}


async def test_two_notifiers_send_each_once(town: Pool, receiver: WebhookReceiver, registry: CollectorRegistry) -> None:
    for n in range(40):
        await notify(town, f"n-{n:02}")
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(notifying(town, CollectorRegistry())) for _ in range(2)]
        while {n["state"] for n in await kept(town)} != {"sent"}:
            await asyncio.gather(*[notifier.step() for notifier in both])
    assert sorted(request.id for request in receiver.take(40)) == [f"n-{n:02}" for n in range(40)]
    assert receiver.requests.empty()


async def let_leases_run_out(town: Pool) -> None:
    async with town.connection() as connection:
        await connection.execute("UPDATE notifications SET leased_until = now() WHERE leased_until IS NOT NULL")


async def test_a_crash_between_sending_and_marking_sends_it_again(
    town: Pool, receiver: WebhookReceiver, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_sent = outcomes.mark_sent
    failures = iter([psycopg.OperationalError("the connection is lost")])

    async def fail_once(*values: Any, **options: Any) -> list[datetime]:
        for failure in failures:
            raise failure
        return await mark_sent(*values, **options)

    monkeypatch.setattr(outcomes, "mark_sent", fail_once)
    await notify(town, "n-1")
    async with notifying(town, registry) as notifier:
        for _ in range(3):
            await notifier.step()
            await notifier.finish()
            await let_leases_run_out(town)
    assert [request.id for request in receiver.take(2)] == ["n-1", "n-1"]
    assert receiver.requests.empty()
    assert [n["state"] for n in await kept(town)] == ["sent"]
    assert (count(registry, "unmarked"), count(registry, "sent")) == (1, 1)


async def test_what_another_has_claimed_is_left_to_it_until_its_lease_runs_out(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver
) -> None:
    await notify(town, "n-1")
    async with town.connection() as connection:
        await prepare_new(connection, 100)
        await claim(connection, Room({Channel.WEBHOOK: 1}, 1, 1, {}), [], NOW, timedelta(hours=1))
    wait = await notifier.step()
    assert wait is not None
    assert 3000 < wait <= 3600
    async with town.connection() as connection:
        await connection.execute("UPDATE notifications SET leased_until = now()")
    await notifier.step()
    await notifier.finish()
    assert [request.id for request in receiver.take()] == ["n-1"]


@pytest.mark.parametrize("channel", ["webhook", "console"])
async def test_nobody_is_told_of_a_closed_alarm(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver, registry: CollectorRegistry, channel: str
) -> None:
    await notify(town, "n-1", channel=channel)
    await resolve(town)
    await notifier.step()
    await notifier.finish()
    (failed,) = await kept(town)
    assert (failed["state"], failed["receipt"]) == ("failed", {"reason": "alarm is resolved"})
    assert receiver.requests.empty()
    assert count(registry, "failed", channel) == 1


async def test_retries_end_when_the_alarm_is_closed(town: Pool, notifier: Notifier, receiver: WebhookReceiver) -> None:
    receiver.answer = lambda request: Answer(500, b"broken")
    await notify(town, "n-1")
    await notifier.step()
    await notifier.finish()
    await resolve(town)
    await notifier.step()
    await notifier.finish()
    (failed,) = await kept(town)
    assert failed["state"] == "failed"
    assert failed["receipt"] == {"accepted": False, "status": 500, "answer": "broken", "reason": "alarm is resolved"}
    assert len(receiver.take()) == 1
    assert receiver.requests.empty()


async def test_a_newer_round_takes_over_from_what_failed(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver
) -> None:
    receiver.answer = lambda request: Answer(500) if request.id == "n-1" else Answer()
    await notify(town, "n-1")
    await notifier.step()
    await notifier.finish()
    await notify(town, "n-2")
    async with town.connection() as connection:
        await connection.execute("UPDATE notifications SET round = 1 WHERE id = 'n-2'")
    await notifier.step()
    await notifier.finish()
    assert [request.id for request in receiver.take(2)] == ["n-1", "n-2"]
    first, second = await kept(town)
    assert (first["state"], first["receipt"]["reason"], second["state"]) == ("failed", "told anew", "sent")


async def test_a_webhook_that_is_gone(town: Pool, notifier: Notifier) -> None:
    await notify(town, "n-1", "gone")
    await notifier.step()
    await notifier.finish()
    (failed,) = await kept(town)
    assert (failed["state"], failed["receipt"]) == ("failed", {"reason": "the webhook is gone"})


async def test_it_waits_for_who_has_the_alarm_in_hand_without_a_deadlock(town: Pool, notifier: Notifier) -> None:
    """Somebody holds the alarm and wants the journal, while the notifier writes in the journal of that alarm."""
    await notify(town, "n-1", "astrid", channel="console")
    async with town.connection() as holder:
        await holder.execute("SELECT FROM alarms FOR UPDATE")
        step = asyncio.create_task(notifier.step())
        async with town.connection() as watcher:
            while not await rows(watcher, "SELECT FROM pg_locks WHERE NOT granted"):
                await watcher.rollback()
        await record(holder, "alarm-1", NOW, "vaka", "counted", 1, "open", {})
        await holder.commit()
        await step
    async with town.connection() as connection:
        assert [entry["action"] for entry in await journal(connection)] == ["counted", "notified"]


async def test_it_runs_until_told_to_stop(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver, database_url: str
) -> None:
    """Not even a poll is needed: what has been sent makes room for the next."""
    for n in range(2 * PER_RECEIVER + 1):
        await notify(town, f"n-{n}")
    stop = asyncio.Event()
    running = asyncio.create_task(notifier.run(database_url, stop, poll_seconds=1000))
    await asyncio.to_thread(receiver.take, 2 * PER_RECEIVER + 1)
    while {n["state"] for n in await kept(town)} != {"sent"}:
        pass
    stop.set()
    await running


async def test_stopping_does_not_wait_for_one_that_hangs(
    town: Pool, notifier: Notifier, receiver: WebhookReceiver, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0)
    receiver.hang()
    await notify(town, "n-1")
    stop = asyncio.Event()
    running = asyncio.create_task(notifier.run(database_url, stop))
    await asyncio.to_thread(receiver.take)
    stop.set()
    await running
    (due,) = await kept(town)
    assert due["state"] == "due"
    assert due["leased_until"] is not None
