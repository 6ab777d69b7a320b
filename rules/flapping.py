"""Flapping: a contact or sensor that changes time after time, faster than anybody lives. Told once, with how often.

What it says is taken as it is meanwhile: a door that flaps may still be a door that somebody opens.
"""

from datetime import timedelta

from msgspec.structs import replace

from events.ids import DeviceId, derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.detector import NOTHING, Detector, Result
from rules.state import Flap, ResidentState
from rules.waiting import happened

KINDS = ("door_opened", "door_closed", "bed_left", "bed_entered", "mat_on", "mat_off")

CHANGES = 30
WITHIN = timedelta(minutes=10)
"""A door that is used has a few changes in ten minutes; thirty are a loose magnet, a flat battery or a draught."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.device is None:
        return state, NOTHING
    at = happened(entry)
    flap = _of(state, entry.device)
    # What begins anew forgets what is over, of all devices: nothing is kept of a home that is calm.
    if flap is None or at - flap.since > WITHIN:
        others = tuple(other for other in state.flaps if other.device != entry.device and at - other.since <= WITHIN)
        return replace(state, flaps=(*others, Flap(entry.device, at))), NOTHING
    # One that is told goes on until it is calm after the last change, also if an earlier one is reported late.
    counted = replace(flap, count=flap.count + 1, since=max(at, flap.since) if flap.told else flap.since)
    tell = counted.count >= CHANGES and not flap.told
    if tell:
        counted = replace(counted, told=True, since=max(at, flap.since))
    flaps = tuple(counted if other is flap else other for other in state.flaps)
    return replace(state, flaps=flaps), [_raise(entry, flap, counted.count)] if tell else NOTHING


def _of(state: ResidentState, device: DeviceId) -> Flap | None:
    for flap in state.flaps:
        if flap.device == device:
            return flap
    return None


def _raise(entry: Entry, flap: Flap, count: int) -> Raise:
    return Raise(
        id=derived_id(AlarmKind.FLAPPING, entry.key, entry.device, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.FLAPPING,
        kind=AlarmKind.FLAPPING,
        priority=Priority.TECHNICAL,
        occurred_at=happened(entry),
        device=entry.device,
        detail={"n": count, "since": flap.since.isoformat()},
    )


DETECTOR = Detector("flapping", KINDS, on_entry)
