"""Usage: how often each technology was used, added up as it is asked for."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, get_args

from psycopg import sql
from psycopg.rows import dict_row

from events.ids import ResidentId, TenantId, UnitId
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope

Dimension = Literal["tenant", "unit", "resident", "technology", "kind", "day"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
"""In the order in which columns stand and rows are sorted, however they are asked for."""

DEFAULT_BY: tuple[Dimension, ...] = ("technology", "kind")

UsageRow = dict[str, Any]
"""The dimensions asked for (texts, `day` a date), and `count`."""

# Sums of bigint are numeric in PostgreSQL; COLLATE "C" gives every database the same order.
USAGE = """
SELECT {columns} FROM usage_daily {where} {group} {order} {limit}
"""


async def usage(
    connection: Connection,
    scope: Scope,
    *,
    by: Sequence[Dimension] = DEFAULT_BY,
    first_day: date | None = None,
    last_day: date | None = None,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    resident: ResidentId | None = None,
    technology: Technology | None = None,
    kind: str | None = None,
    after: tuple[object, ...] | None = None,
    limit: int | None = None,
) -> list[UsageRow]:
    """Counts from `first_day` to `last_day`, both included, sorted by the dimensions in their order.

    With no dimension it is one row with the sum. `after` are the dimensions of the last row of the page before.
    """
    asked = in_order(by)
    conditions: list[tuple[str, object]] = [
        ("day >= %s", first_day),
        ("day <= %s", last_day),
        ("tenant = %s", tenant),
        ("unit = %s", unit),
        ("resident = %s", resident),
        ("technology = %s", technology),
        ("kind = %s", kind),
        ("tenant = %s", scope.tenant),
        ("unit = %s", scope.unit),
    ]
    where, values = _where(asked, [given for given in conditions if given[1] is not None], after)
    query = sql.SQL(USAGE).format(
        columns=_list([*map(sql.Identifier, asked), sql.SQL("sum(count)::bigint AS count")]),
        where=where,
        group=_clause("GROUP BY", list(map(sql.Identifier, asked))),
        order=_clause("ORDER BY", list(map(_sorted, asked))),
        limit=sql.SQL("LIMIT {}").format(limit) if limit is not None else sql.SQL(""),
    )
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(query, values)).fetchall()
    # Without a dimension there is always one row; its sum is NULL when nothing was counted.
    return [{**row, "count": row["count"] or 0} for row in rows]


def _where(
    asked: Sequence[Dimension], given: Sequence[tuple[str, object]], after: tuple[object, ...] | None
) -> tuple[sql.Composable, list[object]]:
    conditions: list[sql.Composable] = [sql.SQL(condition) for condition, _ in given]
    values = [value for _, value in given]
    if after:
        keys, places = _list(list(map(_sorted, asked))), _list([sql.Placeholder() for _ in after])
        conditions.append(sql.SQL("({}) > ({})").format(keys, places))
        values += after
    return _clause("WHERE", conditions, " AND "), values


def in_order(by: Sequence[Dimension]) -> tuple[Dimension, ...]:
    return tuple(dimension for dimension in DIMENSIONS if dimension in by)


def _sorted(dimension: Dimension) -> sql.Composable:
    collation = "" if dimension == "day" else ' COLLATE "C"'
    return sql.Identifier(dimension) + sql.SQL(collation)


def _list(parts: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)


def _clause(word: str, parts: Sequence[sql.Composable], between: str = ", ") -> sql.Composable:
    return sql.SQL(word + " ") + sql.SQL(between).join(parts) if parts else sql.SQL("")


def usage_columns(by: Sequence[Dimension] = DEFAULT_BY) -> tuple[str, ...]:
    """The dimensions in their order, and then `count`."""
    return (*in_order(by), "count")
