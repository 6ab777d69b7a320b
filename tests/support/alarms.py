"""A small municipality in the database, with people who sign in and alarms that are raised by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from psycopg.rows import dict_row

from store.pool import Connection

OPENED = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
TENANT = "testby"
UNIT = "north"


async def add_municipality(connection: Connection, *units: str) -> None:
    """Tenant `testby` with the units `north` and those given, a resident and a dispenser in each."""
    await connection.execute("INSERT INTO tenants VALUES (%s, 'Testby', 'Europe/Stockholm', %s)", (TENANT, OPENED))
    for unit in (UNIT, *units):
        await connection.execute("INSERT INTO units VALUES (%s, %s, %s, %s)", (unit, TENANT, unit.title(), OPENED))


async def add_staff(
    connection: Connection, id: str, *, unit: str | None = UNIT, role: str = "staff", signed_in: bool = True
) -> None:
    await connection.execute(
        "INSERT INTO staff (id, tenant, unit, username, name, role, password_hash, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, '', %s)",
        (id, TENANT, unit, id, f"Test {id.title()}", role, OPENED),
    )
    if signed_in:
        await sign_in(connection, id)


async def sign_in(connection: Connection, staff: str, hours: int = 12) -> None:
    """A session of so many hours of real time; a negative number is one that has run out."""
    await connection.execute(
        "INSERT INTO sessions VALUES (%s, %s, now(), now() + %s)", (uuid4().bytes, staff, timedelta(hours=hours))
    )


async def sign_out(connection: Connection, staff: str) -> None:
    await connection.execute("DELETE FROM sessions WHERE staff = %s", (staff,))


async def add_webhook(
    connection: Connection,
    id: str,
    url: str = "http://127.0.0.1:9/",
    *,
    receiver: Literal["unit", "alarm_centre"] = "alarm_centre",
    unit: str | None = None,
) -> None:
    """With the secret `secret of ID`."""
    await connection.execute(
        "INSERT INTO webhooks VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (id, TENANT, unit, receiver, url, f"secret of {id}", OPENED),
    )


async def add_alarm(
    connection: Connection, id: str = "alarm-1", *, unit: str | None = UNIT, priority: int = 1, at: datetime = OPENED
) -> str:
    """An open alarm whose escalation is due at once. Returns its id."""
    await connection.execute(
        "INSERT INTO alarms (id, tenant, unit, device, key, kind, priority, state, reason, opened_at, occurred_at,"
        " escalate_at) VALUES (%s, %s, %s, 'button-1', %s, 'social_alarm', %s, 'open', 'pressed', %s, %s, %s)",
        (id, TENANT, unit, f"r:{id}", priority, at, at, at),
    )
    await connection.execute("NOTIFY vaka_alarms")
    return id


async def add_notification(
    connection: Connection, id: str, alarm: str, receiver: str, *, channel: str = "webhook", priority: int = 1
) -> None:
    await connection.execute(
        "INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at)"
        " VALUES (%s, %s, 1, 0, %s, %s, %s, %s, now())",
        (id, alarm, priority, channel, receiver, OPENED),
    )
    await connection.execute("NOTIFY vaka_notifications")


async def rows(connection: Connection, query: str, *values: object) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


async def alarm(connection: Connection, id: str = "alarm-1") -> dict[str, Any]:
    (row,) = await rows(connection, "SELECT * FROM alarms WHERE id = %s", id)
    return row


async def journal(connection: Connection, alarm: str = "alarm-1") -> list[dict[str, Any]]:
    return await rows(connection, "SELECT * FROM alarm_journal WHERE alarm = %s ORDER BY seq", alarm)


async def notifications(connection: Connection) -> list[dict[str, Any]]:
    return await rows(connection, "SELECT * FROM notifications ORDER BY round, rung, channel, receiver")
