"""What an alarm stands on: the decisions of the rules that made it, and who was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from events.codec import utc
from events.ids import AlarmId, DeviceId, Key
from rules.clock import TimeSource, source
from rules.decisions import AnyDecision, decode_decision
from store.pool import Connection
from store.select import Select

# The column keeps JSON as the database writes it; the rules read their own form from the text.
DECISIONS = "SELECT data::text FROM decisions WHERE alarm = %s ORDER BY at, position, id"
SAID = """
SELECT device, occurred_at, received_at, data ->> 'at' FROM events
WHERE key = %s AND occurred_at = ANY(%s) AND device IS NOT NULL ORDER BY position
"""
REACHED = """
SELECT n.channel, n.receiver, s.name, n.state, n.created_at AS at, n.sent_at, n.seen_at
FROM notifications n LEFT JOIN staff s ON s.id = n.receiver AND n.channel = 'console'
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody was told: `at` decided, `sent_at` sent, `seen_at` shown. `name` of a member of staff."""

    channel: str
    receiver: str
    name: str | None
    state: Literal["due", "sent", "seen", "failed"]
    at: datetime
    sent_at: datetime | None
    seen_at: datetime | None


async def decisions_of(connection: Connection, alarm: AlarmId) -> list[AnyDecision]:
    """In the order of time. Whether the alarm may be seen is the caller's to check."""
    rows = await (await connection.execute(DECISIONS, (alarm,))).fetchall()
    return [decode_decision(data.encode()) for (data,) in rows]


class Said(NamedTuple):
    """When something happened, and when by the clock of the device that said so."""

    device: DeviceId
    at: datetime
    time: TimeSource
    device_time: datetime


async def said_at(connection: Connection, key: Key, times: Sequence[datetime]) -> list[Said]:
    """What is in the log of `key` at these times, and where the times come from."""
    rows = await (await connection.execute(SAID, (key, list(times)))).fetchall()
    told = [(DeviceId(device), at, received, utc(said)) for device, at, received, said in rows]
    return [Said(device, at, source(said, at, received), said) for device, at, received, said in told]


async def reached(connection: Connection, alarm: AlarmId) -> list[Reached]:
    """Everybody who was told of the alarm, the first one first."""
    return (
        await Select(Reached, REACHED).where("n.alarm = %s", alarm).then("ORDER BY n.created_at, n.id").rows(connection)
    )
