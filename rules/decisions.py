"""What rules can decide. Every decision has an id that depends only on its cause: twice is once."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from events.ids import DeviceId, Key


class Reason(StrEnum):
    """Why: used by the journal, logs, metrics, tests and the page that explains an alarm."""

    PRESSED = "pressed"
    FALL_DETECTED = "fall_detected"
    SMOKE_DETECTED = "smoke_detected"
    CANCELLED_AT_DEVICE = "cancelled_at_device"
    CALL_UPDATED = "call_updated"
    DOSE_DUE = "dose_due"
    DOSE_NOT_TAKEN = "dose_not_taken"
    DOSE_REPORTED_MISSED = "dose_reported_missed"
    DOSE_TAKEN_EARLY = "dose_taken_early"
    DOSE_TOO_MANY = "dose_too_many"
    DOSE_TAKEN_LATE = "dose_taken_late"
    DOSE_REPORTED_LATE = "dose_reported_late"
    DISPENSER_JAMMED = "dispenser_jammed"
    DISPENSER_EMPTY = "dispenser_empty"
    REFILL_LOW = "refill_low"
    NO_ACTIVITY = "no_activity"
    ACTIVITY_REPORTED_LATE = "activity_reported_late"
    ACTIVITY_RESUMED = "activity_resumed"
    CHECK_NOT_DONE = "check_not_done"
    CHECK_FAILED = "check_failed"
    CHECK_DONE_LATE = "check_done_late"
    CHECK_REPORTED_LATE = "check_reported_late"
    REFUSED_OPENINGS = "refused_openings"
    UNPLANNED_OPENING = "unplanned_opening"
    FLOOD = "flood"
    LEFT_AREA = "left_area"
    GPS_SILENT = "gps_silent"
    CONDITION_MET = "condition_met"
    FLAPPING = "flapping"
    LEAK_DETECTED = "leak_detected"
    WET_DETECTED = "wet_detected"
    CLEARED = "cleared"
    DOOR_OPEN_TOO_LONG = "door_open_too_long"
    LEFT_BED_AT_NIGHT = "left_bed_at_night"
    LEFT_HOME_AT_NIGHT = "left_home_at_night"
    ENDED_IN_TIME = "ended_in_time"
    ENDED = "ended"
    NOT_HEARD = "not_heard"
    REPORTED_OFFLINE = "reported_offline"
    HEARD_AGAIN = "heard_again"
    HUB_DOWN = "hub_down"
    BATTERY_LOW = "battery_low"
    BATTERY_EMPTY = "battery_empty"
    BATTERY_WELL = "battery_well"
    MAINS_LOST = "mains_lost"
    MAINS_RESTORED = "mains_restored"
    TAMPERED = "tampered"
    TAMPER_CLEARED = "tamper_cleared"
    FAULT_REPORTED = "fault_reported"
    FAULT_CLEARED = "fault_cleared"
    CLOCK_WRONG = "clock_wrong"
    CLOCK_RIGHT = "clock_right"
    DEVICE_CHANGED = "device_changed"
    PROVEN = "proven"
    RULE_FAILED = "rule_failed"
    REPLAY_DIFFERED = "replay_differed"
    NOBODY_REACHABLE = "nobody_reachable"
    ONLY_LAST_RESORT = "only_last_resort"
    NOBODY_ON_DUTY = "nobody_on_duty"
    ON_DUTY_UNREACHABLE = "on_duty_unreachable"
    BELOW_MINIMUM = "below_minimum"
    COVERED_AGAIN = "covered_again"


class Priority(IntEnum):
    LIFE = 1
    CARE = 2
    TECHNICAL = 3
    INFORMATION = 4


class AlarmKind(StrEnum):
    """What an alarm is about; unresolved alarms of the same resident, or of the same device, and kind are one."""

    SOCIAL_ALARM = "social_alarm"
    FALL = "fall"
    SMOKE = "smoke"
    MISSED_DOSE = "missed_dose"
    DISPENSER_JAMMED = "dispenser_jammed"
    DISPENSER_EMPTY = "dispenser_empty"
    REFILL_LOW = "refill_low"
    TOO_MANY_DOSES = "too_many_doses"
    INACTIVITY = "inactivity"
    SUPERVISION = "supervision"
    LOCK_REFUSED = "lock_refused"
    UNPLANNED_OPENING = "unplanned_opening"
    GEOFENCE = "geofence"
    GPS_SILENT = "gps_silent"
    LIFE_CONDITION = "life_condition"
    CONDITION = "condition"
    CONDITION_NOTE = "condition_note"
    FLAPPING = "flapping"
    LEAK = "leak"
    WETNESS = "wetness"
    DOOR_OPEN = "door_open"
    NIGHT_WANDERING = "night_wandering"
    DEVICE_SILENT = "device_silent"
    CALL_DEVICE_SILENT = "call_device_silent"
    HUB_DOWN = "hub_down"
    BATTERY_LOW = "battery_low"
    MAINS_LOST = "mains_lost"
    TAMPERED = "tampered"
    DEVICE_FAULT = "device_fault"
    CLOCK_WRONG = "clock_wrong"
    RULE_FAILED = "rule_failed"
    REPLAY_DIFFERS = "replay_differs"
    COVERAGE_GAP = "coverage_gap"


class Decision(Struct, frozen=True, kw_only=True, tag_field="decision"):
    """`at` is when the rule decided by the log's clock: the entry's `received_at`, or the deadline that passed."""

    id: str
    key: Key
    at: datetime
    reason: Reason
    detail: dict[str, Any] = {}


class Raise(Decision, frozen=True, kw_only=True, tag="raise"):
    """An episode that a person must act on. The store opens an alarm, or counts it on the unresolved one."""

    kind: AlarmKind
    priority: Priority
    occurred_at: datetime
    device: DeviceId | None = None


class Withdraw(Decision, frozen=True, kw_only=True, tag="withdraw"):
    """Later data shows that the episode was nothing."""

    episode: str


class Annotate(Decision, frozen=True, kw_only=True, tag="annotate"):
    """Something that staff should see on the resident's unresolved alarm of this kind."""

    kind: AlarmKind


class Remind(Decision, frozen=True, kw_only=True, tag="remind"):
    """The resident's dispensers shall remind; pointless from `until` on."""

    until: datetime


class Proven(Decision, frozen=True, kw_only=True, tag="proven"):
    """Something that an installed or tried device said came all the way through. `how`: the kind of the event."""

    device: DeviceId
    how: str


class Failed(Decision, frozen=True, kw_only=True, tag="failed"):
    """A rule raised an exception on this input: the input goes to quarantine and operators are told."""

    detector: str
    traceback: str
    position: int | None = None


AnyDecision = Raise | Withdraw | Annotate | Remind | Proven | Failed

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[AnyDecision] = msgspec.json.Decoder(AnyDecision)


def encode_decision(decision: AnyDecision) -> bytes:
    return _ENCODER.encode(decision)


def decode_decision(data: bytes) -> AnyDecision:
    return _DECODER.decode(data)
