"""Service levels, counted from what is stored: shares of alarms against the targets that held, medians and p90.

Times are from `opened_at` to when something happened first, by the journal: what a later forwarding took back stays as
it was. An alarm for which it has not happened has waited until it was closed, or until now. It counts against a target
once it has waited for longer; what ended before, or is still within its time, counts neither way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, get_args

import msgspec
from psycopg import sql
from psycopg.rows import dict_row

from events.ids import TenantId, UnitId
from events.kinds import Technology
from rules.policy_choice import TECHNOLOGY_OF
from rules.service_levels import DEFAULT_TARGETS, Measure, write_targets
from store.pool import Connection
from store.select import Scope

Dimension = Literal["tenant", "unit", "priority", "technology", "day"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
"""In the order in which rows are sorted, however they are asked for."""

DEFAULT_BY: tuple[Dimension, ...] = ("unit", "priority")

# A forwarded alarm counts for the unit that had it first, for there the resident waited.
OPENED_IN = """
    CROSS JOIN LATERAL (
        SELECT CASE WHEN alarms.forwarded_at IS NULL THEN alarms.unit ELSE
            (SELECT data->>'from_unit' FROM alarm_journal
             WHERE alarm = alarms.id AND action = 'forwarded' ORDER BY seq LIMIT 1) END AS unit
    ) AS opened_in
"""
# The newest version of the unit, or else of the tenant, that was there when the alarm was opened.
HELD = """
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT targets FROM service_level_targets
         WHERE tenant = asked.tenant AND unit = asked.unit AND created_at <= opened_at ORDER BY version DESC LIMIT 1),
        (SELECT targets FROM service_level_targets
         WHERE tenant = asked.tenant AND unit IS NULL AND created_at <= opened_at ORDER BY version DESC LIMIT 1),
        %(defaults)s::jsonb
    ) AS targets) AS held
"""
LEVELS = """
WITH asked AS MATERIALIZED (
    SELECT alarms.id, alarms.tenant, opened_in.unit, alarms.priority, alarms.opened_at, alarms.state,
        coalesce(devices.technology, kinds.technology, 'other') AS technology,
        (alarms.opened_at AT TIME ZONE tenants.timezone)::date AS day,
        coalesce(alarms.closed_at, %(now)s) - alarms.opened_at AS waited,
        alarms.closed_at
    FROM alarms JOIN tenants ON tenants.id = alarms.tenant
    LEFT JOIN devices ON devices.id = alarms.device
    LEFT JOIN unnest(%(kinds)s::text[], %(technologies)s::text[]) AS kinds (kind, technology)
        ON kinds.kind = alarms.kind
    {opened_in}
    WHERE alarms.opened_at >= %(first)s::date - interval '1 day'
        AND alarms.opened_at < %(last)s::date + interval '2 days'
        AND (%(tenant)s::text IS NULL OR alarms.tenant = %(tenant)s)
), timed AS MATERIALIZED (
    SELECT asked.*, measures.measure, measures.took, held.targets
    FROM asked
    CROSS JOIN LATERAL (
        SELECT min(at) AS accepted, min(at) FILTER (WHERE action = 'at_person') AS at_person
        FROM alarm_journal WHERE alarm = asked.id AND action IN ('accepted', 'at_person', 'resolved')
    ) AS answers
    CROSS JOIN LATERAL (VALUES
        ('accept', answers.accepted - opened_at),
        ('person', answers.at_person - opened_at),
        ('resolve', CASE WHEN state = 'resolved' THEN closed_at - opened_at END)
    ) AS measures (measure, took)
    {held}
    WHERE day BETWEEN %(first)s AND %(last)s
        AND (%(unit)s::text IS NULL OR unit = %(unit)s)
        AND (%(priority)s::int IS NULL OR priority = %(priority)s)
        AND (%(technology)s::text IS NULL OR technology = %(technology)s)
), levels AS (
    SELECT {dimensions} measure, count(*) AS alarms, count(took) AS reached,
        count(*) FILTER (WHERE closed_at IS NULL) AS open, count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY took) AS median,
        percentile_disc(0.9) WITHIN GROUP (ORDER BY took) AS p90
    FROM timed GROUP BY {dimensions} measure
), hits AS (
    SELECT {dimensions} timed.measure, within, share,
        count(*) FILTER (WHERE took <= within) AS met,
        count(*) FILTER (WHERE took > within OR (took IS NULL AND waited > within)) AS missed
    FROM timed
    CROSS JOIN LATERAL jsonb_to_recordset(targets)
        AS target (measure text, within_seconds int, share float8, priorities jsonb)
    CROSS JOIN LATERAL (SELECT within_seconds * interval '1 second' AS within) AS span
    WHERE target.measure = timed.measure AND priorities @> to_jsonb(priority)
    GROUP BY {dimensions} timed.measure, within, share
), judged AS (
    SELECT {dimensions} measure, jsonb_agg(jsonb_build_object(
        'within_seconds', extract(epoch FROM within)::int, 'share', share, 'met', met, 'missed', missed)
        ORDER BY within, share) AS targets
    FROM hits GROUP BY {dimensions} measure
)
SELECT {own} max(alarms) AS alarms, max(open) AS open, max(withdrawn) AS withdrawn,
    jsonb_object_agg(levels.measure, jsonb_build_object(
        'alarms', reached, 'median_seconds', extract(epoch FROM median), 'p90_seconds', extract(epoch FROM p90),
        'targets', coalesce(targets, '[]'))) AS measures
FROM levels LEFT JOIN judged ON {same} judged.measure = levels.measure
{groups}
"""
OVERDUE = sql.SQL("""
WITH asked AS (
    SELECT alarms.id, alarms.tenant, opened_in.unit, alarms.priority, alarms.opened_at
    FROM alarms {opened_in} WHERE state IN ('open', 'accepted', 'at_person')
)
SELECT late.measure, priority, count(*) FROM asked {held}
CROSS JOIN LATERAL (
    SELECT measure, max(within_seconds) * interval '1 second' AS within
    FROM jsonb_to_recordset(targets) AS target (measure text, within_seconds int, priorities jsonb)
    WHERE priorities @> to_jsonb(priority) GROUP BY measure
) AS late
WHERE %(now)s - opened_at > within AND NOT EXISTS (
    SELECT FROM alarm_journal WHERE alarm = asked.id AND action IN ('accepted', 'at_person', 'resolved')
        AND (late.measure = 'accept' OR late.measure = 'person' AND action = 'at_person'))
GROUP BY late.measure, priority
""").format(opened_in=sql.SQL(OPENED_IN), held=sql.SQL(HELD))
HAPPENED = sql.SQL("""
SELECT j.action, opened_in.unit, alarms.priority, extract(epoch FROM j.at - alarms.opened_at)::float8,
    NOT EXISTS (SELECT FROM alarm_journal before WHERE before.alarm = j.alarm AND before.seq < j.seq
        AND before.action IN ('accepted', 'at_person', 'resolved')) AS first,
    NOT EXISTS (SELECT FROM alarm_journal before WHERE before.alarm = j.alarm AND before.seq < j.seq
        AND before.action = 'at_person') AS first_there
FROM alarm_journal j JOIN alarms ON alarms.id = j.alarm {opened_in}
WHERE j.seq > %s AND j.seq <= %s AND j.action IN ('accepted', 'at_person', 'resolved')
ORDER BY j.seq
""").format(opened_in=sql.SQL(OPENED_IN))
DEFAULTS = write_targets(DEFAULT_TARGETS).decode()


class Happened(NamedTuple):
    """Something was done for the first time for an alarm, so many seconds after it was opened."""

    measure: Measure
    unit: UnitId | None
    priority: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TargetLevel:
    """How many alarms met a target and how many missed it; `reached_share` is met out of both, None without any."""

    within_seconds: int
    share: float
    met: int
    missed: int

    @property
    def reached_share(self) -> float | None:
        decided = self.met + self.missed
        return self.met / decided if decided else None


@dataclass(frozen=True, slots=True)
class Level:
    """How long it took for those `alarms` for which it has happened."""

    alarms: int
    median_seconds: float | None
    p90_seconds: float | None
    targets: list[TargetLevel]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """Of all alarms with these values in common, those that are `open` and `withdrawn` included."""

    alarms: int
    open: int
    withdrawn: int
    measures: dict[Measure, Level]
    tenant: TenantId | None = None
    unit: UnitId | None = None
    priority: int | None = None
    technology: Technology | None = None
    day: date | None = None


async def service_levels(
    connection: Connection,
    scope: Scope,
    now: datetime,
    *,
    first_day: date,
    last_day: date,
    by: Sequence[Dimension] = DEFAULT_BY,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    priority: int | None = None,
    technology: Technology | None = None,
) -> list[ServiceLevels]:
    """Of alarms opened from `first_day` to `last_day`, both included and local to the tenant, sorted by `by`."""
    if scope.tenant is not None and tenant not in (None, scope.tenant):
        return []
    if scope.unit is not None and unit not in (None, scope.unit):
        return []
    values = {
        "now": now,
        "first": first_day,
        "last": last_day,
        "tenant": scope.tenant or tenant,
        "unit": scope.unit or unit,
        "priority": priority,
        "technology": technology,
        "kinds": list(TECHNOLOGY_OF),
        "technologies": list(TECHNOLOGY_OF.values()),
        "defaults": DEFAULTS,
    }
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_query(by), values)).fetchall()
    return [msgspec.convert(row, ServiceLevels, strict=False) for row in rows]


def _query(by: Sequence[Dimension]) -> sql.Composed:
    """Each question has its own text. Dimensions stand before other columns, each with a comma."""
    asked = [sql.Identifier(dimension) for dimension in DIMENSIONS if dimension in by]
    same = [sql.SQL("judged.{0} IS NOT DISTINCT FROM levels.{0} AND ").format(name) for name in asked]
    own = [sql.SQL("levels.{}").format(name) for name in asked]
    every = sql.SQL("HAVING count(*) > 0")
    return sql.SQL(LEVELS).format(
        opened_in=sql.SQL(OPENED_IN),
        held=sql.SQL(HELD),
        dimensions=sql.SQL("").join(sql.SQL("{}, ").format(name) for name in asked),
        same=sql.SQL("").join(same),
        own=sql.SQL("").join(sql.SQL("{}, ").format(name) for name in own),
        groups=sql.SQL("GROUP BY {0} ORDER BY {0}").format(sql.SQL(", ").join(own)) if own else every,
    )


async def overdue(connection: Connection, now: datetime) -> dict[tuple[Measure, int], int]:
    """How many unresolved alarms are past the longest target that holds for them, by measure and priority."""
    rows = await (await connection.execute(OVERDUE, {"now": now, "defaults": DEFAULTS})).fetchall()
    return {(Measure(measure), priority): count for measure, priority, count in rows}


async def happened(connection: Connection, after: int, until: int) -> list[Happened]:
    """What was done for the first time in the entries of the journal behind `after` up to `until`, in their order."""
    found = []
    for action, unit, priority, seconds, first, first_there in await (
        await connection.execute(HAPPENED, (after, until))
    ).fetchall():
        measures = {
            Measure.ACCEPT: first,
            Measure.PERSON: action == "at_person" and first_there,
            Measure.RESOLVE: action == "resolved",
        }
        found += [Happened(measure, unit, priority, seconds) for measure, so in measures.items() if so]
    return found
