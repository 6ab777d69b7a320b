"""The owner of the log without a database: the same batches, holds, snapshots and starts, with tables that are lists.

It runs the real `Batch`, `CatchUp`, `Snapshotter` and `Partition`, in the order in which `processors.engine` and
`processors.recovery` do, so that a law about live run and replay speaks of what really runs.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import msgspec

from events.codec import decode_control, decode_message
from events.control import (
    CONTROLS,
    AssignmentChanged,
    CatchUpBegan,
    CatchUpEnded,
    DeviceChanged,
    PauseChanged,
    PlanChanged,
    Ticked,
)
from events.delivery import Delivery, Lane, Observation
from events.ids import DeviceId, Key, ResidentId, TenantId, resident_key
from events.kinds import Technology
from events.log import Entry
from processors.batch import Batch
from processors.catch_up import CatchUp
from processors.directory import Directory
from processors.snapshot import Snapshotter
from rules import saved
from rules.decisions import AnyDecision
from rules.partition import Partition
from store.log import Appended
from store.snapshots import Mark

TENANT = TenantId("prov")
RESIDENTS = tuple(ResidentId(name) for name in ("anna", "bo", "cecilia"))
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Where and when a run begins."""

    zone: str
    day: date

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.day, time(12), UTC)


PLACES = (
    Place("UTC", date(2026, 3, 2)),
    Place("Europe/Stockholm", date(2026, 3, 28)),
    Place("Europe/Stockholm", date(2026, 10, 24)),
)
"""An ordinary day, and the days before the clocks change."""


class Said(NamedTuple):
    """A device of a resident says something; `ago`: how long before now it happened, by the device's clock."""

    resident: ResidentId
    kind: str
    ago: timedelta = timedelta(0)
    fields: tuple[tuple[str, Any], ...] = ()


class Planned(NamedTuple):
    """A resident gets a new plan."""

    resident: ResidentId
    plan: dict[str, Any]


class Away(NamedTuple):
    """A resident is paused, from so long after now on and for so long; again by the same name is a change of it."""

    resident: ResidentId
    name: str
    begins: timedelta
    length: timedelta
    technologies: tuple[str, ...] = ()


Thing = Said | Planned | Away


class Committed(NamedTuple):
    """What one transaction decided, and the log's end after it."""

    position: int
    decisions: list[AnyDecision]


class Tables(NamedTuple):
    """What survives a crash. An entry's position is its place in `log`."""

    log: list[Entry]
    snapshots: dict[Key, tuple[bytes, int]]
    """Each state, and the log's end when its cut was made, which only tests know."""
    marks: list[Mark]
    batches: list[Committed]

    @property
    def decisions(self) -> list[AnyDecision]:
        return [decision for batch in self.batches for decision in batch.decisions]

    def recover(self) -> tuple[Partition, list[AnyDecision]]:
        """As `processors.recovery` does it; what is decided on the way had been carried out before."""
        mark = self.marks[-1] if self.marks else Mark()
        states = [saved.decode(key, state) for key, (state, _) in self.snapshots.items()] if self.marks else []
        partition = Partition(states, mark.fired_to)
        return partition, replayed(partition, self.log[mark.position + 1 :])

    def seen_of(self, key: Key) -> int:
        """The place in the log up to which the snapshot has seen everything about `key`."""
        if not self.marks:
            return -1
        return max(self.snapshots.get(key, (b"", -1))[1], self.marks[-1].position)


def replayed(partition: Partition, entries: Iterable[Entry]) -> list[AnyDecision]:
    return [decision for entry in entries for decision in partition.apply(entry)]


class Owner:
    """Owns the log of `tables` from a start until it is thrown away, which is a crash."""

    def __init__(self, tables: Tables, zone: str) -> None:
        self.tables = tables
        self.caught_up = False
        self.catch_up = CatchUp(at_most=60)
        self.snapshotter = Snapshotter(60, chunk=1)
        self.partition, _ = tables.recover()
        self.snapshotter.changed(self.partition.commit())
        self.last_stamp = tables.log[-1].received_at if tables.log else LONG_AGO
        self._zone = zone
        self._directory = directory()
        self.catch_up.begin()

    def is_caught_up(self) -> bool:
        return self.caught_up

    def batch(self, now: datetime, things: Sequence[Thing] = (), *, waited: float = 0, fails: bool = False) -> None:
        """One transaction; `fails`: everything in it is taken back. `waited`: seconds of the steady clock."""
        now = max(now, self.last_stamp)
        batch = Batch(self._directory, self.partition, now, len(self.tables.log))
        if self.catch_up.wants_hold(self.partition.holding):
            batch.control(CatchUpBegan(fired_to=self.partition.fired_to or self.last_stamp))
        for thing in sorted(things, key=lambda thing: isinstance(thing, Said)):
            self._take(batch, thing)
        ended = self.catch_up.ended(self.partition.holding, self, waited)
        if ended is not None:
            batch.control(CatchUpEnded(complete=ended))
        elif batch.fire():
            batch.control(Ticked())
        if fails:
            self.partition.rollback()
            return
        self.tables.log.extend(stored(row) for row in batch.rows)
        self.tables.batches.append(Committed(len(self.tables.log) - 1, batch.decisions))
        self.snapshotter.changed(self.partition.commit())
        self.catch_up.committed(self.partition.holding)
        self.last_stamp = now

    def begin_snapshot(self) -> None:
        self.snapshotter.begin(self.partition, len(self.tables.log) - 1)

    def save_chunk(self) -> bool:
        """One transaction of the snapshot that was begun; False when there is none."""
        chunk = self.snapshotter.next_chunk()
        if chunk is None:
            return False
        for state in chunk.states:
            self.tables.snapshots[state.key] = saved.encode(state), chunk.mark.position
        if chunk.is_last:
            self.tables.marks.append(chunk.mark)
        elif self.tables.marks:
            self.tables.marks[-1] = msgspec.structs.replace(self.tables.marks[-1], fired_to=chunk.mark.fired_to)
        return True

    def stop(self) -> None:
        """A clean stop saves everything, as `Snapshotter.save_all` does."""
        while self.save_chunk():
            pass
        self.begin_snapshot()
        while self.save_chunk():
            pass

    def _take(self, batch: Batch, thing: Thing) -> None:
        if isinstance(thing, Planned):
            version = len(self.tables.log)
            changed = PlanChanged(resident=thing.resident, version=version, timezone=self._zone, plan=thing.plan)
            batch.control(changed, resident_key(thing.resident), thing.resident)
            return
        if isinstance(thing, Away):
            start = batch.now + thing.begins
            away = PauseChanged(
                pause=thing.name,
                resident=thing.resident,
                start=start,
                end=start + thing.length,
                technologies=[Technology(name) for name in thing.technologies],
            )
            batch.control(away, resident_key(thing.resident), thing.resident)
            return
        device = DeviceId(f"{thing.resident}-device")
        payload = msgspec.json.encode({"at": batch.now - thing.ago, **dict(thing.fields)})
        seen = Observation(TENANT, device, thing.kind, decode_message(thing.kind, payload), payload, None)
        batch.observe(Delivery("", payload, Lane.BULK, (seen,)), seen)


def directory() -> Directory:
    """Each resident has one device, since long ago."""
    found = Directory()
    for resident in RESIDENTS:
        device, technology = DeviceId(f"{resident}-device"), Technology.OTHER
        found.change(DeviceChanged(device=device, tenant=TENANT, technology=technology))
        lent = AssignmentChanged(
            assignment=device, device=device, resident=resident, technology=technology, start=LONG_AGO
        )
        found.change(lent)
    return found


def stored(row: Appended) -> Entry:
    """The entry as the table gives it back."""
    entry = row.entry
    decode = decode_control if entry.kind in CONTROLS else decode_message
    return msgspec.structs.replace(entry, data=decode(entry.kind, row.raw))
