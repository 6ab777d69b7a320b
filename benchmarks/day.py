"""A made-up day of a large municipality, as the rules see it: entries of the log in order of time."""

import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from events.codec import decode_message
from events.control import DeviceChanged, PlanChanged
from events.devices import Watch
from events.ids import DeviceId, Key, ResidentId, TenantId, device_key, resident_key
from events.kinds import Technology
from events.log import Entry
from rules.profile import KEPT_DAYS, KEPT_QUIETS, PARTS, Profile

START = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""A Monday, 06:00 in Stockholm."""

ZONE = "Europe/Stockholm"
EVENTS_A_DAY = 300
"""Of one resident."""

TAKEN = 0.95
"""Of all doses; half of these before the reminder. Of the look-ins as many are made."""

# Per mille. Doses and look-ins are made by the plan and come on top.
MIX = {
    "motion": 600, "door_opened": 80, "door_closed": 80, "heartbeat": 120, "bed_left": 15, "bed_entered": 15,
    "position": 25, "unlocked": 15, "locked": 15, "used": 15, "battery": 10, "alarm_pressed": 10,
}  # fmt: skip
NIGHT_MIX = {"motion": 640, "heartbeat": 200, "bed_left": 70, "bed_entered": 70, "battery": 10, "alarm_pressed": 10}

FOLLOWS = {
    "door_closed": ("door_opened", timedelta(seconds=20)),
    "bed_entered": ("bed_left", timedelta(minutes=10)),
    "locked": ("unlocked", timedelta(seconds=30)),
}
"""What comes by itself so long after something else."""

SENDERS = {
    "motion": "motion", "door_opened": "door", "door_closed": "door", "heartbeat": "button", "bed_left": "bed",
    "bed_entered": "bed", "position": "watch", "unlocked": "lock", "locked": "lock", "used": "toilet",
    "battery": "button", "alarm_pressed": "button", "dose_taken": "dispenser", "check_done": "camera",
}  # fmt: skip
"""Which device in the home says what; all of them speak through a hub."""

TENANT = TenantId("bench")
WATCH = Watch(silent_after_minutes=26 * 60)

OPENING_MINUTES = (8 * 60, 12 * 60, 20 * 60)
CHECK_MINUTES = (23 * 60, 27 * 60)
NIGHT_BEGINS = timedelta(hours=16)
"""22:00, counted from START; it lasts until the day ends."""

NIGHT_RATE = 0.1
"""At night so much is heard, of what is heard by day."""

DAYTIME_EVENTS = EVENTS_A_DAY / (16 + 8 * NIGHT_RATE)
"""An hour."""

LONGEST_QUIET = 96
"""Code of eight hours: `rules.profile.LENGTHS`."""

LAG = timedelta(milliseconds=700)

Happening = tuple[float, Key, str]
"""Seconds since START, whose, what."""

_PAYLOAD = b'{"at":"2026-03-02T05:00:00Z","percent":70,"latitude":59.3,"longitude":18.1}'


class Day:
    """Residents with a plan of everything that can be watched, each at times of their own, and what happens to them."""

    def __init__(self, residents: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.keys = [resident_key(ResidentId(f"resident-{number}")) for number in range(residents)]
        self._shifts = [self._random.randrange(0, 60, 15) for _ in range(residents)]
        self._messages = {kind: decode_message(kind, _PAYLOAD) for kind in SENDERS}
        planned = [("dose_taken", opening, 30) for opening in OPENING_MINUTES]
        planned += [("check_done", opening, 90) for opening in CHECK_MINUTES]
        self._coming: list[Happening] = [
            ((opening + shift - 6 * 60 + self._random.random() * spread) * 60, key, kind)
            for key, shift in zip(self.keys, self._shifts, strict=True)
            for kind, opening, spread in planned
            if self._random.random() < TAKEN
        ]
        self._position = 0

    def plans(self) -> Iterator[Entry]:
        for key, shift in zip(self.keys, self._shifts, strict=True):
            change = PlanChanged(resident=ResidentId(key[2:]), version=1, timezone=ZONE, plan=full_plan_of(shift))
            yield self._entry(key, "plan_changed", change, START, START)

    def devices(self) -> Iterator[Entry]:
        for key in self.keys:
            for sender in ("hub", *dict.fromkeys(SENDERS.values())):
                device = _device(key, sender)
                hub = None if sender == "hub" else _device(key, "hub")
                change = DeviceChanged(device=device, tenant=TENANT, technology=Technology.OTHER, hub=hub, watch=WATCH)
                yield self._entry(device_key(device), "device_changed", change, START, START)

    def profile(self) -> Profile:
        """Of somebody's quiets, as much as is ever remembered."""
        today = START.toordinal()
        days = (day % 256 for day in range(today - KEPT_DAYS, today) for _ in range(KEPT_QUIETS // KEPT_DAYS))
        choose = self._random.randrange
        quiets = [bytes((day, choose(PARTS), choose(LONGEST_QUIET), 0)) for day in days]
        return Profile(b"".join(quiets), 0, today - 1)

    def entries(self, since: timedelta, length: timedelta) -> list[Entry]:
        """What is received in a part of the day, counted from its START; the parts must be asked for in order."""
        self._coming = sorted([*self._coming, *self._happenings(since, length)])
        due = bisect_left(self._coming, ((since + length).total_seconds(),))
        now, self._coming = self._coming[:due], self._coming[due:]
        return [self._happened(*happening) for happening in now]

    def _happenings(self, since: timedelta, length: timedelta) -> Iterator[Happening]:
        """What nobody planned, and what follows from it."""
        mix, rate = (NIGHT_MIX, NIGHT_RATE) if since >= NIGHT_BEGINS else (MIX, 1)
        begins = {kind: weight for kind, weight in mix.items() if kind not in FOLLOWS}
        share = rate * sum(begins.values()) / sum(mix.values())
        count = round(len(self.keys) * DAYTIME_EVENTS * share * (length / timedelta(hours=1)))
        kinds = self._random.choices(list(begins), list(begins.values()), k=count)
        for key, kind in zip(self._random.choices(self.keys, k=count), kinds, strict=True):
            second = (since + self._random.random() * length).total_seconds()
            yield second, key, kind
            for after, (before, delay) in FOLLOWS.items():
                if before == kind:
                    yield second + delay.total_seconds(), key, after

    def _happened(self, second: float, key: Key, kind: str) -> Entry:
        received = START + timedelta(seconds=second)
        message = replace(self._messages[kind], at=received - LAG)
        return self._entry(key, kind, message, message.at, received, _device(key, SENDERS[kind]))

    def _entry(
        self, key: Key, kind: str, data: Any, occurred: datetime, received: datetime, device: DeviceId | None = None
    ) -> Entry:
        self._position += 1
        return Entry(self._position, key, kind, data, occurred, received, TENANT, device)


def _device(key: Key, sender: str) -> DeviceId:
    return DeviceId(f"{key[2:]}-{sender}")


def plan_of(shift: int) -> dict[str, Any]:
    """Three dose windows, a limit for silence and quiet hours. Everything begins `shift` minutes later than with
    others."""
    windows = [{"from": _clock(m + shift), "to": _clock(m + shift + 60)} for m in OPENING_MINUTES]
    limits = [{"from": _clock(7 * 60 + shift), "to": _clock(22 * 60 + shift), "minutes": 240}]
    quiet = [{"from": _clock(22 * 60 + shift), "to": _clock(7 * 60 + shift)}]
    return {"medicine": {"windows": windows}, "inactivity": {"limits": limits, "quiet": quiet}}


def full_plan_of(shift: int) -> dict[str, Any]:
    """The same, with everything else that can be watched."""
    night = {"from": _clock(22 * 60 + shift), "to": _clock(6 * 60 + shift)}
    few = plan_of(shift)
    out = {"kind": "door_opened", **night}
    areas = [("home", 59.3, 18.1, 200), ("day centre", 59.31, 18.12, 150)]
    return {
        "medicine": {**few["medicine"], "as_needed": [{"dose": "for pain", "at_most": 3}]},
        "inactivity": {**few["inactivity"], "learned": {}},
        "doors": {"open_minutes": 10},
        "night": {**night, "bed_minutes": 20, "door_minutes": 10},
        "supervision": {"checks": [{"from": _clock(m + shift), "to": _clock(m + shift + 120)} for m in CHECK_MINUTES]},
        "lock": {"planned": [{"from": "06:00", "to": "23:00"}]},
        "geofence": {
            "zones": [{"name": n, "latitude": y, "longitude": x, "radius_m": radius} for n, y, x, radius in areas],
            "silent_minutes": 120,
        },
        "conditions": [
            {"name": "out", "when": out, "unless_after": {"kinds": ["bed_entered", "help_accepted"], "minutes": 10}}
        ],
    }


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
