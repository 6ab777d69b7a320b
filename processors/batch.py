"""One batch on its way into the log: what is appended, held, counted and decided, before any of it is written."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from events.codec import control_kind
from events.control import Control
from events.delivery import Delivery, Lane, Observation, Rejected, Rejection
from events.ids import EVERYBODY, DeviceId, Key, ResidentId, TenantId
from events.kinds import HEALTH, URGENT
from events.log import Entry
from processors.directory import Directory
from rules.decisions import AnyDecision, Failed
from rules.partition import Partition
from store.log import Appended, control_row
from store.quarantine_write import Held
from store.usage_count import Use

FUTURE = timedelta(days=1)
"""How far ahead of ours a device's clock may be before its message cannot be believed."""


class Batch:
    """Collects the rows of one transaction. `now` is the `received_at` of everything in it.

    `screened`: messages that could be events. `observed`: those of them that were new.
    """

    def __init__(self, directory: Directory, partition: Partition, now: datetime, next_position: int) -> None:
        self.now = now
        self.next_position = next_position
        self.rows: list[Appended] = []
        self.held: list[Held] = []
        self.refused: list[tuple[Delivery, Rejected]] = []
        self.uses: Counter[Use] = Counter()
        self.decisions: list[AnyDecision] = []
        self.screened = 0
        self.observed = 0
        self._directory = directory
        self._partition = partition

    def control(self, control: Control, key: Key = EVERYBODY, resident: ResidentId | None = None) -> None:
        """Appends a control entry, and uses it."""
        kind = control_kind(control)
        entry = Entry(self.next_position, key, kind, control, self.now, self.now, resident=resident)
        self.next_position += 1
        self.rows.append(control_row(entry))
        self.decisions += self._partition.apply(entry)

    def screen(self, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, Observation]]:
        """Those that may become events; the others are held with the reason."""
        good = []
        for delivery in deliveries:
            content = delivery.content
            if isinstance(content, Observation):
                fault = self._fault(content)
                if fault is None:
                    good.append((delivery, content))
                    continue
                content = fault
            if content is not None:
                self.refused.append((delivery, content))
        return good

    def keys_to_ask(self, first: Sequence[tuple[Delivery, Observation]]) -> list[bytes]:
        """What the table of keys must be asked about: which events are new, and which refused messages."""
        keys = {seen.key: None for _, seen in first if seen.key is not None}
        return [*keys, *{refused_key(delivery): None for delivery, _ in self.refused}]

    def hold_refused(self, new: set[bytes]) -> None:
        """Holds what was refused; the same message over another session, or once more, is held once."""
        for delivery, why in self.refused:
            key = refused_key(delivery)
            if key in new or delivery.lane is Lane.INTERNAL:
                new.discard(key)
                self.hold(delivery, why)

    def observe(self, delivery: Delivery, seen: Observation) -> None:
        """Appends a new event, lets the rules see it, and counts it."""
        entry = self._append(seen, self._holder(seen), history=False)
        made = self._partition.apply(entry)
        if made:
            self.decisions += made
            self._hold_failures(made, delivery)

    def remember(self, seen: Observation, resident: ResidentId) -> None:
        """Appends an event of the past as history: counted, but no rule sees it."""
        self._append(seen, resident, history=True)

    def _holder(self, seen: Observation) -> ResidentId | None:
        """Whose event it is: who had the device then. A call for help never goes to nobody because a clock is wrong."""
        holder = self._directory.holder(seen.device, seen.message.at)
        if holder is None and seen.kind in URGENT:
            return self._directory.holder(seen.device, self.now)
        return holder

    def _append(self, seen: Observation, resident: ResidentId | None, *, history: bool) -> Entry:
        entry = Entry(
            self.next_position,
            self._directory.key(seen.device, resident),
            seen.kind,
            seen.message,
            seen.message.at,
            self.now,
            seen.tenant,
            seen.device,
            resident,
        )
        self.next_position += 1
        self.rows.append(Appended(entry, seen.payload, seen.message.id, history))
        self._count(entry)
        return entry

    def fire(self) -> bool:
        """Lets all deadlines due by now decide. Whether they did: then the log must say that time had come so far."""
        made = self._partition.fire(self.now)
        self.decisions += made
        return bool(made)

    def hold(self, delivery: Delivery, why: Rejected) -> None:
        self.held.append(
            Held(why.reason, why.detail, delivery.topic, delivery.payload, _known(why.tenant), _known(why.device))
        )

    def _fault(self, seen: Observation) -> Rejected | None:
        device = self._directory.devices.get(seen.device)
        if device is None:
            text = f"device {seen.device!r} is not registered"
            return Rejected(Rejection.UNKNOWN_DEVICE, text, seen.tenant, seen.device)
        if device.tenant != seen.tenant:
            text = f"tenant: device {seen.device!r} is not of {seen.tenant!r}"
            return Rejected(Rejection.OTHER_TENANT, text, seen.tenant, seen.device)
        if seen.message.at > self.now + FUTURE:
            text = f"at: {seen.message.at.isoformat()!r} is more than a day after {self.now.isoformat()!r}"
            return Rejected(Rejection.FUTURE_TIME, text, seen.tenant, seen.device)
        return None

    def _count(self, entry: Entry) -> None:
        if entry.resident is None or entry.device is None or entry.tenant is None or entry.kind in HEALTH:
            return
        resident = self._directory.residents.get(entry.resident)
        if resident is None:
            return
        technology = self._directory.devices[entry.device].technology
        day = self._directory.local_day(entry.tenant, entry.occurred_at)
        self.uses[Use(entry.tenant, resident.unit, entry.resident, technology, entry.kind, day)] += 1

    def _hold_failures(self, made: Sequence[AnyDecision], delivery: Delivery) -> None:
        for decision in made:
            if isinstance(decision, Failed):
                self.hold(delivery, Rejected(Rejection.RULE_FAILED, decision.traceback))


def only_first(pairs: Sequence[tuple[Delivery, Observation]]) -> list[tuple[Delivery, Observation]]:
    """Without repetitions inside the batch."""
    keys: set[bytes] = set()
    first = []
    for delivery, seen in pairs:
        if seen.key is not None:
            if seen.key in keys:
                continue
            keys.add(seen.key)
        first.append((delivery, seen))
    return first


def refused_key(delivery: Delivery) -> bytes:
    text = b"\x1f".join((b"refused", delivery.topic.encode("utf-8", "backslashreplace"), delivery.payload))
    return hashlib.blake2b(text, digest_size=16).digest()


def _known(text: TenantId | DeviceId | None) -> str | None:
    return str(text) if text is not None else None
