"""What the owner of the log says of itself, for readiness, the console's banner and operators. Real time."""

from datetime import datetime

import msgspec
from msgspec import Struct

from store.log import PARTITION
from store.pool import Connection

SAY = "UPDATE log_owner SET status = %s, status_at = %s WHERE partition = %s AND epoch = %s"
ASK = "SELECT convert_to(status::text, 'UTF8'), status_at FROM log_owner WHERE partition = %s"


class LogStatus(Struct, frozen=True):
    """`waiting`: messages read from the broker but not yet committed. `position`: the log's end."""

    position: int
    connected: bool
    catching_up: bool
    waiting: int
    queue_limit: int


_DECODER = msgspec.json.Decoder(LogStatus)


async def say(connection: Connection, epoch: int, status: LogStatus, wall: datetime) -> None:
    await connection.execute(SAY, (msgspec.json.encode(status).decode(), wall, PARTITION, epoch))


async def ask(connection: Connection) -> tuple[LogStatus, datetime] | None:
    """The last word of the owner and when it was said; None when there has never been one."""
    row = await (await connection.execute(ASK, (PARTITION,))).fetchone()
    if row is None or row[0] is None:
        return None
    return _DECODER.decode(row[0]), row[1]


def problems(
    said: tuple[LogStatus, datetime] | None, wall: datetime, silent_after: float = 10
) -> list[tuple[str, str]]:
    """What is wrong, as (broker or log, words for people); empty when all is well. `silent_after` in seconds."""
    if said is None:
        return [("log", "no process has taken it yet")]
    status, at = said
    found = []
    silence = (wall - at).total_seconds()
    if silence > silent_after:
        found.append(("log", f"the process that owns it has been silent for {silence:.0f} s"))
    if not status.connected:
        found.append(("broker", "the subscription is down"))
    if status.catching_up:
        found.append(("log", "catching up with what the broker kept; deadlines wait"))
    if status.waiting * 2 > status.queue_limit:
        found.append(("log", f"it is behind: {status.waiting} messages wait"))
    return found
