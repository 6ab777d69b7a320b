"""What one transaction will append, hold, count and decide."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from events.control import (
    AssignmentChanged,
    CatchUpBegan,
    DeviceChanged,
    PlanChanged,
    ResidentChanged,
    TenantChanged,
    Ticked,
)
from events.delivery import Delivery, Heard, Lane, Observation, Rejected, Rejection
from events.devices import Family, Origin
from events.ids import DeviceId, ResidentId, TenantId, UnitId, device_key, resident_key
from events.kinds import HEALTH, KINDS, URGENT, Technology
from events.log import Entry
from events.topics import event_topic
from ingest.adapter import heard
from ingest.adapters.canonical import read
from processors.batch import Batch, only_first
from processors.directory import Directory
from rules.clock import SENT_BEFORE
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
    return Delivery(topic, payload, Lane.BULK, (read(topic, payload),))


def observation(delivery: Delivery) -> Observation:
    (seen,) = delivery.content
    assert isinstance(seen, Observation)
    return seen


def asked(batch: Batch) -> set[bytes]:
    return {key for keys in batch.keys_to_ask([]).values() for key in keys}


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
    "not understood": (said("sung"), Rejection.UNKNOWN_KIND, "'sung'"),
}


@pytest.mark.parametrize(("delivery", "reason", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_an_event_is_held_with_the_reason(
    batch: Batch, delivery: Delivery, reason: Rejection, told: str
) -> None:
    observe(batch, delivery)
    batch.hold_refused(asked(batch))
    (held,) = batch.held
    assert (held.reason, held.topic, held.payload) == (reason, delivery.topic, delivery.payload)
    assert told in held.detail
    assert held.device in ("who", "button")
    assert (batch.rows, batch.decisions, batch.next_position) == ([], [], 7)


def test_what_was_refused_before_is_not_held_again(batch: Batch) -> None:
    batch.screen([said("sung"), said("sung"), said("hummed")])
    sung, hummed = batch.keys_to_ask([])[DAY]
    batch.hold_refused({hummed})
    assert [held.topic for held in batch.held] == ["vaka/v1/prov/button/hummed"]
    assert sung != hummed


def test_what_is_refused_over_both_sessions_is_held_once(batch: Batch) -> None:
    over_urgent, over_bulk = (
        Delivery("vaka/v1/x", b"{", lane, (Rejected(Rejection.BAD_TOPIC, "x"),)) for lane in (Lane.URGENT, Lane.BULK)
    )
    batch.screen([over_urgent, over_bulk])
    batch.hold_refused(asked(batch))
    assert len(batch.held) == 1


def test_what_is_replayed_from_quarantine_and_refused_again_is_held_again(batch: Batch) -> None:
    batch.screen([Delivery("vaka/v1/x", b"{", Lane.INTERNAL, (Rejected(Rejection.BAD_TOPIC, "x"),))])
    batch.hold_refused(set())
    assert len(batch.held) == 1


def test_a_day_ahead_is_believed(batch: Batch) -> None:
    observe(batch, said("motion", NOW + DAY))
    assert len(batch.rows) == 1


@pytest.mark.parametrize("kind", sorted(URGENT))
def test_a_call_for_help_from_the_future_counts_as_now(batch: Batch, kind: str) -> None:
    observe(batch, said(kind, NOW + 2 * DAY))
    (row,) = batch.rows
    assert (row.entry.occurred_at, row.entry.resident) == (NOW, ANNA)
    assert msgspec.json.decode(row.raw)["at"] == (NOW + 2 * DAY).isoformat()


def heartbeats(directory: Directory, partition: Partition, behind: timedelta) -> None:
    """Three of them, the last one three hours before NOW."""
    for number in range(3):
        now = NOW - (3 - number) * timedelta(hours=3)
        observe(Batch(directory, partition, now, next_position=number), said("heartbeat", now - behind))


@pytest.mark.parametrize("behind", [timedelta(hours=2), timedelta(hours=-2), timedelta(days=20_000)])
def test_an_event_is_from_when_a_clock_that_is_off_means(
    directory: Directory, partition: Partition, batch: Batch, behind: timedelta
) -> None:
    """Whose it is and which day it counts for follow from that; what the device said is kept."""
    heartbeats(directory, partition, behind)
    then = NOW - timedelta(hours=10)
    observe(batch, said("alarm_pressed", then - behind), said("motion", NOW - behind))
    press, motion = (row.entry for row in batch.rows)
    assert (press.occurred_at, press.resident, press.key) == (then, ANNA, "r:anna")
    assert (motion.occurred_at, motion.resident) == (NOW - SENT_BEFORE, ANNA)
    assert msgspec.json.decode(batch.rows[0].raw)["at"] == (then - behind).isoformat()
    assert {use.day for use in batch.uses} == {date(2026, 3, 1), date(2026, 3, 2)}
    (alarm,) = batch.decisions
    assert alarm.detail["time"] == "corrected"
    assert alarm.detail["device_time"] == (then - behind).isoformat()


def test_what_comes_late_from_a_clock_that_is_right_is_late(
    directory: Directory, partition: Partition, batch: Batch
) -> None:
    heartbeats(directory, partition, timedelta(0))
    observe(batch, said("position", NOW - timedelta(hours=5)), said("alarm_pressed", NOW - timedelta(hours=2)))
    assert [row.entry.occurred_at for row in batch.rows] == [NOW - timedelta(hours=5), NOW - timedelta(hours=2)]
    assert (batch.decisions[0].detail["late_minutes"], "time" in batch.decisions[0].detail) == (120, False)


def test_a_network_has_no_clock_of_the_devices(directory: Directory, batch: Batch, partition: Partition) -> None:
    """The time that another family's network tells is no word of the device's own clock."""
    registered = DeviceChanged(
        device=BUTTON,
        tenant=TENANT,
        technology=Technology.SOCIAL_ALARM,
        origin=Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "0x1"),
    )
    partition.apply(Entry(0, device_key(BUTTON), "device_changed", registered, NOW - DAY, NOW - DAY))
    heartbeats(directory, partition, timedelta(hours=2))
    observe(batch, said("motion", NOW - timedelta(hours=2)))
    assert batch.rows[0].entry.occurred_at == NOW - timedelta(hours=2)


def test_history_is_from_when_it_says(directory: Directory, partition: Partition, batch: Batch) -> None:
    heartbeats(directory, partition, timedelta(hours=2))
    batch.remember(observation(said("motion", NOW - 4000 * DAY)), ANNA)
    assert batch.rows[0].entry.occurred_at == NOW - 4000 * DAY


def test_a_marker_is_nothing(batch: Batch) -> None:
    assert batch.screen([Delivery("vaka/v1/_marker/x/marker", b"1", Lane.BULK, ())]) == []
    assert batch.keys_to_ask([]) == {}


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
    batch.remember(observation(past), ANNA)
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
    assert batch.keys_to_ask(pairs) == {DAY: [seen.key for _, seen in pairs]}


def test_what_has_no_key_is_never_a_repetition(batch: Batch) -> None:
    one = said("motion")
    keyless = replace(one, content=(replace(observation(one), key=None),))
    pairs = only_first(batch.screen([keyless, keyless]))
    assert len(pairs) == 2
    assert batch.keys_to_ask(pairs) == {}


CONTACT = Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "hall/door")
HUB = Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "bridge")


def registered(directory: Directory, **fields: Any) -> None:
    """The loose device speaks Zigbee2MQTT, and is with Anna."""
    directory.change(
        DeviceChanged(device=LOOSE, tenant=TENANT, technology=Technology.PASSIVE_ALARM, origin=CONTACT, **fields)
    )
    directory.change(
        AssignmentChanged(
            assignment="2", device=LOOSE, resident=ANNA, technology=Technology.PASSIVE_ALARM, start=NOW - DAY
        )
    )


def zigbee(*heard: Heard | Rejected, origin: Origin = CONTACT) -> Delivery:
    return Delivery(f"zigbee2mqtt/{origin.id}", b"{}", Lane.BULK, heard)


def door(kind: str, *origins: Origin, at: datetime = NOW) -> Heard:
    heard_of = heard(origins or (CONTACT,), kind, at, raw=b'{"contact":0}', is_state=True)
    assert isinstance(heard_of, Heard)
    return heard_of


def test_what_another_family_says_is_of_the_device_that_is_registered_there(batch: Batch, directory: Directory) -> None:
    registered(directory)
    observe(batch, zigbee(door("door_opened", HUB, CONTACT)))
    (row,) = batch.rows
    assert (row.entry.device, row.entry.resident, row.entry.kind) == (LOOSE, ANNA, "door_opened")
    assert msgspec.json.decode(row.raw)["raw"] == {"contact": 0}


def test_who_is_registered_nowhere_is_named(batch: Batch) -> None:
    batch.screen([zigbee(door("door_opened"))])
    batch.hold_refused(asked(batch))
    (held,) = batch.held
    assert held.reason == Rejection.UNKNOWN_DEVICE
    assert "zigbee2mqtt zigbee2mqtt hall/door" in held.detail


def test_a_state_that_is_no_change_is_no_event(batch: Batch, directory: Directory) -> None:
    registered(directory)
    observe(batch, *(zigbee(door(kind)) for kind in ("door_opened", "door_opened", "door_closed", "door_closed")))
    assert [row.entry.kind for row in batch.rows] == ["door_opened", "door_closed"]
    assert (batch.screened, batch.observed, batch.repeated) == (4, 2, 2)


def test_a_device_that_only_repeats_itself_is_alive_all_the_same(
    batch: Batch, directory: Directory, partition: Partition
) -> None:
    registered(directory)
    observe(batch, zigbee(door("door_opened")))
    later = Batch(directory, partition, NOW + timedelta(hours=1), 8)
    observe(later, zigbee(door("door_opened")), zigbee(door("door_opened")))
    assert [row.entry.kind for row in later.rows] == ["heartbeat"]


def test_a_sensor_under_the_mattress_reads_as_a_bed(batch: Batch, directory: Directory) -> None:
    registered(directory, reads_as={"door_opened": "bed_left", "door_closed": "bed_entered"})
    observe(batch, zigbee(door("door_opened")))
    assert batch.rows[0].entry.kind == "bed_left"
    assert msgspec.json.decode(batch.rows[0].raw)["said"] == "door_opened"


@pytest.mark.parametrize("kind", ["alarm_pressed", "fall_detected", "smoke_detected"])
def test_a_press_while_an_installer_tries_the_device_is_a_trial(
    batch: Batch, directory: Directory, partition: Partition, kind: str
) -> None:
    registered(directory, testing_until=NOW + timedelta(minutes=1))
    observe(batch, said(kind, device="loose"))
    assert batch.rows[0].entry.kind == "test_alarm"
    assert not [decision for decision in batch.decisions if isinstance(decision, Raise)]
    later = Batch(directory, partition, NOW + timedelta(minutes=1), 8)
    observe(later, said(kind, NOW + timedelta(minutes=1), device="loose"))
    assert later.rows[0].entry.kind == kind


def test_of_a_message_that_is_partly_broken_the_rest_is_used(batch: Batch, directory: Directory) -> None:
    registered(directory)
    bad = heard((CONTACT,), "battery", NOW, {"percent": 400})
    assert isinstance(bad, Rejected)
    observe(batch, zigbee(door("door_opened"), bad))
    batch.hold_refused(asked(batch))
    assert [row.entry.kind for row in batch.rows] == ["door_opened"]
    (held,) = batch.held
    assert held.reason == Rejection.PARTLY_MALFORMED
    assert "400" in held.detail


def test_keys_are_asked_about_for_as_long_as_they_mean_the_same(batch: Batch, directory: Directory) -> None:
    registered(directory)
    short = replace(door("door_opened"), key=b"1", same_within=timedelta(hours=1))
    pairs = only_first(batch.screen([zigbee(short), said("motion", id="1")]))
    assert {within: len(keys) for within, keys in batch.keys_to_ask(pairs).items()} == {
        timedelta(hours=1): 1,
        DAY: 1,
    }
