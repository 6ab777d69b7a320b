"""What one transaction will append, hold, count and decide."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from events.control import (
    AssignmentChanged,
    CatchUpBegan,
    DeviceChanged,
    PlanChanged,
    ResidentChanged,
    TenantChanged,
    Ticked,
)
from events.delivery import Delivery, Lane, Observation, Rejected, Rejection
from events.ids import DeviceId, ResidentId, TenantId, UnitId, resident_key
from events.kinds import HEALTH, KINDS, URGENT, Technology
from events.topics import event_topic
from ingest.adapters.canonical import read
from processors.batch import Batch, only_first
from processors.directory import Directory
from rules.decisions import Failed, Raise
from rules.detector import Detector
from rules.partition import Partition
from rules.step import BY_KIND
from store.usage_count import Use

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
TENANT = TenantId("prov")
ANNA = ResidentId("anna")
BUTTON, LOOSE = DeviceId("button"), DeviceId("loose")


@pytest.fixture
def directory() -> Directory:
    """Anna has the button since the day before; the other one is with nobody."""
    directory = Directory()
    directory.change(TenantChanged(tenant=TENANT, timezone="Europe/Stockholm"))
    directory.change(ResidentChanged(resident=ANNA, tenant=TENANT, unit=UnitId("norr")))
    for device in (BUTTON, LOOSE):
        directory.change(DeviceChanged(device=device, tenant=TENANT, technology=Technology.SOCIAL_ALARM))
    directory.change(
        AssignmentChanged(
            assignment="1", device=BUTTON, resident=ANNA, technology=Technology.SOCIAL_ALARM, start=NOW - DAY
        )
    )
    return directory


@pytest.fixture
def partition() -> Partition:
    return Partition()


@pytest.fixture
def batch(directory: Directory, partition: Partition) -> Batch:
    return Batch(directory, partition, NOW, next_position=7)


def said(kind: str, at: datetime = NOW, device: str = "button", tenant: str = "prov", **fields: object) -> Delivery:
    more = "".join(f', "{name}": "{value}"' for name, value in fields.items())
    topic = event_topic(TenantId(tenant), DeviceId(device), kind)
    payload = f'{{"at": "{at.isoformat()}", "latitude": 0, "longitude": 0, "percent": 5{more}}}'.encode()
    return Delivery(topic, payload, Lane.BULK, read(topic, payload))


def observe(batch: Batch, *deliveries: Delivery) -> None:
    for delivery, seen in batch.screen(deliveries):
        batch.observe(delivery, seen)


def test_an_event_is_appended_with_its_raw_payload(batch: Batch) -> None:
    press = said("alarm_pressed", NOW - timedelta(minutes=1), id="41")
    observe(batch, press)
    (row,) = batch.rows
    entry = row.entry
    assert (row.raw, row.source_id, row.history) == (press.payload, "41", False)
    assert (entry.position, entry.key, entry.kind) == (7, "r:anna", "alarm_pressed")
    assert (entry.tenant, entry.device, entry.resident) == (TENANT, BUTTON, ANNA)
    assert (entry.occurred_at, entry.received_at) == (NOW - timedelta(minutes=1), NOW)
    assert batch.next_position == 8
    assert [type(decision) for decision in batch.decisions] == [Raise]


def test_positions_follow_each_other_through_events_and_controls(batch: Batch) -> None:
    batch.control(CatchUpBegan(fired_to=NOW))
    observe(batch, said("motion"), said("heartbeat"))
    batch.control(Ticked())
    assert [row.entry.position for row in batch.rows] == [7, 8, 9, 10]
    assert batch.next_position == 11
    assert {row.entry.received_at for row in batch.rows} == {NOW}


def test_a_control_entry_is_used_at_once(batch: Batch, partition: Partition) -> None:
    plan = PlanChanged(resident=ANNA, version=3, timezone="UTC", plan={"inactivity": {"limits": [{"minutes": 60}]}})
    batch.control(plan, resident_key(ANNA), ANNA)
    (row,) = batch.rows
    assert (row.entry.kind, row.entry.key, row.entry.resident, row.entry.data) == ("plan_changed", "r:anna", ANNA, plan)
    assert partition.next_deadline() == NOW + timedelta(hours=1)


@pytest.mark.parametrize("kind", sorted(URGENT))
@pytest.mark.parametrize("at", [NOW - 10000 * DAY, NOW - 2 * DAY])
def test_a_call_for_help_with_a_clock_that_is_wrong_is_of_who_has_the_device_now(
    batch: Batch, kind: str, at: datetime
) -> None:
    observe(batch, said(kind, at))
    assert batch.rows[0].entry.resident == ANNA
    assert batch.decisions[0].key == "r:anna"


def test_other_events_are_of_who_had_the_device_then(batch: Batch) -> None:
    observe(batch, said("motion", NOW - DAY), said("motion", NOW - DAY - timedelta(seconds=1)))
    assert [row.entry.key for row in batch.rows] == ["r:anna", "d:button"]
    assert [row.entry.resident for row in batch.rows] == [ANNA, None]


def test_a_press_of_a_device_with_nobody_is_an_alarm_of_the_device(batch: Batch) -> None:
    observe(batch, said("alarm_pressed", device="loose"))
    assert batch.rows[0].entry.key == "d:loose"
    assert [decision.key for decision in batch.decisions] == ["d:loose"]
    assert batch.uses == Counter()


REFUSED = {
    "unknown device": (said("motion", device="who"), Rejection.UNKNOWN_DEVICE, "'who'"),
    "another tenant's": (said("motion", tenant="other"), Rejection.OTHER_TENANT, "'other'"),
    "too far ahead": (said("motion", NOW + DAY + timedelta(seconds=1)), Rejection.FUTURE_TIME, "2026-03-03T08:00:01"),
    "the year 9999": (said("motion", NOW.replace(year=9999)), Rejection.FUTURE_TIME, "9999"),
    "an urgent one too": (said("alarm_pressed", NOW + 2 * DAY), Rejection.FUTURE_TIME, "2026-03-04"),
    "not understood": (said("sung"), Rejection.UNKNOWN_KIND, "'sung'"),
}


@pytest.mark.parametrize(("delivery", "reason", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_an_event_is_held_with_the_reason(
    batch: Batch, delivery: Delivery, reason: Rejection, told: str
) -> None:
    observe(batch, delivery)
    batch.hold_refused(set(batch.keys_to_ask([])))
    (held,) = batch.held
    assert (held.reason, held.topic, held.payload) == (reason, delivery.topic, delivery.payload)
    assert told in held.detail
    assert held.device in ("who", "button")
    assert (batch.rows, batch.decisions, batch.next_position) == ([], [], 7)


def test_what_was_refused_before_is_not_held_again(batch: Batch) -> None:
    batch.screen([said("sung"), said("sung"), said("hummed")])
    sung, hummed = batch.keys_to_ask([])
    batch.hold_refused({hummed})
    assert [held.topic for held in batch.held] == ["vaka/v1/prov/button/hummed"]
    assert sung != hummed


def test_what_is_refused_over_both_sessions_is_held_once(batch: Batch) -> None:
    over_urgent, over_bulk = (
        Delivery("vaka/v1/x", b"{", lane, Rejected(Rejection.BAD_TOPIC, "x")) for lane in (Lane.URGENT, Lane.BULK)
    )
    batch.screen([over_urgent, over_bulk])
    batch.hold_refused(set(batch.keys_to_ask([])))
    assert len(batch.held) == 1


def test_what_is_replayed_from_quarantine_and_refused_again_is_held_again(batch: Batch) -> None:
    batch.screen([Delivery("vaka/v1/x", b"{", Lane.INTERNAL, Rejected(Rejection.BAD_TOPIC, "x"))])
    batch.hold_refused(set())
    assert len(batch.held) == 1


def test_a_day_ahead_is_believed(batch: Batch) -> None:
    observe(batch, said("motion", NOW + DAY))
    assert len(batch.rows) == 1


def test_a_marker_is_nothing(batch: Batch) -> None:
    assert batch.screen([Delivery("vaka/v1/_marker/x/marker", b"1", Lane.BULK, None)]) == []
    assert batch.keys_to_ask([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_use_is_counted_and_health_is_no_use(batch: Batch, kind: str) -> None:
    observe(batch, said(kind), said(kind, NOW + timedelta(seconds=1)))
    use = Use(TENANT, UnitId("norr"), ANNA, Technology.SOCIAL_ALARM, kind, date(2026, 3, 2))
    assert batch.uses == (Counter() if kind in HEALTH else Counter({use: 2}))


def test_a_use_is_counted_on_the_local_day_on_which_it_was(batch: Batch) -> None:
    midnight = datetime(2026, 3, 1, 23, tzinfo=UTC)
    observe(batch, said("motion", midnight - timedelta(seconds=1)), said("motion", midnight))
    assert sorted(use.day for use in batch.uses) == [date(2026, 3, 1), date(2026, 3, 2)]


def test_a_use_of_a_resident_who_is_not_known_yet_is_appended_and_not_counted(
    batch: Batch, directory: Directory
) -> None:
    directory.residents.clear()
    observe(batch, said("alarm_pressed"))
    assert len(batch.rows) == len(batch.decisions) == 1
    assert batch.uses == Counter()


def test_history_is_counted_and_no_rule_sees_it(batch: Batch, partition: Partition) -> None:
    past = said("alarm_pressed", NOW - 1000 * DAY)
    assert isinstance(past.content, Observation)
    batch.remember(past.content, ANNA)
    (row,) = batch.rows
    assert (row.history, row.entry.resident, row.entry.key, row.raw) == (True, ANNA, "r:anna", past.payload)
    assert (batch.decisions, partition.states) == ([], {})
    assert sum(batch.uses.values()) == 1


def test_time_that_decides_something_must_be_told(batch: Batch, directory: Directory, partition: Partition) -> None:
    plan = {"inactivity": {"limits": [{"minutes": 60}]}}
    batch.control(PlanChanged(resident=ANNA, version=1, timezone="UTC", plan=plan), resident_key(ANNA), ANNA)
    assert not batch.fire()
    later = Batch(directory, partition, NOW + timedelta(hours=1), 8)
    assert later.fire()
    assert [type(decision) for decision in later.decisions] == [Raise]
    assert not Batch(directory, partition, NOW + timedelta(hours=2), 8).fire()


def test_a_message_on_which_a_rule_fails_is_appended_held_and_told(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(state: object, entry: object) -> None:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setitem(BY_KIND, "motion", (Detector("mine", (), broken),))  # type: ignore[arg-type]
    observe(batch, said("motion"))
    (held,) = batch.held
    assert (held.reason, held.topic) == (Rejection.RULE_FAILED, "vaka/v1/prov/button/motion")
    assert "broken on purpose" in held.detail
    assert [type(decision) for decision in batch.decisions] == [Failed]
    assert len(batch.rows) == 1


def test_repetitions_within_a_batch_are_one(batch: Batch) -> None:
    first, other = said("motion", id="1"), said("motion", id="2")
    again = said("motion", NOW + timedelta(seconds=5), id="1")
    pairs = only_first(batch.screen([first, other, again, first]))
    assert [delivery for delivery, _ in pairs] == [first, other]
    assert batch.keys_to_ask(pairs) == [seen.key for _, seen in pairs]


def test_what_has_no_key_is_never_a_repetition(batch: Batch) -> None:
    one = said("motion")
    assert isinstance(one.content, Observation)
    content = one.content
    keyless = Delivery(
        one.topic,
        one.payload,
        one.lane,
        Observation(content.tenant, content.device, content.kind, content.message, content.payload, None),
    )
    pairs = only_first(batch.screen([keyless, keyless]))
    assert len(pairs) == 2
    assert batch.keys_to_ask(pairs) == []
