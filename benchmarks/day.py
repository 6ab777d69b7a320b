"""A made-up day of a large municipality, as the rules see it: entries of the log in order of time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from events.codec import decode_message
from events.control import DeviceChanged, PlanChanged
from events.devices import Watch
from events.ids import DeviceId, Key, ResidentId, TenantId, device_key, resident_key
from events.kinds import Technology
from events.log import Entry

START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""A Monday, 06:00 in Stockholm."""

ZONE = "Europe/Stockholm"
EVENTS_A_DAY = 300
"""Of one resident."""

TAKEN = 0.95
"""Of all doses; half of these before the reminder."""

# Per mille. Doses are taken by the plan and come on top.
MIX = {
    "motion": 600, "door_opened": 80, "door_closed": 80, "heartbeat": 120, "bed_left": 15, "bed_entered": 15,
    "position": 25, "unlocked": 15, "locked": 15, "used": 15, "battery": 10, "alarm_pressed": 10,
}  # fmt: skip

SENDERS = {
    "motion": "motion", "door_opened": "door", "door_closed": "door", "heartbeat": "button", "bed_left": "bed",
    "bed_entered": "bed", "position": "watch", "unlocked": "lock", "locked": "lock", "used": "toilet",
    "battery": "button", "alarm_pressed": "button", "dose_taken": "dispenser",
}  # fmt: skip
"""Which device in the home says what; all of them speak through a hub."""

TENANT = TenantId("bench")
WATCH = Watch(silent_after_minutes=9 * 60)

OPENING_MINUTES = (8 * 60, 12 * 60, 20 * 60)
LAG = timedelta(milliseconds=700)

_PAYLOAD = b'{"at":"2026-03-02T05:00:00Z","percent":70,"latitude":59.3,"longitude":18.1}'


class Day:
    """Residents with three dose windows a day and a limit for silence with quiet hours, each at times of their own."""

    def __init__(self, residents: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._keys = [resident_key(ResidentId(f"resident-{number}")) for number in range(residents)]
        self._shifts = [self._random.randrange(0, 60, 15) for _ in range(residents)]
        self._messages = {kind: decode_message(kind, _PAYLOAD) for kind in (*MIX, "dose_taken")}
        self._doses = [
            ((opening + shift - 6 * 60 + self._random.random() * 30) * 60, key)
            for key, shift in zip(self._keys, self._shifts, strict=True)
            for opening in OPENING_MINUTES
            if self._random.random() < TAKEN
        ]
        self._position = 0

    def plans(self) -> Iterator[Entry]:
        for key, shift in zip(self._keys, self._shifts, strict=True):
            change = PlanChanged(resident=ResidentId(key[2:]), version=1, timezone=ZONE, plan=plan_of(shift))
            yield self._entry(key, "plan_changed", change, START, START)

    def devices(self) -> Iterator[Entry]:
        for key in self._keys:
            for sender in ("hub", *dict.fromkeys(SENDERS.values())):
                device = _device(key, sender)
                hub = None if sender == "hub" else _device(key, "hub")
                change = DeviceChanged(device=device, tenant=TENANT, technology=Technology.OTHER, hub=hub, watch=WATCH)
                yield self._entry(device_key(device), "device_changed", change, START, START)

    def entries(self, since: timedelta, length: timedelta) -> list[Entry]:
        """What is received in a part of the day, counted from its START; the parts must be asked for in order."""
        start = START + since
        seconds = length.total_seconds()
        count = round(len(self._keys) * EVENTS_A_DAY * length / timedelta(days=1))
        keys = self._random.choices(self._keys, k=count)
        kinds = self._random.choices(list(MIX), list(MIX.values()), k=count)
        happenings = [(self._random.random() * seconds, key, kind) for key, kind in zip(keys, kinds, strict=True)]
        begin = since.total_seconds()
        happenings += [(s - begin, key, "dose_taken") for s, key in self._doses if begin <= s < begin + seconds]
        happenings.sort()
        return [self._happened(start, *happening) for happening in happenings]

    def _happened(self, start: datetime, second: float, key: Key, kind: str) -> Entry:
        received = start + timedelta(seconds=second)
        return self._entry(key, kind, self._messages[kind], received - LAG, received, _device(key, SENDERS[kind]))

    def _entry(
        self, key: Key, kind: str, data: Any, occurred: datetime, received: datetime, device: DeviceId | None = None
    ) -> Entry:
        self._position += 1
        return Entry(self._position, key, kind, data, occurred, received, TENANT, device)


def _device(key: Key, sender: str) -> DeviceId:
    return DeviceId(f"{key[2:]}-{sender}")


def plan_of(shift: int) -> dict[str, Any]:
    """Everything begins `shift` minutes later than with others."""
    windows = [{"from": _clock(m + shift), "to": _clock(m + shift + 60)} for m in OPENING_MINUTES]
    limits = [{"from": _clock(7 * 60 + shift), "to": _clock(22 * 60 + shift), "minutes": 240}]
    quiet = [{"from": _clock(22 * 60 + shift), "to": _clock(7 * 60 + shift)}]
    return {"medicine": {"windows": windows}, "inactivity": {"limits": limits, "quiet": quiet}}


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
