"""A unit's own conditions: what begins them, what keeps them away before and after, and what is reported late."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import control_kind, decode_message
from events.control import HelpAccepted, PlanChanged
from events.ids import AlarmId, ResidentId, resident_key
from events.log import Entry
from rules.decisions import AlarmKind, Priority, Raise
from rules.partition import Partition
from tests.support.home import KEY, RESIDENT, Home, Line


def condition(**fields: Any) -> dict[str, Any]:
    return {"conditions": [{"name": "out", "when": {"kind": "door_opened"}, **fields}]}


BACK = {"kinds": ["bed_entered", "motion"], "minutes": 10}
STAFF = {"kinds": ["unlocked"], "minutes": 30}
AT_ONCE = condition()
WAITS = condition(unless_after=BACK)
BOTH = condition(unless_after=BACK, unless_before=STAFF)
ALARM = "raise condition_met since"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "at once": (AT_ONCE, ["12:00 door_opened", "12:05 door_opened"], [f"12:00 {ALARM} 12:00", f"12:05 {ALARM} 12:05"]),
    "another kind": (AT_ONCE, ["12:00 door_closed"], []),
    "within the hours": (
        condition(when={"kind": "door_opened", "from": "22:00", "to": "06:00"}),
        ["05:59 door_opened", "06:00 door_opened", "21:59 door_opened", "22:00 door_opened"],
        [f"05:59 {ALARM} 05:59", f"22:00 {ALARM} 22:00"],
    ),
    "of one device": (
        condition(when={"kind": "door_opened", "devices": ["front"]}),
        ["12:00 door_opened", "12:01 door_opened device=front"],
        [f"12:01 {ALARM} 12:01"],
    ),
    "nobody came back": (WAITS, ["12:00 door_opened", "13:00"], [f"12:10 {ALARM} 12:00"]),
    "came back": (WAITS, ["12:00 door_opened", "12:09 motion", "13:00"], []),
    "came back another way": (WAITS, ["12:00 door_opened", "12:09 bed_entered", "13:00"], []),
    "came back too late": (
        WAITS,
        ["12:00 door_opened", "12:15 motion"],
        [f"12:10 {ALARM} 12:00", "12:15 annotate ended"],
    ),
    "came back in time, reported late": (
        WAITS,
        ["12:00 door_opened", "12:15 motion at 12:05"],
        [f"12:10 {ALARM} 12:00", "12:15 withdraw ended_in_time"],
    ),
    "what was before is no coming back": (
        WAITS,
        ["11:59 motion", "12:00 door_opened", "13:00"],
        [f"12:10 {ALARM} 12:00"],
    ),
    "waits only once": (WAITS, ["12:00 door_opened", "12:05 door_opened", "13:00"], [f"12:10 {ALARM} 12:00"]),
    "begins again when the time is over": (
        WAITS,
        ["12:00 door_opened", "12:10 door_opened", "13:00"],
        [f"12:10 {ALARM} 12:00", f"12:20 {ALARM} 12:10"],
    ),
    "begins again after coming back": (
        WAITS,
        ["12:00 door_opened", "12:05 motion", "12:06 door_opened", "13:00"],
        [f"12:16 {ALARM} 12:06"],
    ),
    "reported late is judged a minute later": (
        WAITS,
        ["13:00 door_opened at 12:00", "14:00"],
        [f"13:01 {ALARM} 12:00"],
    ),
    "both reported late": (WAITS, ["13:00 door_opened at 12:00", "13:00 motion at 12:04", "14:00"], []),
    "coming back is heard before going": (WAITS, ["12:20 motion at 12:05", "12:30 door_opened at 12:00", "14:00"], []),
    "staff came before": (BOTH, ["11:40 unlocked", "12:00 door_opened", "13:00"], []),
    "staff came long before": (BOTH, ["11:29 unlocked", "12:00 door_opened", "13:00"], [f"12:10 {ALARM} 12:00"]),
    "staff came after": (BOTH, ["12:00 door_opened", "12:05 unlocked", "13:00"], [f"12:10 {ALARM} 12:00"]),
    "staff came before, reported while it waits": (
        BOTH,
        ["12:00 door_opened", "12:05 unlocked at 11:50", "13:00"],
        [],
    ),
    "staff came before, reported after the alarm": (
        BOTH,
        ["12:00 door_opened", "12:30 unlocked at 11:50", "13:00"],
        [f"12:10 {ALARM} 12:00", "12:30 withdraw ended_in_time"],
    ),
    "an alarm at once is taken back, too": (
        condition(unless_before=STAFF),
        ["12:00 door_opened", "12:30 unlocked at 11:50"],
        [f"12:00 {ALARM} 12:00", "12:30 withdraw ended_in_time"],
    ),
    "staff came just long enough before": (BOTH, ["11:30 unlocked", "12:00 door_opened", "13:00"], []),
    "staff came as it began": (BOTH, ["12:00 unlocked", "12:00 door_opened", "13:00"], []),
    "staff came twice, the first time reported late": (
        BOTH,
        ["11:50 unlocked", "11:55 unlocked at 11:00", "12:00 door_opened", "13:00"],
        [],
    ),
    "came back in the same minute": (WAITS, ["12:00 door_opened", "12:00 motion", "13:00"], []),
    "coming back in the last minute is heard before going": (
        WAITS,
        ["12:20 motion at 12:10", "12:30 door_opened at 12:00", "14:00"],
        [],
    ),
    "one from before an alarm at once, reported late, is another one": (
        AT_ONCE,
        ["12:00 door_opened", "12:05 door_opened at 11:55"],
        [f"12:00 {ALARM} 12:00", f"12:05 {ALARM} 11:55"],
    ),
    "two reported late at once are one": (
        WAITS,
        ["13:00 door_opened at 12:00", "13:00 door_opened at 12:30", "14:00"],
        [f"13:01 {ALARM} 12:00"],
    ),
    "what was heard is remembered over a change of plan": (
        {},
        [
            ("11:00", BOTH),
            "11:40 unlocked",
            ("11:45", BOTH | {"doors": {"open_minutes": 600}}),
            "12:00 door_opened",
            "13:00",
        ],
        [],
    ),
    "a plan that goes": ({}, [("11:00", WAITS), "12:00 door_opened", ("12:05", {}), "13:00"], []),
    "the same condition in a new plan goes on": (
        {},
        [("11:00", WAITS), "12:00 door_opened", ("12:05", WAITS | {"doors": {"open_minutes": 600}}), "13:00"],
        [f"12:10 {ALARM} 12:00"],
    ),
    "another condition of the same name begins anew": (
        {},
        [("11:00", WAITS), "12:00 door_opened", ("12:05", condition(unless_after=BACK, priority=1)), "13:00"],
        [],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_a_condition(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


@pytest.mark.parametrize(
    ("priority", "kind"),
    [(1, AlarmKind.LIFE_CONDITION), (2, AlarmKind.CONDITION), (4, AlarmKind.CONDITION_NOTE)],
)
def test_an_alarm_of_each_priority_is_a_kind_of_its_own(priority: int, kind: AlarmKind) -> None:
    home = Home(condition(priority=priority, text="Look at the door", unless_after=BACK, unless_before=STAFF))
    home.play("12:00 door_opened", "13:00")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority) == (kind, Priority(priority))
    assert (raised.detail["text"], raised.detail["condition"]) == ("Look at the door", "out")
    assert raised.detail["absent"] == ["bed_entered", "motion", "unlocked"]
    assert raised.detail["inputs"][0]["kind"] == "door_opened"


def test_an_alarm_at_once_is_about_that_moment() -> None:
    home = Home(AT_ONCE)
    home.play("12:05 door_opened at 12:00")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert raised.occurred_at == home.time("12:00")


def test_nothing_is_remembered_that_is_not_needed() -> None:
    home = Home(BOTH)
    home.play("12:00 door_opened", "12:01 leak_detected", "12:05 motion")
    assert (home.state.conditions, [kind for kind, _ in home.state.heard]) == ((), ["motion"])
    home.play("12:06 unlocked", "12:07 motion", "12:08 motion at 12:06")
    assert home.state.heard == (("unlocked", home.time("12:06")), ("motion", home.time("12:07")))


def test_somebody_who_takes_an_alarm_keeps_it_away() -> None:
    home = Home(condition(unless_after={"kinds": ["help_accepted"], "minutes": 10}))
    home.play("12:00 door_opened")
    accepted = HelpAccepted(resident=RESIDENT, alarm=AlarmId("a"))
    at = home.time("12:05")
    home.partition.apply(Entry(99, KEY, control_kind(accepted), accepted, at, at))
    assert home.play("13:00") == []


BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
happenings = st.lists(
    st.tuples(st.integers(1, 15), st.sampled_from(("door_opened", "motion", "unlocked", "leak_detected")))
)


@settings(max_examples=200)
@given(happenings)
def test_conditions_against_a_plain_list_of_what_happened(happenings: list[tuple[int, str]]) -> None:
    """In order and in time: begun unless `unlocked` within 30 minutes before, kept away by `motion` within 10 after."""
    key = resident_key(ResidentId("testa"))
    plan = PlanChanged(resident=ResidentId("testa"), version=1, timezone="UTC", plan=BOTH)
    partition = Partition()
    decisions = [*partition.apply(Entry(0, key, "plan_changed", plan, BEGIN, BEGIN))]
    now = BEGIN
    told: list[tuple[datetime, str]] = []
    for position, (pause, kind) in enumerate(happenings, 1):
        now += timedelta(minutes=pause)
        told.append((now, kind))
        message = decode_message(kind, f'{{"at": "{now.isoformat()}"}}'.encode())
        decisions += partition.apply(Entry(position, key, kind, message, now, now))
    decisions += partition.fire(now + timedelta(days=1))
    wanted: list[datetime] = []
    busy_until = BEGIN
    for n, (at, kind) in enumerate(told):
        if kind != "door_opened" or at < busy_until:
            continue
        before = [time for time, kind in told[:n] if kind == "unlocked" and at - time <= timedelta(minutes=30)]
        after = [time for time, kind in told[n:] if kind == "motion" and time - at < timedelta(minutes=10)]
        if not before:
            busy_until = min([*after, at + timedelta(minutes=10)])
            wanted += [] if after else [at]
    raised = [d for d in decisions if isinstance(d, Raise) and d.kind is AlarmKind.CONDITION]
    assert [datetime.fromisoformat(d.detail["since"]) for d in raised] == wanted
