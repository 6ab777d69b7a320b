"""A resident's plan: what is watched for this person, with which limits. Plans are data, versioned by the store."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from rules.localtime import TimeOfDay, duration, minutes

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


class InactivityPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """When silence in the home becomes an alarm. Times that no limit covers are quiet as well."""

    limits: Annotated[tuple[InactivityLimit, ...], Meta(min_length=1, max_length=24)]
    quiet: Annotated[tuple[QuietHours, ...], Meta(max_length=24)] = ()


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is watched by deadline for a resident. A social alarm is answered without any plan."""

    medicine: MedicinePlan | None = None
    inactivity: InactivityPlan | None = None


def read_plan(data: dict[str, Any]) -> Plan:
    """The plan in `data`; raises PlanError."""
    try:
        plan = msgspec.convert(data, Plan)
    except msgspec.ValidationError as error:
        raise PlanError(str(error).replace("`$.", "`")) from None
    if plan.medicine is not None:
        _check_windows(plan.medicine.windows)
    return plan


def _check_windows(windows: tuple[DoseWindow, ...]) -> None:
    """A dose belongs to one window: names are unique and no two windows overlap."""
    names = [window.id for window in windows]
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"medicine.windows: {name!r} is there twice")
    spans = sorted(
        (minutes(w.start), minutes(w.start) + int(duration(w.start, w.end).total_seconds()) // 60) for w in windows
    )
    for (start, end), (next_start, _) in zip(spans, [*spans[1:], (spans[0][0] + 1440, 0)], strict=True):
        if next_start < end and len(spans) > 1:
            clock = f"{start // 60:02}:{start % 60:02}"
            raise PlanError(f"medicine.windows: the window from {clock!r} overlaps the next one")


def write_plan(plan: Plan) -> dict[str, Any]:
    """`plan` as plain data, as the log and the API carry it."""
    data: dict[str, Any] = msgspec.to_builtins(plan)
    return {name: part for name, part in data.items() if part is not None}
