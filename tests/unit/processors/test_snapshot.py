"""Saving states and starting from them, on a real database: whatever was saved, a start knows what the log knows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.codec import control_kind
from events.control import CatchUpBegan, CatchUpEnded, Control, PlanChanged, Ticked
from events.ids import EVERYBODY, DeviceId, Key, ResidentId, TenantId, health_key, resident_key
from events.log import Entry
from events.messages import Motion
from processors.recovery import recover
from processors.snapshot import Snapshotter
from rules.partition import Partition
from rules.saved import State
from rules.state import STATE_VERSION, ResidentState
from store import snapshots
from store.log import Appended, NotOwner, append, control_row, take_log
from store.pool import Connection, connect
from store.snapshots import Mark, load

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
RESIDENTS = tuple(ResidentId(name) for name in ("anna", "bo", "cecilia"))
HOUR = {"inactivity": {"limits": [{"minutes": 60}]}}
HOURLY = 3600
AT_ONCE = -1
DEVICE = DeviceId("d")


def states(partition: Partition) -> dict[Key, State]:
    """Of residents and of devices."""
    return {**partition.states, **partition.devices}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def owner(connection: Connection) -> "Owner":
    epoch = await take_log(connection, "test")
    assert epoch is not None
    return Owner(connection, epoch)


class Owner:
    """Appends entries and uses them, one transaction each; minutes are counted from START."""

    def __init__(self, connection: Connection, epoch: int) -> None:
        self.connection = connection
        self.epoch = epoch
        self.partition = Partition()
        self.position = -1
        self.snapshotter = Snapshotter(AT_ONCE, chunk=1)

    async def plan(self, minute: int, resident: ResidentId, plan: dict[str, Any] = HOUR) -> None:
        changed = PlanChanged(resident=resident, version=1, timezone="UTC", plan=plan)
        await self.control(minute, changed, resident_key(resident))

    async def control(self, minute: int, control: Control, key: Key = EVERYBODY) -> None:
        now = START + timedelta(minutes=minute)
        self.position += 1
        await self._take(control_row(Entry(self.position, key, control_kind(control), control, now, now)))

    async def motion(self, minute: int, resident: ResidentId) -> None:
        now = START + timedelta(minutes=minute)
        self.position += 1
        who = (TenantId("prov"), DEVICE, resident)
        entry = Entry(self.position, resident_key(resident), "motion", Motion(at=now), now, now, *who)
        await self._take(Appended(entry, f'{{"at": "{now.isoformat()}"}}'.encode()))

    async def save_some(self, snapshotter: Snapshotter | None = None) -> None:
        await (snapshotter or self.snapshotter).save_some(self.connection, self.epoch, self.partition, self.position)

    async def save_all(self) -> None:
        await self.snapshotter.save_all(self.connection, self.epoch, self.partition, self.position)

    @property
    def states(self) -> dict[Key, State]:
        return states(self.partition)

    @property
    def keys(self) -> set[Key]:
        return set(self.states)

    async def saved(self) -> tuple[Mark, set[Key]]:
        async with self.connection.transaction():
            mark, states = await load(self.connection)
        return mark, {state.key for state in states}

    async def _take(self, row: Appended) -> None:
        async with self.connection.transaction():
            await append(self.connection, [row])
        self.partition.apply(row.entry)
        self.snapshotter.changed(self.partition.commit())


@pytest.fixture
async def household(owner: Owner) -> Owner:
    """Everybody has a plan from minute 0 on, and moved in minute 30."""
    for resident in RESIDENTS:
        await owner.plan(0, resident)
    for resident in RESIDENTS:
        await owner.motion(30, resident)
    return owner


async def test_a_start_without_a_snapshot_reads_the_whole_log(household: Owner) -> None:
    recovered = await recover(household.connection)
    assert states(recovered.partition) == household.states
    assert (recovered.position, recovered.replayed) == (5, 6)
    assert recovered.last_received == START + timedelta(minutes=30)
    assert recovered.changed == household.keys


async def test_after_a_clean_stop_nothing_is_replayed(household: Owner) -> None:
    household.partition.fire(START + timedelta(minutes=45))
    await household.save_all()
    recovered = await recover(household.connection)
    assert states(recovered.partition) == household.states
    assert recovered.partition.fired_to == START + timedelta(minutes=45)
    assert (recovered.replayed, recovered.changed) == (0, set())


async def test_what_came_after_the_snapshot_is_replayed(household: Owner) -> None:
    await household.save_all()
    await household.motion(50, RESIDENTS[0])
    await household.control(95, Ticked())
    recovered = await recover(household.connection)
    assert states(recovered.partition) == household.states
    assert recovered.replayed == 2
    assert recovered.changed == household.keys


async def test_what_was_replayed_belongs_to_the_next_snapshot(household: Owner) -> None:
    """The next mark lies behind it, so that nobody would read it in the log again."""
    await household.save_all()
    await household.plan(40, RESIDENTS[0], {"inactivity": {"limits": [{"minutes": 30}]}})
    for _ in range(2):
        recovered = await recover(household.connection)
        assert states(recovered.partition) == household.states
        snapshotter = Snapshotter(HOURLY)
        snapshotter.changed(recovered.changed)
        await snapshotter.save_all(household.connection, household.epoch, recovered.partition, recovered.position)


async def test_a_chunk_is_saved_at_a_time_and_the_mark_moves_with_the_last(household: Owner) -> None:
    for number, (position, known) in enumerate([(-1, set()), (-1, set()), (-1, set()), (5, household.keys)]):
        await household.save_some()
        assert await household.saved() == (Mark(position), known), number


async def test_a_snapshot_that_is_half_written_is_no_worse_than_the_one_before(household: Owner) -> None:
    await household.save_all()
    for resident in RESIDENTS:
        await household.motion(50, resident)
    household.partition.fire(START + timedelta(minutes=100))
    household.snapshotter.changed(household.partition.commit())
    await household.save_some()
    mark, _ = await household.saved()
    assert mark == Mark(5, START + timedelta(minutes=100))
    recovered = await recover(household.connection)
    assert recovered.replayed == 3
    recovered.partition.fire(START + timedelta(minutes=100))
    assert states(recovered.partition) == household.states


async def test_nothing_is_saved_while_deadlines_wait(household: Owner) -> None:
    await household.control(40, CatchUpBegan(fired_to=START + timedelta(minutes=30)))
    await household.save_some()
    await household.save_all()
    assert await household.saved() == (Mark(), set())
    await household.control(41, CatchUpEnded(complete=True))
    await household.save_all()
    assert await household.saved() == (Mark(7, START + timedelta(minutes=41)), household.keys)


async def test_a_hold_is_found_again_in_the_log(household: Owner) -> None:
    await household.save_all()
    await household.control(40, CatchUpBegan(fired_to=START + timedelta(minutes=30)))
    recovered = await recover(household.connection)
    assert recovered.partition.holding


async def test_only_what_has_changed_is_saved_again(household: Owner) -> None:
    await household.save_all()
    await household.motion(50, RESIDENTS[1])
    household.snapshotter.begin(household.partition, household.position)
    chunk = household.snapshotter.next_chunk()
    assert chunk is not None
    assert [state.key for state in chunk.states] == [resident_key(RESIDENTS[1])]
    chunk = household.snapshotter.next_chunk()
    assert chunk is not None
    assert [state.key for state in chunk.states] == [health_key(DEVICE)]
    assert chunk.is_last
    assert household.snapshotter.next_chunk() is None


async def test_a_snapshot_is_a_cut_in_time(household: Owner) -> None:
    """What happens while it is written belongs to the next one."""
    await household.save_some()
    await household.motion(55, RESIDENTS[2])
    before = START + timedelta(minutes=30)
    household.snapshotter.begin(household.partition, household.position)
    chunks = [household.snapshotter.next_chunk() for _ in range(3)]
    assert [chunk.mark.position for chunk in chunks if chunk is not None] == [5, 5, 5]
    cut = [state for chunk in chunks if chunk is not None for state in chunk.states]
    assert {state.inactivity.since for state in cut if isinstance(state, ResidentState)} == {before}
    household.snapshotter.begin(household.partition, household.position)
    last = household.snapshotter.next_chunk()
    assert last is not None
    assert [state.key for state in last.states] == [resident_key(RESIDENTS[2])]


async def test_it_is_done_now_and_then_only(household: Owner) -> None:
    hourly = Snapshotter(HOURLY)
    hourly.changed(household.keys)
    await household.save_some(hourly)
    assert await household.saved() == (Mark(), set())


async def test_who_has_lost_the_log_saves_nothing(household: Owner) -> None:
    async with household.connection.transaction():
        await household.connection.execute("UPDATE log_owner SET epoch = epoch + 1")
    with pytest.raises(NotOwner):
        await household.save_all()
    assert await household.saved() == (Mark(), set())


async def test_a_snapshot_of_other_rules_is_not_used(household: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    await household.save_all()
    monkeypatch.setattr(snapshots, "STATE_VERSION", STATE_VERSION + 1)
    recovered = await recover(household.connection)
    assert (recovered.replayed, states(recovered.partition)) == (6, household.states)
    assert recovered.changed == household.keys


async def test_a_snapshot_that_cannot_be_read_is_not_used(household: Owner) -> None:
    await household.save_all()
    async with household.connection.transaction():
        await household.connection.execute("UPDATE snapshots SET state = 'x' WHERE key = 'r:bo'")
    recovered = await recover(household.connection)
    assert (recovered.replayed, states(recovered.partition)) == (6, household.states)
