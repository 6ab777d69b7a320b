"""From what a message says to an event of a registered device: whose it is, what it means there, if it is a trial."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.delivery import Heard, Observation, Rejected, Rejection
from events.devices import Origin
from events.kinds import KINDS, URGENT
from events.messages import Message
from processors.directory import Device, Directory

FUTURE = timedelta(days=1)
"""How far ahead of ours a device's clock may be before its message is refused; a call for help never is."""

TESTABLE = frozenset({"alarm_pressed", "fall_detected", "smoke_detected"})
"""What an installer tries out: while the trial runs, these are `test_alarm`."""


def resolve(directory: Directory, seen: Observation | Heard, now: datetime) -> Observation | Rejected:
    """The event in terms of the device that said it, or why it is none."""
    found = _with_device(directory, seen)
    if isinstance(found, Rejected):
        return found
    device = directory.devices.get(found.device)
    fault = _fault(found, device, now)
    if fault is not None or device is None:
        return fault or _unknown(found)
    kind = device.reads_as.get(found.kind, found.kind)
    if kind in TESTABLE and device.testing_until is not None and now < device.testing_until:
        kind = "test_alarm"
    return found if kind == found.kind else read_as(found, kind)


def read_as(seen: Observation, kind: str) -> Observation:
    """The same event as another kind; what it was said to be stays in the payload as `said`."""
    struct = KINDS[kind]
    fields = {name: getattr(seen.message, name) for name in struct.__struct_fields__ if hasattr(seen.message, name)}
    message: Message = struct(**fields)
    payload = seen.payload.rstrip()[:-1] + b',"said":"' + seen.kind.encode() + b'"}'
    return replace(seen, kind=kind, message=message, payload=payload)


def _with_device(directory: Directory, seen: Observation | Heard) -> Observation | Rejected:
    if isinstance(seen, Observation):
        return seen
    id = directory.device_of(seen.origins)
    if id is None:
        return _unregistered(seen.origins[0])
    tenant = directory.devices[id].tenant
    return Observation(tenant, id, seen.kind, seen.message, seen.payload, seen.key, seen.is_state, seen.same_within)


def _fault(seen: Observation, device: Device | None, now: datetime) -> Rejected | None:
    if device is None:
        return _unknown(seen)
    if device.tenant != seen.tenant:
        text = f"tenant: device {seen.device!r} is not of {seen.tenant!r}"
        return Rejected(Rejection.OTHER_TENANT, text, seen.tenant, seen.device)
    if seen.message.at > now + FUTURE and seen.kind not in URGENT:
        text = f"at: {seen.message.at.isoformat()!r} is more than a day after {now.isoformat()!r}"
        return Rejected(Rejection.FUTURE_TIME, text, seen.tenant, seen.device)
    return None


def _unknown(seen: Observation) -> Rejected:
    text = f"device {seen.device!r} is not registered"
    return Rejected(Rejection.UNKNOWN_DEVICE, text, seen.tenant, seen.device)


def _unregistered(origin: Origin) -> Rejected:
    return Rejected(Rejection.UNKNOWN_DEVICE, f"no device is registered as {origin}", origin=origin)
