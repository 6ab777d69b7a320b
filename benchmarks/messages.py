"""What is published end to end: 248 bytes of JSON an event, from the devices of a municipality."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from events.ids import DeviceId
from events.topics import event_topic
from simulators.municipality import TENANT, Municipality

BYTES = 248
PRESS_EVERY = 100
"""One event in so many is a pressed button."""

KINDS = ("motion",) * 6 + ("door_opened", "door_closed", "heartbeat")

Message = tuple[str, bytes]


class Messages:
    """Endless messages with ids of their own; `run` makes them others than those of an earlier run."""

    def __init__(self, municipality: Municipality, run: str, *, press_every: int = PRESS_EVERY) -> None:
        self._devices = [device.id for resident in municipality.residents for device in resident.devices]
        self._run = run
        self._press_every = press_every
        self._random = random.Random(1)
        self._number = 0

    def take(self, count: int) -> Sequence[Message]:
        devices = self._random.choices(self._devices, k=count)
        kinds = self._random.choices(KINDS, k=count)
        return [self._next(device, kind) for device, kind in zip(devices, kinds, strict=True)]

    def press(self) -> Message:
        return self._message(self._random.choice(self._devices), "alarm_pressed")

    def _next(self, device: DeviceId, kind: str) -> Message:
        due = self._press_every and (self._number + 1) % self._press_every == 0
        return self._message(device, "alarm_pressed" if due else kind)

    def _message(self, device: DeviceId, kind: str) -> Message:
        self._number += 1
        body = {"at": datetime.now(UTC), "id": f"{self._run}-{self._number}", "room": "kitchen"}
        payload = msgspec.json.encode(body)[:-1] + b',"x":"'
        return event_topic(TENANT, device, kind), payload.ljust(BYTES - 2, b"y") + b'"}'
