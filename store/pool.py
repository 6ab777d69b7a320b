"""Connections to PostgreSQL: autocommit off, UTC, rows as the caller asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]

_OPTIONS = {"options": "-c timezone=UTC -c jit=off", "application_name": "vaka"}


@asynccontextmanager
async def open_pool(database_url: str, *, max_size: int = 10) -> AsyncIterator[Pool]:
    """A pool for short transactions; connections are checked before use, so a restarted server is survived."""
    pool: Pool = AsyncConnectionPool(
        database_url,
        kwargs=_OPTIONS,
        min_size=1,
        max_size=max_size,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )
    await pool.open(wait=True, timeout=30)
    try:
        yield pool
    finally:
        await pool.close(timeout=5)


async def connect(database_url: str, *, autocommit: bool = False) -> Connection:
    """One connection of one's own: for the owner of the log, and for listeners (autocommit)."""
    options: dict[str, Any] = dict(_OPTIONS)
    return await AsyncConnection.connect(database_url, autocommit=autocommit, **options)
