"""All residents of one part of the log: what is taken back, what waits, and whose deadline comes first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.codec import control_kind
from events.control import CatchUpBegan, CatchUpEnded, Control, PlanChanged, TenantChanged, Ticked
from events.ids import EVERYBODY, Key, ResidentId, TenantId, resident_key
from events.log import Entry
from events.messages import AlarmPressed, DoseTaken, Heartbeat, Message, Motion
from rules.decisions import AnyDecision, Raise
from rules.partition import Partition

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = {"inactivity": {"limits": [{"minutes": 60}]}}
DOSE = {"medicine": {"windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}]}}
ANNA, BO = ResidentId("anna"), ResidentId("bo")


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


class Log:
    """Makes entries in order."""

    def __init__(self) -> None:
        self.position = -1

    def control(self, now: int, control: Control, key: Key = EVERYBODY) -> Entry:
        self.position += 1
        return Entry(self.position, key, control_kind(control), control, minute(now), minute(now))

    def plan(self, now: int, resident: ResidentId, plan: dict[str, Any] = HOUR) -> Entry:
        changed = PlanChanged(resident=resident, version=1, timezone="UTC", plan=plan)
        return self.control(now, changed, resident_key(resident))

    def said(self, now: int, resident: ResidentId, kind: str = "motion", at: int | None = None) -> Entry:
        self.position += 1
        occurred = minute(now if at is None else at)
        kinds: dict[str, type[Message]] = {
            "motion": Motion,
            "alarm_pressed": AlarmPressed,
            "heartbeat": Heartbeat,
            "dose_taken": DoseTaken,
        }
        return Entry(self.position, resident_key(resident), kind, kinds[kind](at=occurred), occurred, minute(now))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def partition(log: Log) -> Partition:
    """Anna and Bo, each with a limit of an hour; Anna's from minute 0, Bo's from minute 10."""
    partition = Partition()
    partition.apply(log.plan(0, ANNA))
    partition.apply(log.plan(10, BO))
    partition.commit()
    return partition


def told(decisions: list[AnyDecision]) -> list[tuple[str, int, str]]:
    """Who, which minute, why."""
    return [(d.key.removeprefix("r:"), int((d.at - START).total_seconds()) // 60, d.reason) for d in decisions]


def test_the_next_deadline_is_the_earliest_of_all_residents(partition: Partition, log: Log) -> None:
    assert partition.next_deadline() == minute(60)
    assert told(partition.fire(minute(60))) == [("anna", 60, "no_activity")]
    assert partition.next_deadline() == minute(70)
    partition.fire(minute(70))
    assert partition.next_deadline() is None


def test_deadlines_fire_in_order_of_time(partition: Partition, log: Log) -> None:
    partition.apply(log.plan(20, ResidentId("cecilia"), {"inactivity": {"limits": [{"minutes": 45}]}}))
    assert told(partition.fire(minute(600))) == [
        ("anna", 60, "no_activity"),
        ("cecilia", 65, "no_activity"),
        ("bo", 70, "no_activity"),
    ]
    assert partition.fired_to == minute(600)


def test_an_entry_fires_what_was_due_for_its_resident_only(partition: Partition, log: Log) -> None:
    assert told(partition.apply(log.said(90, BO, "alarm_pressed"))) == [
        ("bo", 70, "no_activity"),
        ("bo", 90, "pressed"),
        ("bo", 90, "activity_resumed"),
    ]
    assert partition.next_deadline() == minute(60)


def test_an_entry_at_the_very_deadline_comes_after_it(partition: Partition, log: Log) -> None:
    assert told(partition.apply(log.said(60, ANNA))) == [("anna", 60, "no_activity"), ("anna", 60, "activity_resumed")]


def test_a_deadline_that_went_with_its_plan_is_none(partition: Partition, log: Log) -> None:
    partition.apply(log.plan(20, ANNA, {}))
    assert partition.next_deadline() == minute(70)


def test_time_that_was_fired_is_never_earlier(partition: Partition) -> None:
    partition.fire(minute(30))
    partition.fire(minute(20))
    assert partition.fired_to == minute(30)


def test_a_rollback_before_any_commit_leaves_nothing(log: Log) -> None:
    partition = Partition()
    partition.apply(log.said(1, ANNA, "alarm_pressed"))
    partition.rollback()
    assert (partition.states, partition.holding, partition.fired_to) == ({}, False, None)


def test_what_no_rule_reads_is_passed_over(partition: Partition, log: Log) -> None:
    assert partition.apply(log.said(90, ANNA, "heartbeat")) == []
    assert partition.apply(log.control(90, TenantChanged(tenant=TenantId("prov"), timezone="UTC"))) == []
    assert partition.next_deadline() == minute(60)
    assert partition.commit() == set()


def test_time_that_is_written_in_the_log_fires_everybody(partition: Partition, log: Log) -> None:
    assert told(partition.apply(log.control(65, Ticked()))) == [("anna", 60, "no_activity")]
    assert partition.fired_to == minute(65)


def test_a_commit_tells_whose_states_changed(partition: Partition, log: Log) -> None:
    partition.apply(log.said(30, BO))
    assert partition.commit() == {resident_key(BO)}
    assert partition.commit() == set()
    partition.fire(minute(60))
    assert partition.commit() == {resident_key(ANNA)}


def test_deadlines_wait_while_a_backlog_is_read(partition: Partition, log: Log) -> None:
    partition.fire(minute(20))
    assert partition.apply(log.control(90, CatchUpBegan(fired_to=minute(20)))) == []
    assert partition.holding
    assert partition.next_deadline() is None
    assert partition.fire(minute(95)) == []
    assert partition.apply(log.said(95, ANNA, at=50)) == []
    assert told(partition.apply(log.said(95, BO, "alarm_pressed", at=65))) == [("bo", 95, "pressed")]
    assert partition.apply(log.control(96, CatchUpEnded(complete=True))) == []
    assert partition.next_deadline() == minute(110)


def test_what_was_due_before_the_outage_is_fired_when_it_is_read_again(partition: Partition, log: Log) -> None:
    """The live run fired at minute 65 without a word in the log; what it had decided then would be there."""
    assert told(partition.apply(log.control(90, CatchUpBegan(fired_to=minute(65))))) == [("anna", 60, "no_activity")]


def test_what_waited_fires_when_the_backlog_is_read(partition: Partition, log: Log) -> None:
    partition.apply(log.control(90, CatchUpBegan(fired_to=minute(20))))
    assert told(partition.apply(log.control(95, CatchUpEnded(complete=False)))) == [
        ("anna", 60, "no_activity"),
        ("bo", 70, "no_activity"),
    ]
    assert not partition.holding
    assert partition.fired_to == minute(95)


def test_a_rollback_takes_everything_back(partition: Partition, log: Log) -> None:
    partition.fire(minute(20))
    partition.commit()
    states, position = dict(partition.states), log.position
    partition.apply(log.said(30, ANNA))
    partition.apply(log.said(30, ResidentId("cecilia"), "alarm_pressed"))
    partition.fire(minute(75))
    partition.apply(log.control(80, CatchUpBegan(fired_to=minute(75))))
    partition.rollback()
    assert partition.states == states
    assert (partition.holding, partition.fired_to) == (False, minute(20))
    assert partition.next_deadline() == minute(60)
    log.position = position
    assert told(partition.apply(log.control(80, Ticked()))) == [("anna", 60, "no_activity"), ("bo", 70, "no_activity")]


def test_a_rollback_of_a_hold_that_ended_holds_again(partition: Partition, log: Log) -> None:
    partition.apply(log.control(50, CatchUpBegan(fired_to=minute(40))))
    partition.commit()
    partition.apply(log.control(90, CatchUpEnded(complete=True)))
    partition.rollback()
    assert partition.holding
    assert partition.fire(minute(90)) == []
    log.position -= 1
    assert len(partition.apply(log.control(90, CatchUpEnded(complete=True)))) == 2


def test_a_rollback_goes_to_the_last_commit_only(partition: Partition, log: Log) -> None:
    partition.apply(log.said(30, ANNA))
    partition.commit()
    partition.apply(log.said(40, ANNA))
    partition.rollback()
    partition.rollback()
    assert partition.states[resident_key(ANNA)].inactivity.since == minute(30)


def test_a_deadline_fires_once_however_often_it_moved(partition: Partition, log: Log) -> None:
    for number in range(10, 60):
        partition.apply(log.said(number, ANNA))
        if number % 7 == 0:
            partition.rollback()
        if number % 3 == 0:
            partition.commit()
        partition.next_deadline()
    assert told(partition.fire(minute(600))) == [("bo", 70, "no_activity"), ("anna", 119, "no_activity")]


def test_what_was_seen_changes_nothing(log: Log) -> None:
    entries = [
        log.plan(0, ANNA),
        log.said(30, ANNA),
        log.control(40, CatchUpBegan(fired_to=minute(35))),
        log.said(100, ANNA, "alarm_pressed"),
        log.control(100, CatchUpEnded(complete=True)),
        log.control(170, Ticked()),
    ]
    partition = Partition()
    for entry in entries:
        partition.apply(entry)
    states = dict(partition.states)
    for entry in entries:
        assert partition.apply(entry) == []
        assert (partition.holding, partition.fired_to) == (False, minute(170))
    assert partition.states == states


def test_a_saved_state_that_is_ahead_skips_what_it_has_seen(partition: Partition, log: Log) -> None:
    press, later = log.said(30, ANNA, "alarm_pressed"), log.said(40, ANNA, "alarm_pressed")
    partition.apply(press)
    saved = Partition(partition.states.values(), minute(35))
    assert saved.fired_to == minute(35)
    assert saved.apply(press) == []
    assert told(saved.apply(later)) == [("anna", 40, "pressed")]
    assert saved.next_deadline() == minute(60)


def test_residents_share_nothing(partition: Partition, log: Log) -> None:
    before = partition.states[resident_key(BO)]
    partition.apply(log.said(30, ANNA, "alarm_pressed"))
    partition.apply(log.plan(31, ANNA, DOSE))
    partition.fire(minute(65))
    assert partition.states[resident_key(BO)] is before


def test_a_press_of_a_device_with_nobody_is_told() -> None:
    key = Key("d:loose")
    (decision,) = Partition().apply(Entry(0, key, "alarm_pressed", AlarmPressed(at=START), START, START))
    assert isinstance(decision, Raise)
    assert decision.key == key
