"""Door open too long: told in time, taken back when it was only reported late, and forgotten when nobody watches."""

from collections.abc import Sequence
from typing import Any

import pytest

from events.ids import DeviceId
from rules.decisions import AlarmKind, Priority, Raise
from tests.support.home import Home, Line

ALL = {"doors": {"open_minutes": 5}}
FRONT = {"doors": {"open_minutes": 5, "outside": ["front", "lock-1"]}}
OPEN = "raise door_open_too_long since"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "closed in time": (ALL, ["12:00 door_opened", "12:04 door_closed", "13:00"], []),
    "never closed": (ALL, ["12:00 door_opened", "12:04", "13:00"], [f"12:05 {OPEN} 12:00"]),
    "closed after the alarm": (
        ALL,
        ["12:00 door_opened", "12:09 door_closed", "13:00"],
        [f"12:05 {OPEN} 12:00", "12:09 annotate ended"],
    ),
    "closed in the last moment, which is heard as it passes": (
        ALL,
        ["12:00 door_opened", "12:05 door_closed"],
        [f"12:05 {OPEN} 12:00", "12:05 withdraw ended_in_time"],
    ),
    "closed in time and reported late": (
        ALL,
        ["12:00 door_opened", "13:00 door_closed at 12:02", "14:00"],
        [f"12:05 {OPEN} 12:00", "13:00 withdraw ended_in_time"],
    ),
    "opened again: counted from the first opening": (
        ALL,
        ["12:00 door_opened", "12:03 door_opened", "13:00"],
        [f"12:05 {OPEN} 12:00"],
    ),
    "opened again, and the closing between is reported late": (
        ALL,
        ["12:00 door_opened", "12:03 door_opened", "12:04 door_closed at 12:02", "12:07", "13:00"],
        [f"12:08 {OPEN} 12:03"],
    ),
    "the closing is heard before the opening": (ALL, ["12:03 door_closed", "12:04 door_opened at 12:01", "13:00"], []),
    "an opening that is reported late is judged a minute later": (
        ALL,
        ["13:00 door_opened at 12:00", "14:00"],
        [f"13:01 {OPEN} 12:00"],
    ),
    "both are reported late": (ALL, ["13:00 door_opened at 12:00", "13:00 door_closed at 12:01", "14:00"], []),
    "both are reported late, and it was too long": (
        ALL,
        ["13:00 door_opened at 12:00", "13:00 door_closed at 12:30", "14:00"],
        [],
    ),
    "an earlier opening that is reported late": (
        ALL,
        ["12:03 door_opened", "12:04 door_opened at 12:01", "13:00"],
        [f"12:06 {OPEN} 12:01"],
    ),
    "one alarm for one opening": (ALL, ["12:00 door_opened", "12:10 door_opened", "20:00"], [f"12:05 {OPEN} 12:00"]),
    "another opening is another alarm": (
        ALL,
        ["12:00 door_opened", "12:10 door_closed", "12:20 door_opened", "13:00"],
        [f"12:05 {OPEN} 12:00", "12:10 annotate ended", f"12:25 {OPEN} 12:20"],
    ),
    "closed in time, reported late, and open again since": (
        ALL,
        ["12:00 door_opened", "12:20 door_opened", "12:21 door_closed at 12:02", "13:00"],
        [f"12:05 {OPEN} 12:00", "12:21 withdraw ended_in_time", f"12:25 {OPEN} 12:20"],
    ),
    "a clock that goes ahead is not believed": (ALL, ["12:00 door_opened at 12:30", "13:00"], [f"12:05 {OPEN} 12:00"]),
    "doors are told apart by their devices": (
        ALL,
        ["12:00 door_opened device=a", "12:02 door_opened device=b", "12:04 door_closed device=a", "13:00"],
        [f"12:07 {OPEN} 12:02"],
    ),
    "a door that the plan does not name": (FRONT, ["12:00 door_opened door=balcony", "13:00"], []),
    "a door that the plan names": (FRONT, ["12:00 door_opened door=front", "13:00"], [f"12:05 {OPEN} 12:00"]),
    "a lock whose door is ajar": (FRONT, ["12:00 door_ajar device=lock-1", "13:00"], [f"12:05 {OPEN} 12:00"]),
    "a lock whose door is locked again": (
        FRONT,
        ["12:00 door_ajar device=lock-1", "12:03 locked device=lock-1", "13:00"],
        [],
    ),
    "no plan": ({}, ["12:00 door_opened", "13:00"], []),
    "a plan that goes": (
        {},
        [("11:00", ALL), "12:00 door_opened", ("12:02", {}), "13:00", ("13:00", ALL), "14:00"],
        [],
    ),
    "a plan that changes keeps the limit of a door that is open": (
        {},
        [("11:00", ALL), "12:00 door_opened", ("12:02", {"doors": {"open_minutes": 60}}), "14:00"],
        [f"12:05 {OPEN} 12:00"],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_an_open_door(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_an_alarm_says_which_door_since_when_and_by_which_limit() -> None:
    home = Home(ALL)
    home.play("12:00 door_opened device=d-7", "13:00")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority, raised.device) == (AlarmKind.DOOR_OPEN, Priority.CARE, DeviceId("d-7"))
    assert raised.occurred_at == home.time("12:05")
    opened = home.time("12:00").isoformat()
    assert raised.detail["inputs"] == [{"kind": "door_opened", "at": opened, "device": "d-7"}]
    assert (raised.detail["since"], raised.detail["deadline"]) == (opened, home.time("12:05").isoformat())


def test_many_doors_are_remembered_and_none_that_is_open_is_forgotten() -> None:
    home = Home(ALL)
    home.play("12:00 door_opened device=front")
    for number in range(20):
        home.play(f"12:01 door_opened device=cupboard-{number}", f"12:02 door_closed device=cupboard-{number}")
    assert len(home.state.doors) <= 9
    assert home.play("13:00") == [f"12:05 {OPEN} 12:00"]
