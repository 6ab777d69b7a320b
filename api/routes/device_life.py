"""Where a device is in its life, and the installer's trial that proves that it works where it is."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from api.callers import Caller
from api.device_bodies import ShownDevice
from api.device_moves import move
from api.fields import Body, DeviceRef
from api.lists import BY_NUMBER, Page, Pages
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, not_found
from api.routing import Vaka, resource
from api.services import Services, Transaction
from events.devices import LifeCycle
from events.ids import DeviceId
from rules.device_lifecycle import TESTABLE, is_allowed
from store import device_life, devices, proof
from store.device_life import LifeStep
from store.devices import Device
from store.directory import device_changed
from store.pool import Connection
from store.proof import Trial

router = resource("devices")

Reader = Annotated[Caller, may(Permission.DEVICES_READ)]
Writer = Annotated[Caller, may(Permission.DEVICES_WRITE)]
Installer = Annotated[Caller, may(Permission.DEVICES_TEST)]


class NextState(Body):
    """Where the device is from now on, and why."""

    to: LifeCycle
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] | None = None


class NewTrial(Body):
    """How long what the device says is a test."""

    minutes: Annotated[StrictInt, Field(ge=1, le=30)] = 10


@router.post("/{id}/life-cycle", status_code=200, summary="Take a device to another place in its life")
async def change_life_cycle(id: DeviceRef, body: NextState, caller: Writer, vaka: Vaka) -> ShownDevice:
    """409, with the device as it is, for a step that may not follow; no step makes a device `in_use`: it proves itself.

    A device that is with somebody is given back by ending the assignment.
    """
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if not is_allowed(old.life_cycle, body.to):
            raise _refused(old, f"from {old.life_cycle} it cannot be taken to {body.to}")
        if old.resident is not None and body.to not in TESTABLE:
            raise _refused(old, f"it is with {old.resident!r} until the assignment is ended")
        await move(change, caller, old, body.to, body.reason)
        return await _shown(change, caller, id)


@router.get("/{id}/history", summary="The life of a device")
async def get_history(id: DeviceRef, caller: Reader, vaka: Vaka, pages: Pages) -> Page[LifeStep]:
    """In the order in which it happened. A step between equal states says in `reason` what was done."""
    async with vaka.read() as connection:
        await _check_seen(connection, vaka, caller, id)
        found = await device_life.history_of(connection, id, after=pages.after(BY_NUMBER), limit=pages.fetch)
    return pages.page(found, lambda step: (step.seq,))


@router.post("/{id}/test", status_code=201, summary="Try a device out")
async def open_trial(id: DeviceRef, body: NewTrial, caller: Installer, vaka: Vaka) -> ShownDevice:
    """Until `testing_until` its presses, falls and smoke are `test_alarm`: they raise no alarm and page nobody.

    409 unless the device is `installed` or `in_use`. A trial that runs gives way to the new one.
    """
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if old.life_cycle not in TESTABLE:
            raise _refused(old, f"it is {old.life_cycle}, and not where it can be tried out")
        until = change.now + timedelta(minutes=body.minutes)
        await proof.open_trial(change.connection, id, old.life_cycle, caller.id, change.now, until)
        await change.tell(await device_changed(change.connection, id))
        return await _shown(change, caller, id)


@router.delete("/{id}/test", status_code=204, summary="End a trial")
async def end_trial(id: DeviceRef, caller: Installer, vaka: Vaka) -> None:
    """From now on a press is a call for help. Nothing happens if no trial runs."""
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if old.testing_until is None or old.testing_until <= change.now:
            return
        await proof.end_trial(change.connection, id, old.life_cycle, caller.id, change.now)
        await change.tell(await device_changed(change.connection, id))


@router.get("/{id}/tests", summary="The trials of a device")
async def list_trials(id: DeviceRef, caller: Reader, vaka: Vaka, pages: Pages) -> Page[Trial]:
    """The newest first. One that has succeeded says when, and by which kind of event."""
    async with vaka.read() as connection:
        await _check_seen(connection, vaka, caller, id)
        found = await proof.trials_of(connection, id, after=pages.after(BY_NUMBER), limit=pages.fetch)
    return pages.page(found, lambda trial: (trial.number,))


async def _locked(change: Transaction, caller: Caller, id: DeviceId) -> Device:
    found = await devices.device(change.connection, caller.scope, change.now, id, lock=True)
    if found is None:
        raise not_found("device", id)
    return found


async def _check_seen(connection: Connection, vaka: Services, caller: Caller, id: DeviceId) -> None:
    if await devices.device(connection, caller.scope, vaka.now(), id) is None:
        raise not_found("device", id)


async def _shown(change: Transaction, caller: Caller, id: DeviceId) -> ShownDevice:
    return ShownDevice.model_validate(await devices.device(change.connection, caller.scope, change.now, id))


def _refused(device: Device, detail: str) -> ProblemError:
    return conflict(f"device {device.id!r}: {detail}", device=ShownDevice.model_validate(device))
