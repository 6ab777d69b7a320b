"""Lending devices: an assignment is stored, the device's life cycle follows, and the log gets to know it."""

from dataclasses import replace
from datetime import datetime

from api.callers import Caller
from api.device_moves import check_lendable, follow
from api.fields import new_id
from api.problems import invalid, not_found
from api.references import check_tenant, known_resident
from api.services import Transaction
from events.ids import ResidentId
from store import assignments, devices
from store.assignments import Assignment, changed_spans
from store.devices import Device
from store.inbox import Correction
from store.select import EVERYTHING, Scope


async def known_assignment(change: Transaction, scope: Scope, id: str) -> tuple[Device, Assignment]:
    """Both locked, the device first, as in every change of who has it: so no two can wait for each other."""
    seen = await assignments.assignment(change.connection, scope, id)
    if seen is None:
        raise not_found("assignment", id)
    device = await devices.device(change.connection, EVERYTHING, change.now, seen.device, lock=True)
    found = await assignments.assignment(change.connection, scope, id, lock=True)
    if found is None or device is None:
        raise not_found("assignment", id)
    return device, found


async def check_assignment(change: Transaction, caller: Caller, assignment: Assignment) -> None:
    if assignment.end is not None and assignment.end <= assignment.start:
        raise invalid("to", f"is not after `from`, {assignment.start.isoformat()}", assignment.end.isoformat())
    if assignment.shared_with == assignment.resident:
        raise invalid("shared_with", "is the resident who has the device", assignment.shared_with)
    for field, person in (("resident", assignment.resident), ("shared_with", assignment.shared_with)):
        if person is not None:
            known = await known_resident(change.connection, caller.scope, person, field=field)
            check_tenant(known.tenant, assignment.tenant)


async def lend(change: Transaction, caller: Caller, device: Device, new: Assignment) -> bool:
    """False when the id is taken. Raises Overlap, after which the transaction is over; so does `amend`."""
    check_lendable(change, device, new)
    if not await assignments.add_assignment(change.connection, new):
        return False
    await follow(change, caller, device, None, new)
    await change.tell(new.told(), Correction(caller.id, changed_spans(None, new)))
    return True


async def amend(change: Transaction, caller: Caller, device: Device, old: Assignment, changed: Assignment) -> None:
    """`old` becomes `changed`; events of times for which that is another answer become theirs who had it then."""
    check_lendable(change, device, changed)
    await _store(change, caller, old, changed)
    await follow(change, caller, device, old, changed)


async def keep(change: Transaction, caller: Caller, old: Assignment, who: ResidentId, at: datetime) -> None:
    """From `at` on, `who` of a couple has their device alone. It stays where it is, so its life cycle does too."""
    if old.start >= at:
        await _store(change, caller, old, replace(old, resident=who, shared_with=None))
        return
    new = replace(old, id=new_id(), resident=who, shared_with=None, start=at, created_at=change.now)
    await _store(change, caller, old, replace(old, end=at))
    await assignments.add_assignment(change.connection, new)
    await change.tell(new.told(), Correction(caller.id, changed_spans(None, new)))


async def _store(change: Transaction, caller: Caller, old: Assignment, changed: Assignment) -> None:
    await assignments.change_assignment(change.connection, changed)
    correction = Correction(caller.id, changed_spans(old, changed))
    if changed.resident != old.resident:
        await change.tell(_none(old).told(), correction)
    await change.tell(changed.told(), correction)


async def take_back(change: Transaction, caller: Caller, device: Device, old: Assignment) -> None:
    """As if it had never been."""
    await assignments.delete_assignment(change.connection, old.id)
    await follow(change, caller, device, old, None)
    await change.tell(_none(old).told(), Correction(caller.id, changed_spans(old, None)))


def _none(assignment: Assignment) -> Assignment:
    """An assignment that lasts no time: this is how the log is told that there is none."""
    return replace(assignment, end=assignment.start)
