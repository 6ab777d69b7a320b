"""What people changed, on its way into the log: appended, used, answered."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from events.codec import control_kind, encode_control
from events.control import (
    CONTROLS,
    AssignmentChanged,
    CatchUpEnded,
    Control,
    CoverageChanged,
    DeviceChanged,
    HelpAccepted,
    HistoryEvent,
    HistoryImported,
    PauseChanged,
    PlanChanged,
    QuarantineReplayed,
    ReplayDiffered,
    ResidentChanged,
    TenantChanged,
    Ticked,
)
from events.delivery import Lane, Observation
from events.ids import AlarmId, DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from ingest.reader import Reader
from processors.batch import Batch
from processors.directory import Directory
from processors.inbox import apply_item
from rules.partition import Partition
from store.inbox import Correction, put
from store.log import InboxItem
from store.pool import Connection, connect
from store.quarantine_write import Held, hold
from tests.support.rows import rows

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TENANT = TenantId("prov")
ANNA = ResidentId("anna")
MAT = DeviceId("mat")

CHANGES: dict[str, tuple[Control, str, ResidentId | None]] = {
    "tenant": (TenantChanged(tenant=TENANT, timezone="Europe/Stockholm"), "", None),
    "device": (DeviceChanged(device=MAT, tenant=TENANT, technology=Technology.PASSIVE_ALARM), "d:mat", None),
    "resident": (ResidentChanged(resident=ANNA, tenant=TENANT, unit=UnitId("norr")), "r:anna", ANNA),
    "assignment": (
        AssignmentChanged(
            assignment="1", device=MAT, resident=ANNA, technology=Technology.PASSIVE_ALARM, start=NOW, end=None
        ),
        "r:anna",
        ANNA,
    ),
    "replay": (ReplayDiffered(key="r:anna", differences=1, first=["..."]), "r:anna", None),
    "coverage": (
        CoverageChanged(
            unit=UnitId("norr"),
            episode="e-1",
            reason="nobody_on_duty",
            open=True,
            technologies=[],
            residents=1,
            start=NOW,
            end=NOW,
        ),
        "u:norr",
        None,
    ),
    "help": (HelpAccepted(resident=ANNA, alarm=AlarmId("a-1")), "r:anna", ANNA),
    "pause": (
        PauseChanged(pause="p-1", resident=ANNA, start=NOW - timedelta(hours=2), end=NOW - timedelta(hours=1)),
        "r:anna",
        ANNA,
    ),
    "plan": (
        PlanChanged(resident=ANNA, version=2, timezone="UTC", plan={"inactivity": {"limits": [{"minutes": 60}]}}),
        "r:anna",
        ANNA,
    ),
}


class Inbox:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.directory = Directory()
        self.partition = Partition()
        self.batch = Batch(self.directory, self.partition, NOW, 7)

    async def apply(self, control: Control) -> tuple[dict[str, Any], list[Any]]:
        item = InboxItem(1, control_kind(control), encode_control(control))
        return await apply_item(self.connection, self.batch, self.directory, item, Reader().read)

    async def replay(self, quarantine: int) -> tuple[dict[str, Any], list[Any]]:
        return await self.apply(QuarantineReplayed(quarantine=quarantine))


@pytest.fixture
async def inbox(database_url: str) -> AsyncIterator[Inbox]:
    connection = await connect(database_url)
    try:
        yield Inbox(connection)
    finally:
        await connection.close()


@pytest.mark.parametrize(("control", "key", "resident"), CHANGES.values(), ids=CHANGES)
async def test_a_change_is_appended_where_it_belongs(
    inbox: Inbox, control: Control, key: str, resident: ResidentId | None
) -> None:
    assert await inbox.apply(control) == ({}, [])
    (row,) = inbox.batch.rows
    entry = row.entry
    assert (entry.position, entry.key, entry.kind, entry.resident) == (7, key, control_kind(control), resident)
    assert (entry.data, entry.received_at) == (control, NOW)


async def test_changes_are_used_at_once(inbox: Inbox) -> None:
    for control, _, _ in CHANGES.values():
        await inbox.apply(control)
    assert inbox.directory.zones == {TENANT: "Europe/Stockholm"}
    assert inbox.directory.devices[MAT].technology is Technology.PASSIVE_ALARM
    assert inbox.directory.residents[ANNA].unit == "norr"
    assert inbox.directory.holder(MAT, NOW) == ANNA
    assert inbox.partition.next_deadline() == NOW + timedelta(hours=1)


async def test_the_rest_of_a_correction_does_not_bring_back_who_had_the_device(inbox: Inbox) -> None:
    """Meanwhile the assignment may have been corrected again, or deleted: only its events are still to be moved."""
    lent, _, _ = CHANGES["assignment"]
    rest = Correction("carl", [(NOW, None)], continues=1)
    item = await put(inbox.connection, lent, NOW, rest)
    told = InboxItem(item, control_kind(lent), encode_control(lent))
    assert await apply_item(inbox.connection, inbox.batch, inbox.directory, told, Reader().read) == ({}, [])
    assert inbox.batch.rows == []
    assert inbox.directory.holder(MAT, NOW) is None


@pytest.mark.parametrize("control", [Ticked(), CatchUpEnded(complete=True)])
async def test_what_only_the_loop_may_say_is_refused(inbox: Inbox, control: Control) -> None:
    with pytest.raises(ValueError, match="does not come from people"):
        await inbox.apply(control)
    assert inbox.batch.rows == []


async def test_every_kind_of_control_comes_either_from_people_or_from_the_loop() -> None:
    from_people = {control_kind(control) for control, _, _ in CHANGES.values()}
    from_loop = {"ticked", "catch_up_began", "catch_up_ended"}
    assert from_people | from_loop | {"quarantine_replayed", "history_imported"} == set(CONTROLS)


async def quarantined(inbox: Inbox, topic: str, payload: bytes, state: str = "replaying") -> int:
    await hold(inbox.connection, [Held("malformed", "x", topic, payload)], NOW)
    await inbox.connection.execute("UPDATE quarantine SET state = %s", (state,))
    ((id,),) = await rows(inbox.connection, "SELECT max(id) FROM quarantine")
    return int(id)


async def test_a_message_from_quarantine_is_read_again(inbox: Inbox) -> None:
    payload = b'{"at": "2026-03-02T07:00:00Z"}'
    id = await quarantined(inbox, "vaka/v1/prov/mat/mat_on", payload)
    result, (delivery,) = await inbox.replay(id)
    assert result == {"replayed": True}
    (seen,) = delivery.content
    assert isinstance(seen, Observation)
    assert (delivery.lane, delivery.payload, seen.kind) == (Lane.INTERNAL, payload, "mat_on")
    assert await rows(inbox.connection, "SELECT state, replayed_at FROM quarantine") == [("replayed", NOW)]
    assert inbox.batch.rows == []


async def test_a_message_that_was_replayed_is_not_replayed_again(inbox: Inbox) -> None:
    id = await quarantined(inbox, "vaka/v1/prov/mat/mat_on", b"{}", state="replayed")
    assert await inbox.replay(id) == ({"replayed": False}, [])
    assert await inbox.replay(id + 1) == ({"replayed": False}, [])


def history(*events: tuple[str, str]) -> HistoryImported:
    found = [HistoryEvent(kind, {"at": at}) for at, kind in events]
    return HistoryImported(resident=ANNA, device=MAT, tenant=TENANT, events=found)


async def test_history_is_remembered_and_no_rule_sees_it(inbox: Inbox) -> None:
    for name in ("device", "resident", "plan"):
        await inbox.apply(CHANGES[name][0])
    before = len(inbox.batch.rows)
    result, again = await inbox.apply(
        history(("2020-01-01T08:00:00Z", "mat_on"), ("2020-01-01T08:01:00Z", "alarm_pressed"))
    )
    assert (result, again) == ({"events": 2, "duplicates": 0}, [])
    rows = inbox.batch.rows[before:]
    assert [(row.history, row.entry.kind, row.entry.key) for row in rows] == [
        (True, "mat_on", "r:anna"),
        (True, "alarm_pressed", "r:anna"),
    ]
    assert [row.entry.occurred_at.year for row in rows] == [2020, 2020]
    assert msgspec.json.decode(rows[0].raw) == {"at": "2020-01-01T08:00:00Z"}
    assert inbox.batch.decisions == []
    assert sum(inbox.batch.uses.values()) == 2


async def test_history_that_is_imported_again_changes_nothing(inbox: Inbox) -> None:
    await inbox.apply(CHANGES["device"][0])
    once = history(("2020-01-01T08:00:00Z", "mat_on"), ("2020-01-01T08:00:00Z", "mat_on"))
    assert await inbox.apply(once) == ({"events": 1, "duplicates": 1}, [])
    later = Batch(inbox.directory, inbox.partition, NOW + timedelta(days=400), 100)
    item = InboxItem(2, "history_imported", encode_control(once))
    result, _ = await apply_item(inbox.connection, later, inbox.directory, item, Reader().read)
    assert (result, later.rows) == ({"events": 0, "duplicates": 2}, [])
