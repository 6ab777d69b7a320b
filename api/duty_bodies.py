"""What is said of duty over the API: shifts of a pattern, rotations, single shifts, exceptions and needs."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.duty_entries import FIRST_YEAR, LAST_YEAR
from api.fields import AnyId, Body, Day, Name, StaffRef, TenantRef, Time, UnitRef
from events.ids import StaffId, TenantId, UnitId
from rules.duty import Skill
from rules.rotation import Pattern, PatternShift
from store.duty_exceptions import ExceptionKind
from store.rotations import RotationVersion

MAX_DAYS = 364
"""A pattern of at most 52 weeks."""


def _in_reach(value: Any) -> Any:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


DutyTime = Annotated[Time, AfterValidator(_in_reach)]
DutyDay = Annotated[Day, AfterValidator(_in_reach)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\z"), Field(examples=["21:00"])]
Units = Annotated[list[UnitRef], Field(default_factory=list, max_length=1000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ShiftOfPattern(Body):
    """From `from` on `day` of the pattern (1 is its first) to `to`, `days` later, all in local time.

    Where `days` is 0: on the same day, or on the next when `to` is not after `from`.
    """

    day: Annotated[int, Field(ge=1, le=MAX_DAYS)]
    start: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")
    days: Annotated[int, Field(ge=0, le=31)] = 0


class RotationBody(Body):
    """`shifts` come again every `days` days from `first_day` on, and each team is `step` days behind the one before.

    `units`: that it works for; of none, all. `skill`: its people work with that one only. A team of nobody is vacant.
    `from`: when it takes effect, now unless given, or at the beginning of `first_day` if that is later.
    """

    name: Name
    units: Units
    skill: Skill | None = None
    start: DutyTime | None = Field(default=None, alias="from")
    first_day: DutyDay
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)]
    step: Annotated[int, Field(ge=0, le=MAX_DAYS)] = 7
    shifts: Annotated[list[ShiftOfPattern], Field(min_length=1, max_length=1000)]
    teams: Annotated[list[Annotated[list[StaffRef], Field(max_length=100)]], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _days_of_the_pattern(self) -> Self:
        for shift in self.shifts:
            if shift.day > self.days:
                raise ValueError(f"a shift is on day {shift.day} of a pattern of {self.days}")
        return self

    @property
    def pattern(self) -> Pattern:
        shifts = tuple(PatternShift(shift.day, shift.start, shift.end, shift.days) for shift in self.shifts)
        return Pattern(self.first_day, self.days, self.step, shifts, tuple(tuple(team) for team in self.teams))


class NewRotation(RotationBody):
    """A rotation; `tenant` is the caller's own unless given."""

    id: AnyId | None = None
    tenant: TenantRef | None = None


class ShownRotation(BaseModel):
    """One version of a rotation, which holds from `from` on. One that has ended has no pattern."""

    id: str
    tenant: TenantId
    version: int
    start: datetime = Field(serialization_alias="from")
    name: str
    units: list[UnitId]
    skill: Skill | None
    ended: bool
    first_day: date | None = None
    days: int | None = None
    step: int | None = None
    shifts: list[dict[str, Any]] = Field(default_factory=list)
    teams: list[list[StaffId]] = Field(default_factory=list)
    created_at: datetime
    created_by: str


def shown_rotation(version: RotationVersion) -> ShownRotation:
    pattern = version.pattern
    fields = {name: getattr(version, name) for name in RotationVersion.__slots__ if name != "pattern"}
    if pattern is None:
        return ShownRotation(**fields, ended=True)
    return ShownRotation(
        **fields,
        ended=False,
        first_day=pattern.first_day,
        days=pattern.days,
        step=pattern.step,
        shifts=[{"day": s.day, "from": s.start, "to": s.end, "days": s.days} for s in pattern.shifts],
        teams=[list(team) for team in pattern.teams],
    )


class NewShift(Body):
    """A single shift of one person, for these units (of none: all) with one of their skills, or with all of them."""

    id: AnyId | None = None
    tenant: TenantRef | None = None
    staff: StaffRef
    units: Units
    skill: Skill | None = None
    start: DutyTime = Field(alias="from")
    end: DutyTime = Field(alias="to")


class ShownShift(BaseModel):
    """From `from` until before `to`, unless it was removed before. `source` and `uid`: whence it was imported."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    staff: StaffId
    units: list[UnitId]
    skill: Skill | None
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    source: str | None
    uid: str | None
    created_at: datetime
    created_by: str
    removed_at: datetime | None
    removed_by: str | None


class Span(Body):
    """From a time until before another."""

    start: DutyTime = Field(alias="from")
    end: DutyTime = Field(alias="to")


class NewException(Body):
    """What is otherwise than planned, from `from` until before `to`.

    `absence`: `staff` is on no duty, until further notice without `to`; `instead` stands in, if anybody.
    `substitution`: `instead` works what `staff` would have. `swap`: that, and `staff` works for `instead` in the time
    `back`. `pause`: `rotation` plans nothing. `rotation` of the others: only what that one plans.
    Nobody's state of health belongs into `note`.
    """

    id: AnyId | None = None
    tenant: TenantRef | None = None
    kind: ExceptionKind
    staff: StaffRef | None = None
    instead: StaffRef | None = None
    rotation: AnyId | None = None
    start: DutyTime | None = Field(default=None, alias="from")
    end: DutyTime | None = Field(default=None, alias="to")
    back: Span | None = None
    note: Note | None = None


class ShownException(BaseModel):
    """What is otherwise than planned; it stood until `withdrawn_at`."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    kind: ExceptionKind
    staff: StaffId | None
    instead: StaffId | None
    rotation: str | None
    start: datetime = Field(serialization_alias="from")
    end: datetime | None = Field(serialization_alias="to")
    back_start: datetime | None = Field(serialization_alias="back_from")
    back_end: datetime | None = Field(serialization_alias="back_to")
    note: str | None
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class NewNeed(Body):
    """At least `minimum` people with `skill` (none: of care), on these weekdays (1 is Monday; of none, on all)."""

    id: AnyId | None = None
    unit: UnitRef
    skill: Skill | None = None
    minimum: Annotated[int, Field(ge=1, le=1000)] = 1
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(default_factory=list, max_length=7)]
    start: TimeOfDay = Field(alias="from")
    end: TimeOfDay = Field(alias="to")


class ShownNeed(BaseModel):
    """How many a unit needs; local times."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    unit: UnitId
    skill: Skill | None
    minimum: int
    weekdays: list[int]
    start: str = Field(serialization_alias="from")
    end: str = Field(serialization_alias="to")
    created_at: datetime
    created_by: str
    removed_at: datetime | None
    removed_by: str | None
