"""What people change and rules must know, and what Vaka notes about itself: entries of the same log as events.

They are made by the API (through the inbox) or by the loop that owns the log, never by a device.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from events.devices import LifeCycle, Origin, Watch
from events.ids import AlarmId, DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology


class Control(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all control entries."""


class TenantChanged(Control, frozen=True, kw_only=True):
    """A municipality was added or changed."""

    tenant: TenantId
    timezone: str


class ResidentChanged(Control, frozen=True, kw_only=True):
    """A resident was added, or moved to another unit."""

    resident: ResidentId
    tenant: TenantId
    unit: UnitId


class DeviceChanged(Control, frozen=True, kw_only=True):
    """A device was registered or changed.

    `hub`: the device that its messages come through. `reads_as`: kinds that mean another for this device, such as the
    motion of a sensor that lies under a mattress. `testing_until`: a press before then is the installer's trial.
    """

    device: DeviceId
    tenant: TenantId
    technology: Technology
    origin: Origin | None = None
    hub: DeviceId | None = None
    life_cycle: LifeCycle = LifeCycle.IN_USE
    watch: Watch = Watch()
    reads_as: dict[str, str] = {}
    testing_until: datetime | None = None


class AssignmentChanged(Control, frozen=True, kw_only=True):
    """A device is with a resident from `start` until before `end` (None: until further notice).

    `shared_with`: the other person of a couple that has one device. What it says is in the log of `resident`.
    """

    assignment: str
    device: DeviceId
    resident: ResidentId
    technology: Technology
    start: datetime
    end: datetime | None = None
    shared_with: ResidentId | None = None


class PlanChanged(Control, frozen=True, kw_only=True):
    """A new version of a resident's plan; `plan` is what `rules.plan.Plan` describes."""

    resident: ResidentId
    version: int
    timezone: str
    plan: dict[str, Any]


class PauseChanged(Control, frozen=True, kw_only=True):
    """A resident is not watched from `start` until `end`, or not by these technologies; what is over has ended."""

    pause: str
    resident: ResidentId
    start: datetime
    end: datetime
    technologies: list[Technology] = []


class HelpAccepted(Control, frozen=True, kw_only=True):
    """Somebody of the staff took an alarm of this resident, so help is on the way."""

    resident: ResidentId
    alarm: AlarmId


class QuarantineReplayed(Control, frozen=True, kw_only=True):
    """A person asked for a quarantined message to be read again."""

    quarantine: int


class HistoryEvent(Struct, frozen=True):
    """One event of an import: `data` is the JSON payload that a device would have sent."""

    kind: str
    data: dict[str, Any]


class HistoryImported(Control, frozen=True, kw_only=True):
    """Events of the past, for the record: counted and browsable, never a reason for an alarm."""

    resident: ResidentId
    device: DeviceId
    tenant: TenantId
    events: list[HistoryEvent]


class ReplayDiffered(Control, frozen=True, kw_only=True):
    """A replay of the log since the last check gave other decisions than the live run: a fault of Vaka itself.

    `key`: of the first resident or device that it was about; `first`: the first few differences, in words.
    """

    key: str
    differences: int
    first: list[str]


class CoverageChanged(Control, frozen=True, kw_only=True):
    """If an alarm came for this unit, it would not reach whom it should: from `start` until `end`, or no longer so.

    `episode`: what the gap is known by from its beginning to its end. `reason`: a `rules.coverage.GapReason`.
    """

    unit: UnitId
    episode: str
    reason: str
    open: bool
    technologies: list[Technology]
    residents: int
    start: datetime
    end: datetime


class Ticked(Control, frozen=True, kw_only=True):
    """All deadlines due until `received_at` were fired, and at least one of them decided something."""


class CatchUpBegan(Control, frozen=True, kw_only=True):
    """From here on deadlines wait; those due until `fired_to` had been fired."""

    fired_to: datetime


class CatchUpEnded(Control, frozen=True, kw_only=True):
    """The backlog is read (or took too long): deadlines fire again, from those due until `received_at`."""

    complete: bool


CONTROLS: dict[str, type[Control]] = {
    "tenant_changed": TenantChanged,
    "resident_changed": ResidentChanged,
    "device_changed": DeviceChanged,
    "assignment_changed": AssignmentChanged,
    "plan_changed": PlanChanged,
    "pause_changed": PauseChanged,
    "help_accepted": HelpAccepted,
    "quarantine_replayed": QuarantineReplayed,
    "history_imported": HistoryImported,
    "replay_differed": ReplayDiffered,
    "coverage_changed": CoverageChanged,
    "ticked": Ticked,
    "catch_up_began": CatchUpBegan,
    "catch_up_ended": CatchUpEnded,
}
CONTROL_KINDS: dict[type[Control], str] = {control: kind for kind, control in CONTROLS.items()}
