"""Importing shifts: what a source says is compared with what it said before, and only the difference is recorded.

A shift has the `uid` that it has in its source: what the file says of a uid replaces what stood of it, from now on.
What is past stays as it was. All of a file is imported or nothing, unless the caller wants what is right of it.
"""

from asyncio import to_thread
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

from api.callers import Caller
from api.duty_calendar import read_calendar
from api.duty_entries import Entry, Read
from api.duty_names import Names, Unknown
from api.duty_rows import read_duty_rows
from api.fields import new_id
from api.problems import FieldError
from api.services import Transaction
from events.ids import StaffId, TenantId, UnitId
from rules.duty import Skill
from store import duty_shifts, people, registry
from store.duty_shifts import SingleShift
from store.pool import Connection
from store.select import EVERYTHING, Scope

AHEAD = timedelta(days=400)
"""How far ahead a rule without an end is followed."""

Form = Literal["calendar", "rows"]
Action = Literal["new", "removed", "error"]


class ImportRow(BaseModel):
    """What one shift of the file does, or what is wrong with it. `place`: where the file says it."""

    action: Action
    place: str | None
    uid: str | None
    staff: StaffId | None = None
    units: list[UnitId] = Field(default_factory=list)
    start: datetime | None = Field(default=None, serialization_alias="from")
    end: datetime | None = Field(default=None, serialization_alias="to")
    errors: list[FieldError] = Field(default_factory=list)


class DutyImport(BaseModel):
    """How many shifts there are of each kind; `rows` tells of all but those that stay the same."""

    imported: bool
    new: int
    removed: int
    same: int
    wrong: int
    rows: list[ImportRow]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller wants of a file: for whom and with which skill, unless it says so itself, and how."""

    form: Form
    source: str
    units: list[UnitId] = field(default_factory=list)
    skill: Skill | None = None
    until: datetime | None = None
    whole: bool = False
    dry_run: bool = False
    partly: bool = False


class _Work(NamedTuple):
    """What makes a shift the same as another."""

    uid: str
    staff: StaffId
    units: tuple[UnitId, ...]
    skill: Skill | None
    start: datetime
    end: datetime


@dataclass(slots=True)
class _Plan:
    new: dict[_Work, str] = field(default_factory=dict)
    removed: list[SingleShift] = field(default_factory=list)
    same: int = 0
    wrong: list[ImportRow] = field(default_factory=list)


async def import_duty(
    change: Transaction, caller: Caller, tenant: TenantId, content: bytes, wanted: Wanted
) -> DutyImport:
    """What the file has done, or would do. Raises Unreadable for the file."""
    found = await registry.tenant(change.connection, EVERYTHING, tenant)
    assert found is not None
    until = wanted.until or change.now + AHEAD
    reader = read_calendar if wanted.form == "calendar" else read_duty_rows
    read = await to_thread(reader, content, found.timezone, change.now, until)
    await duty_shifts.lock(change.connection, tenant)
    standing = await duty_shifts.from_source(change.connection, tenant, wanted.source, change.now)
    theirs = [shift for shift in standing if caller.unit in (None, *shift.units) and shift.start < until]
    plan = _compared(read, await _names(change.connection, caller, tenant), theirs, wanted)
    imported = not wanted.dry_run and (wanted.partly or not plan.wrong)
    if imported:
        await _write(change, caller, tenant, wanted.source, plan)
    return _told(plan, imported)


async def _names(connection: Connection, caller: Caller, tenant: TenantId) -> Names:
    """All people of the tenant may work for a unit; who has one unit plans for no other."""
    staff = await people.staff(connection, Scope(tenant), limit=None)
    return Names(staff, await registry.units(connection, Scope(tenant, caller.unit), limit=None))


def _compared(read: Read, names: Names, standing: list[SingleShift], wanted: Wanted) -> _Plan:
    plan = _Plan(wrong=[_wrong(each.place, each.uid, each.errors) for each in read.wrong])
    works: dict[_Work, str] = {}
    for entry in read.entries:
        try:
            works |= dict.fromkeys(_works(entry, names, wanted), entry.place)
        except Unknown as unknown:
            plan.wrong.append(_wrong(entry.place, entry.uid, [unknown.error]))
    # What is wrong is left as it was, with all that stands of its uid.
    left = {row.uid for row in plan.wrong}
    stood = {_work_of(shift): shift for shift in standing}
    plan.new = {work: place for work, place in works.items() if work not in stood and work.uid not in left}
    plan.same = len(works.keys() & stood.keys())
    for work, shift in stood.items():
        if work not in works and work.uid not in left and (wanted.whole or work.uid in read.uids):
            plan.removed.append(shift)
    return plan


def _wrong(place: str, uid: str | None, errors: list[FieldError]) -> ImportRow:
    return ImportRow(action="error", place=place, uid=uid, errors=errors)


def _works(entry: Entry, names: Names, wanted: Wanted) -> Iterable[_Work]:
    units = tuple(names.units(entry.units) if entry.units else sorted(wanted.units))
    for text in entry.people:
        for person in names.people(text):
            skill = names.skill(entry.skill or wanted.skill, person)
            yield _Work(entry.uid, person.id, units, skill, entry.start, entry.end)


def _work_of(shift: SingleShift) -> _Work:
    return _Work(shift.uid or "", shift.staff, tuple(shift.units), shift.skill, shift.start, shift.end)


async def _write(change: Transaction, caller: Caller, tenant: TenantId, source: str, plan: _Plan) -> None:
    new = [
        SingleShift(
            id=new_id(),
            tenant=tenant,
            staff=work.staff,
            units=list(work.units),
            skill=work.skill,
            start=work.start,
            end=work.end,
            source=source,
            uid=work.uid,
            created_at=change.now,
            created_by=caller.id,
        )
        for work in plan.new
    ]
    if new:
        await duty_shifts.add_shifts(change.connection, new)
    if plan.removed:
        ids = [shift.id for shift in plan.removed]
        await duty_shifts.remove_shifts(change.connection, tenant, ids, caller.id, change.now)


def _told(plan: _Plan, imported: bool) -> DutyImport:
    new = [_row("new", place, work) for work, place in plan.new.items()]
    removed = [_row("removed", None, _work_of(shift)) for shift in plan.removed]
    return DutyImport(
        imported=imported,
        new=len(new),
        removed=len(removed),
        same=plan.same,
        wrong=len(plan.wrong),
        rows=[*plan.wrong, *new, *removed],
    )


def _row(action: Action, place: str | None, work: _Work) -> ImportRow:
    return ImportRow(
        action=action,
        place=place,
        uid=work.uid,
        staff=work.staff,
        units=list(work.units),
        start=work.start,
        end=work.end,
    )
