"""Devices of a municipality as the rules see them: told in calls, decided in words.

Times are minutes after START. A decision reads as `60 raise device_silent d:button not_heard`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from events.codec import control_kind, decode_message
from events.control import AssignmentChanged, CatchUpBegan, CatchUpEnded, Control, DeviceChanged, Ticked
from events.devices import LifeCycle, Origin, Watch
from events.ids import EVERYBODY, DeviceId, Key, ResidentId, TenantId, device_key, resident_key
from events.kinds import Technology
from events.log import Entry
from rules.decisions import AnyDecision, Proven, Raise
from rules.device_state import DeviceState
from rules.partition import Partition

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
TENANT = TenantId("prov")


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


class Fleet:
    """Plays entries through a partition. `log` is what a replay is given."""

    def __init__(self) -> None:
        self.partition = Partition()
        self.log: list[Entry] = []
        self.decisions: list[AnyDecision] = []

    def device(
        self,
        name: str,
        at: float = 0,
        *,
        limit: int | None = 60,
        hub: str | None = None,
        critical: bool = False,
        life_cycle: LifeCycle = LifeCycle.IN_USE,
        technology: Technology = Technology.SOCIAL_ALARM,
        origin: Origin | None = None,
        testing_until: float | None = None,
    ) -> list[str]:
        changed = DeviceChanged(
            device=DeviceId(name),
            tenant=TENANT,
            technology=technology,
            origin=origin,
            hub=DeviceId(hub) if hub is not None else None,
            life_cycle=life_cycle,
            watch=Watch(limit, 15.0, 25.0, critical),
            testing_until=minute(testing_until) if testing_until is not None else None,
        )
        return self.control(at, changed, device_key(DeviceId(name)))

    def lend(
        self, name: str, resident: str, at: float = 0, *, until: float | None = None, other: str | None = None
    ) -> list[str]:
        """From `at` on, which is also when it is decided."""
        lent = AssignmentChanged(
            assignment=f"{name}-{resident}",
            device=DeviceId(name),
            resident=ResidentId(resident),
            technology=Technology.SOCIAL_ALARM,
            start=minute(at),
            end=minute(until) if until is not None else None,
            shared_with=ResidentId(other) if other is not None else None,
        )
        return self.control(at, lent, resident_key(ResidentId(resident)))

    def say(self, at: float, name: str, kind: str, *, ago: float = 0, **fields: Any) -> list[str]:
        """`ago`: how many minutes before now it was by the device's clock."""
        occurred = minute(at - ago)
        message = decode_message(kind, msgspec.json.encode({"at": occurred, **fields}))
        device = DeviceId(name)
        return self._take(Entry(len(self.log), device_key(device), kind, message, occurred, minute(at), TENANT, device))

    def control(self, at: float, control: Control, key: Key = EVERYBODY) -> list[str]:
        return self._take(Entry(len(self.log), key, control_kind(control), control, minute(at), minute(at)))

    def pass_time(self, at: float) -> list[str]:
        """As the owner of the log does it: time that decided something is noted."""
        made = self.partition.fire(minute(at))
        if made:
            entry = Entry(len(self.log), EVERYBODY, "ticked", Ticked(), minute(at), minute(at))
            self.log.append(entry)
            assert self.partition.apply(entry) == []
        return self._told(made)

    def stand_still(self, since: float, until: float) -> list[str]:
        """Vaka does not run, starts again and reads what waited."""
        began = self.control(until, CatchUpBegan(fired_to=minute(since)))
        return [*began, *self.control(until, CatchUpEnded(complete=True))]

    def state(self, name: str) -> DeviceState:
        state = self.partition.device(DeviceId(name))
        assert state is not None
        return state

    def _take(self, entry: Entry) -> list[str]:
        self.log.append(entry)
        return self._told(self.partition.apply(entry))

    def _told(self, made: list[AnyDecision]) -> list[str]:
        self.decisions += made
        return [_words(decision) for decision in made]


def _words(decision: AnyDecision) -> str:
    at = (decision.at - START) / timedelta(minutes=1)
    what = [f"{at:g}", type(decision).__name__.lower()]
    if isinstance(decision, Raise):
        what.append(decision.kind)
    if isinstance(decision, Proven):
        what.append(decision.how)
    return " ".join([*what, decision.key, decision.reason])
