"""The wearer is told once that help is coming, by devices that can tell, and in the transaction of the accept."""

from datetime import timedelta
from typing import Any

import pytest

from rules.alarm_lifecycle import Action
from rules.device_feedback import VALID
from store.alarm_actions import Acted, Actor, act
from store.pool import Connection, Pool
from tests.support.alarms import OPENED, rows

pytestmark = pytest.mark.anyio

BRITT = Actor("britt", "Britt")
NOW = OPENED + timedelta(minutes=1)


async def world(connection: Connection, language: str = "sv") -> None:
    await connection.execute(
        "INSERT INTO tenants (id, name, language, created_at) VALUES ('prov', 'Prov', %s, %s)", (language, OPENED)
    )
    await connection.execute("INSERT INTO units VALUES ('norr', 'prov', 'Norr', %s)", (OPENED,))
    for person in ("anna", "bo", "cia"):
        await connection.execute(
            "INSERT INTO residents (id, tenant, unit, name, created_at) VALUES (%s, 'prov', 'norr', %s, %s)",
            (person, person.title(), OPENED),
        )


async def lend(connection: Connection, device: str, resident: str = "anna", **more: Any) -> None:
    columns = {"type": "button", "family": None, "testing_until": None, "to": None, "shared_with": None, **more}
    await connection.execute(
        "INSERT INTO devices (id, tenant, technology, type, family, scope, external_id, testing_until,"
        " created_at) VALUES (%(id)s, 'prov', 'social_alarm', %(type)s, %(family)s, %(scope)s, %(scope)s,"
        " %(testing_until)s, %(at)s)",
        {**columns, "id": device, "scope": device if columns["family"] else None, "at": OPENED},
    )
    await connection.execute(
        'INSERT INTO assignments (id, tenant, device, resident, "from", "to", shared_with, created_at)'
        " VALUES (%(id)s, 'prov', %(id)s, %(resident)s, %(from)s, %(to)s, %(shared_with)s, %(from)s)",
        {**columns, "id": device, "resident": resident, "from": OPENED - timedelta(days=1)},
    )


async def alarm(connection: Connection, id: str = "a-1", kind: str = "social_alarm", device: str = "button") -> None:
    await connection.execute(
        "INSERT INTO alarms (id, tenant, unit, resident, device, key, kind, priority, state, reason, opened_at,"
        " occurred_at, escalate_at)"
        " VALUES (%s, 'prov', 'norr', 'anna', %s, 'r:anna', %s, 1, 'open', 'pressed', %s, %s, %s)",
        (id, device, kind, OPENED, OPENED, OPENED),
    )


async def accept(connection: Connection, id: str = "a-1", version: int = 1) -> None:
    assert isinstance(await act(connection, id, Action.ACCEPT, version, BRITT, NOW, {}), Acted)


async def commands(connection: Connection) -> list[tuple[str, str]]:
    kept = await rows(connection, "SELECT device, name FROM device_commands ORDER BY device")
    return [(row["device"], row["name"]) for row in kept]


@pytest.mark.parametrize(("language", "text"), [("sv", "Hjälp är på väg"), ("en", "Help is coming")])
async def test_the_device_that_called_says_that_help_is_coming(pool: Pool, language: str, text: str) -> None:
    async with pool.connection() as connection:
        await world(connection, language)
        await lend(connection, "button")
        await alarm(connection)
        await accept(connection)
        (command,) = await rows(connection, "SELECT * FROM device_commands")
    assert (command["tenant"], command["device"], command["name"]) == ("prov", "button", "speak")
    assert command["created_at"] == NOW
    data = command["data"]
    assert text in data.pop("text")
    assert data == {"alarm": "a-1", "language": language, "until": (NOW + VALID).isoformat()}


async def test_only_devices_that_can_tell_and_are_with_the_person(pool: Pool) -> None:
    async with pool.connection() as connection:
        await world(connection)
        await connection.execute(
            "INSERT INTO device_types (id, tenant, name, technology, help_command)"
            " VALUES ('lamp', 'prov', 'Lampa', 'other', 'blink')"
        )
        await lend(connection, "button")
        await lend(connection, "lamp", type="lamp")
        await lend(connection, "couples", "bo", shared_with="anna")
        await lend(connection, "mute", type="door")
        await lend(connection, "unknown", type=None)
        await lend(connection, "zigbee", family="zigbee2mqtt")
        await lend(connection, "tried-out", testing_until=NOW + timedelta(minutes=5))
        await lend(connection, "returned", to=NOW)
        await lend(connection, "somebody-elses", "cia")
        await alarm(connection)
        await accept(connection)
        assert await commands(connection) == [("button", "speak"), ("couples", "speak"), ("lamp", "blink")]


async def test_once_for_each_alarm(pool: Pool) -> None:
    async with pool.connection() as connection:
        await world(connection)
        await lend(connection, "button")
        await alarm(connection)
        await accept(connection)
        forwarded = await act(connection, "a-1", Action.FORWARD, 2, BRITT, NOW, {"receiver": "unit:norr"})
        assert isinstance(forwarded, Acted)
        await accept(connection, version=3)
        assert await commands(connection) == [("button", "speak")]
        await alarm(connection, "a-2", "fall")
        await accept(connection, "a-2")
        assert len(await commands(connection)) == 2


@pytest.mark.parametrize("kind", ["missed_dose", "night_wandering", "battery_low", "smoke", "inactivity"])
async def test_who_has_not_called_is_told_nothing(pool: Pool, kind: str) -> None:
    async with pool.connection() as connection:
        await world(connection)
        await lend(connection, "button")
        await alarm(connection, kind=kind)
        await accept(connection)
        assert await commands(connection) == []


async def test_an_accept_that_is_taken_back_has_told_nobody(pool: Pool) -> None:
    async with pool.connection() as connection:
        await world(connection)
        await lend(connection, "button")
        await alarm(connection)
        await connection.commit()
        await accept(connection)
        await connection.rollback()
        assert await commands(connection) == []
