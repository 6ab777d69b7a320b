"""A resident's plan: what is watched for this person, with which limits. Plans are data, versioned by the store."""

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from events.kinds import HEALTH, KINDS
from events.messages import Latitude, Longitude
from rules.localtime import DAY_MINUTES, DAYS, TimeOfDay, duration, minutes

Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


class PlanError(ValueError):
    """A plan that cannot be followed; the text names the field and the value."""


class Window(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from", "end": "to"}
):
    """When something is to be done, every day, in local time. `to` before `from` means the next day."""

    start: TimeOfDay
    end: TimeOfDay
    name: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    """What it is called in alarms, and known by over changes of plan; `from-to` unless given."""

    @property
    def id(self) -> str:
        return self.name or f"{self.start}-{self.end}"

    @property
    def reminders(self) -> tuple[int | None, int | None]:
        """Minutes after the beginning when to remind, and how often again."""
        return None, None

    @property
    def early(self) -> int:
        """Minutes before the beginning from which on it may be done."""
        return 0


class DoseWindow(Window, frozen=True):
    """When a dose may be taken."""

    remind_after_minutes: Annotated[int, Meta(ge=0, le=1440)] | None = 15
    """Minutes after `from` when the dispenser is told to remind; null for never."""
    remind_every_minutes: Annotated[int, Meta(ge=5, le=1440)] | None = None
    """How often it is told again until the dose is taken or `to` comes; null for once."""
    early_minutes: Annotated[int, Meta(ge=0, le=720)] = 0
    """How long before `from` the dose may be taken."""

    @property
    def reminders(self) -> tuple[int | None, int | None]:
        return self.remind_after_minutes, self.remind_every_minutes

    @property
    def early(self) -> int:
        return self.early_minutes


class AsNeeded(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A dose that is taken when it is needed, and how often it may be."""

    dose: Annotated[str, Meta(min_length=1, max_length=100)]
    """What the dispenser calls it; such a dose is none of the windows' doses."""
    at_most: Annotated[int, Meta(ge=1, le=24)]
    """Doses within `hours`; one more is an alarm."""
    hours: Annotated[int, Meta(ge=1, le=168)] = 24


class MedicinePlan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Doses that somebody must hear of when they are not taken, or too often."""

    windows: Annotated[tuple[DoseWindow, ...], Meta(max_length=24)] = ()
    as_needed: Annotated[tuple[AsNeeded, ...], Meta(max_length=8)] = ()


class SupervisionPlan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Look-ins that must be made, by day and night."""

    checks: Annotated[tuple[Window, ...], Meta(min_length=1, max_length=24)]


class InactivityLimit(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from", "end": "to"}
):
    """How long no activity is accepted, between two local times (the whole day unless given)."""

    minutes: Minutes
    start: TimeOfDay = "00:00"
    end: TimeOfDay = "00:00"


class Hours(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from", "end": "to"}):
    """From one local time to another; `to` before `from` means the next day."""

    start: TimeOfDay
    end: TimeOfDay


Sensitivity = Literal["low", "normal", "high"]


class LearnedInactivity(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Silence judged by the resident's own days instead of by limits, once enough of them are known."""

    sensitivity: Sensitivity = "normal"
    """How soon: an alarm about nothing about every 30, 15 or 8 days is accepted."""
    minimum_days: Annotated[int, Meta(ge=7, le=14)] = 7
    """Days of the resident's own that must be known; until then the limits hold. More are not kept in every home."""
    floor_minutes: Annotated[int, Meta(ge=60, le=7 * 24 * 60)] = 60
    """Never sooner than this."""
    ceiling_minutes: Annotated[int, Meta(ge=60, le=7 * 24 * 60)] = 12 * 60
    """Never later than this."""


class InactivityPlan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When silence in the home becomes an alarm. Times that no limit covers are quiet as well."""

    limits: Annotated[tuple[InactivityLimit, ...], Meta(min_length=1, max_length=24)]
    quiet: Annotated[tuple[Hours, ...], Meta(max_length=24)] = ()
    """When silence is expected; it is counted anew from their end."""
    learned: LearnedInactivity | None = None
    """Null when only the limits hold."""


Names = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(max_length=16)]


class DoorsPlan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Outside doors that must not stand open, and how long they may."""

    open_minutes: Minutes
    outside: Names = ()
    """Ids of devices, or names of doors as devices tell them; every door unless given."""


class NightPlan(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from", "end": "to"}
):
    """When the resident should be in bed or at home, and how long it may take to come back."""

    start: TimeOfDay
    end: TimeOfDay
    bed_minutes: Minutes | None = None
    """After leaving bed; null when the bed is not watched."""
    door_minutes: Minutes | None = None
    """After opening an outside door; null when doors are not watched."""
    outside: Names = ()
    """Ids of devices, or names of doors as devices tell them; every door unless given."""


class LockPlan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a digital lock is opened, and how often it may refuse."""

    refused_count: Annotated[int, Meta(ge=1, le=20)] = 3
    """So many refused openings within `refused_minutes` are an alarm."""
    refused_minutes: Minutes = 10
    planned: Annotated[tuple[Hours, ...], Meta(max_length=24)] = ()
    """When openings are expected; every other one is an alarm. Any time unless given."""


class Zone(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A circle in which the resident may be, WGS 84."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    latitude: Latitude
    longitude: Longitude
    radius_m: Annotated[int, Meta(ge=20, le=100_000)]


class GeofencePlan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the resident may be, and how long elsewhere."""

    zones: Annotated[tuple[Zone, ...], Meta(min_length=1, max_length=16)]
    """Home and other allowed areas; outside means outside all of them."""
    hours: Annotated[tuple[Hours, ...], Meta(max_length=24)] = ()
    """When leaving is watched; always unless given."""
    dwell_minutes: Minutes = 5
    """So long outside is accepted."""
    silent_minutes: Minutes | None = None
    """So long without a position while outside is accepted; null when it is not watched."""
    accuracy_m: Annotated[int, Meta(ge=10, le=10_000)] = 200
    """A position that is less accurate than this tells nothing."""


CONDITION_KINDS = (*(kind for kind in KINDS if kind not in HEALTH), "help_accepted")
"""What conditions may speak of: what devices say of a resident, and that somebody of the staff is on the way."""


class When(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from", "end": "to"}):
    """What begins it."""

    kind: str
    start: TimeOfDay = "00:00"
    end: TimeOfDay = "00:00"
    devices: Names = ()
    """Of these devices only; of any unless given."""


class Unless(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What keeps the alarm away, and how far from the beginning it may be."""

    kinds: Annotated[tuple[str, ...], Meta(min_length=1, max_length=16)]
    minutes: Minutes


class Condition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An alarm of the unit's own making: when this happens, unless that was before it or that follows it."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    when: When
    unless_before: Unless | None = None
    """None of these in the minutes before."""
    unless_after: Unless | None = None
    """None of these in the minutes after; the alarm waits for them."""
    priority: Literal[1, 2, 4] = 2
    """1 life, 2 care, 4 information."""
    text: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    """What staff read; the name unless given."""


class Plan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, dict=True):
    """What is watched for a resident. Calls for help, water and a dispenser's troubles are told without any plan."""

    medicine: MedicinePlan | None = None
    inactivity: InactivityPlan | None = None
    doors: DoorsPlan | None = None
    night: NightPlan | None = None
    supervision: SupervisionPlan | None = None
    lock: LockPlan | None = None
    geofence: GeofencePlan | None = None
    conditions: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=16)] | None = None

    @cached_property
    def condition_kinds(self) -> frozenset[str]:
        """The kinds that any condition speaks of: the others, nearly all that is heard, need not be looked at."""
        conditions = self.conditions or ()
        parts = [part for one in conditions for part in (one.unless_before, one.unless_after) if part is not None]
        return frozenset([*(one.when.kind for one in conditions), *(kind for part in parts for kind in part.kinds)])


def read_plan(data: dict[str, Any]) -> Plan:
    """The plan in `data`; raises PlanError."""
    try:
        plan = msgspec.convert(data, Plan)
    except msgspec.ValidationError as error:
        raise PlanError(_with_value(str(error), data)) from None
    if plan.medicine is not None:
        _check_medicine(plan.medicine)
    if plan.supervision is not None:
        _check_windows("supervision.checks", plan.supervision.checks)
    if plan.inactivity is not None:
        _check_limits(plan.inactivity)
        _check_learned(plan.inactivity.learned)
    if plan.night is not None and plan.night.bed_minutes is plan.night.door_minutes is None:
        raise PlanError("night: neither bed_minutes nor door_minutes is given, so nothing is watched")
    _check_conditions(plan.conditions or ())
    return plan


@lru_cache(maxsize=65536)
def shared(plan: Plan) -> Plan:
    """The one plan for all residents whose plans are equal, as those made of a unit's defaults mostly are."""
    return plan


def _with_value(error: str, data: Any) -> str:
    """`error` with the value that it complains about, which the decoder leaves out."""
    text, _, place = error.partition(" - at `$.")
    for step in re.findall(r"\w+", place):
        data = data[int(step) if isinstance(data, list) else step]
    return f"{text}, value {str(data)[:100]!r} - at `{place.rstrip('`') or 'plan'}`"


def _check_medicine(plan: MedicinePlan) -> None:
    if not plan.windows and not plan.as_needed:
        raise PlanError("medicine: neither windows nor as_needed is given, so nothing is watched")
    _check_windows("medicine.windows", plan.windows)
    doses = [needed.dose for needed in plan.as_needed]
    for dose in doses:
        if doses.count(dose) > 1:
            raise PlanError(f"medicine.as_needed: {dose!r} is there twice")


def _check_windows(field: str, windows: Sequence[Window]) -> None:
    """What is done belongs to one window: names are unique and no two windows overlap."""
    names = [window.id for window in windows]
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"{field}: {name!r} is there twice")
    ordered = sorted(windows, key=lambda window: window.start)
    for window, following in pairwise([*ordered, *ordered[:1]]):
        until_next = (minutes(following.start) - minutes(window.start)) % DAY_MINUTES
        if len(windows) > 1 and timedelta(minutes=until_next) < duration(window.start, window.end):
            raise PlanError(f"{field}: {window.id!r} overlaps {following.id!r}")


def _check_limits(plan: InactivityPlan) -> None:
    """A limit longer than the hours that it has, between two quiet stretches, would look like a watch and be none."""
    counted_from = 0
    for day in range(DAYS):
        for first, end, limit in day_pattern(plan):
            if limit is None:
                counted_from = day * DAY_MINUTES + end
            elif max(day * DAY_MINUTES + first, counted_from + limit) < day * DAY_MINUTES + end:
                return
    limits = ", ".join(f"{limit.minutes} between {limit.start!r} and {limit.end!r}" for limit in plan.limits)
    raise PlanError(f"inactivity.limits: quiet hours leave no time for a silence of these minutes: {limits}")


def _check_learned(plan: LearnedInactivity | None) -> None:
    if plan is not None and plan.ceiling_minutes < plan.floor_minutes:
        raise PlanError(
            f"inactivity.learned: ceiling_minutes {plan.ceiling_minutes} is below floor_minutes {plan.floor_minutes}"
        )


def _check_conditions(conditions: tuple[Condition, ...]) -> None:
    """Names are unique, kinds exist, and none waits for what begins it."""
    names = [condition.name for condition in conditions]
    for place, condition in enumerate(conditions):
        field = f"conditions[{place}]"
        if names.count(condition.name) > 1:
            raise PlanError(f"{field}.name: {condition.name!r} is there twice")
        parts = {"unless_before": condition.unless_before, "unless_after": condition.unless_after}
        kinds = [(f"{field}.when.kind", condition.when.kind)]
        kinds += [(f"{field}.{name}.kinds", kind) for name, part in parts.items() if part for kind in part.kinds]
        for where, kind in kinds:
            if kind not in CONDITION_KINDS:
                raise PlanError(f"{where}: {kind!r} is nothing that a device says of a resident")
        if condition.unless_after is not None and condition.when.kind in condition.unless_after.kinds:
            raise PlanError(f"{field}.unless_after.kinds: {condition.when.kind!r} is what begins it")


@lru_cache(maxsize=4096)
def day_pattern(plan: InactivityPlan) -> tuple[tuple[int, int, int | None], ...]:
    """The plan over one day: (first minute, minute after the last, limit in minutes or None for quiet).

    Where limits overlap the shortest holds; quiet hours beat every limit.
    """
    spans = [(limit.start, limit.end) for limit in plan.limits] + [(quiet.start, quiet.end) for quiet in plan.quiet]
    cuts = sorted({0, DAY_MINUTES, *(minutes(time) for span in spans for time in span)})
    return tuple((first, end, _limit_at(plan, first)) for first, end in pairwise(cuts))


def _limit_at(plan: InactivityPlan, minute: int) -> int | None:
    if any(_covers(quiet.start, quiet.end, minute) for quiet in plan.quiet):
        return None
    return min((limit.minutes for limit in plan.limits if _covers(limit.start, limit.end, minute)), default=None)


def _covers(start: str, end: str, minute: int) -> bool:
    first, last = minutes(start), minutes(end)
    if first < last:
        return first <= minute < last
    return minute >= first or minute < last


def merged(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A resident's plan over the unit's defaults: field by field of each part, and null for a part not watched."""
    plan = {**defaults, **given}
    for name, part in given.items():
        under = defaults.get(name)
        if isinstance(part, dict) and isinstance(under, dict):
            plan[name] = {**under, **part}
    return {name: part for name, part in plan.items() if part is not None}


def write_plan(plan: Plan) -> dict[str, Any]:
    """`plan` as plain data with all defaults, as the log and the API carry it: later defaults change no old plan."""
    data: dict[str, Any] = _plain(plan)
    return {name: part for name, part in data.items() if part is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {name: _plain(getattr(value, field)) for name, field in names}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
