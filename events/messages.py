"""What a device can say, in canonical form: one frozen struct for each kind.

A message is the JSON payload of `vaka/v1/{tenant}/{device}/{kind}`. `at` is the device's own clock.
Fields that a kind does not name are kept in the log with the raw payload, but no rule sees them.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 time with offset")]
Percent = Annotated[float, Meta(ge=0, le=100)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every message has: when, by the device's clock, and the device's own id of the message."""

    at: Instant
    id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Call(Message, frozen=True, kw_only=True):
    """A call for help: what staff need to come, or to ring back, where the device knows it."""

    latitude: Latitude | None = None
    longitude: Longitude | None = None
    accuracy_m: Annotated[float, Meta(ge=0)] | None = None
    place: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    call_back: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


# Social alarm


class AlarmPressed(Call, frozen=True, kw_only=True):
    """The resident asks for help."""

    button: Name | None = None


class AlarmCancelled(Message, frozen=True, kw_only=True):
    """The resident took the press back at the device; staff still decide."""


class CallUpdated(Call, frozen=True, kw_only=True):
    """Where to come, or whom to ring back, has become known or has changed since the call that it is `about`."""

    about: Literal["alarm_pressed", "fall_detected", "smoke_detected"] = "alarm_pressed"


class FallDetected(Call, frozen=True, kw_only=True):
    """The device believes that the resident fell."""

    confidence: Percent | None = None


class TestAlarm(Message, frozen=True, kw_only=True):
    """A trial of the device; never pages anyone."""


# Passive alarm


class Motion(Message, frozen=True, kw_only=True):
    """Movement in a room."""

    room: Name | None = None


class MotionEnded(Message, frozen=True, kw_only=True):
    """Nothing moves in the room any longer."""

    room: Name | None = None


class DoorOpened(Message, frozen=True, kw_only=True):
    """A door opened."""

    door: Name | None = None


class DoorClosed(Message, frozen=True, kw_only=True):
    """A door closed."""

    door: Name | None = None


class BedLeft(Message, frozen=True, kw_only=True):
    """The resident got out of bed."""


class BedEntered(Message, frozen=True, kw_only=True):
    """The resident got into bed."""


class MatOn(Message, frozen=True, kw_only=True):
    """Somebody stepped on the mat."""


class MatOff(Message, frozen=True, kw_only=True):
    """Nobody stands on the mat any longer."""


class LeakDetected(Message, frozen=True, kw_only=True):
    """Water where none should be."""


class SmokeDetected(Call, frozen=True, kw_only=True):
    """Smoke."""


class WetDetected(Message, frozen=True, kw_only=True):
    """An incontinence sensor is wet."""


class LeakCleared(Message, frozen=True, kw_only=True):
    """The water is gone."""


class SmokeCleared(Message, frozen=True, kw_only=True):
    """The smoke is gone."""


class WetCleared(Message, frozen=True, kw_only=True):
    """The incontinence sensor is dry again."""


# GPS alarm


class Position(Message, frozen=True, kw_only=True):
    """Where the wearer is, WGS 84."""

    latitude: Latitude
    longitude: Longitude
    accuracy_m: Annotated[float, Meta(ge=0)] | None = None


# Medicine


class DoseDispensed(Message, frozen=True, kw_only=True):
    """The dispenser offered a dose."""

    dose: Name | None = None


class DoseTaken(Message, frozen=True, kw_only=True):
    """The resident took a dose out."""

    dose: Name | None = None


class DoseMissed(Message, frozen=True, kw_only=True):
    """The dispenser's own clock says that a dose was not taken."""

    dose: Name | None = None


class DispenserJammed(Message, frozen=True, kw_only=True):
    """The dispenser cannot give the dose."""


class RefillLow(Message, frozen=True, kw_only=True):
    """Few doses are left."""

    doses_left: Annotated[int, Meta(ge=0)] | None = None


# Supervision


class CheckDone(Message, frozen=True, kw_only=True):
    """A planned look-in was made."""


class CheckFailed(Message, frozen=True, kw_only=True):
    """A planned look-in could not be made."""

    reason: Annotated[str, Meta(max_length=500)] | None = None


# Lock


class Unlocked(Message, frozen=True, kw_only=True):
    """The lock was opened."""

    user: Name | None = None
    method: Name | None = None


class Locked(Message, frozen=True, kw_only=True):
    """The lock was closed."""

    user: Name | None = None
    method: Name | None = None


class UnlockDenied(Message, frozen=True, kw_only=True):
    """Somebody without the right tried to open."""

    user: Name | None = None
    method: Name | None = None


class DoorAjar(Message, frozen=True, kw_only=True):
    """The door with the lock stands open."""


# Anything else


class Used(Message, frozen=True, kw_only=True):
    """Some other technology was used once."""

    what: Name | None = None


# Health of any device


class Heartbeat(Message, frozen=True, kw_only=True):
    """The device is alive."""


class Battery(Message, frozen=True, kw_only=True):
    """What is left in the battery."""

    percent: Percent


class Signal(Message, frozen=True, kw_only=True):
    """Radio signal strength."""

    rssi_dbm: Annotated[float, Meta(ge=-200, le=20)] | None = None
    quality: Percent | None = None


class MainsLost(Message, frozen=True, kw_only=True):
    """The device runs on battery."""


class MainsRestored(Message, frozen=True, kw_only=True):
    """Mains power is back."""


class Tampered(Message, frozen=True, kw_only=True):
    """Somebody opened or moved the device."""


class Fault(Message, frozen=True, kw_only=True):
    """The device reports that it does not work."""

    code: Name | None = None
    text: Annotated[str, Meta(max_length=500)] | None = None


class TamperCleared(Message, frozen=True, kw_only=True):
    """The device is closed and in its place again."""


class FaultCleared(Message, frozen=True, kw_only=True):
    """The device works again."""

    code: Name | None = None


class Online(Message, frozen=True, kw_only=True):
    """The device's hub sees it."""


class Offline(Message, frozen=True, kw_only=True):
    """The device's hub does not see it."""
