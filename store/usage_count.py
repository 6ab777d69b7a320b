"""Counting use, in the transaction that appends the events: nothing is counted twice, nothing is forgotten."""

from collections import Counter
from datetime import date

from msgspec import Struct

from events.ids import ResidentId, TenantId, UnitId
from events.kinds import Technology
from store.pool import Connection

# `%b`: long arrays as text cost the client three times as much.
ADD_USAGE = """
INSERT INTO usage_daily AS daily (tenant, unit, resident, technology, kind, day, count)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::date[], %b::bigint[])
ON CONFLICT (resident, day, technology, kind, unit) DO UPDATE SET count = daily.count + excluded.count
"""


class Use(Struct, frozen=True, gc=False):
    """One cell of the daily table. `day` is the resident's local day of `occurred_at`."""

    tenant: TenantId
    unit: UnitId
    resident: ResidentId
    technology: Technology
    kind: str
    day: date


async def add_usage(connection: Connection, counts: Counter[Use]) -> None:
    if not counts:
        return
    # In one order everywhere, so that two transactions that count the same cells cannot wait for each other.
    cells = sorted(counts.items(), key=lambda cell: (cell[0].resident, cell[0].day, cell[0].technology, cell[0].kind))
    values = (
        [use.tenant for use, _ in cells],
        [use.unit for use, _ in cells],
        [use.resident for use, _ in cells],
        [use.technology for use, _ in cells],
        [use.kind for use, _ in cells],
        [use.day for use, _ in cells],
        [count for _, count in cells],
    )
    await connection.execute(ADD_USAGE, values)
