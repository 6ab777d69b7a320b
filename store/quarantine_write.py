"""Keeping what was not understood: the raw bytes, and the reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from store.pool import Connection

HOLD = """
INSERT INTO quarantine (at, reason, detail, tenant, device, topic, payload)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[])
"""
HELD = "SELECT topic, payload, at, reason FROM quarantine WHERE id = %s AND state = 'replaying'"
REPLAYED = "UPDATE quarantine SET state = 'replayed', replayed_at = %s WHERE id = %s"


class Held(Struct, frozen=True, gc=False):
    """One message for quarantine. Texts may hold anything; what PostgreSQL cannot store is shown escaped."""

    reason: str
    detail: str
    topic: str
    payload: bytes
    tenant: str | None = None
    device: str | None = None


def storable(text: str) -> str:
    """`text` without NUL and lone surrogates, which no text column takes."""
    return text.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()


async def hold(connection: Connection, held: Sequence[Held], at: datetime) -> None:
    if not held:
        return
    values = (
        at,
        [h.reason for h in held],
        [storable(h.detail) for h in held],
        [h.tenant for h in held],
        [h.device for h in held],
        [storable(h.topic) for h in held],
        [h.payload for h in held],
    )
    await connection.execute(HOLD, values)


class HeldMessage(NamedTuple):
    """A message that somebody asked to be read again, and when it came."""

    topic: str
    payload: bytes
    at: datetime
    reason: str


async def held_message(connection: Connection, id: int) -> HeldMessage | None:
    row = await (await connection.execute(HELD, (id,))).fetchone()
    return HeldMessage(row[0], bytes(row[1]), row[2], row[3]) if row is not None else None


async def mark_replayed(connection: Connection, id: int, at: datetime) -> None:
    await connection.execute(REPLAYED, (at, id))
