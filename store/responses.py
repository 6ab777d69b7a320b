"""Who was asked to answer an alarm, was really reached, and did or did not. For managers alone.

Fair to people: what was only sent counts for nothing, and nobody has failed to answer what somebody else took in time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from events.ids import AlarmId, StaffId, TenantId, UnitId
from rules.service_levels import ANSWER_SECONDS
from store.pool import Connection
from store.select import Row, Scope, Select


class Answer(StrEnum):
    """What became of it that somebody was reached.

    `spared`: the alarm was taken or over before they had had their time. `waiting`: they still have.
    """

    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"
    SPARED = "spared"
    WAITING = "waiting"


# Reached: a message was delivered to them, or they saw it; at the console, that their page has shown it. `before` is
# how the alarm stood when it reached them, `taken` when it was no longer open after that. A journal entry of their
# own answers, whatever it says.
RESPONSES = """
FROM (
    SELECT told.alarm, told.tenant, told.unit, told.kind, told.priority, told.opened_at, told.staff, staff.name,
        staff.unit AS staff_unit, min(told.reached_at) AS reached_at, count(*) AS told, max(own.at) AS answered_at,
        CASE WHEN count(own.at) > 0 THEN 'answered'
             WHEN bool_or(verdict = 'not_answered') THEN 'not_answered'
             WHEN bool_or(verdict = 'waiting') THEN 'waiting' ELSE 'spared' END AS answer
    FROM (
        SELECT n.alarm, a.tenant, a.unit, a.kind, a.priority, a.opened_at,
            CASE WHEN n.channel = 'console' THEN n.receiver ELSE n.owner_id END AS staff,
            least(n.delivered_at, n.seen_at) AS reached_at
        FROM notifications n JOIN alarms a ON a.id = n.alarm
        WHERE (n.channel = 'console' OR n.owner = 'staff') AND coalesce(n.delivered_at, n.seen_at) IS NOT NULL
    ) AS told
    JOIN staff ON staff.id = told.staff
    LEFT JOIN LATERAL (
        SELECT state FROM alarm_journal WHERE alarm = told.alarm AND at <= told.reached_at ORDER BY seq DESC LIMIT 1
    ) AS before ON true
    LEFT JOIN LATERAL (
        SELECT min(at) AS at FROM alarm_journal WHERE alarm = told.alarm AND at > told.reached_at AND state <> 'open'
    ) AS taken ON true
    LEFT JOIN LATERAL (
        SELECT min(at) AS at FROM alarm_journal WHERE alarm = told.alarm AND actor = told.staff
    ) AS own ON true
    CROSS JOIN LATERAL (SELECT
        CASE WHEN before.state <> 'open' OR taken.at <= told.reached_at + %s THEN 'spared'
             WHEN %s > told.reached_at + %s THEN 'not_answered' ELSE 'waiting' END AS verdict
    ) AS judged
    GROUP BY told.alarm, told.tenant, told.unit, told.kind, told.priority, told.opened_at, told.staff, staff.name,
        staff.unit
) AS r
"""
LIST = f"""
SELECT alarm, tenant, unit, kind, priority, opened_at, staff, name, reached_at, told, answered_at, answer {RESPONSES}
"""
COUNTS = f"""
SELECT staff, name, count(*) AS reached, count(*) FILTER (WHERE answer = 'answered') AS answered,
    count(*) FILTER (WHERE answer = 'not_answered') AS not_answered,
    count(*) FILTER (WHERE answer = 'spared') AS spared, count(*) FILTER (WHERE answer = 'waiting') AS waiting,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY answered_at - reached_at)) AS median_seconds
{RESPONSES}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Response:
    """One person whom one alarm has reached. `told`: how many messages did; `reached_at` is that of the first."""

    alarm: AlarmId
    tenant: TenantId
    unit: UnitId | None
    kind: str
    priority: int
    opened_at: datetime
    staff: StaffId
    name: str
    reached_at: datetime
    told: int
    answered_at: datetime | None
    answer: Answer


@dataclass(frozen=True, slots=True)
class ResponseCount:
    """How many alarms have reached somebody, and what became of them. `median_seconds`: of those that they answered."""

    staff: StaffId
    name: str
    reached: int
    answered: int
    not_answered: int
    spared: int
    waiting: int
    median_seconds: float | None


@dataclass(frozen=True, slots=True)
class ResponseFilters:
    """Which are asked for; None is not asked. `unit`: the alarm's, or the person's. Times are about `opened_at`."""

    tenant: TenantId | None = None
    unit: UnitId | None = None
    staff: StaffId | None = None
    alarm: AlarmId | None = None
    answer: Answer | None = None
    start: datetime | None = None
    end: datetime | None = None


async def responses(
    connection: Connection,
    scope: Scope,
    now: datetime,
    filters: ResponseFilters,
    *,
    after: tuple[datetime, str, str] | None = None,
    limit: int = 100,
) -> list[Response]:
    """Newest alarms first."""
    select = _asked(Select(Response, LIST, _times(now)), scope, filters)
    select = select.after("(opened_at, alarm, staff) < (%s, %s, %s)", after)
    return await select.then("ORDER BY opened_at DESC, alarm DESC, staff DESC").rows(connection, limit)


async def response_counts(
    connection: Connection,
    scope: Scope,
    now: datetime,
    filters: ResponseFilters,
    *,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[ResponseCount]:
    """By person, in the order of their ids."""
    select = _asked(Select(ResponseCount, COUNTS, _times(now)), scope, filters).after("staff > %s", after)
    return await select.then("GROUP BY staff, name ORDER BY staff").rows(connection, limit)


def _times(now: datetime) -> tuple[object, ...]:
    answer = timedelta(seconds=ANSWER_SECONDS)
    return answer, now, answer


def _asked(select: Select[Row], scope: Scope, filters: ResponseFilters) -> Select[Row]:
    return (
        select.where("tenant = %s", scope.tenant)
        .where("(unit = %s OR staff_unit = %s)", scope.unit, scope.unit)
        .where("tenant = %s", filters.tenant)
        .where("(unit = %s OR staff_unit = %s)", filters.unit, filters.unit)
        .where("staff = %s", filters.staff)
        .where("alarm = %s", filters.alarm)
        .where("answer = %s", filters.answer)
        .where("opened_at >= %s", filters.start)
        .where("opened_at < %s", filters.end)
    )
