"""Night wandering: out of bed, or out of the door, and not back in time."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from rules.decisions import AlarmKind, Priority, Raise
from tests.support.home import Home, Line


def night(**fields: Any) -> dict[str, Any]:
    return {"night": {"from": "22:00", "to": "06:00", **fields}}


BED = night(bed_minutes=20)
DOOR = night(door_minutes=10)
BOTH = night(bed_minutes=20, door_minutes=10, outside=["front"])
IN_BED, OUT = "raise left_bed_at_night since", "raise left_home_at_night since"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "back in bed in time": (BED, ["02:00 bed_left", "02:19 bed_entered", "05:00"], []),
    "not back in bed": (BED, ["02:00 bed_left", "02:10 motion", "05:00"], [f"02:20 {IN_BED} 02:00"]),
    "back in bed after the alarm": (
        BED,
        ["02:00 bed_left", "02:40 bed_entered"],
        [f"02:20 {IN_BED} 02:00", "02:40 annotate ended"],
    ),
    "back in time, reported late": (
        BED,
        ["02:00 bed_left", "03:40 bed_entered at 02:15"],
        [f"02:20 {IN_BED} 02:00", "03:40 withdraw ended_in_time"],
    ),
    "left bed by day": (BED, ["12:00 bed_left", "21:59"], []),
    "left bed before the hours": (BED, ["21:59 bed_left", "23:59"], []),
    "left bed as the hours begin": (BED, ["22:00 bed_left", "23:59"], [f"22:20 {IN_BED} 22:00"]),
    "left bed at their end": (BED, ["06:00 bed_left", "08:00"], []),
    "left bed just before their end": (BED, ["05:59 bed_left", "08:00"], [f"06:19 {IN_BED} 05:59"]),
    "back in bed after their end, in time": (BED, ["05:55 bed_left", "06:05 bed_entered", "08:00"], []),
    "the bed is not watched": (DOOR, ["02:00 bed_left", "05:00"], []),
    "the door is not watched": (BED, ["02:00 door_opened", "05:00"], []),
    "out of the door": (DOOR, ["02:00 door_opened", "02:01 door_closed", "05:00"], [f"02:10 {OUT} 02:00"]),
    "only looked out": (DOOR, ["02:00 door_opened", "02:01 door_closed", "02:02 motion", "05:00"], []),
    "what moves before the door closes is nobody who stayed: counted from its last word": (
        DOOR,
        ["02:00 door_opened", "02:01 door_closed", "02:02 motion at 02:00", "05:00"],
        [f"02:11 {OUT} 02:01"],
    ),
    "back through the door, and moving": (
        DOOR,
        ["02:00 door_opened", "02:01 door_closed", "02:08 door_opened", "02:08 door_closed", "02:09 motion", "05:00"],
        [],
    ),
    "back after the alarm": (
        DOOR,
        ["02:00 door_opened", "02:01 door_closed", "02:30 door_opened", "02:31 motion"],
        [f"02:10 {OUT} 02:00", "02:31 annotate ended"],
    ),
    "at home all the time, reported late": (
        DOOR,
        ["02:00 door_opened", "02:01 door_closed", "03:00 motion at 02:04"],
        [f"02:10 {OUT} 02:00", "03:00 withdraw ended_in_time"],
    ),
    "out of the door by day": (DOOR, ["12:00 door_opened", "20:00"], []),
    "a door that only closes": (DOOR, ["02:01 door_closed", "05:00"], []),
    "another door": (BOTH, ["02:00 door_opened door=balcony", "05:00"], []),
    "bed and door at once": (
        BOTH,
        ["02:00 bed_left", "02:05 door_opened door=front", "02:06 door_closed door=front", "05:00"],
        [f"02:15 {OUT} 02:05", f"02:20 {IN_BED} 02:00"],
    ),
    "back in bed ends both": (
        BOTH,
        ["02:00 bed_left", "02:05 door_opened door=front", "02:12 bed_entered", "05:00"],
        [],
    ),
    "no plan": ({}, ["02:00 bed_left", "05:00"], []),
    "a plan that goes": ({}, [("00:00", BED), "02:00 bed_left", ("02:10", {}), "05:00"], []),
    "a plan that changes keeps the limit of who is up": (
        {},
        [("00:00", BED), "02:00 bed_left", ("02:10", night(bed_minutes=60)), "05:00"],
        [f"02:20 {IN_BED} 02:00"],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_a_night(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_an_alarm_says_what_began_it() -> None:
    home = Home(BED)
    home.play("02:00 bed_left", "05:00")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority) == (AlarmKind.NIGHT_WANDERING, Priority.CARE)
    assert raised.detail["inputs"] == [{"kind": "bed_left", "at": home.time("02:00").isoformat(), "device": None}]


@pytest.mark.parametrize(
    ("day", "left", "told"),
    [
        (date(2026, 3, 29), "00:50Z", "01:10Z"),
        (date(2026, 10, 25), "00:30Z", "00:50Z"),
        (date(2026, 10, 25), "01:30Z", "01:50Z"),
    ],
)
def test_twenty_minutes_are_twenty_minutes_when_clocks_change(day: date, left: str, told: str) -> None:
    assert Home(BED, day=day).play(f"{left} bed_left", "06:00Z") == [f"{told} raise left_bed_at_night since {left}"]
