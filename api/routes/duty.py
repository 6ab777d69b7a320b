"""Duty: who is on duty at a moment, over a time, and when there are too few."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from api.callers import Caller
from api.duty_bodies import DutyTime
from api.duty_view import WhoWorks, duty_of, who_works
from api.fields import UnitRef
from api.permissions import Permission, may
from api.problems import invalid, not_found
from api.routing import Vaka, resource
from events.ids import StaffId, UnitId
from rules.duty import Duty, Skill, changes, on_duty
from rules.staffing import shortages
from store import duty_needs, registry
from store.pool import Connection
from store.registry import Unit
from store.select import Scope

router = resource("duty")

Reader = Annotated[Caller, may(Permission.DUTY_READ)]
Unit_ = Annotated[UnitRef, Query(description="for whom they work")]
AsOf = Annotated[DutyTime | None, Query(description="as it was recorded at this time; as it is recorded now")]
From = Annotated[DutyTime | None, Query(alias="from", description="now unless given")]
To = Annotated[DutyTime | None, Query(alias="to", description="a week after `from` unless given, at most 62 days")]

WEEK = timedelta(days=7)
LONGEST = timedelta(days=62)


class Period(BaseModel):
    """From `from` until before `to` the same people are on duty: `staff` in care, and all by skill."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    staff: list[StaffId]
    by_skill: dict[Skill, list[StaffId]]


class TooFew(BaseModel):
    """From `from` until before `to`, `staff` are all that there are of the `minimum` that `need` says."""

    need: str
    unit: UnitId
    skill: Skill | None
    minimum: int
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    staff: list[StaffId]


class Periods(BaseModel):
    items: list[Period]
    next: None = None


class Shortages(BaseModel):
    items: list[TooFew]
    next: None = None


@router.get("", summary="Who is on duty")
async def who_is_on_duty(
    unit: Unit_,
    caller: Reader,
    vaka: Vaka,
    at: Annotated[DutyTime | None, Query(description="now unless given")] = None,
    skill: Skill | None = None,
    as_of: AsOf = None,
) -> WhoWorks:
    """Everybody who works for the unit at that moment, also for other units; with `skill`, those who count for it."""
    async with vaka.read() as connection:
        found = await _unit(connection, caller, unit)
        return await who_works(connection, found, at or vaka.now(), skill, as_of)


@router.get("/periods", summary="Who is on duty over a time")
async def list_periods(
    unit: Unit_, caller: Reader, vaka: Vaka, start: From = None, end: To = None, as_of: AsOf = None
) -> Periods:
    """In order, without gaps: each period ends when who is on duty becomes another."""
    first, last = _span(vaka.now(), start, end)
    async with vaka.read() as connection:
        found = await _unit(connection, caller, unit)
        duty = await duty_of(connection, found.tenant, first, last, as_of)
    times = [first, *changes(duty, unit, first, last), last]
    return Periods(items=[_period(duty, unit, *times_) for times_ in pairwise(times)])


@router.get("/shortages", summary="When there are too few")
async def list_shortages(unit: Unit_, caller: Reader, vaka: Vaka, start: From = None, end: To = None) -> Shortages:
    """Of what the unit has said that it needs."""
    first, last = _span(vaka.now(), start, end)
    async with vaka.read() as connection:
        found = await _unit(connection, caller, unit)
        duty = await duty_of(connection, found.tenant, first, last)
        needs = await duty_needs.recorded_needs(connection, Scope(found.tenant), unit=unit, limit=None)
    short = shortages(duty, [each.need for each in needs], first, last)
    return Shortages(
        items=[
            TooFew(
                need=each.need.id,
                unit=each.need.unit,
                skill=each.need.skill,
                minimum=each.need.minimum,
                start=each.start,
                end=each.end,
                staff=list(each.staff),
            )
            for each in short
        ]
    )


async def _unit(connection: Connection, caller: Caller, unit: UnitId) -> Unit:
    found = await registry.unit(connection, caller.scope, unit)
    if found is None:
        raise not_found("unit", unit)
    return found


def _span(now: datetime, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    first = start or now
    last = end or first + WEEK
    if not first < last <= first + LONGEST:
        raise invalid("to", f"is not after `from`, or more than {LONGEST.days} days after it", last.isoformat())
    return first, last


def _period(duty: Duty, unit: UnitId, start: datetime, end: datetime) -> Period:
    by_skill = {skill: list(on_duty(duty, unit, start, skill)) for skill in Skill}
    return Period(
        start=start,
        end=end,
        staff=list(on_duty(duty, unit, start)),
        by_skill={skill: people for skill, people in by_skill.items() if people},
    )
