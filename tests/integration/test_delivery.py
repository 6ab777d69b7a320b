"""Delivery to contact points on the real database, by a gateway on a local server that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from psycopg.types.json import Jsonb

from events.ids import AlarmId, TenantId
from processors.notifier import PER_PROVIDER, PER_RECEIVER, Notifier
from rules.alarm_lifecycle import Action
from rules.contact import Channel, Owner, Receiver
from rules.delivery import PROVIDER_PACE, RECEIVER_PACE
from rules.escalation import notification_id
from rules.gateway_reports import Outcome
from store.alarm_actions import Actor, act
from store.contact_points import contact_points, delete_contact_point
from store.outcomes import mark_seen
from store.pool import Pool
from store.receipts import note_receipt
from tests.support.alarms import (
    OPENED,
    TENANT,
    add_alarm,
    add_municipality,
    add_notification,
    add_staff,
    journal,
    rows,
)
from tests.support.delivery import add_gateway, add_point, open_notifier
from tests.support.webhook_receiver import Answer, Request, WebhookReceiver, webhook_receiver
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gateway() -> Iterator[WebhookReceiver]:
    """Names each message that it takes `g-1`, `g-2` and so on."""
    with webhook_receiver() as server:
        numbers = count(1)
        server.answer = lambda request: Answer(200, msgspec.json.encode({"id": f"g-{next(numbers)}"}))
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(OPENED)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def town(pool: Pool, gateway: WebhookReceiver) -> Pool:
    """Astrid can be told by SMS, and if that does not help by a call; her unit by a number of its own."""
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_staff(connection, "astrid")
        await add_gateway(connection, Channel.SMS, gateway.url)
        await add_gateway(connection, Channel.VOICE, gateway.url)
        await add_point(connection, "sms")
        await add_point(connection, "call", Channel.VOICE, rank=2)
        await add_point(connection, "spare", rank=3)
        await add_point(connection, "ward", owner=Owner.UNIT, owner_id="north")
        await add_alarm(connection)
    return pool


@pytest.fixture
async def notifier(town: Pool, clock: ManualClock, registry: CollectorRegistry) -> AsyncIterator[Notifier]:
    async with open_notifier(town, clock, registry) as notifier:
        yield notifier


async def tell(
    pool: Pool, point: str = "sms", *, alarm: str = "alarm-1", channel: Channel = Channel.SMS, priority: int = 1
) -> str:
    id = notification_id(AlarmId(alarm), 0, 1, Receiver(channel, point))
    async with pool.connection() as connection:
        await add_notification(connection, id, alarm, point, channel=channel, priority=priority)
    return id


async def step(notifier: Notifier) -> None:
    await notifier.step()
    await notifier.finish()


async def kept(pool: Pool) -> dict[str, dict[str, Any]]:
    """The notifications by where they went."""
    async with pool.connection() as connection:
        return {row["receiver"]: row for row in await rows(connection, "SELECT * FROM notifications")}


async def states(pool: Pool) -> dict[str, str]:
    return {receiver: row["state"] for receiver, row in (await kept(pool)).items()}


async def accept(pool: Pool, clock: ManualClock) -> None:
    async with pool.connection() as connection:
        await act(connection, "alarm-1", Action.ACCEPT, 1, Actor("astrid", "Astrid"), clock(), {})


async def report(pool: Pool, clock: ManualClock, reference: str, outcome: Outcome, tenant: str = TENANT) -> int | None:
    async with pool.connection() as connection:
        told = await note_receipt(connection, TenantId(tenant), Channel.SMS, reference, outcome, clock())
    return None if told is None else len(told)


def texts(requests: list[Request]) -> list[str]:
    return [request.json["text"] for request in requests]


async def test_a_message_names_nobody_and_has_the_notifications_id(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver
) -> None:
    id = await tell(town)
    await step(notifier)
    (request,) = gateway.take()
    assert request.json == {
        "to": "+46700000001",
        "text": f"Larm. Öppna Vaka https://vaka.example/?notification={id}",
        "id": id,
    }
    assert request.headers["Idempotency-Key"] == id
    sent = (await kept(town))["sms"]
    assert (sent["state"], sent["reference"], sent["owner_id"]) == ("sent", "g-1", "astrid")
    assert sent["fall_back_at"] == OPENED + MINUTE


async def test_what_a_unit_lets_messages_say(town: Pool, notifier: Notifier, gateway: WebhookReceiver) -> None:
    async with town.connection() as connection:
        await connection.execute(
            "INSERT INTO residents (id, tenant, unit, name, created_at)"
            " VALUES ('anna', 'testby', 'north', 'Anna Prov', %s)",
            (OPENED,),
        )
        await connection.execute("UPDATE alarms SET resident = 'anna'")
        for shows in (["kind", "name"], ["kind"]):
            await connection.execute(
                "INSERT INTO message_decisions (tenant, unit, shows, reason, decided_at, decided_by)"
                " VALUES ('testby', 'north', %s, 'a test', %s, 'chief')",
                (shows, OPENED),
            )
    await tell(town)
    await step(notifier)
    (text,) = texts(gateway.take())
    assert text.startswith("Larm. Trygghetslarm. Öppna Vaka https")


async def test_without_a_receipt_the_next_contact_point_is_told_once(
    town: Pool, clock: ManualClock, gateway: WebhookReceiver, registry: CollectorRegistry
) -> None:
    first = await tell(town)
    async with open_notifier(town, clock, registry) as one, open_notifier(town, clock) as other:
        await step(one)
        clock.advance(MINUTE - SECOND)
        await asyncio.gather(step(one), step(other))
        assert list(await kept(town)) == ["sms"]
        clock.advance(SECOND)
        for _ in range(3):
            await asyncio.gather(step(one), step(other))
    told = await kept(town)
    assert {receiver: row["state"] for receiver, row in told.items()} == {"sms": "sent", "call": "sent"}
    assert told["sms"]["fallback"] == "next_point"
    assert told["call"]["fallback_of"] == first
    assert told["call"]["id"] == notification_id(AlarmId("alarm-1"), 0, 1, Receiver(Channel.VOICE, "call"))
    assert [request.json["id"] for request in gateway.take(2)] == [first, told["call"]["id"]]
    assert gateway.requests.empty()


async def test_all_contact_points_in_their_order_and_then_no_more(
    town: Pool, notifier: Notifier, clock: ManualClock
) -> None:
    await tell(town)
    for expected in (["sms"], ["sms", "call"], ["sms", "call", "spare"], ["sms", "call", "spare"]):
        await step(notifier)
        assert list(await kept(town)) == expected
        clock.advance(MINUTE)
    await step(notifier)
    assert (await kept(town))["spare"]["fallback"] == "no_other_point"


async def test_a_provider_that_hangs(
    town: Pool, clock: ManualClock, gateway: WebhookReceiver, registry: CollectorRegistry
) -> None:
    """Nothing was sent, and yet the time is over; the first one goes on being tried."""
    gateway.hang()
    await tell(town)
    async with open_notifier(town, clock, registry, timeout=0.2) as notifier:
        await step(notifier)
        clock.advance(MINUTE)
        await step(notifier)
        assert await states(town) == {"sms": "due", "call": "due"}
        gateway.release()
    async with open_notifier(town, clock) as notifier:
        await step(notifier)
    assert await states(town) == {"sms": "sent", "call": "sent"}


async def test_who_is_gone_is_told_by_another_way_at_once(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, registry: CollectorRegistry
) -> None:
    answers = iter([Answer(400, b'{"error": "unknown number"}')])
    gateway.answer = lambda request: next(answers, Answer(200, b'{"id": "g"}'))
    await tell(town)
    await step(notifier)
    await step(notifier)
    assert await states(town) == {"sms": "failed", "call": "sent"}
    async with town.connection() as connection:
        points = (await contact_points(connection, [TenantId(TENANT)]))[TenantId(TENANT)]
    assert {point.id for point in points if not point.usable} == {"sms"}
    labels = {"channel": "sms", "outcome": "fell_back"}
    assert registry.get_sample_value("vaka_notifications_total", labels) == 1


async def test_a_contact_point_that_was_removed(town: Pool, notifier: Notifier, gateway: WebhookReceiver) -> None:
    """While a message was waiting for its second attempt."""
    answers = iter([Answer(500)])
    gateway.answer = lambda request: next(answers, Answer(200, b"{}"))
    await tell(town)
    await step(notifier)
    async with town.connection() as connection:
        await delete_contact_point(connection, "sms")
    await step(notifier)
    await step(notifier)
    told = await kept(town)
    assert (told["sms"]["state"], told["sms"]["receipt"]) == ("failed", {"reason": "the contact point is gone"})
    assert told["call"]["state"] == "sent"


async def test_nobody_else_is_told_when_somebody_has_accepted(
    town: Pool, notifier: Notifier, clock: ManualClock
) -> None:
    await tell(town)
    await step(notifier)
    await accept(town, clock)
    clock.advance(MINUTE)
    await step(notifier)
    (told,) = (await kept(town)).values()
    assert (told["fallback"], told["fall_back_at"]) == ("accepted", None)


async def test_a_message_that_waits_is_not_sent_when_somebody_has_accepted(
    town: Pool, notifier: Notifier, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    await tell(town)
    await accept(town, clock)
    await step(notifier)
    (told,) = (await kept(town)).values()
    assert (told["state"], told["receipt"], told["fall_back_at"]) == ("failed", {"reason": "alarm is accepted"}, None)
    assert gateway.requests.empty()


async def test_an_alarm_that_others_have_by_now(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    """Who was told of it after that is told on."""
    await tell(town)
    async with town.connection() as connection:
        await connection.execute("UPDATE alarms SET forwarded_at = %s, round = 1", (OPENED + SECOND,))
        await add_notification(connection, "n-ward", "alarm-1", "call", channel=Channel.VOICE)
        await connection.execute(
            "UPDATE notifications SET round = 1, created_at = %s WHERE id = 'n-ward'", (OPENED + SECOND,)
        )
    await step(notifier)
    clock.advance(MINUTE + SECOND)
    await step(notifier)
    told = await kept(town)
    assert (told["sms"]["fallback"], told["call"]["fallback"]) == ("forwarded", "next_point")
    assert told["spare"]["round"] == 1


async def test_what_is_told_after_an_acceptance_is_told(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    """As when nobody came to the person in time."""
    await accept(town, clock)
    async with town.connection() as connection:
        await connection.execute("UPDATE alarms SET accepted_at = %s", (OPENED - MINUTE,))
    await tell(town)
    await step(notifier)
    clock.advance(MINUTE)
    await step(notifier)
    assert await states(town) == {"sms": "sent", "call": "sent"}


async def test_who_saw_it_at_the_console_is_not_called(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    await tell(town)
    async with town.connection() as connection:
        await add_notification(connection, "n-console", "alarm-1", "astrid", channel="console")
    await step(notifier)
    async with town.connection() as connection:
        assert await mark_seen(connection, "n-console", "astrid", clock())
    clock.advance(MINUTE)
    await step(notifier)
    assert (await kept(town))["sms"]["fallback"] == "reached"
    assert "call" not in await kept(town)


@pytest.mark.parametrize(
    ("point", "staff", "theirs"), [("sms", "bo", False), ("sms", "astrid", True), ("ward", "bo", True)]
)
async def test_a_link_that_was_opened(
    town: Pool, notifier: Notifier, clock: ManualClock, point: str, staff: str, theirs: bool
) -> None:
    id = await tell(town, point)
    await step(notifier)
    async with town.connection() as connection:
        assert await mark_seen(connection, id, staff, clock()) is theirs
        assert not await mark_seen(connection, id, staff, clock())
    told = (await kept(town))[point]
    assert (told["state"], told["fall_back_at"] is None) == (("seen", True) if theirs else ("sent", False))


async def test_a_receipt_ends_the_wait(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    await tell(town)
    await step(notifier)
    assert await report(town, clock, "g-1", Outcome.DELIVERED) == 1
    assert await report(town, clock, "g-1", Outcome.DELIVERED) is None
    clock.advance(MINUTE)
    await step(notifier)
    assert await states(town) == {"sms": "delivered"}
    async with town.connection() as connection:
        (point,) = await rows(connection, "SELECT last_delivered_at FROM contact_points WHERE id = 'sms'")
    assert point["last_delivered_at"] == OPENED


async def test_a_receipt_that_comes_before_its_answer(
    town: Pool, notifier: Notifier, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    gateway.hang()
    await tell(town)
    await notifier.step()
    await asyncio.to_thread(gateway.take)
    assert await report(town, clock, "g-1", Outcome.DELIVERED) == 0
    gateway.release()
    await notifier.finish()
    assert await states(town) == {"sms": "delivered"}


async def test_a_receipt_by_our_own_id_before_the_sending_was_marked(
    town: Pool, notifier: Notifier, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    """As after a crash: it is known to have arrived, so it is not sent again."""
    gateway.hang()
    id = await tell(town)
    await notifier.step()
    await asyncio.to_thread(gateway.take)
    assert await report(town, clock, id, Outcome.DELIVERED) == 1
    gateway.release()
    await notifier.finish()
    await step(notifier)
    told = (await kept(town))["sms"]
    assert (told["state"], told["reference"], told["attempts"]) == ("delivered", "g-1", 1)
    assert gateway.requests.empty()


async def test_a_receipt_that_comes_after_a_better_one(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    await tell(town)
    await step(notifier)
    await report(town, clock, "g-1", Outcome.ACCEPTED)
    for late in (Outcome.FAILED, Outcome.DELIVERED, Outcome.ANSWERED):
        await report(town, clock, "g-1", late)
        assert await states(town) == {"sms": "seen"}


async def test_failed_and_then_delivered(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    await tell(town)
    await step(notifier)
    await report(town, clock, "g-1", Outcome.FAILED)
    await step(notifier)
    assert await states(town) == {"sms": "failed", "call": "sent"}
    await report(town, clock, "g-1", Outcome.DELIVERED)
    assert await states(town) == {"sms": "delivered", "call": "sent"}


async def test_a_receipt_of_another_tenant_or_of_what_was_not_sent_changes_nothing(
    town: Pool, notifier: Notifier, clock: ManualClock
) -> None:
    id = await tell(town)
    async with town.connection() as connection:
        await connection.execute("INSERT INTO tenants VALUES ('other', 'Other', 'Europe/Stockholm', %s)", (OPENED,))
    assert await report(town, clock, id, Outcome.DELIVERED) == 0
    assert await states(town) == {"sms": "due"}
    await step(notifier)
    assert await report(town, clock, "g-1", Outcome.DELIVERED, "other") == 0
    assert await states(town) == {"sms": "sent"}


async def add_alarms(pool: Pool, number: int, priority: int, first: int = 0) -> None:
    """Each told to Astrid by SMS."""
    for n in range(first, first + number):
        async with pool.connection() as connection:
            await add_alarm(connection, f"a-{n}", priority=priority)
        await tell(pool, alarm=f"a-{n}", priority=priority)


async def test_several_that_wait_become_one_message(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, registry: CollectorRegistry
) -> None:
    await add_alarms(town, 3, priority=2)
    await step(notifier)
    (request,) = gateway.take()
    assert request.json["text"].startswith("3 larm. Öppna Vaka")
    async with town.connection() as connection:
        told = await rows(connection, "SELECT id, state, merged_into FROM notifications")
    assert {row["state"] for row in told} == {"sent"}
    assert {row["merged_into"] for row in told if row["id"] != request.json["id"]} == {request.json["id"]}
    labels = {"channel": "sms", "outcome": "merged"}
    assert registry.get_sample_value("vaka_notifications_total", labels) == 2


async def test_two_notifiers_merge_and_send_nothing_twice(
    town: Pool, clock: ManualClock, gateway: WebhookReceiver
) -> None:
    people = [f"p-{n}" for n in range(6)]
    async with town.connection() as connection:
        for person in people:
            await add_point(connection, person, owner_id=f"staff of {person}")
    for n in range(24):
        async with town.connection() as connection:
            await add_alarm(connection, f"a-{n}", priority=2)
        await tell(town, people[n % 6], alarm=f"a-{n}", priority=2)
    async with open_notifier(town, clock) as one, open_notifier(town, clock) as other:
        for _ in range(3):
            await asyncio.gather(step(one), step(other))
    async with town.connection() as connection:
        told = await rows(connection, "SELECT state, coalesce(merged_into, id) AS carrier FROM notifications")
    carriers = {row["carrier"] for row in told}
    assert {row["state"] for row in told} == {"sent"}
    assert sorted(request.json["id"] for request in gateway.take(len(carriers))) == sorted(carriers)
    assert gateway.requests.empty()
    assert len(carriers) <= 12


async def test_what_was_merged_is_repeated_together_and_grows_no_more(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, clock: ManualClock
) -> None:
    """The other side may take the second attempt for the first: what came meanwhile must not go with it."""
    answers = iter([Answer(500)])
    gateway.answer = lambda request: next(answers, Answer(200, b'{"id": "g"}'))
    await add_alarms(town, 3, priority=2)
    await step(notifier)
    await add_alarms(town, 1, priority=2, first=3)
    await step(notifier)
    first, *others = gateway.take(3)
    assert {(r.json["id"] == first.json["id"], r.json["text"].split(".")[0]) for r in others} == {
        (True, "3 larm"),
        (False, "Larm"),
    }
    async with town.connection() as connection:
        assert {row["state"] for row in await rows(connection, "SELECT state FROM notifications")} == {"sent"}


async def test_what_went_with_an_alarm_that_is_closed_is_sent_by_itself(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, clock: ManualClock
) -> None:
    answers = iter([Answer(500)])
    gateway.answer = lambda request: next(answers, Answer(200, b'{"id": "g"}'))
    await add_alarms(town, 3, priority=2)
    await step(notifier)
    (first,) = gateway.take()
    async with town.connection() as connection:
        await connection.execute(
            "UPDATE alarms SET state = 'resolved' FROM notifications n WHERE n.alarm = alarms.id AND n.id = %s",
            (first.json["id"],),
        )
    await step(notifier)
    await step(notifier)
    (second,) = gateway.take()
    assert second.json["id"] != first.json["id"]
    assert second.json["text"].startswith("2 larm.")


async def test_a_person_gets_no_more_than_their_pace_and_life_does_not_wait(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, clock: ManualClock
) -> None:
    for n in range(RECEIVER_PACE.burst):
        await add_alarms(town, 1, priority=2, first=n)
        await step(notifier)
    gateway.take(RECEIVER_PACE.burst)
    await add_alarms(town, 2, priority=2, first=10)
    await step(notifier)
    assert gateway.requests.empty()
    await add_alarms(town, 2, priority=1, first=20)
    await step(notifier)
    grave = gateway.take(2)
    assert [text.split(".")[0] for text in texts(grave)] == ["Larm", "Larm"]
    for request in grave:
        await report(town, clock, request.json["id"], Outcome.DELIVERED)
    clock.advance(timedelta(seconds=RECEIVER_PACE.seconds))
    await step(notifier)
    assert texts(gateway.take())[0].startswith("2 larm.")
    assert gateway.requests.empty()


async def test_a_provider_gets_no_more_than_its_pace(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, clock: ManualClock
) -> None:
    number = PROVIDER_PACE.burst + 5
    for n in range(number):
        async with town.connection() as connection:
            await add_point(connection, f"p-{n}", owner_id=f"person-{n}")
            await add_alarm(connection, f"a-{n}", priority=2)
        await tell(town, f"p-{n}", alarm=f"a-{n}", priority=2)
    for _ in range(3):
        await step(notifier)
    assert len(gateway.take(PROVIDER_PACE.burst)) == PROVIDER_PACE.burst
    assert gateway.requests.empty()
    wait = await notifier.step()
    assert wait == PROVIDER_PACE.seconds
    clock.advance(SECOND)
    await step(notifier)
    assert len(gateway.take(5)) == 5


async def test_a_provider_that_wants_to_be_left_alone(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver, clock: ManualClock
) -> None:
    answers = iter([Answer(429, b"", (("Retry-After", "30"),))])
    gateway.answer = lambda request: next(answers, Answer(200, b'{"id": "g"}'))
    await add_alarms(town, 1, priority=2)
    await step(notifier)
    gateway.take()
    await tell(town, "ward", priority=2)
    await step(notifier)
    assert gateway.requests.empty()
    await add_alarms(town, 1, priority=1, first=5)
    await step(notifier)
    gateway.take()
    clock.advance(31 * SECOND)
    await step(notifier)
    assert len(gateway.take()) == 1


async def test_a_hanging_provider_takes_no_place_from_another(
    town: Pool, notifier: Notifier, gateway: WebhookReceiver
) -> None:
    """Neither of its own channel nor of others: it has as many under way as one provider may have, and no more."""
    with webhook_receiver() as hanging:
        hanging.hang()
        async with town.connection() as connection:
            await connection.execute("INSERT INTO tenants VALUES ('stuck', 'Stuck', 'Europe/Stockholm', %s)", (OPENED,))
            await add_gateway(connection, Channel.SMS, hanging.url, tenant="stuck")
            await connection.execute(
                "INSERT INTO alarms (id, tenant, key, kind, priority, state, reason, opened_at, occurred_at)"
                " VALUES ('stuck-1', 'stuck', 'k', 'social_alarm', 1, 'open', 'pressed', %s, %s)",
                (OPENED, OPENED),
            )
            for n in range(5):
                await add_point(connection, f"s-{n}", owner_id=f"s-{n}", tenant="stuck")
        for n in range(5):
            for round in range(PER_RECEIVER):
                async with town.connection() as connection:
                    await add_notification(
                        connection, f"s-{n}-{round}", "stuck-1", f"s-{n}", channel=Channel.SMS, priority=1
                    )
        await tell(town)
        await notifier.step()
        (request,) = await asyncio.to_thread(gateway.take)
        assert request.json["to"] == "+46700000001"
        assert len(await asyncio.to_thread(hanging.take, PER_PROVIDER)) == PER_PROVIDER
        assert hanging.requests.empty()


async def test_without_a_provider_nothing_is_lost(town: Pool, notifier: Notifier, clock: ManualClock) -> None:
    """It is tried again and again, and the owner's other contact points are told when the time is over."""
    async with town.connection() as connection:
        await connection.execute("DELETE FROM channel_providers WHERE channel = 'sms'")
    await tell(town)
    await step(notifier)
    clock.advance(MINUTE)
    await step(notifier)
    assert await states(town) == {"sms": "due", "call": "sent"}


async def test_the_time_limit_is_the_tenants_own(town: Pool, notifier: Notifier) -> None:
    settings = {"channels": {"sms": {"receipt_seconds": [45, 90, 600, 3600]}}}
    async with town.connection() as connection:
        await connection.execute(
            "INSERT INTO delivery_settings VALUES ('testby', %s, %s, 'admin', %s)", (Jsonb(settings), OPENED, OPENED)
        )
    await tell(town)
    await step(notifier)
    assert (await kept(town))["sms"]["fall_back_at"] == OPENED + 45 * SECOND


async def test_the_journal_stays_that_of_people_and_the_console(town: Pool, notifier: Notifier) -> None:
    await tell(town)
    await step(notifier)
    async with town.connection() as connection:
        assert await journal(connection) == []
