"""Who is on duty, as people and programs are shown it: with names, shifts, and for whom somebody stands in."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from events.ids import StaffId, TenantId, UnitId
from rules.duty import Duty, OnDuty, Skill, on_duty, planned, present
from store.duty import duties
from store.people import staff_by_id
from store.pool import Connection
from store.registry import Unit
from store.select import Scope


class Working(BaseModel):
    """Somebody on duty: of which shift, by which rotation or single shift, and for whom they stand in."""

    id: str
    staff: StaffId
    name: str
    skills: list[Skill]
    skill: Skill | None
    units: list[UnitId]
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    source: str
    instead_of: StaffId | None


class WhoWorks(BaseModel):
    """`planned`: whether the unit plans duty at all. If not, whoever is signed in counts as on duty."""

    unit: UnitId
    at: datetime
    planned: bool
    items: list[Working]
    next: None = None


async def who_works(
    connection: Connection, unit: Unit, at: datetime, skill: Skill | None = None, as_of: datetime | None = None
) -> WhoWorks:
    """Everybody who works for `unit` at that moment; with `skill`, those who count for it."""
    duty = await duty_of(connection, unit.tenant, at, at, as_of)
    working = list(present(duty, unit.id, at))
    if skill is not None:
        counted = on_duty(duty, unit.id, at, skill)
        working = [each for each in working if each.staff in counted and each.skill in (None, skill)]
    working.sort(key=lambda each: (each.staff, each.start, each.source))
    names = await _names(connection, unit.tenant, working)
    items = [_shown(duty, each, names[each.staff]) for each in working]
    return WhoWorks(unit=unit.id, at=at, planned=planned(duty, unit.id, skill), items=items)


async def duty_of(
    connection: Connection, tenant: TenantId, start: datetime, end: datetime, as_of: datetime | None = None
) -> Duty:
    """The tenant's duty from `start` to `end`, both included."""
    return (await duties(connection, [tenant], start, end + timedelta(seconds=1), as_of=as_of))[tenant]


async def _names(connection: Connection, tenant: TenantId, working: list[OnDuty]) -> dict[StaffId, str]:
    people = sorted({each.staff for each in working})
    return {person.id: person.name for person in await staff_by_id(connection, Scope(tenant), people)}


def _shown(duty: Duty, each: OnDuty, name: str) -> Working:
    return Working(
        id=f"{each.source}:{each.staff}",
        staff=each.staff,
        name=name,
        skills=sorted(duty.skills.get(each.staff, ())),
        skill=each.skill,
        units=list(each.units),
        start=each.start,
        end=each.end,
        source=each.source,
        instead_of=each.planned,
    )
