"""A device's health in a few plain values, for lists, counts and pages."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from events.ids import DeviceId
from rules.battery import empty_at
from rules.device_state import DeviceState, Known, Point
from rules.health import is_watched


class Status(StrEnum):
    """`offline`: its hub does not see it, which is not yet a silence. `behind_hub`: silent, as its hub is."""

    OK = "ok"
    OFFLINE = "offline"
    SILENT = "silent"
    BEHIND_HUB = "behind_hub"
    NEVER_HEARD = "never_heard"


class Summary(Struct, frozen=True):
    """`battery_empty_at`: when it will be, by its trend. `clock_behind_seconds`: negative for a clock that is ahead.

    `is_counted`: somebody relies on it.
    """

    device: DeviceId
    status: Status
    is_counted: bool
    last_seen: datetime | None
    silent_since: datetime | None
    battery: float | None
    battery_at: datetime | None
    battery_empty_at: datetime | None
    battery_trend: tuple[Point, ...]
    signal_quality: float | None
    signal_rssi_dbm: float | None
    mains: bool | None
    tampered: bool | None
    faults: tuple[str, ...]
    clock_behind_seconds: float | None
    tested_at: datetime | None


def summary(state: DeviceState) -> Summary:
    known = state.known
    battery, signal, behind = known.battery, known.signal, known.clock.behind
    return Summary(
        device=state.device,
        status=status(state),
        is_counted=is_watched(known),
        last_seen=state.last_seen,
        silent_since=known.silence.since if known.silence is not None else None,
        battery=battery.percent if battery is not None else None,
        battery_at=battery.at if battery is not None else None,
        battery_empty_at=empty_at(battery),
        battery_trend=(*battery.trend, (battery.at, battery.percent)) if battery is not None else (),
        signal_quality=signal.quality if signal is not None else None,
        signal_rssi_dbm=signal.rssi_dbm if signal is not None else None,
        mains=known.aspects.get("mains"),
        tampered=known.aspects.get("tampered"),
        faults=_faults(known),
        clock_behind_seconds=behind.total_seconds() if behind is not None else None,
        tested_at=known.tested_at,
    )


def status(state: DeviceState) -> Status:
    known = state.known
    if state.last_seen is None:
        return Status.NEVER_HEARD
    if known.silence is not None:
        return Status.BEHIND_HUB if known.silence.waits else Status.SILENT
    return Status.OK if known.offline_at is None else Status.OFFLINE


def _faults(known: Known) -> tuple[str, ...]:
    """Codes; a fault without one is called `fault`."""
    found = (name.partition(":") for name, is_so in known.aspects.items() if is_so and name.startswith("fault"))
    return tuple(code or name for name, _, code in found)
