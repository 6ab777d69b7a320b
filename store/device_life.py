"""Where a device is in its life, and how it came there: every step is in its history, which is only ever added to."""

from dataclasses import dataclass
from datetime import datetime

from events.devices import LifeCycle
from events.ids import DeviceId
from store.pool import Connection
from store.select import Select

MOVE = "UPDATE devices SET life_cycle = %(to)s WHERE id = %(device)s"
RECORD = """
INSERT INTO device_history (device, at, actor, from_state, to_state, reason)
VALUES (%(device)s, %(now)s, %(actor)s, %(state)s, %(to)s, %(reason)s)
"""
HISTORY = """
SELECT h.id::text, h.id AS seq, h.device, h.at, h.actor, s.name AS actor_name, h.from_state, h.to_state, h.reason
FROM device_history h LEFT JOIN staff s ON s.id = h.actor
"""
TELL = "SELECT pg_notify('vaka_devices', %s)"

CHANNEL = "vaka_devices"
"""NOTIFY channel with the id of a device whose life cycle or trial has changed."""


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One step. Equal states: something else was done, such as a trial, and `reason` says what."""

    id: str
    seq: int
    device: DeviceId
    at: datetime
    actor: str
    actor_name: str | None
    from_state: LifeCycle | None
    to_state: LifeCycle
    reason: str | None


async def move(
    connection: Connection,
    device: DeviceId,
    state: LifeCycle,
    to: LifeCycle,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Takes a device, which the caller has locked in `state`, to `to`. Whether it may is the caller's to ask."""
    await connection.execute(MOVE, {"device": device, "to": to})
    await record(connection, device, state, to, actor, now, reason)


async def record(
    connection: Connection,
    device: DeviceId,
    state: LifeCycle | None,
    to: LifeCycle,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Adds to the history (`state` None: the device is new), and lets those who look at the device live know."""
    values = {"device": device, "now": now, "actor": actor, "state": state, "to": to, "reason": reason}
    await connection.execute(RECORD, values)
    await connection.execute(TELL, (device,))


async def history_of(
    connection: Connection, device: DeviceId, *, after: tuple[int] | None = None, limit: int = 100
) -> list[LifeStep]:
    """In the order in which it happened. Whether the device may be seen is the caller's to check."""
    select = Select(LifeStep, HISTORY).where("h.device = %s", device).after("h.id > %s", after)
    return await select.then("ORDER BY h.id").rows(connection, limit)
