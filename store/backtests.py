"""Backtests that people asked for: queued, taken by one process at a time with a lease (real time), and kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.types.json import Jsonb

from events.ids import TenantId, UnitId
from store.pool import Connection
from store.select import Scope, Select

CHANNEL = "vaka_backtests"
"""NOTIFY channel on which whoever runs backtests is woken."""

LEASE = timedelta(minutes=2)
"""Renewed with every sign of progress; a process that died gives its backtest back after so long."""

BACKTESTS = """
SELECT id, tenant, unit, asked, state, created_at, created_by, done, total, error, finished_at FROM backtests
"""
ADD = """
INSERT INTO backtests (id, tenant, unit, asked, created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(unit)s, %(asked)s, %(now)s, %(by)s)
"""
WAKE = "NOTIFY vaka_backtests"
TAKE = """
UPDATE backtests SET state = 'running', leased_until = now() + %(lease)s, attempts = attempts + 1
WHERE id = (
    SELECT id FROM backtests
    WHERE state = 'queued' OR (state = 'running' AND leased_until <= now())
    ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, attempts
"""
PROGRESS = """
UPDATE backtests SET done = %s, total = %s, leased_until = now() + %s WHERE id = %s AND state = 'running'
"""
FINISH = """
UPDATE backtests SET state = 'done', result = %(result)s, finished_at = %(now)s, leased_until = NULL
WHERE id = %(id)s AND state = 'running'
"""
FAIL = """
UPDATE backtests SET state = 'failed', error = %(error)s, finished_at = %(now)s, leased_until = NULL
WHERE id = %(id)s AND state = 'running'
"""

BacktestState = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Backtest:
    """`asked`: what was asked. `tenant` and `unit`: whose residents. `done` of `total` residents are judged."""

    id: str
    tenant: TenantId | None
    unit: UnitId | None
    asked: dict[str, Any]
    state: BacktestState
    created_at: datetime
    created_by: str
    done: int
    total: int
    error: str | None
    finished_at: datetime | None


async def add_backtest(
    connection: Connection, id: str, scope: Scope, asked: dict[str, Any], now: datetime, by: str
) -> None:
    values = {"id": id, "tenant": scope.tenant, "unit": scope.unit, "asked": Jsonb(asked), "now": now, "by": by}
    await connection.execute(ADD, values)
    await connection.execute(WAKE)


async def backtests(
    connection: Connection, scope: Scope, *, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[Backtest]:
    """The newest first."""
    select = _backtests(scope).after("(created_at, id) < (%s, %s)", after)
    return await select.then("ORDER BY created_at DESC, id DESC").rows(connection, limit)


async def backtest(connection: Connection, scope: Scope, id: str) -> Backtest | None:
    return await _backtests(scope).where("id = %s", id).one(connection)


def _backtests(scope: Scope) -> Select[Backtest]:
    return Select(Backtest, BACKTESTS).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def result_of(connection: Connection, id: str) -> Any:
    """The report of one that is done; None while it is not."""
    row = await (await connection.execute("SELECT result FROM backtests WHERE id = %s", (id,))).fetchone()
    return row[0] if row is not None else None


async def take_backtest(connection: Connection) -> tuple[str, int] | None:
    """The next one to run, leased, and which attempt this is; None when none waits."""
    row = await (await connection.execute(TAKE, {"lease": LEASE})).fetchone()
    return (row[0], row[1]) if row is not None else None


async def note_progress(connection: Connection, id: str, done: int, total: int) -> None:
    await connection.execute(PROGRESS, (done, total, LEASE, id))


async def finish_backtest(connection: Connection, id: str, result: str, now: datetime) -> None:
    """`result` is JSON text."""
    await connection.execute(FINISH, {"id": id, "result": result, "now": now})


async def fail_backtest(connection: Connection, id: str, error: str, now: datetime) -> None:
    await connection.execute(FAIL, {"id": id, "error": error, "now": now})
