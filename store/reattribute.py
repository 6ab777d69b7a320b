"""Giving events to whom they belong after an assignment was corrected, in the transaction that applies the correction.

The question is the one that was asked when the event came (`processors.batch`): who had the device at `occurred_at`;
and for a call for help that nobody had the device for, who had it at `received_at`. What was imported as history
named its resident, and stays.

`events.key` stays, too. It says in whose order, and with whose state, the rules have judged the event: replay must
judge it there again, or it would come to other decisions than the ones that people have acted on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from msgspec import Struct

from events.control import AssignmentChanged
from events.ids import DeviceId, ResidentId, TenantId, UnitId
from events.kinds import HEALTH, Technology
from store.assignments import Span
from store.inbox import Correction, put
from store.pool import Connection
from store.select import Scope, Select
from store.usage_count import Use, add_usage

AT_ONCE = 5000
"""Events of one correction in one transaction; about a tenth of a second."""

# The kinds are spelt out, for only so PostgreSQL uses the index of just these.
CALLS = "kind IN ('alarm_cancelled', 'alarm_pressed', 'fall_detected', 'smoke_detected')"
WHO = """
SELECT resident FROM assignments
WHERE device = %(device)s AND "from" <= {at} AND ("to" IS NULL OR "to" > {at})
"""
MOVE_EVENTS = f"""
WITH span AS (SELECT %(start)s::timestamptz AS start, coalesce(%(stop)s, 'infinity'::timestamptz) AS stop),
touched AS (
    SELECT position, received_at, occurred_at, kind, resident
    FROM events JOIN span ON occurred_at >= start AND occurred_at < stop
    WHERE device = %(device)s AND NOT history
    UNION
    SELECT position, received_at, occurred_at, kind, resident
    FROM events JOIN span ON received_at >= start AND received_at < stop
    WHERE device = %(device)s AND NOT history AND {CALLS}
),
judged AS MATERIALIZED (
    SELECT touched.*, coalesce(({WHO.format(at="touched.occurred_at")}),
                               CASE WHEN {CALLS} THEN ({WHO.format(at="touched.received_at")}) END) AS owner
    FROM touched
),
moved AS (
    UPDATE events SET resident = owner FROM judged
    WHERE (events.position, events.received_at) = (judged.position, judged.received_at)
        AND judged.resident IS DISTINCT FROM owner
    RETURNING judged.resident AS loser, owner AS gainer, judged.kind, judged.occurred_at
)
SELECT loser, gainer, residents.unit, devices.tenant, kind, (occurred_at AT TIME ZONE timezone)::date AS day,
       count(*) AS events, min(occurred_at) AS first, max(occurred_at) AS last
FROM moved JOIN devices ON devices.id = %(device)s JOIN tenants ON tenants.id = devices.tenant
LEFT JOIN residents ON residents.id = gainer
GROUP BY loser, gainer, unit, devices.tenant, kind, day ORDER BY loser, gainer, kind, day
"""  # noqa: S608
BEYOND = """
SELECT occurred_at FROM events
WHERE device = %(device)s AND NOT history AND occurred_at >= %(start)s
    AND occurred_at < coalesce(%(stop)s, 'infinity'::timestamptz)
ORDER BY occurred_at OFFSET %(most)s LIMIT 1
"""
# In which unit it was counted is not known when the person has moved that day; then it is taken from one after another.
TAKE_USAGE = """
WITH taken AS (
    SELECT daily.ctid AS place,
           least(daily.count, greatest(0, less.count - (sum(daily.count) OVER units - daily.count))) AS count
    FROM usage_daily daily
    JOIN unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::bigint[])
        AS less (resident, technology, kind, day, count) USING (resident, technology, kind, day)
    WINDOW units AS (PARTITION BY resident, technology, kind, day ORDER BY daily.unit)
)
UPDATE usage_daily SET count = usage_daily.count - taken.count FROM taken WHERE usage_daily.ctid = place
"""
FORGET_UNUSED = "DELETE FROM usage_daily WHERE resident = ANY(%s) AND count = 0"
TRACE = """
INSERT INTO reattributions AS trace (tenant, device, assignment, at, actor, from_resident, to_resident, events,
                                     first_at, last_at, correction)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (correction, coalesce(from_resident, ''), coalesce(to_resident, '')) DO UPDATE SET
    events = trace.events + excluded.events,
    first_at = least(trace.first_at, excluded.first_at), last_at = greatest(trace.last_at, excluded.last_at)
"""
TRACES = """
SELECT t.id::text, t.id AS number, t.tenant, t.device, t.assignment, t.at, t.actor, s.name AS actor_name,
       t.from_resident, t.to_resident, t.events, t.first_at, t.last_at
FROM reattributions t LEFT JOIN staff s ON s.id = t.actor
"""
OF_UNIT = "%s IN (SELECT unit FROM residents WHERE id IN (t.from_resident, t.to_resident))"


class Moved(Struct, frozen=True):
    """So many events of a kind on one local day were `loser`'s and are now `gainer`'s, of that unit; None: nobody's."""

    loser: ResidentId | None
    gainer: ResidentId | None
    unit: UnitId | None
    tenant: TenantId
    kind: str
    day: date
    events: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Reattribution:
    """The trace of a correction: so many events, from `first_at` to `last_at`, became somebody else's (None: nobody's).

    `at` is when, `actor` who corrected the assignment.
    """

    id: str
    number: int
    tenant: TenantId
    device: DeviceId
    assignment: str
    at: datetime
    actor: str
    actor_name: str | None
    from_resident: ResidentId | None
    to_resident: ResidentId | None
    events: int
    first_at: datetime
    last_at: datetime


async def reattribute(
    connection: Connection, item: int, correction: Correction, change: AssignmentChanged, now: datetime
) -> int:
    """Gives the events in the spans of this entry of the inbox to who had the device; how many changed hands.

    Who had it is told by the assignments as they are now, which may be newer than `change`: nothing is moved twice.
    Counts of usage follow, into the unit that the gainer is in now, as for events that come now. What is left of a
    large correction is put into the inbox again.
    """
    spans, rest = await _some(connection, change.device, correction.spans)
    moved: list[Moved] = []
    for start, stop in spans:
        values = {"start": start, "stop": stop, "device": change.device}
        cursor = await connection.execute(MOVE_EVENTS.encode(), values)
        moved += [Moved(*row) for row in await cursor.fetchall()]
    first = correction.continues or item
    if moved:
        await _take_usage(connection, change.technology, moved)
        await _give_usage(connection, change.technology, moved)
        await _trace(connection, first, correction.actor, change, moved, now)
    if rest:
        await put(connection, change, now, Correction(correction.actor, rest, continues=first))
    return sum(part.events for part in moved)


async def _some(connection: Connection, device: DeviceId, spans: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """So much of `spans` that it has few enough events for one transaction, and the rest: a press must not wait."""
    for place, (start, stop) in enumerate(spans):
        values = {"device": device, "start": start, "stop": stop, "most": AT_ONCE}
        row = await (await connection.execute(BEYOND, values)).fetchone()
        if row is not None:
            until = max(row[0], start + timedelta(microseconds=1))
            return [*spans[:place], (start, until)], [(until, stop), *spans[place + 1 :]]
    return list(spans), []


async def _take_usage(connection: Connection, technology: Technology, moved: Sequence[Moved]) -> None:
    lost: Counter[tuple[ResidentId, str, date]] = Counter()
    for part in moved:
        if part.loser is not None and part.kind not in HEALTH:
            lost[part.loser, part.kind, part.day] += part.events
    if not lost:
        return
    losers, kinds, days = map(list, zip(*lost, strict=True))
    await connection.execute(TAKE_USAGE, (losers, [technology] * len(lost), kinds, days, list(lost.values())))
    await connection.execute(FORGET_UNUSED, (losers,))


async def _give_usage(connection: Connection, technology: Technology, moved: Sequence[Moved]) -> None:
    uses: Counter[Use] = Counter()
    for part in moved:
        if part.gainer is not None and part.unit is not None and part.kind not in HEALTH:
            uses[Use(part.tenant, part.unit, part.gainer, technology, part.kind, part.day)] += part.events
    await add_usage(connection, uses)


async def _trace(
    connection: Connection, item: int, actor: str, change: AssignmentChanged, moved: Sequence[Moved], now: datetime
) -> None:
    for loser, gainer in dict.fromkeys((part.loser, part.gainer) for part in moved):
        parts = [part for part in moved if (part.loser, part.gainer) == (loser, gainer)]
        what = (parts[0].tenant, change.device, change.assignment, now, actor, loser, gainer)
        count, first, last = sum(p.events for p in parts), min(p.first for p in parts), max(p.last for p in parts)
        await connection.execute(TRACE, (*what, count, first, last, item))


async def reattributions(
    connection: Connection,
    scope: Scope,
    *,
    device: DeviceId | None = None,
    assignment: str | None = None,
    resident: ResidentId | None = None,
    after: tuple[int] | None = None,
    limit: int = 100,
) -> list[Reattribution]:
    """Newest first. `resident` has lost or gained events; a unit sees what concerns its residents."""
    select = (
        Select(Reattribution, TRACES)
        .where("t.tenant = %s", scope.tenant)
        .where(OF_UNIT, scope.unit)
        .where("t.device = %s", device)
        .where("t.assignment = %s", assignment)
        .where("%s IN (t.from_resident, t.to_resident)", resident)
        .after("t.id < %s", after)
    )
    return await select.then("ORDER BY t.id DESC").rows(connection, limit)
