"""Reading tables in tests."""

from typing import Any, LiteralString

from store.pool import Connection


async def rows(connection: Connection, query: LiteralString) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query)).fetchall()


async def row(connection: Connection, query: LiteralString) -> tuple[Any, ...]:
    """The only row."""
    (only,) = await rows(connection, query)
    return only
