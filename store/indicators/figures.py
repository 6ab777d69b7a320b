"""The figures of an indicator: persons in groups, and of what happens to them the sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from psycopg.rows import class_row

from events.ids import TenantId, UnitId
from store.indicators.definition import Indicator
from store.pool import Connection

Dimension = Literal["unit", "sex", "age_group", "housing"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
"""In the order in which columns stand."""

AGE_GROUPS = ("0-64", "65-79", "80+")
UNKNOWN = "unknown"

# A person is counted once, as they were when the period ended or they left. Of the year of birth alone, the age is
# the one that is reached in the year in which the period ends.
PEOPLE = """
WITH span AS (
    SELECT id AS tenant, %(first)s::date::timestamp AT TIME ZONE timezone AS start,
        (%(last)s::date + 1)::timestamp AT TIME ZONE timezone AS stop
    FROM tenants WHERE id = %(tenant)s
), people AS MATERIALIZED (
    SELECT DISTINCT ON (stays.resident) stays.resident, stays.tenant, stays.unit, stays.housing,
        coalesce(residents.sex, 'unknown') AS sex,
        CASE WHEN age IS NULL THEN 'unknown' WHEN age < 65 THEN '0-64' WHEN age < 80 THEN '65-79' ELSE '80+' END
            AS age_group
    FROM stays JOIN span USING (tenant) JOIN residents ON residents.id = stays.resident
    CROSS JOIN LATERAL (SELECT extract(year FROM %(last)s::date)::int - residents.birth_year AS age) AS aged
    WHERE stays."from" < span.stop AND (stays."to" IS NULL OR stays."to" > span.start)
    ORDER BY stays.resident, stays."from" DESC
)
"""
GROUPED = "people.unit, people.sex, people.age_group, people.housing"
OF_PERSONS = """
SELECT counted.series, {grouped}, count(*) AS persons, count(*) AS part, NULL::bigint AS whole
FROM people JOIN ({query}) AS counted USING (resident) WHERE {visible} GROUP BY counted.series, {grouped}
UNION ALL
SELECT NULL, {grouped}, count(*), NULL, NULL FROM people WHERE {visible} GROUP BY {grouped}
ORDER BY 1 NULLS FIRST, 2, 3, 4, 5
"""
OF_EVENTS = """
SELECT counted.series, {grouped}, count(*) AS persons, sum(counted.part)::bigint AS part,
    sum(counted.whole)::bigint AS whole
FROM people JOIN ({query}) AS counted USING (resident) WHERE {visible} GROUP BY counted.series, {grouped}
ORDER BY 1, 2, 3, 4, 5
"""
VISIBLE = "(%(unit)s::text IS NULL OR people.unit = %(unit)s)"
SMALLEST = "SELECT smallest_cell FROM tenants WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Group:
    """So many `persons` who are alike in all dimensions, and what happened to them: `part` of a `whole`.

    `series` None: all persons that were cared for.
    """

    series: str | None
    unit: UnitId
    sex: str
    age_group: str
    housing: str
    persons: int
    part: int | None
    whole: int | None

    def values(self) -> dict[str, str]:
        return {dimension: getattr(self, dimension) for dimension in DIMENSIONS}


async def groups(
    connection: Connection,
    indicator: Indicator,
    tenant: TenantId,
    first: date,
    last: date,
    *,
    unit: UnitId | None = None,
) -> Sequence[Group]:
    """Every group in which there is somebody, over the local days `first` to `last`, both included."""
    template = OF_PERSONS if indicator.counts == "persons" else OF_EVENTS
    query = PEOPLE + template.format(grouped=GROUPED, query=indicator.query, visible=VISIBLE)
    values: dict[str, Any] = {"tenant": tenant, "first": first, "last": last, "unit": unit}
    async with connection.cursor(row_factory=class_row(Group)) as cursor:
        return await (await cursor.execute(query.encode(), values)).fetchall()


async def smallest_cell(connection: Connection, tenant: TenantId) -> int:
    """Of fewer persons than this nothing is told."""
    row = await (await connection.execute(SMALLEST, (tenant,))).fetchone()
    assert row is not None
    return int(row[0])
