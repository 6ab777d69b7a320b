"""The escalator on the real database, with a clock that is set by hand."""

import asyncio
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from events.ids import StaffId, TenantId, UnitId
from processors.escalator import Escalator
from processors.reach_metrics import ReachMetrics
from rules.alarm_lifecycle import Action
from rules.contact import Channel, Receiver
from rules.escalation import Reachable, advance
from rules.policy import CARE_LADDER, Group, Policy, Rung, Whom, write_policy
from rules.policy_choice import VAKA_CARE
from store.alarm_actions import Acted, Actor, act
from store.escalation import Climb, due_alarms, save, take
from store.listen import listen
from store.policies import PolicyRow, add_policy
from store.pool import Pool, connect
from tests.support.alarms import (
    OPENED,
    TENANT,
    UNIT,
    add_alarm,
    add_municipality,
    add_staff,
    add_webhook,
    alarm,
    journal,
    notifications,
    rows,
    sign_in,
    sign_out,
)
from tests.support.delivery import add_point
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(OPENED)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def escalator(pool: Pool, clock: ManualClock, registry: CollectorRegistry) -> Escalator:
    return Escalator(pool, clock, ReachMetrics(registry))


@pytest.fixture
async def town(pool: Pool) -> Pool:
    """Astrid and the manager Britt are signed in, Cecil is not."""
    async with pool.connection() as connection:
        await add_municipality(connection, "south")
        await add_staff(connection, "astrid")
        await add_staff(connection, "britt", role="manager")
        await add_staff(connection, "cecil", signed_in=False)
        await add_staff(connection, "nurse", unit="south")
        await add_staff(connection, "operator", unit=None, role="operator", signed_in=False)
        await add_webhook(connection, "unit-hook", receiver="unit", unit=UNIT)
        await add_webhook(connection, "centre")
    return pool


def after(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


async def told(pool: Pool) -> list[tuple[int, int, str]]:
    async with pool.connection() as connection:
        return [(n["round"], n["rung"], n["receiver"]) for n in await notifications(connection)]


FIRST = [(0, 1, "astrid")]
SECOND = [*FIRST, (0, 2, "astrid"), (0, 2, "britt"), (0, 2, "unit-hook")]
THIRD = [*SECOND, (0, 3, "centre")]


async def test_the_whole_ladder(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
    assert await escalator.step() == after(3)
    assert await told(town) == FIRST
    clock.time = after(2.99)
    assert await escalator.step() == after(3)
    assert await told(town) == FIRST
    clock.time = after(3)
    assert await escalator.step() == after(6)
    assert await told(town) == SECOND
    clock.time = after(6)
    assert await escalator.step() == after(11)
    assert await told(town) == THIRD
    for round, minutes in ((1, 11), (2, 16)):
        clock.time = after(minutes)
        assert await escalator.step() == after(minutes + 5)
        everybody = [(round, 3, receiver) for receiver in ("astrid", "britt", "centre", "unit-hook")]
        assert sorted(await told(town))[-4:] == everybody
    async with town.connection() as connection:
        kept = await alarm(connection)
        entries = await journal(connection)
    assert (kept["rung"], kept["round"], kept["version"], kept["state"]) == (3, 2, 1, "open")
    assert [(e["actor"], e["action"], e["data"]["rung"], e["data"]["reason"]) for e in entries] == [
        ("escalator", "escalated", 1, "rung_due"),
        ("escalator", "escalated", 2, "rung_due"),
        ("escalator", "escalated", 3, "rung_due"),
        ("escalator", "escalated", 3, "nobody_accepted"),
        ("escalator", "escalated", 3, "nobody_accepted"),
    ]
    assert entries[0]["data"]["told"] == [{"channel": "console", "receiver": "astrid"}]
    assert [e["at"] for e in entries] == [after(minutes) for minutes in (0, 3, 6, 11, 16)]


async def test_it_ends_when_somebody_accepts(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
    await escalator.step()
    async with town.connection() as connection:
        accepted = await act(connection, "alarm-1", Action.ACCEPT, 1, Actor("astrid", ""), after(1), {})
    assert isinstance(accepted, Acted)
    clock.time = after(60)
    assert await escalator.step() is None
    assert await told(town) == FIRST


async def test_the_version_that_staff_saw_survives_escalation(
    town: Pool, clock: ManualClock, escalator: Escalator
) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
    clock.time = after(60)
    await escalator.step()
    async with town.connection() as connection:
        accepted = await act(connection, "alarm-1", Action.ACCEPT, 1, Actor("astrid", ""), after(1), {})
    assert isinstance(accepted, Acted)


async def test_when_nobody_is_signed_in_the_next_rung_comes_at_once(town: Pool, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await sign_out(connection, "astrid")
        await sign_in(connection, "astrid", hours=-1)
        await add_alarm(connection)
    assert await escalator.step() == after(6)
    assert await told(town) == [(0, 2, "britt"), (0, 2, "unit-hook")]


async def test_a_ladder_that_reaches_nobody_is_seen_and_tried_again(
    pool: Pool, clock: ManualClock, registry: CollectorRegistry, escalator: Escalator
) -> None:
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_staff(connection, "astrid", signed_in=False)
        await add_alarm(connection)
    assert await escalator.step() == after(5)
    async with pool.connection() as connection:
        (entry,) = await journal(connection)
        await sign_in(connection, "astrid")
    assert (entry["action"], entry["data"]["reason"], entry["data"]["told"]) == ("escalated", "reached_nobody", [])
    assert registry.get_sample_value("vaka_escalations_unreached_total") == 1
    clock.time = after(5)
    assert await escalator.step() == after(10)
    assert await told(pool) == [(1, 3, "astrid")]
    assert registry.get_sample_value("vaka_escalations_unreached_total") == 1
    assert registry.get_sample_value("vaka_escalations_total", {"rung": "3"}) == 1


async def test_after_a_standstill_every_rung_is_told(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
    clock.time = after(60)
    assert await escalator.step() == after(65)
    assert await told(town) == THIRD


async def test_a_forwarded_alarm_escalates_anew(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
    await escalator.step()
    async with town.connection() as connection:
        await act(connection, "alarm-1", Action.FORWARD, 1, Actor("astrid", ""), after(1), {"receiver": "staff:nurse"})
    clock.time = after(1)
    assert await escalator.step() == after(4)
    assert await told(town) == [*FIRST, (1, 1, "nurse")]
    clock.time = after(7)
    assert await escalator.step() == after(12)
    assert await told(town) == [*FIRST, (1, 1, "nurse"), (1, 2, "nurse"), (1, 3, "centre")]


async def test_technical_alarms_are_for_operators(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection, priority=3)
    assert await escalator.step() == after(24 * 60)
    assert await told(town) == [(0, 1, "operator")]


async def test_an_alarm_of_no_unit_goes_to_all_staff(town: Pool, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection, unit=None)
    await escalator.step()
    assert await told(town) == [(0, 1, "astrid"), (0, 1, "nurse")]


async def test_two_escalators_tell_no_rung_twice(
    town: Pool, clock: ManualClock, registry: CollectorRegistry, escalator: Escalator
) -> None:
    alarms = [f"alarm-{n}" for n in range(1500)]
    async with town.connection() as connection:
        for id in alarms:
            await add_alarm(connection, id)
    other = Escalator(town, clock, ReachMetrics(CollectorRegistry()))
    for minutes in (0, 3, 6):
        clock.time = after(minutes)
        await asyncio.gather(escalator.step(), other.step(), escalator.step())
    async with town.connection() as connection:
        entries = await rows(
            connection, "SELECT alarm, data->>'rung' AS rung, count(*) FROM alarm_journal GROUP BY 1, 2 ORDER BY 1, 2"
        )
        assert len(await notifications(connection)) == len(alarms) * len(THIRD)
    assert [(e["alarm"], e["rung"], e["count"]) for e in entries] == [
        (id, rung, 1) for id in sorted(alarms) for rung in "123"
    ]


async def test_an_alarm_in_anothers_hands_is_left_to_it(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
    async with town.connection() as other:
        assert len(await take(other, await due_alarms(other, clock(), 10), clock())) == 1
        assert await escalator.step() == OPENED
        assert await told(town) == []
    await escalator.step()
    assert await told(town) == FIRST


async def test_what_was_decided_for_an_alarm_that_has_changed_is_not_saved(
    town: Pool, clock: ManualClock, escalator: Escalator
) -> None:
    async with town.connection() as connection:
        await add_alarm(connection)
        (before,) = await take(connection, await due_alarms(connection, clock(), 10), clock())
    await escalator.step()
    async with town.connection() as connection:
        (entry,) = await journal(connection)
        made = await rows(connection, "SELECT rung, round, escalate_at FROM alarms")
        cecil = Reachable(StaffId("cecil"), (Receiver(Channel.CONSOLE, "cecil"),))
        late = Climb(before, VAKA_CARE, advance(before, CARE_LADDER, lambda whom: (cecil,), clock()))
        assert await save(connection, [late], clock()) == []
        assert await rows(connection, "SELECT rung, round, escalate_at FROM alarms") == made
        assert await journal(connection) == [entry]
    assert await told(town) == FIRST


async def test_ten_thousand_at_once_the_gravest_first(town: Pool, clock: ManualClock, escalator: Escalator) -> None:
    async with town.connection() as connection:
        await connection.execute(
            "INSERT INTO alarms (id, tenant, unit, key, kind, priority, state, reason, opened_at, occurred_at,"
            " escalate_at) SELECT 'a' || n, 'testby', 'north', 'r:' || n, 'inactivity', 2, 'open', 'no_activity',"
            " %(at)s, %(at)s, %(at)s FROM generate_series(1, 10000) n",
            {"at": OPENED - timedelta(minutes=1)},
        )
        await add_alarm(connection, "press")
    await escalator.step()
    async with town.connection() as connection:
        (counted,) = await rows(connection, "SELECT count(*) FROM notifications WHERE rung = 1")
        first = await rows(connection, "SELECT alarm FROM alarm_journal ORDER BY seq LIMIT 1")
    assert counted["count"] == 10001
    assert first == [{"alarm": "press"}]


async def test_the_notifier_is_woken(town: Pool, escalator: Escalator, database_url: str) -> None:
    notices = listen(database_url, "vaka_notifications")
    await anext(notices)
    async with town.connection() as connection:
        await add_alarm(connection)
    await escalator.step()
    await anext(notices)
    await notices.aclose()


async def test_it_runs_until_told_to_stop_and_survives_lost_connections(
    town: Pool, escalator: Escalator, database_url: str
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(escalator.run(database_url, stop))
    for count in (1, 2, 3):
        async with town.connection() as connection:
            await add_alarm(connection, f"alarm-{count}")
        while len(await told(town)) < count:
            pass
        async with await connect(database_url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    stop.set()
    await running
    assert await told(town) == FIRST * 3


async def follow(pool: Pool, *to: Whom, at_person_seconds: int | None = None) -> None:
    """Unit `north` has a policy with these rungs, three minutes apart."""
    rungs = tuple(Rung(180 * number, (whom,)) for number, whom in enumerate(to))
    content = write_policy(Policy("P", rungs, 300, at_person_seconds))
    async with pool.connection() as connection:
        await add_policy(connection, PolicyRow("p", TenantId(TENANT), UnitId(UNIT), 1, content, OPENED, "test"))


async def test_relatives_of_the_resident_are_told_where_they_can_be(town: Pool, escalator: Escalator) -> None:
    async with town.connection() as connection:
        for name in ("anna", "bo"):
            await connection.execute(
                "INSERT INTO residents (id, tenant, unit, name, created_at) VALUES (%s, 'testby', 'north', 'Test', %s)",
                (name, OPENED),
            )
            await add_staff(connection, f"daughter-of-{name}", unit=None, role="relative", signed_in=False)
            await add_point(connection, f"push-{name}", Channel.PUSH, owner_id=f"daughter-of-{name}", address={})
            await connection.execute(
                "INSERT INTO relatives (id, tenant, resident, staff, created_at, created_by)"
                " VALUES (%s, 'testby', %s, %s, %s, 'test')",
                (f"relation-{name}", name, f"daughter-of-{name}", OPENED),
            )
            await add_alarm(connection, f"alarm-{name}")
            await connection.execute("UPDATE alarms SET resident = %s WHERE id = %s", (name, f"alarm-{name}"))
    await follow(town, Whom(Group.RELATIVES), Whom(Group.EVERYBODY))
    await escalator.step()
    async with town.connection() as connection:
        found = {n["alarm"]: (n["channel"], n["receiver"]) for n in await notifications(connection)}
    assert found == {"alarm-anna": ("push", "push-anna"), "alarm-bo": ("push", "push-bo")}


async def test_a_last_resort_and_an_overdue_alarm_are_counted(
    town: Pool, clock: ManualClock, registry: CollectorRegistry, escalator: Escalator
) -> None:
    await follow(town, Whom(Group.RELATIVES), Whom(Group.RELATIVES), at_person_seconds=600)
    async with town.connection() as connection:
        await add_alarm(connection)
    await escalator.step()
    assert registry.get_sample_value("vaka_escalations_last_resort_total") == 1
    assert {receiver for _, _, receiver in await told(town)} >= {"astrid", "britt", "nurse", "operator", "centre"}
    async with town.connection() as connection:
        await act(connection, "alarm-1", Action.ACCEPT, 1, Actor("astrid", ""), after(1), {})
    clock.time = after(11)
    assert await escalator.step() == after(16)
    assert registry.get_sample_value("vaka_escalations_overdue_total") == 1
    assert "astrid" not in {receiver for round, _, receiver in await told(town) if round == 1}
    async with town.connection() as connection:
        kept = await alarm(connection)
    assert (kept["state"], kept["version"], kept["overdue_at"]) == ("accepted", 2, after(11))
