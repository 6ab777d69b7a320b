"""Listening for NOTIFY on a connection of one's own."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from psycopg import sql

from store.pool import connect

ALIVE_SECONDS = 5


class Notice(NamedTuple):
    """`payload` is what the sender added, mostly nothing."""

    channel: str
    payload: str


async def listen(database_url: str, *channels: str) -> AsyncGenerator[Notice | None, None]:
    """Notices as they come. The first is None: from then on nothing is missed, so read what was there before.

    Ends with an exception of `store.failures.DATABASE_DOWN` when the connection breaks; a server that is gone
    without a word is found out by asking it, every few seconds of silence.
    """
    connection = await connect(database_url, autocommit=True)
    async with connection:
        for channel in channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield None
        while True:
            async for notice in connection.notifies(timeout=ALIVE_SECONDS):
                yield Notice(notice.channel, notice.payload)
            await connection.execute("SELECT 1")
