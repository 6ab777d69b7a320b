"""Duty: who works when. Planned by rotations and single shifts, changed by exceptions, asked for one moment.

Every answer is about a moment: who is planned then, who stands in for them, who is absent. Times are half-open, so a
shift that ends when the next begins leaves not even a second between them, and nobody is on duty twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from events.ids import StaffId, UnitId
from rules.rotation import Pattern, stints


class Skill(StrEnum):
    """What somebody of the staff can do; a person may have several."""

    NURSE = "nurse"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    RELATIVE = "relative"


CARE = frozenset({Skill.NURSE, Skill.ASSISTANT})
"""The skills that are meant where none is named."""

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what goes on until further notice."""

Units = tuple[UnitId, ...]
"""The units that somebody on duty works for; of none named, all of the municipality."""


class Rotation(Struct, frozen=True):
    """One version of a rotation, which holds from `since` until before `until` (None: until it is changed).

    `skill`: those on it work with that one of their skills only; None: with all that they have.
    """

    id: str
    units: Units
    skill: Skill | None
    since: datetime
    until: datetime | None
    pattern: Pattern


class Shift(Struct, frozen=True):
    """A single shift of one person, from `start` until before `end`: an extra one, or one from another system."""

    id: str
    staff: StaffId
    units: Units
    skill: Skill | None
    start: datetime
    end: datetime


class Leg(Struct, frozen=True):
    """From `start` until before `end`, `instead` works what `staff` would have; None: nobody does.

    `staff` of None is whoever works then; `rotation`: only what is planned by that one.
    """

    staff: StaffId | None
    start: datetime
    end: datetime
    instead: StaffId | None
    rotation: str | None = None


class DutyException(Struct, frozen=True):
    """What is otherwise than planned. Its legs take effect at once, so two people can swap one night.

    `absent`: the people of its legs are on no duty at all meanwhile, whatever else was agreed.
    """

    id: str
    legs: tuple[Leg, ...]
    absent: bool = False


class Use(NamedTuple):
    """Duty is planned for this unit (None: for every one) and this skill (None: for those of care)."""

    unit: UnitId | None
    skill: Skill | None


class Duty(Struct, frozen=True, eq=False, dict=True):
    """The duty of one municipality, as far as it concerns the time that it was loaded for.

    `exceptions`: in the order in which they were recorded, a later one on top of what the earlier ones made. `closed`:
    since when an account is closed. `in_use`: what duty is planned for at all, also while nobody happens to work.
    """

    zone: str
    rotations: tuple[Rotation, ...] = ()
    shifts: tuple[Shift, ...] = ()
    exceptions: tuple[DutyException, ...] = ()
    skills: Mapping[StaffId, frozenset[Skill]] = {}
    closed: Mapping[StaffId, datetime] = {}
    in_use: frozenset[Use] = frozenset()

    @cached_property
    def known(self) -> dict[tuple[UnitId | None, datetime], tuple["OnDuty", ...]]:
        """Who works for which unit when, as far as it was asked: of a thousand alarms of a moment, all ask the same."""
        return {}


class OnDuty(NamedTuple):
    """Somebody works at a moment. `start` and `end` of the shift; `source`: its rotation or single shift.

    `planned`: who was to work it, if that is somebody else.
    """

    staff: StaffId
    units: Units
    skill: Skill | None
    start: datetime
    end: datetime
    source: str
    planned: StaffId | None


def on_duty(duty: Duty, unit: UnitId | None, now: datetime, skill: Skill | None = None) -> tuple[StaffId, ...]:
    """Who works for `unit` at `now`, in the order of their ids; no unit: for any.

    With a skill, those who have it and do not work with another one; without, everybody who works in care.
    """
    return _named(duty, present(duty, unit, now), skill)


def planned(duty: Duty, unit: UnitId | None, skill: Skill | None = None) -> bool:
    """Whether this unit plans duty at all (with this skill); if not, nobody is on duty and that means nothing."""
    wanted = CARE if skill is None else {skill}
    return any(
        (unit is None or use.unit in (None, unit)) and (use.skill is None or use.skill in wanted) for use in duty.in_use
    )


def changes(duty: Duty, unit: UnitId | None, start: datetime, end: datetime) -> tuple[datetime, ...]:
    """The moments after `start` and before `end` at which an answer of `on_duty` becomes another, with any skill."""
    works = list(_works(duty, unit, start, end))
    made, before = [], _answers(duty, works, start)
    for moment in _moments(duty, works, start, end):
        after = _answers(duty, works, moment)
        if after != before:
            made.append(moment)
        before = after
    return tuple(made)


def present(duty: Duty, unit: UnitId | None, now: datetime) -> tuple[OnDuty, ...]:
    """Everybody who works for `unit` at `now`, with any skill or none; who works two shifts at once is there twice."""
    if (unit, now) not in duty.known:
        duty.known[unit, now] = tuple(_present(duty, _works(duty, unit, now, now), now))
    return duty.known[unit, now]


def _moments(duty: Duty, works: Iterable[OnDuty], start: datetime, end: datetime) -> list[datetime]:
    """The moments after `start` and before `end` at which something begins or ends, in order."""
    found = set(duty.closed.values())
    found.update(moment for work in works for moment in (work.start, work.end))
    found.update(moment for exception in duty.exceptions for leg in exception.legs for moment in (leg.start, leg.end))
    return sorted(moment for moment in found if start < moment < end)


def _present(duty: Duty, works: Iterable[OnDuty], now: datetime) -> Iterator[OnDuty]:
    standing = [(exception, legs) for exception in duty.exceptions if (legs := _legs_at(exception, now))]
    named = {leg.staff for _, legs in standing for leg in legs}
    absent = {leg.staff for exception, legs in standing if exception.absent for leg in legs}
    absent.update(staff for staff, since in duty.closed.items() if since <= now)
    for work in works:
        if not work.start <= now < work.end:
            continue
        # Most people are in no exception at all, and a large municipality has many exceptions.
        changed = work.staff in named or None in named
        staff = _stands_in(work, standing) if changed else work.staff
        if staff is not None and staff not in absent:
            yield work if staff == work.staff else work._replace(staff=staff, planned=work.staff)


def _works(duty: Duty, unit: UnitId | None, start: datetime, end: datetime) -> Iterator[OnDuty]:
    """Everything that is planned to be worked for `unit` between `start` and `end`, both included, or partly so."""
    for rotation in duty.rotations:
        if _serves(rotation.units, unit) and rotation.since <= end and start < (rotation.until or FOREVER):
            yield from _of_rotation(rotation, duty.zone, start, end)
    for shift in duty.shifts:
        if _serves(shift.units, unit) and shift.start <= end and start < shift.end:
            yield OnDuty(shift.staff, shift.units, shift.skill, shift.start, shift.end, shift.id, None)


def _serves(units: Units, unit: UnitId | None) -> bool:
    return unit is None or not units or unit in units


def _of_rotation(rotation: Rotation, zone: str, start: datetime, end: datetime) -> Iterator[OnDuty]:
    """A shift that runs while a version begins or ends belongs to it for that part only."""
    for stint in stints(rotation.pattern, zone, start, end):
        begins = max(stint.start, rotation.since)
        ends = min(stint.end, rotation.until or FOREVER)
        if begins < ends:
            yield OnDuty(stint.staff, rotation.units, rotation.skill, begins, ends, rotation.id, None)


Standing = list[tuple[DutyException, list[Leg]]]
"""The exceptions that hold at a moment, in their order, with the legs that do."""


def _legs_at(exception: DutyException, now: datetime) -> list[Leg]:
    return [leg for leg in exception.legs if leg.start <= now < leg.end]


def _stands_in(work: OnDuty, standing: Standing) -> StaffId | None:
    """Who works it after all. That somebody is away leaves it to them, so that a substitute can be found later."""
    staff: StaffId | None = work.staff
    for exception, legs in standing:
        for leg in legs:
            if leg.rotation in (None, work.source) and leg.staff in (None, staff):
                staff = staff if exception.absent and leg.instead is None else leg.instead
                break
        if staff is None:
            return None
    return staff


def _named(duty: Duty, people: Iterable[OnDuty], skill: Skill | None) -> tuple[StaffId, ...]:
    if skill is None:
        return tuple(sorted({each.staff for each in people if each.skill is None or each.skill in CARE}))
    skilled = (each.staff for each in people if each.skill in (None, skill))
    return tuple(sorted({staff for staff in skilled if skill in duty.skills.get(staff, ())}))


def _answers(duty: Duty, works: Iterable[OnDuty], now: datetime) -> list[tuple[StaffId, ...]]:
    people = tuple(_present(duty, works, now))
    return [_named(duty, people, skill) for skill in (None, *Skill)]
