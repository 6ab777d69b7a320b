"""SELECTs with only the conditions that were asked for: each question has its own text, and so its own plan."""

from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import msgspec
from psycopg.rows import dict_row

from events.ids import TenantId, UnitId
from store.pool import Connection

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may see: one unit, one tenant with all its units, or (nothing given) everything."""

    tenant: TenantId | None = None
    unit: UnitId | None = None


EVERYTHING = Scope()


class Select(Generic[Row]):
    """`text` up to WHERE (its columns are the fields of `row`), then conditions, then the order."""

    def __init__(self, row: type[Row], text: str, values: tuple[object, ...] = ()) -> None:
        self._row = row
        self._text = text
        self._conditions: list[str] = []
        self._values: list[object] = list(values)
        self._tail = ""

    def where(self, condition: str, *values: object) -> Self:
        """Adds a condition with one `%s` for each value; a value of None means that it was not asked for."""
        if not any(value is None for value in values):
            self._conditions.append(condition)
            self._values += values
        return self

    def after(self, condition: str, key: tuple[object, ...] | None) -> Self:
        """Only rows behind the last one of the page before; `condition` compares with a `%s` for each part of it."""
        return self.where(condition, *key) if key is not None else self

    def then(self, tail: str) -> Self:
        """What follows the conditions: ORDER BY, FOR UPDATE."""
        self._tail = tail
        return self

    async def rows(self, connection: Connection, limit: int | None = None) -> list[Row]:
        where = f"WHERE {' AND '.join(self._conditions)}" if self._conditions else ""
        parts = [self._text, where, self._tail, "LIMIT %s" if limit is not None else ""]
        values: list[Any] = [*self._values, *([limit] if limit is not None else [])]
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("\n".join(part for part in parts if part).encode(), values)
            return msgspec.convert(await cursor.fetchall(), list[self._row])  # type: ignore[name-defined]

    async def one(self, connection: Connection) -> Row | None:
        rows = await self.rows(connection)
        return rows[0] if rows else None
