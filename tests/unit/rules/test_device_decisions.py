"""What is decided about a device, whole: its id, whose it is, when, why, and all that it says.

An id never changes: the replay of a log that an older version wrote must find the alarms that were raised then.
"""

from typing import Any

import pytest

from events.devices import LifeCycle
from events.ids import DeviceId, Key, derived_id
from rules import health
from rules.decisions import AlarmKind, AnyDecision, Failed, Priority, Proven, Raise, Reason, Withdraw
from tests.support.fleet import Fleet, minute

BUTTON, BUTTONS_STATE, ANNA = Key("d:button"), "h:button", Key("r:anna")
RULE = {"rule": "device_health", "rule_version": health.VERSION}


def raised(
    at: int, name: str, cause: object, kind: AlarmKind, reason: Reason, since: int = 0, key: Key = BUTTON, **detail: Any
) -> Raise:
    return Raise(
        id=derived_id("device_health", name, BUTTONS_STATE, cause),
        key=key,
        at=minute(at),
        reason=reason,
        detail={"since": minute(since).isoformat(), **detail, **RULE},
        kind=kind,
        priority=Priority.TECHNICAL if key == BUTTON else Priority.CARE,
        occurred_at=minute(at),
        device=DeviceId("button"),
    )


def over(at: int, episode: AnyDecision, reason: Reason, since: int = 0) -> Withdraw:
    return Withdraw(
        id=derived_id("device_health", "over", episode.id),
        key=episode.key,
        at=minute(at),
        reason=reason,
        detail={"device": "button", "since": minute(since).isoformat(), "minutes": at - since},
        episode=episode.id,
    )


@pytest.fixture
def fleet() -> Fleet:
    """A button that must be heard each hour, and the one whose it is: entries 0 and 1 of the log."""
    fleet = Fleet()
    fleet.device("button", critical=True)
    fleet.lend("button", "anna")
    return fleet


def test_a_silence(fleet: Fleet) -> None:
    fleet.say(7, "button", "heartbeat")
    fleet.pass_time(100)
    fleet.say(100, "button", "heartbeat")
    heard: dict[str, Any] = {"last_seen": minute(7).isoformat(), "silent_after_minutes": 60}
    due = minute(67).isoformat()
    silent = raised(67, "silent", due, AlarmKind.DEVICE_SILENT, Reason.NOT_HEARD, 7, **heard)
    call = raised(67, "call:anna", due, AlarmKind.CALL_DEVICE_SILENT, Reason.NOT_HEARD, 7, ANNA, **heard)
    again = [over(100, episode, Reason.HEARD_AGAIN, 7) for episode in (silent, call)]
    assert fleet.decisions == [silent, call, *again]


def test_a_flat_battery(fleet: Fleet) -> None:
    fleet.say(0, "button", "battery", percent=12)
    fleet.say(1440, "button", "battery", percent=2)
    fleet.say(1450, "button", "battery", percent=90)
    told = [d for d in fleet.decisions if d.reason in ("battery_low", "battery_empty", "battery_well")]
    low = raised(0, "battery_low", 2, AlarmKind.BATTERY_LOW, Reason.BATTERY_LOW, 0, percent=12.0, days_left=None)
    flat: dict[str, Any] = {"percent": 2.0, "days_left": 0.2}
    empty = raised(1440, "battery_empty", 3, AlarmKind.BATTERY_LOW, Reason.BATTERY_EMPTY, 1440, **flat)
    well = [over(1450, low, Reason.BATTERY_WELL), over(1450, empty, Reason.BATTERY_WELL, 1440)]
    assert told == [low, empty, *well]


def test_lost_mains(fleet: Fleet) -> None:
    fleet.say(1, "button", "mains_lost")
    fleet.pass_time(30)
    fleet.say(31, "button", "mains_restored")
    mains = raised(6, "mains", minute(6).isoformat(), AlarmKind.MAINS_LOST, Reason.MAINS_LOST, 1)
    assert fleet.decisions == [mains, over(31, mains, Reason.MAINS_RESTORED, 1)]


def test_tampering_and_a_fault(fleet: Fleet) -> None:
    fleet.say(1, "button", "tampered")
    fleet.say(2, "button", "fault")
    fleet.say(3, "button", "fault_cleared")
    fleet.say(4, "button", "fault", code="E1")
    tampered = raised(1, "tampered", 2, AlarmKind.TAMPERED, Reason.TAMPERED, 1)
    fault = raised(2, "fault", 3, AlarmKind.DEVICE_FAULT, Reason.FAULT_REPORTED, 2, codes=[])
    coded = raised(4, "fault", 5, AlarmKind.DEVICE_FAULT, Reason.FAULT_REPORTED, 4, codes=["E1"])
    assert fleet.decisions == [tampered, fault, over(3, fault, Reason.FAULT_CLEARED, 2), coded]


def test_a_device_that_people_take_out_of_use(fleet: Fleet) -> None:
    fleet.say(1, "button", "tampered")
    fleet.device("button", 5, life_cycle=LifeCycle.RETURNED)
    tampered = raised(1, "tampered", 2, AlarmKind.TAMPERED, Reason.TAMPERED, 1)
    assert fleet.decisions == [tampered, over(5, tampered, Reason.DEVICE_CHANGED, 1)]


def test_a_proof() -> None:
    fleet = Fleet()
    fleet.device("button", life_cycle=LifeCycle.INSTALLED)
    fleet.say(3, "button", "alarm_pressed")
    assert fleet.decisions[-1] == Proven(
        id=derived_id("proven", BUTTONS_STATE, 1),
        key=BUTTON,
        at=minute(3),
        reason=Reason.PROVEN,
        device=DeviceId("button"),
        how="alarm_pressed",
    )


def broken(*_: object) -> dict[str, health.Trouble]:
    raise ZeroDivisionError("broken on purpose")


def failed(at: int, cause: object, decision: AnyDecision) -> None:
    assert isinstance(decision, Failed)
    assert decision.id == derived_id("failed", "device_health", BUTTONS_STATE, cause)
    assert (decision.key, decision.at, decision.reason) == (BUTTON, minute(at), Reason.RULE_FAILED)
    assert decision.detector == "device_health"
    assert decision.position == (cause if isinstance(cause, int) else None)
    assert "broken on purpose" in decision.traceback


def test_a_fault_in_the_rule_is_told_once_and_tried_again_with_the_next_message(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(health, "troubles", broken)
        fleet.pass_time(100)
        (on_time,) = fleet.decisions
        failed(60, minute(60).isoformat(), on_time)
        assert fleet.pass_time(10_000) == []
        fleet.say(10_000, "button", "tampered")
        failed(10_000, 3, fleet.decisions[-1])
    assert "10001 raise tampered d:button tampered" in fleet.say(10_001, "button", "heartbeat")
