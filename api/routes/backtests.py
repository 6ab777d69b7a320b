"""Backtests: what other plans or rules would have made of the alarms of the past."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, Field

from api.callers import Caller
from api.fields import AnyId, Body, ResidentRef, TenantRef, Time, UnitRef, new_id
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import invalid, not_found
from api.references import check_tenant, known_resident, known_unit, tenant_of
from api.routing import Vaka, located, resource
from events.ids import ResidentId, TenantId, UnitId
from rules.plan import PlanError, read_plan, write_plan
from store import backtests
from store.backtests import BacktestState
from store.pool import Connection
from store.select import Scope

router = resource("backtests")

Asker = Annotated[Caller, may(Permission.BACKTESTS)]

LONGEST = timedelta(days=3 * 366)


class NewBacktest(Body):
    """One resident, a unit, or (with neither) everybody of the tenant, from a time until before another.

    `plan`: what everybody would have had instead of their own plans; without it their plans of the time are judged by
    today's rules. `history`: imported events are judged too, as if they had been received when they happened.
    """

    tenant: TenantRef | None = None
    unit: UnitRef | None = None
    resident: ResidentRef | None = None
    start: Annotated[Time, Field(alias="from")]
    end: Annotated[Time, Field(alias="to")]
    plan: dict[str, Any] | None = None
    history: bool = False


class Backtest(BaseModel):
    """`report` is there once `state` is `done`: counts by kind of alarm, and every difference with its explanation."""

    id: str
    tenant: TenantId | None
    unit: UnitId | None
    resident: ResidentId | None
    state: BacktestState
    created_at: datetime
    created_by: str
    done: int
    total: int
    finished_at: datetime | None
    error: str | None
    report: dict[str, Any] | None = None


@router.post("", status_code=202, summary="Ask for a backtest")
async def add_backtest(body: NewBacktest, caller: Asker, vaka: Vaka, response: Response) -> Backtest:
    """It runs by itself, one at a time; follow it at its own address."""
    asked = {
        "start": body.start.isoformat(),
        "end": body.end.isoformat(),
        "unit": body.unit or caller.unit,
        "resident": body.resident,
        "plan": _plan(body.plan),
        "history": body.history,
    }
    _check_times(body.start, body.end, vaka.now())
    id = new_id()
    async with vaka.change() as change:
        whose = await _whose(change.connection, caller, body)
        await backtests.add_backtest(change.connection, id, whose, asked, change.now, caller.id)
        found = await backtests.backtest(change.connection, caller.scope, id)
    assert found is not None
    located(response, "backtests", id)
    return _shown(found)


@router.get("", summary="List backtests")
async def list_backtests(caller: Asker, vaka: Vaka, pages: Pages) -> Page[Backtest]:
    """The newest first, without their reports."""
    async with vaka.read() as connection:
        found = await backtests.backtests(connection, caller.scope, after=pages.after(BY_TIME), limit=pages.fetch)
    return pages.page([_shown(one) for one in found], lambda one: (one.created_at, one.id))


@router.get("/{id}", summary="A backtest and its report")
async def get_backtest(id: AnyId, caller: Asker, vaka: Vaka) -> Backtest:
    async with vaka.read() as connection:
        found = await backtests.backtest(connection, caller.scope, id)
        if found is None:
            raise not_found("backtest", id)
        return _shown(found, await backtests.result_of(connection, id))


def _plan(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    try:
        return write_plan(read_plan(given))
    except PlanError as error:
        raise invalid("plan", str(error)) from None


def _check_times(start: datetime, end: datetime, now: datetime) -> None:
    if end <= start:
        raise invalid("to", "must be after `from`", end.isoformat())
    if end > now:
        raise invalid("to", "is in the future", end.isoformat())
    if end - start > LONGEST:
        raise invalid("from", "is more than three years before `to`", start.isoformat())


async def _whose(connection: Connection, caller: Caller, body: NewBacktest) -> Scope:
    """The tenant and unit whose residents are judged, and who may therefore see the report."""
    if body.resident is not None:
        resident = await known_resident(connection, caller.scope, body.resident)
        check_tenant(body.tenant, resident.tenant)
        return Scope(resident.tenant, resident.unit)
    if body.unit is not None or caller.unit is not None:
        unit = await known_unit(connection, caller.scope, body.unit or UnitId(str(caller.unit)))
        check_tenant(body.tenant, unit.tenant)
        return Scope(unit.tenant, unit.id)
    return Scope(await tenant_of(connection, caller, body.tenant))


def _shown(found: backtests.Backtest, report: dict[str, Any] | None = None) -> Backtest:
    return Backtest(
        id=found.id,
        tenant=found.tenant,
        unit=found.unit,
        resident=found.asked.get("resident"),
        state=found.state,
        created_at=found.created_at,
        created_by=found.created_by,
        done=found.done,
        total=found.total,
        finished_at=found.finished_at,
        error=found.error,
        report=report,
    )
