"""The one door to all detectors: positions, times, and a detector that is broken."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

import rules.step
from events.control import PlanChanged
from events.ids import derived_id
from events.log import Entry
from rules.decisions import Failed, Raise, Reason
from rules.detector import Detector, Result
from rules.state import ResidentState
from rules.step import BY_KIND, DETECTORS, TIMED, step
from tests.support.home import KEY, Home, Paused

PLAN: dict[str, Any] = {
    "inactivity": {"limits": [{"minutes": 60}]},
    "medicine": {"windows": [{"from": "08:00", "to": "09:00"}]},
}


def entry(home: Home, line: str) -> Entry:
    made = home.entry(line)
    assert made is not None
    return made


def test_an_entry_moves_the_position() -> None:
    home = Home()
    first, second = entry(home, "12:00 motion"), entry(home, "12:01 alarm_pressed")
    state, decisions, deadline = step(ResidentState(KEY), first)
    assert (state.position, decisions, deadline) == (first.position, [], None)
    state, decisions, _ = step(state, second)
    assert (state.position, len(decisions)) == (second.position, 1)


def test_what_was_seen_changes_nothing() -> None:
    home = Home(PLAN)
    older, newer = entry(home, "00:10 alarm_pressed"), entry(home, "00:20 alarm_pressed")
    state, _, _ = step(home.state, newer)
    for seen in (newer, older):
        assert step(state, seen) == (state, [], state.deadline)


def test_kinds_that_no_rule_reads_decide_nothing() -> None:
    home = Home(PLAN)
    state, decisions, deadline = step(home.state, entry(home, "00:10 heartbeat"))
    assert decisions == []
    assert (state.inactivity, state.medicine, deadline) == (
        home.state.inactivity,
        home.state.medicine,
        home.state.deadline,
    )


def test_the_next_deadline_is_the_earliest_of_all_rules() -> None:
    home = Home(PLAN)
    assert home.state.deadline == home.time("01:00")
    home.play("07:50 motion")
    assert home.state.deadline == home.time("08:00")


def test_every_deadline_fires_at_its_own_time_however_late_it_is_called() -> None:
    home = Home(PLAN)
    state, end = home.state, home.time("+2 12:00")
    at_once = step(state, end)
    decisions, now = [], home.time("00:00")
    while now < end:
        now += timedelta(minutes=7)
        state, made, _ = step(state, min(now, end))
        decisions += made
    assert (state, decisions, state.deadline) == at_once
    assert [home.clock(decision.at) for decision in decisions] == [
        "01:00",
        *(f"{day}{time}" for day in ("", "+1 ", "+2 ") for time in ("08:15", "09:00")),
    ]


def broken(state: ResidentState, what: object) -> Result:
    raise ZeroDivisionError("broken on purpose")


def test_a_rule_that_fails_on_an_entry_leaves_the_others_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_KIND, "alarm_pressed", (Detector("mine", (), broken), *BY_KIND["alarm_pressed"]))
    home = Home(PLAN)
    press = entry(home, "00:30 alarm_pressed")
    state, decisions, _ = step(home.state, press)
    failed, raised = decisions
    assert isinstance(raised, Raise)
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.detector, failed.position) == (Reason.RULE_FAILED, "mine", press.position)
    assert (failed.key, failed.at) == (KEY, press.received_at)
    assert "broken on purpose" in failed.traceback
    assert state.position == press.position
    assert state.inactivity.since == home.time("00:30")


def test_the_press_is_told_even_if_every_other_rule_fails_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_KIND, "alarm_pressed", (BY_KIND["alarm_pressed"][0], Detector("mine", (), broken)))
    home = Home()
    _, decisions, _ = step(ResidentState(KEY), entry(home, "00:30 alarm_pressed"))
    assert [decision.reason for decision in decisions] == [Reason.PRESSED, Reason.RULE_FAILED]


def test_a_rule_that_fails_on_time_is_disarmed_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = tuple(d._replace(on_time=broken) if d.name == "inactivity" else d for d in TIMED)
    monkeypatch.setattr(rules.step, "TIMED", timed)
    home = Home(PLAN)
    assert home.play("12:00") == [
        "01:00 failed rule_failed inactivity",
        "08:15 remind dose_due 08:00-09:00",
        "09:00 raise dose_not_taken 08:00-09:00",
    ]
    assert home.state.inactivity.check_at is None
    assert home.state.deadline == home.time("+1 08:00")


EVERYTHING: dict[str, Any] = {
    **PLAN,
    "doors": {"open_minutes": 5},
    "night": {"from": "22:00", "to": "06:00", "bed_minutes": 10, "door_minutes": 12},
    "supervision": {"checks": [{"from": "03:00", "to": "04:00"}]},
    "geofence": {
        "zones": [{"name": "home", "latitude": 59, "longitude": 18, "radius_m": 100}],
        "silent_minutes": 20,
    },
    "conditions": [
        {"name": "out", "when": {"kind": "door_opened"}, "unless_after": {"kinds": ["unlocked"], "minutes": 15}}
    ],
}
EVENTFUL = ("00:29 bed_left", "00:30 door_opened", "00:30 position latitude=60", "12:00")
ITS_OWN = {
    "missed_dose": ["08:15 remind dose_due 08:00-09:00", "09:00 raise dose_not_taken 08:00-09:00"],
    "inactivity": ["01:30 raise no_activity since 00:30"],
    "doors": ["00:35 raise door_open_too_long since 00:30"],
    "night": ["00:39 raise left_bed_at_night since 00:29", "00:42 raise left_home_at_night since 00:30"],
    "supervision": ["04:00 raise check_not_done 03:00-04:00"],
    "geofence": ["00:35 raise left_area since 00:30", "00:50 raise gps_silent since 00:30"],
    "conditions": ["00:45 raise condition_met since 00:30"],
}
FAILS_AT = {"missed_dose": "08:00", "inactivity": "01:00", "supervision": "03:00"}


def test_every_rule_has_its_say() -> None:
    assert sorted(Home(EVERYTHING).play(*EVENTFUL)) == sorted(told for own in ITS_OWN.values() for told in own)


@pytest.mark.parametrize("name", ITS_OWN)
def test_whichever_rule_fails_on_time_the_others_have_their_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    timed = tuple(d._replace(on_time=broken) if d.name == name else d for d in TIMED)
    monkeypatch.setattr(rules.step, "TIMED", timed)
    others = [told for other, own in ITS_OWN.items() if other != name for told in own]
    at = FAILS_AT.get(name, ITS_OWN[name][0][:5])
    assert sorted(Home(EVERYTHING).play(*EVENTFUL)) == sorted([*others, f"{at} failed rule_failed {name}"])


def test_a_pause_that_fails_to_begin_is_told_once_and_nothing_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = tuple(d._replace(on_time=broken) if d.name == "pause" else d for d in TIMED)
    monkeypatch.setattr(rules.step, "TIMED", timed)
    home = Home(PLAN)
    assert home.play(("00:10", Paused("00:20", "12:00")), "08:00") == [
        "00:20 failed rule_failed pause",
        "01:00 raise no_activity since 00:00",
    ]


def test_a_failure_names_its_rule_and_when() -> None:
    home = Home(PLAN)
    changed = home.entry(("00:30", {"unknown": 1}))
    assert changed is not None
    _, (failed,), _ = step(home.state, changed)
    assert isinstance(failed, Failed)
    assert failed.id == derived_id("failed", "plan", KEY, changed.received_at.isoformat(), changed.position)
    assert (failed.key, failed.at, failed.position) == (KEY, changed.received_at, changed.position)


def test_a_failure_has_the_same_id_whenever_it_is_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules.step, "TIMED", tuple(detector._replace(on_time=broken) for detector in TIMED))
    monkeypatch.setitem(BY_KIND, "motion", (Detector("mine", (), broken),))
    runs = []
    for _ in range(2):
        home = Home(PLAN)
        home.play("00:10 motion", "00:20 motion", "12:00")
        runs.append([decision.id for decision in home.decisions])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(runs[0]) == 4


@pytest.mark.parametrize("plan", [{"medicine": {"windows": []}}, {"unknown": 1}])
def test_a_plan_that_cannot_be_read_leaves_the_old_one(plan: dict[str, Any]) -> None:
    home = Home(PLAN)
    before = home.state
    assert home.play(("00:30", plan)) == ["00:30 failed rule_failed plan"]
    assert home.state.plan == before.plan
    assert home.state.plan_version == before.plan_version
    assert home.play("01:00") == ["01:00 raise no_activity since 00:00"]


def test_a_zone_that_does_not_exist_leaves_the_old_plan() -> None:
    home = Home(PLAN)
    changed = home.entry(("00:30", {"inactivity": {"limits": [{"minutes": 5}]}}))
    assert changed is not None
    assert isinstance(changed.data, PlanChanged)
    state, decisions, _ = step(home.state, replace(changed, data=replace(changed.data, timezone="Mars/Olympus")))
    assert [decision.reason for decision in decisions] == [Reason.RULE_FAILED]
    assert (state.plan, state.timezone) == (home.state.plan, "Europe/Stockholm")


def test_every_detector_has_a_name_of_its_own() -> None:
    assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)


def test_every_alarm_names_its_rule_and_the_versions_of_rule_and_plan() -> None:
    home = Home(PLAN)
    home.play("00:30 alarm_pressed", "12:00")
    versions = {detector.name: detector.version for detector in DETECTORS}
    named = {d.detail["rule"]: d.detail for d in home.decisions if isinstance(d, Raise)}
    assert set(named) == {"social_alarm", "inactivity", "missed_dose"}
    for rule, detail in named.items():
        assert (detail["rule_version"], detail["plan_version"]) == (versions[rule], 1)


def test_time_before_the_deadline_changes_nothing() -> None:
    home = Home(PLAN)
    just_before: datetime = home.time("01:00") - timedelta(microseconds=1)
    assert step(home.state, just_before) == (home.state, [], home.state.deadline)
    assert step(ResidentState(KEY), just_before) == (ResidentState(KEY), [], None)
