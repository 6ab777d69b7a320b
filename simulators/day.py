"""A resident's day as their devices tell it: a pure function of resident, date and seed."""

from collections.abc import Iterator
from datetime import date
from random import Random

import msgspec

from events.messages import Message
from simulators.diary import Diary, diary_of
from simulators.health import health
from simulators.municipality import TIMEZONE, Device, Resident
from simulators.sensing import SENSING
from simulators.timed import TimedMessage, timed


def events_of_day(resident: Resident, day: date, seed: int, timezone: str = TIMEZONE) -> list[TimedMessage]:
    """Everything that the resident's devices say on the local `day`, in order, in whole seconds of UTC.

    The same arguments give the same messages, ids included. Each thing that is drawn has a generator of its own,
    so that a resident who gets one more device goes on living the same life.
    """
    diary = diary_of(resident, day, timezone, Random(f"{seed} diary {resident.id} {day}"))
    found = [
        timed(device.id, msgspec.structs.replace(message, at=message.at.replace(microsecond=0)))
        for device in resident.devices
        for message in _said(device, resident, diary, seed)
    ]
    found.sort(key=lambda said: (said.time, said.device))
    return [_with_id(said, f"{day:%Y%m%d}-{number}") for number, said in enumerate(found)]


def _said(device: Device, resident: Resident, diary: Diary, seed: int) -> Iterator[Message]:
    random = Random(f"{seed} device {device.id} {diary.local_day}")
    yield from SENSING[device.product](resident, diary, random)
    yield from health(device, diary, seed, random)


def _with_id(said: TimedMessage, number: str) -> TimedMessage:
    return said._replace(message=msgspec.structs.replace(said.message, id=number))
