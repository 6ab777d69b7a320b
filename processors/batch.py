"""One batch on its way into the log: what is appended, held, counted and decided, before any of it is written."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from events.codec import control_kind
from events.control import Control
from events.delivery import SAME_EVENT_WITHIN, Delivery, Found, Heard, Lane, Observation, Rejected, Rejection
from events.ids import EVERYBODY, DeviceId, Key, ResidentId, TenantId
from events.kinds import HEALTH, URGENT
from events.log import Entry
from processors.directory import Directory
from processors.resolve import read_as, resolve
from rules import clock
from rules.decisions import AnyDecision, Failed
from rules.news import is_due_heartbeat, is_news
from rules.partition import Partition
from store.log import Appended, control_row
from store.quarantine_write import Held
from store.usage_count import Use

Pair = tuple[Delivery, Observation]


class Batch:
    """Collects the rows of one transaction. `now` is the `received_at` of everything in it.

    `screened`: what could be events. `observed`: those of them that were new. `repeated`: reports of a state that was
    so before, which are no events. `found`: devices that hubs told of.
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
        self.repeated = 0
        self.found: list[Found] = []
        self._directory = directory
        self._partition = partition

    def control(self, control: Control, key: Key = EVERYBODY, resident: ResidentId | None = None) -> None:
        """Appends a control entry, and uses it."""
        kind = control_kind(control)
        entry = Entry(self.next_position, key, kind, control, self.now, self.now, resident=resident)
        self.next_position += 1
        self.rows.append(control_row(entry))
        self.decisions += self._partition.apply(entry)

    def screen(self, deliveries: Sequence[Delivery]) -> list[Pair]:
        """What may become events; the rest is held with the reason."""
        good: list[Pair] = []
        for delivery in deliveries:
            read = [self._resolved(content) for content in delivery.content]
            good += [(delivery, seen) for seen in read if isinstance(seen, Observation)]
            refused = [why for why in read if isinstance(why, Rejected)]
            if refused and len(refused) < len(read):
                refused = [replace(why, reason=Rejection.PARTLY_MALFORMED) for why in refused]
            self.refused += [(delivery, why) for why in refused]
            self.found += [found for found in read if isinstance(found, Found)]
        self.screened = len(good)
        return good

    def _resolved(self, content: Observation | Heard | Found | Rejected) -> Observation | Found | Rejected:
        if isinstance(content, Observation | Heard):
            return resolve(self._directory, content, self.now)
        return content

    def keys_to_ask(self, first: Sequence[Pair]) -> dict[timedelta, list[bytes]]:
        """What the table of keys must be asked about, by how long a key means the same event: which events are new,
        and which refused messages."""
        keys: dict[timedelta, list[bytes]] = {}
        for _, seen in first:
            if seen.key is not None:
                keys.setdefault(seen.same_within, []).append(seen.key)
        refused = list({refused_key(delivery, why): None for delivery, why in self.refused})
        if refused:
            keys.setdefault(SAME_EVENT_WITHIN, []).extend(refused)
        return keys

    def hold_refused(self, new: set[bytes]) -> None:
        """Holds what was refused; the same message over another session, or once more, is held once."""
        for delivery, why in self.refused:
            key = refused_key(delivery, why)
            if key in new or delivery.lane is Lane.INTERNAL:
                new.discard(key)
                self.hold(delivery, why)

    def observe(self, delivery: Delivery, seen: Observation) -> None:
        """Appends a new event, lets the rules see it, counts it. A state that is no change is at most a heartbeat."""
        if seen.is_state and not self._is_news(seen):
            self.repeated += 1
            if not is_due_heartbeat(self._partition.device(seen.device), self.now):
                return
            seen = read_as(seen, "heartbeat")
        self.observed += 1
        at = self._happened(seen)
        entry = self._append(seen, at, self._holder(seen, at), history=False)
        made = self._partition.apply(entry)
        if made:
            self.decisions += made
            self._hold_failures(made, delivery)

    def remember(self, seen: Observation, resident: ResidentId) -> None:
        """Appends an event of the past as history: counted, but no rule sees it."""
        self._append(seen, seen.message.at, resident, history=True)

    def _is_news(self, seen: Observation) -> bool:
        return is_news(self._partition.device(seen.device), seen.kind, seen.message, self.now)

    def _happened(self, seen: Observation) -> datetime:
        """When, by the device's clock as far as that can be believed; what it said stays in the payload as `at`."""
        state = self._partition.device(seen.device)
        return clock.judged(state.known.clock if state is not None else clock.Clock(), seen.message.at, self.now)

    def _holder(self, seen: Observation, at: datetime) -> ResidentId | None:
        """Whose event it is: who had the device then. A call for help never goes to nobody because a clock is wrong."""
        holder = self._directory.holder(seen.device, at)
        if holder is None and seen.kind in URGENT:
            return self._directory.holder(seen.device, self.now)
        return holder

    def _append(self, seen: Observation, at: datetime, resident: ResidentId | None, *, history: bool) -> Entry:
        entry = Entry(
            self.next_position,
            self._directory.key(seen.device, resident),
            seen.kind,
            seen.message,
            at,
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


def only_first(pairs: Sequence[Pair]) -> list[Pair]:
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


def refused_key(delivery: Delivery, why: Rejected) -> bytes:
    topic = delivery.topic.encode("utf-8", "backslashreplace")
    detail = why.detail.encode("utf-8", "backslashreplace")
    text = b"\x1f".join((b"refused", topic, detail, delivery.payload))
    return hashlib.blake2b(text, digest_size=16).digest()


def _known(text: TenantId | DeviceId | None) -> str | None:
    return str(text) if text is not None else None
