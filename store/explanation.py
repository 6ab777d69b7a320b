"""What an alarm stands on: the decisions of the rules that made it, and who was told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from events.ids import AlarmId
from rules.decisions import AnyDecision, decode_decision
from store.pool import Connection
from store.select import Select

# The column keeps JSON as the database writes it; the rules read their own form from the text.
DECISIONS = "SELECT data::text FROM decisions WHERE alarm = %s ORDER BY at, position, id"
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


async def reached(connection: Connection, alarm: AlarmId) -> list[Reached]:
    """Everybody who was told of the alarm, the first one first."""
    return (
        await Select(Reached, REACHED).where("n.alarm = %s", alarm).then("ORDER BY n.created_at, n.id").rows(connection)
    )
