"""What follows when a resident leaves: their devices go back, and nothing is watched any more."""

from dataclasses import replace
from datetime import datetime

from api.callers import Caller
from api.lending import amend, keep, known_assignment, take_back
from api.plan_versions import follow_unit, no_plan
from api.problems import conflict, invalid
from api.services import Transaction
from events.ids import ResidentId
from store import registry, stays
from store.assignments import Assignment, assignments
from store.registry import LeftReason, Resident
from store.select import EVERYTHING
from store.stays import TooEarly


async def leave(change: Transaction, caller: Caller, resident: Resident, at: datetime, reason: LeftReason) -> Resident:
    """The resident, who is locked, has left at `at`: no plan, no device, no stay from then on.

    A device that they shared stays with the other of the couple. Alarms that are open stay so: somebody must look.
    """
    if resident.left_at is not None:
        raise conflict(f"the resident {resident.id!r} has left already")
    if at > change.now:
        raise invalid("at", "is in the future", at.isoformat())
    try:
        await stays.end_stay(change.connection, resident, at)
    except TooEarly as early:
        raise too_early("at", at, early) from None
    for lent in await assignments(change.connection, EVERYTHING, resident=resident.id, start=at, limit=1000):
        await _give_back(change, caller, lent, resident.id, at)
    await no_plan(change, resident, caller.id)
    left = replace(resident, left_at=at, left_reason=reason)
    await registry.change_resident(change.connection, left)
    return left


def too_early(field: str, at: datetime, early: TooEarly) -> Exception:
    return invalid(field, f"is before {early.start.isoformat()}, since when they have lived as now", at.isoformat())


async def _give_back(change: Transaction, caller: Caller, seen: Assignment, who: ResidentId, at: datetime) -> None:
    device, old = await known_assignment(change, EVERYTHING, seen.id)
    other = old.shared_with if old.resident == who else old.resident
    if other is not None:
        await keep(change, caller, old, other, at)
    elif old.start < at:
        await amend(change, caller, device, old, replace(old, end=at))
    else:
        await take_back(change, caller, device, old)


async def come_back(change: Transaction, caller: Caller, resident: Resident) -> Resident:
    """The resident, who is locked and has left, is cared for again from now on, as `resident` says."""
    back = replace(resident, left_at=None, left_reason=None)
    await registry.change_resident(change.connection, back)
    await stays.begin_stay(change.connection, back, change.now)
    await follow_unit(change, back, caller.id)
    return back
