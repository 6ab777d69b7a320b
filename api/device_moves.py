"""A device's life cycle follows its assignments: lent it is `installed`, given back it is `returned`."""

from api.callers import Caller
from api.problems import conflict
from api.services import Transaction
from events.devices import LifeCycle
from rules.device_lifecycle import LENDABLE, after_lending, after_return
from store import device_life
from store.assignments import Assignment
from store.devices import Device
from store.directory import device_changed


def check_lendable(change: Transaction, device: Device, assignment: Assignment) -> None:
    """409 for a device that cannot go to anybody as it is; who had it in the past may be written down all the same."""
    is_past = assignment.end is not None and assignment.end <= change.now
    if device.life_cycle not in LENDABLE and not is_past:
        raise conflict(f"the device {device.id!r} is {device.life_cycle}: it cannot be lent")


async def follow(
    change: Transaction, caller: Caller, device: Device, old: Assignment | None, new: Assignment | None
) -> None:
    """Takes the device, which the caller has locked, where it is now that the assignment `old` has become `new`."""
    had, has = (one is not None and one.covers(change.now) for one in (old, new))
    if had == has:
        return
    to = after_lending(device.life_cycle) if has else after_return(device.life_cycle)
    if to is not device.life_cycle:
        await move(change, caller, device, to)


async def move(change: Transaction, caller: Caller, device: Device, to: LifeCycle, reason: str | None = None) -> None:
    """Takes the device to `to`, and lets the log know."""
    await device_life.move(change.connection, device.id, device.life_cycle, to, caller.id, change.now, reason)
    await change.tell(await device_changed(change.connection, device.id))
