"""The table of kinds: which message struct, which technology, which lane.

Technologies and kinds are those of the MQTT contract in the design; the names are used in topics,
in the log, in usage counts and over the API.
"""

from enum import StrEnum

from events import messages as m


class Technology(StrEnum):
    """What a device is for; usage is counted by it."""

    SOCIAL_ALARM = "social_alarm"
    PASSIVE_ALARM = "passive_alarm"
    GPS_ALARM = "gps_alarm"
    MEDICINE = "medicine"
    SUPERVISION = "supervision"
    LOCK = "lock"
    OTHER = "other"


BY_TECHNOLOGY: dict[Technology, dict[str, type[m.Message]]] = {
    Technology.SOCIAL_ALARM: {
        "alarm_pressed": m.AlarmPressed,
        "alarm_cancelled": m.AlarmCancelled,
        "call_updated": m.CallUpdated,
        "fall_detected": m.FallDetected,
        "test_alarm": m.TestAlarm,
    },
    Technology.PASSIVE_ALARM: {
        "motion": m.Motion,
        "motion_ended": m.MotionEnded,
        "door_opened": m.DoorOpened,
        "door_closed": m.DoorClosed,
        "bed_left": m.BedLeft,
        "bed_entered": m.BedEntered,
        "mat_on": m.MatOn,
        "mat_off": m.MatOff,
        "leak_detected": m.LeakDetected,
        "smoke_detected": m.SmokeDetected,
        "wet_detected": m.WetDetected,
        "leak_cleared": m.LeakCleared,
        "smoke_cleared": m.SmokeCleared,
        "wet_cleared": m.WetCleared,
    },
    Technology.GPS_ALARM: {"position": m.Position},
    Technology.MEDICINE: {
        "dose_dispensed": m.DoseDispensed,
        "dose_taken": m.DoseTaken,
        "dose_missed": m.DoseMissed,
        "dispenser_jammed": m.DispenserJammed,
        "refill_low": m.RefillLow,
    },
    Technology.SUPERVISION: {"check_done": m.CheckDone, "check_failed": m.CheckFailed},
    Technology.LOCK: {
        "unlocked": m.Unlocked,
        "locked": m.Locked,
        "unlock_denied": m.UnlockDenied,
        "door_ajar": m.DoorAjar,
    },
    Technology.OTHER: {"used": m.Used},
}

HEALTH: dict[str, type[m.Message]] = {
    "heartbeat": m.Heartbeat,
    "battery": m.Battery,
    "signal": m.Signal,
    "mains_lost": m.MainsLost,
    "mains_restored": m.MainsRestored,
    "tampered": m.Tampered,
    "tamper_cleared": m.TamperCleared,
    "fault": m.Fault,
    "fault_cleared": m.FaultCleared,
    "online": m.Online,
    "offline": m.Offline,
}
"""Any device may send these. They tell of the device, not of the resident, and are no usage."""

KINDS: dict[str, type[m.Message]] = {
    kind: message for kinds in (*BY_TECHNOLOGY.values(), HEALTH) for kind, message in kinds.items()
}

URGENT = frozenset({"alarm_pressed", "alarm_cancelled", "fall_detected", "smoke_detected"})
"""The kinds of the urgent lane. `test_alarm` stays in the bulk lane: test alarms once drowned a platform."""

ACTIVITY = frozenset(
    {
        "alarm_pressed",
        "motion",
        "door_opened",
        "door_closed",
        "bed_left",
        "bed_entered",
        "mat_on",
        "mat_off",
        "dose_taken",
        "used",
    }
)
"""Signs of life: only a person at home makes them. Locks are opened by staff, positions sent by a timer."""
