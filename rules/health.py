"""What is wrong with a device, and whom that concerns: silence, battery, mains, tampering, faults, and its clock.

`troubles` says what is wrong now, from what is known; `judged` compares it with what people were told, and decides
the difference. So nothing is told twice, and all that was told is taken back when it is over.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from events.devices import LifeCycle
from events.ids import ResidentId, derived_id, device_key, resident_key
from rules.battery import days_left
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason, Withdraw
from rules.device_facts import RELAY_NOTED, holders
from rules.device_state import DeviceState, Known, Told

VERSION = 3
NAME = "device_health"

WATCHED = (LifeCycle.INSTALLED, LifeCycle.IN_USE)
"""Where somebody relies on the device."""

OFFLINE_GRACE = timedelta(minutes=2)
"""A hub that restarts says goodbye and is back within a minute."""

MAINS_GRACE = timedelta(minutes=5)
"""A plug that is pulled for a moment is no trouble yet."""

BATTERY_EMPTY = 2.0
"""Percent, as in the trade: what is below cannot be relied on for another message."""

CLOCK_WRONG, CLOCK_RIGHT = timedelta(minutes=5), timedelta(minutes=2)
"""A dose or a night out of bed is judged by the device's clock: minutes matter."""


class Trouble(NamedTuple):
    """Something that is wrong since `since`. `resident`: the person whom it concerns, else operators."""

    kind: AlarmKind
    reason: Reason
    since: datetime
    detail: dict[str, Any]
    resident: ResidentId | None = None


def is_watched(known: Known) -> bool:
    return known.life_cycle in WATCHED


def silent_at(state: DeviceState, is_hub: bool) -> datetime | None:
    """When the device will have been silent for too long, if nothing is heard before; None: never.

    What a hub relays is noted only now and then, so it may have been heard a little later than is known.
    """
    minutes = state.known.watch.silent_after_minutes
    since = quiet_since(state)
    if minutes is None or since is None or not is_watched(state.known):
        return None
    return since + timedelta(minutes=minutes) + (RELAY_NOTED if is_hub else timedelta(0))


def quiet_since(state: DeviceState) -> datetime | None:
    """From when its silence is counted."""
    if state.last_seen is None or state.known.since is None:
        return state.last_seen or state.known.since
    return max(state.last_seen, state.known.since)


def down_at(state: DeviceState, is_hub: bool) -> datetime | None:
    """When a device that is not yet silent will be: by its own limit, or soon after its hub was said to be offline."""
    silent = silent_at(state, is_hub)
    if not is_hub or state.known.offline_at is None or not is_watched(state.known):
        return silent
    offline = state.known.offline_at + OFFLINE_GRACE
    return offline if silent is None else min(silent, offline)


def troubles(state: DeviceState, at: datetime, is_hub: bool) -> dict[str, Trouble]:
    """All that is wrong at that time, each under a name of its own, which ENDS begins with."""
    if not is_watched(state.known):
        return {}
    silent, known = {**_silent(state, is_hub), **_calls(state, at)}, state.known
    return {**silent, **_battery(known), **_reported(known, at), **_clock(known, at)}


def _silent(state: DeviceState, is_hub: bool) -> dict[str, Trouble]:
    silence = state.known.silence
    if silence is None or silence.waits:
        return {}
    kind = AlarmKind.HUB_DOWN if is_hub else AlarmKind.DEVICE_SILENT
    reason = Reason.REPORTED_OFFLINE if silence.offline else Reason.NOT_HEARD
    return {"silent": Trouble(kind, reason, silence.since, _last_heard(state))}


def _calls(state: DeviceState, at: datetime) -> dict[str, Trouble]:
    """Those who rely on a silent device to call for help, until it is heard: also when its hub is to blame."""
    known = state.known
    if not known.watch.life_critical:
        return {}
    found = {}
    for resident in holders(known, at):
        told = known.told.get(name := f"call:{resident}")
        if known.silence is not None:
            since = known.silence.since
        elif told is not None and _is_unheard_since(state, told.at):
            since = told.since
        else:
            continue
        kind = AlarmKind.CALL_DEVICE_SILENT
        found[name] = Trouble(kind, Reason.NOT_HEARD, since, _last_heard(state), resident)
    return found


def _is_unheard_since(state: DeviceState, at: datetime) -> bool:
    return state.last_seen is None or state.last_seen < at


def _last_heard(state: DeviceState) -> dict[str, Any]:
    last = state.last_seen.isoformat() if state.last_seen is not None else None
    return {"last_seen": last, "silent_after_minutes": state.known.watch.silent_after_minutes}


def _battery(known: Known) -> dict[str, Trouble]:
    battery, watch, told = known.battery, known.watch, known.told
    if battery is None or battery.percent >= watch.battery_well:
        return {}
    detail = {"percent": battery.percent, "days_left": days_left(battery, battery.at)}
    found = {}
    if battery.percent <= watch.battery_low or "battery_low" in told:
        found["battery_low"] = Trouble(AlarmKind.BATTERY_LOW, Reason.BATTERY_LOW, battery.at, detail)
    if battery.percent <= BATTERY_EMPTY or "battery_empty" in told:
        found["battery_empty"] = Trouble(AlarmKind.BATTERY_LOW, Reason.BATTERY_EMPTY, battery.at, detail)
    return found


def _reported(known: Known, at: datetime) -> dict[str, Trouble]:
    """What the device itself says is wrong."""
    found = {}
    lost = known.mains_lost_at
    if lost is not None and lost + MAINS_GRACE <= at:
        found["mains"] = Trouble(AlarmKind.MAINS_LOST, Reason.MAINS_LOST, lost, {})
    if known.aspects.get("tampered"):
        found["tampered"] = Trouble(AlarmKind.TAMPERED, Reason.TAMPERED, at, {})
    faults = [name.partition(":") for name, is_so in known.aspects.items() if is_so and name.startswith("fault")]
    if faults:
        detail = {"codes": [code for _, _, code in faults if code]}
        found["fault"] = Trouble(AlarmKind.DEVICE_FAULT, Reason.FAULT_REPORTED, at, detail)
    return found


def _clock(known: Known, at: datetime) -> dict[str, Trouble]:
    behind = known.clock.behind
    if behind is None or abs(behind) < (CLOCK_RIGHT if "clock" in known.told else CLOCK_WRONG):
        return {}
    detail = {"behind_seconds": round(behind.total_seconds())}
    return {"clock": Trouble(AlarmKind.CLOCK_WRONG, Reason.CLOCK_WRONG, at, detail)}


ENDS = {
    "silent": Reason.HEARD_AGAIN,
    "call": Reason.HEARD_AGAIN,
    "battery_low": Reason.BATTERY_WELL,
    "battery_empty": Reason.BATTERY_WELL,
    "mains": Reason.MAINS_RESTORED,
    "tampered": Reason.TAMPER_CLEARED,
    "fault": Reason.FAULT_CLEARED,
    "clock": Reason.CLOCK_RIGHT,
}
"""Why a trouble is over, when it is not because of what people or the hub did."""


def judged(
    state: DeviceState, at: datetime, cause: object, *, is_hub: bool, ends: Reason | None = None
) -> tuple[DeviceState, list[AnyDecision]]:
    """The state once people know what is wrong and what no longer is, with its next deadline, and what tells them.

    `cause`: what the ids of decisions are made from: the entry's position, or the time that came. `ends`: why what is
    over is over, when that is not the trouble's own reason.
    """
    now = troubles(state, at, is_hub)
    told = dict(state.known.told)
    decisions: list[AnyDecision] = [
        _withdraw(state, told.pop(name), at, ends or _end(state, name)) for name in [*told] if name not in now
    ]
    for name, trouble in now.items():
        if name not in told:
            raised = _raise(state, name, trouble, at, cause)
            told[name] = Told(raised.key, raised.id, at, trouble.since)
            decisions.append(raised)
    known = replace(state.known, told=told)
    known = replace(known, calm=is_calm(known))
    state = replace(state, known=known)
    return replace(state, deadline=_deadline(state, at, is_hub)), decisions


def is_calm(known: Known) -> bool:
    waits_for_proof = known.life_cycle is LifeCycle.INSTALLED or known.testing_until is not None
    return not (known.told or known.silence or known.offline_at or waits_for_proof or known.clock.is_doubtful)


def _raise(state: DeviceState, name: str, trouble: Trouble, at: datetime, cause: object) -> Raise:
    resident = trouble.resident
    return Raise(
        id=derived_id(NAME, name, state.key, cause),
        key=device_key(state.device) if resident is None else resident_key(resident),
        at=at,
        reason=trouble.reason,
        detail={"since": trouble.since.isoformat(), **trouble.detail, "rule": NAME, "rule_version": VERSION},
        kind=trouble.kind,
        priority=Priority.TECHNICAL if resident is None else Priority.CARE,
        occurred_at=at,
        device=state.device,
    )


def _withdraw(state: DeviceState, told: Told, at: datetime, reason: Reason) -> Withdraw:
    minutes = round((at - told.since).total_seconds() / 60)
    return Withdraw(
        id=derived_id(NAME, "over", told.episode),
        key=told.key,
        at=at,
        reason=reason,
        detail={"device": state.device, "since": told.since.isoformat(), "minutes": minutes},
        episode=told.episode,
    )


def _end(state: DeviceState, name: str) -> Reason:
    """A call device that was not heard since is no longer with the person, or no longer watched."""
    trouble = name.partition(":")[0]
    is_unheard = trouble == "call" and _is_unheard_since(state, state.known.told[name].at)
    return Reason.DEVICE_CHANGED if is_unheard else ENDS[trouble]


def _deadline(state: DeviceState, at: datetime, is_hub: bool) -> datetime | None:
    """When time itself changes something. Who has a silent device matters, so that this may change with time, too."""
    known = state.known
    if not is_watched(known):
        return None
    times = []
    if known.silence is None and (down := down_at(state, is_hub)) is not None:
        times.append(down)
    if known.mains_lost_at is not None and "mains" not in known.told:
        times.append(known.mains_lost_at + MAINS_GRACE)
    if known.watch.life_critical and (known.silence is not None or known.told):
        changes = (time for lending in known.lendings for time in (lending.start, lending.end))
        times += [time for time in changes if time is not None and time > at]
    return min(times, default=None)
