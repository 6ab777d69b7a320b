"""A resident's plan: what is watched for this person, with which limits. Plans are data, versioned by the store."""

import re
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from rules.localtime import DAY_MINUTES, DAYS, TimeOfDay, duration, minutes

Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


class PlanError(ValueError):
    """A plan that cannot be followed; the text names the field and the value."""


class DoseWindow(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """When a dose may be taken, every day, in local time. `to` before `from` means the next day."""

    start: TimeOfDay
    end: TimeOfDay
    name: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    remind_after_minutes: Annotated[int, Meta(ge=0, le=1440)] | None = 15
    """Minutes after `from` when the dispenser is told to remind; null for never."""

    @property
    def id(self) -> str:
        return self.name or f"{self.start}-{self.end}"


class MedicinePlan(Struct, frozen=True, forbid_unknown_fields=True):
    """Doses that somebody must hear of when they are not taken."""

    windows: Annotated[tuple[DoseWindow, ...], Meta(min_length=1, max_length=24)]


class InactivityLimit(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """How long no activity is accepted, between two local times (the whole day unless given)."""

    minutes: Minutes
    start: TimeOfDay = "00:00"
    end: TimeOfDay = "00:00"


class QuietHours(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """Local times at which silence is expected; it is counted anew from their end."""

    start: TimeOfDay
    end: TimeOfDay


Sensitivity = Literal["low", "normal", "high"]


class LearnedInactivity(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Silence judged by the resident's own days instead of by limits, once enough of them are known."""

    sensitivity: Sensitivity = "normal"
    """How soon: an alarm about nothing every 28, 14 or 7 days is accepted."""
    minimum_days: Annotated[int, Meta(ge=7, le=30)] = 7
    """Days of the resident's own that must be known; until then the limits hold."""
    floor_minutes: Annotated[int, Meta(ge=60, le=7 * 24 * 60)] = 60
    """Never sooner than this."""
    ceiling_minutes: Annotated[int, Meta(ge=60, le=7 * 24 * 60)] = 12 * 60
    """Never later than this."""


class InactivityPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """When silence in the home becomes an alarm. Times that no limit covers are quiet as well."""

    limits: Annotated[tuple[InactivityLimit, ...], Meta(min_length=1, max_length=24)]
    quiet: Annotated[tuple[QuietHours, ...], Meta(max_length=24)] = ()
    learned: LearnedInactivity | None = None
    """Null when only the limits hold."""


Names = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(max_length=16)]


class DoorsPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """Outside doors that must not stand open, and how long they may."""

    open_minutes: Minutes
    outside: Names = ()
    """Ids of devices, or names of doors as devices tell them; every door unless given."""


class NightPlan(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """When the resident should be in bed or at home, and how long it may take to come back."""

    start: TimeOfDay
    end: TimeOfDay
    bed_minutes: Minutes | None = None
    """After leaving bed; null when the bed is not watched."""
    door_minutes: Minutes | None = None
    """After opening an outside door; null when doors are not watched."""
    outside: Names = ()
    """Ids of devices, or names of doors as devices tell them; every door unless given."""


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is watched by deadline for a resident. A social alarm is answered without any plan."""

    medicine: MedicinePlan | None = None
    inactivity: InactivityPlan | None = None
    doors: DoorsPlan | None = None
    night: NightPlan | None = None


def read_plan(data: dict[str, Any]) -> Plan:
    """The plan in `data`; raises PlanError."""
    try:
        plan = msgspec.convert(data, Plan)
    except msgspec.ValidationError as error:
        raise PlanError(_with_value(str(error), data)) from None
    if plan.medicine is not None:
        _check_windows(plan.medicine.windows)
    if plan.inactivity is not None:
        _check_limits(plan.inactivity)
        _check_learned(plan.inactivity.learned)
    if plan.night is not None and plan.night.bed_minutes is plan.night.door_minutes is None:
        raise PlanError("night: neither bed_minutes nor door_minutes is given, so nothing is watched")
    return plan


def _with_value(error: str, data: Any) -> str:
    """`error` with the value that it complains about, which the decoder leaves out."""
    text, _, place = error.partition(" - at `$.")
    for step in re.findall(r"\w+", place):
        data = data[int(step) if isinstance(data, list) else step]
    return f"{text}, value {str(data)[:100]!r} - at `{place.rstrip('`') or 'plan'}`"


def _check_windows(windows: tuple[DoseWindow, ...]) -> None:
    """A dose belongs to one window: names are unique and no two windows overlap."""
    names = [window.id for window in windows]
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"medicine.windows: {name!r} is there twice")
    ordered = sorted(windows, key=lambda window: window.start)
    for window, following in pairwise([*ordered, ordered[0]]):
        until_next = (minutes(following.start) - minutes(window.start)) % DAY_MINUTES
        if len(windows) > 1 and timedelta(minutes=until_next) < duration(window.start, window.end):
            raise PlanError(f"medicine.windows: {window.id!r} overlaps {following.id!r}")


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


def write_plan(plan: Plan) -> dict[str, Any]:
    """`plan` as plain data, as the log and the API carry it."""
    data: dict[str, Any] = msgspec.to_builtins(plan)
    return {name: part for name, part in data.items() if part is not None}
