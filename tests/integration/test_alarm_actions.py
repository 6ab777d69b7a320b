"""What people do with alarms, on the real database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from rules.alarm_lifecycle import TRANSITIONS, Action, State
from store.alarm_actions import Acted, Actor, NotAllowed, Stale, UnknownReceiver, act
from store.listen import listen
from store.pool import Pool
from tests.support.alarms import OPENED, add_alarm, add_municipality, add_staff, alarm, journal

pytestmark = pytest.mark.anyio

ASTRID = Actor("astrid", "Test Astrid")
BO = Actor("bo", "Test Bo")
NOW = OPENED + timedelta(minutes=1)
LATER = OPENED + timedelta(minutes=9)


@pytest.fixture
async def town(pool: Pool) -> Pool:
    async with pool.connection() as connection:
        await add_municipality(connection, "south")
        await add_staff(connection, "astrid")
        await add_staff(connection, "nurse", unit="south")
        await add_staff(connection, "night", unit=None)
        await add_staff(connection, "auditor", role="auditor")
        await add_alarm(connection)
    return pool


async def do(
    pool: Pool, action: Action, version: int, actor: Actor = ASTRID, now: Any = NOW, **data: Any
) -> Acted | Stale | NotAllowed | None:
    async with pool.connection() as connection:
        return await act(connection, "alarm-1", action, version, actor, now, data)


async def test_accepted_then_at_the_person_then_resolved(town: Pool) -> None:
    accepted = await do(town, Action.ACCEPT, 1)
    assert isinstance(accepted, Acted)
    await do(town, Action.AT_PERSON, 2, BO, NOW + timedelta(minutes=5))
    resolved = await do(town, Action.RESOLVE, 3, BO, LATER, outcome="helped", note="Fell, not hurt")
    assert isinstance(resolved, Acted)
    kept = resolved.alarm
    assert (accepted.alarm["state"], accepted.alarm["version"], accepted.alarm["escalate_at"]) == ("accepted", 2, None)
    assert (kept["state"], kept["version"], kept["outcome"]) == ("resolved", 4, "helped")
    assert (kept["accepted_by"], kept["accepted_at"]) == ("astrid", NOW)
    assert (kept["at_person_at"], kept["closed_at"]) == (NOW + timedelta(minutes=5), LATER)
    async with town.connection() as connection:
        assert await alarm(connection) == kept
        entries = await journal(connection)
    assert [(e["actor"], e["action"], e["version"], e["state"], e["at"]) for e in entries] == [
        ("astrid", "accepted", 2, "accepted", NOW),
        ("bo", "at_person", 3, "at_person", NOW + timedelta(minutes=5)),
        ("bo", "resolved", 4, "resolved", LATER),
    ]
    assert entries[2]["data"] == {"name": "Test Bo", "outcome": "helped", "note": "Fell, not hurt"}


@pytest.mark.parametrize("action", [Action.AT_PERSON, Action.RESOLVE])
async def test_who_acts_at_once_has_accepted(town: Pool, action: Action) -> None:
    acted = await do(town, action, 1, BO)
    assert isinstance(acted, Acted)
    assert (acted.alarm["accepted_by"], acted.alarm["accepted_at"], acted.alarm["escalate_at"]) == ("bo", NOW, None)


async def test_a_note_changes_nothing_but_the_version(town: Pool) -> None:
    async with town.connection() as connection:
        before = await alarm(connection)
    acted = await do(town, Action.NOTE, 1, note="Key under the mat")
    assert isinstance(acted, Acted)
    assert acted.alarm == {**before, "version": 2}


async def test_of_two_who_accept_at_once_one_wins(town: Pool) -> None:
    """Both read the alarm before either changes it: the second waits for the first, and then finds it taken."""
    async with town.connection() as first, town.connection() as second:
        won = await act(first, "alarm-1", Action.ACCEPT, 1, ASTRID, NOW, {})
        racing = asyncio.create_task(act(second, "alarm-1", Action.ACCEPT, 1, BO, NOW, {}))
        await _until_blocked(town, second.info.backend_pid)
        await first.commit()
        lost = await racing
    assert isinstance(won, Acted)
    assert isinstance(lost, Stale)
    assert (lost.alarm["accepted_by"], lost.alarm["version"], lost.alarm["state"]) == ("astrid", 2, "accepted")
    async with town.connection() as connection:
        assert [entry["actor"] for entry in await journal(connection)] == ["astrid"]


async def _until_blocked(pool: Pool, pid: int) -> None:
    async with pool.connection() as watcher:
        waiting = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
        while (await (await watcher.execute(waiting, (pid,))).fetchone()) == (0,):
            await watcher.rollback()


async def test_fifty_at_once(town: Pool) -> None:
    results = await asyncio.gather(*[do(town, Action.ACCEPT, 1, Actor(f"s{n}", "")) for n in range(50)])
    assert [type(result) for result in results].count(Acted) == 1
    assert [type(result) for result in results].count(Stale) == 49


@pytest.mark.parametrize("version", [0, 2, 99])
async def test_another_version_is_stale(town: Pool, version: int) -> None:
    result = await do(town, Action.ACCEPT, version)
    assert isinstance(result, Stale)
    assert result.alarm["version"] == 1


REFUSED = [(state, action) for state in State for action in Action if action not in TRANSITIONS[state]]


@pytest.mark.parametrize(("state", "action"), [*REFUSED, (State.OPEN, Action.WITHDRAW)])
async def test_what_the_table_does_not_allow_people(town: Pool, state: State, action: Action) -> None:
    async with town.connection() as connection:
        await connection.execute("UPDATE alarms SET state = %s", (state,))
    result = await do(town, action, 1, BO, receiver="unit:south")
    assert isinstance(result, NotAllowed)
    assert (result.alarm["state"], result.alarm["version"]) == (state, 1)


async def test_no_such_alarm(town: Pool) -> None:
    async with town.connection() as connection:
        assert await act(connection, "nowhere", Action.ACCEPT, 1, BO, NOW, {}) is None


@pytest.mark.parametrize(
    ("receiver", "unit"),
    [("unit:south", "south"), ("staff:nurse", "south"), ("staff:night", "north"), ("alarm_centre", "north")],
)
async def test_forwarded_it_is_open_again_for_the_receiver(town: Pool, receiver: str, unit: str) -> None:
    await do(town, Action.AT_PERSON, 1)
    forwarded = await do(town, Action.FORWARD, 2, ASTRID, LATER, receiver=receiver)
    assert isinstance(forwarded, Acted)
    now = forwarded.alarm
    assert (now["state"], now["version"], now["unit"], now["forwarded_to"]) == ("open", 3, unit, receiver)
    assert (now["escalate_at"], now["forwarded_at"], now["rung"], now["round"]) == (LATER, LATER, 0, 1)
    assert (now["accepted_at"], now["accepted_by"], now["at_person_at"]) == (None, None, None)
    assert now["opened_at"] == OPENED


async def test_the_escalator_is_woken_by_forwarding(town: Pool, database_url: str) -> None:
    notices = listen(database_url, "vaka_alarms")
    await anext(notices)
    await do(town, Action.FORWARD, 1, receiver="unit:south")
    await anext(notices)
    await notices.aclose()


@pytest.mark.parametrize("receiver", ["unit:nowhere", "staff:nobody", "staff:auditor", "south", "", None])
async def test_an_alarm_is_not_forwarded_to_nobody(town: Pool, receiver: str | None) -> None:
    with pytest.raises(UnknownReceiver):
        await do(town, Action.FORWARD, 1, receiver=receiver)
    async with town.connection() as connection:
        assert (await alarm(connection))["version"] == 1


async def test_nor_to_another_municipality(town: Pool) -> None:
    async with town.connection() as connection:
        await connection.execute("INSERT INTO tenants VALUES ('other', 'Other', 'UTC', %s)", (OPENED,))
        await connection.execute("INSERT INTO units VALUES ('east', 'other', 'East', %s)", (OPENED,))
    with pytest.raises(UnknownReceiver):
        await do(town, Action.FORWARD, 1, receiver="unit:east")
