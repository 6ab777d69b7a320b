"""Pauses: what is not watched meanwhile, what is watched all the same, and how the watch goes on after them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.control import PauseChanged
from events.kinds import Technology
from rules import pauses
from rules.decisions import Raise
from rules.pauses import AWAY, LIFE_CRITICAL, PARTS
from rules.plan import Plan, read_plan
from rules.state import Pause, decode_state, encode_state
from tests.support.home import RESIDENT, Home, Line, Paused

PLAN: dict[str, Any] = {
    "medicine": {"windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}]},
    "inactivity": {"limits": [{"minutes": 180}]},
    "doors": {"open_minutes": 5},
    "night": {"from": "22:00", "to": "06:00", "bed_minutes": 20},
    "supervision": {"checks": [{"from": "03:00", "to": "04:00"}]},
    "lock": {"refused_count": 1},
    "geofence": {"zones": [{"name": "home", "latitude": 59, "longitude": 18, "radius_m": 300}]},
}
DOSE = {"medicine": PLAN["medicine"]}
SILENCE = {"inactivity": PLAN["inactivity"]}
NOT_TAKEN = "raise dose_not_taken 08:00-09:00"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "a dose in a pause is nobody's": (DOSE, [("07:00", Paused("07:00", "12:00")), "12:00"], []),
    "a pause ends by itself": (DOSE, [("07:00", Paused("07:00", "12:00")), "+1 12:00"], [f"+1 09:00 {NOT_TAKEN}"]),
    "a pause that is planned ahead": (
        DOSE,
        [("07:00", Paused("+1 00:00", "+2 00:00")), "+2 12:00"],
        [
            f"09:00 {NOT_TAKEN}",
            f"+2 09:00 {NOT_TAKEN}",
        ],
    ),
    "a window that runs when it begins": (DOSE, [("08:30", Paused("08:30", "12:00")), "12:00"], []),
    "a window that ends as it begins": (DOSE, [("07:00", Paused("09:00", "12:00")), "12:00"], [f"09:00 {NOT_TAKEN}"]),
    "a window that runs when it ends": (DOSE, [("07:00", Paused("07:00", "08:30")), "12:00"], [f"09:00 {NOT_TAKEN}"]),
    "a dose that was missed before is still reported": (
        DOSE,
        ["09:00", ("09:30", Paused("09:30", "12:00")), "10:00 dose_taken at 08:30"],
        [f"09:00 {NOT_TAKEN}", "10:00 withdraw dose_reported_late 08:00-09:00"],
    ),
    "ended before its time": (
        DOSE,
        [("07:00", Paused("07:00", "+3 12:00")), ("08:10", Paused("07:00", "08:10")), "10:00"],
        [f"09:00 {NOT_TAKEN}"],
    ),
    "two that overlap": (
        DOSE,
        [("07:00", Paused("07:00", "08:30", id="a")), ("07:00", Paused("08:00", "12:00", id="b")), "12:00"],
        [],
    ),
    "silence counts from its end": (
        SILENCE,
        ["07:00 motion", ("07:10", Paused("07:10", "12:00")), "15:00"],
        [
            "03:00 raise no_activity since 00:00",
            "07:00 annotate activity_resumed",
            "15:00 raise no_activity since 12:00",
        ],
    ),
    "silence that was raised before": (
        SILENCE,
        ["07:00 motion", ("10:30", Paused("10:30", "12:00")), "11:00 motion", "12:00"],
        [
            "03:00 raise no_activity since 00:00",
            "07:00 annotate activity_resumed",
            "10:00 raise no_activity since 07:00",
        ],
    ),
    "another technology goes on": (
        PLAN | {"inactivity": None},
        [("07:00", Paused("07:00", "12:00", (Technology.PASSIVE_ALARM,))), "10:00"],
        ["04:00 raise check_not_done 03:00-04:00", f"09:00 {NOT_TAKEN}"],
    ),
    "calls for help, hazards, doors and locks go on": (
        PLAN,
        [
            ("01:00", Paused("01:00", "+9 12:00")),
            "02:00 alarm_pressed",
            "02:01 fall_detected",
            "02:02 smoke_detected",
            "02:03 leak_detected",
            "02:04 door_opened",
            "02:30 unlock_denied",
            "03:00 dispenser_jammed",
            "04:00 position latitude=60 longitude=18",
            "23:00 bed_left",
            "+5 12:00",
        ],
        [
            "02:00 raise pressed",
            "02:01 raise fall_detected",
            "02:02 raise smoke_detected",
            "02:03 raise leak_detected",
            "02:09 raise door_open_too_long since 02:04",
            "02:30 raise refused_openings",
            "03:00 raise dispenser_jammed",
        ],
    ),
    "a new plan meanwhile is paused as well": (
        {},
        [("06:00", Paused("06:00", "+1 06:00")), ("07:00", DOSE), "+1 10:00"],
        [f"+1 09:00 {NOT_TAKEN}"],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_a_pause(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_who_is_called_to_an_empty_home_is_told_until_when() -> None:
    home = Home(PLAN)
    home.play(("00:30", Paused("00:30", "+3 12:00")), "01:00 alarm_pressed", "+3 12:00", "+3 12:01 alarm_pressed")
    first, *_, last = [decision for decision in home.decisions if isinstance(decision, Raise)]
    assert first.detail["away_until"] == home.time("+3 12:00").isoformat()
    assert "away_until" not in last.detail


def test_what_is_paused_is_part_of_the_state_that_is_saved() -> None:
    home = Home(PLAN)
    home.play(("00:30", Paused("00:30", "+3 12:00", (Technology.GPS_ALARM,))))
    state = decode_state(encode_state(home.state))
    assert state == home.state
    assert state.plan.geofence is None
    assert state.whole_plan == read_plan(PLAN)


def test_after_the_last_pause_nothing_of_it_is_left() -> None:
    home = Home(PLAN)
    home.play(("00:30", Paused("00:30", "00:40")), "00:41")
    assert (home.state.plan, home.state.whole_plan, home.state.pauses, home.state.pause_at) == (
        read_plan(PLAN),
        None,
        (),
        None,
    )


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_pause_over_the_night_when_clocks_change_ends_by_the_wall_clock(day: date) -> None:
    home = Home(DOSE, day=day - timedelta(days=1))
    told = home.play(("07:00", Paused("07:00", "+1 08:30")), "+1 12:00")
    assert told == [f"+1 09:00 {NOT_TAKEN}"]


def test_a_pause_is_from_its_start_until_before_its_end() -> None:
    home = Home()
    start, end = home.time("12:00"), home.time("13:00")
    pause = Pause("pause-1", start, end)
    times = [start - timedelta.resolution, start, end - timedelta.resolution, end]
    assert [pauses.active((pause,), at) for at in times] == [(), (pause,), (pause,), ()]
    assert [pauses.standing((pause,), at) for at in times] == [(pause,), (pause,), (pause,), ()]
    assert [pauses.next_change((pause,), at) for at in times] == [start, end, end, None]
    changed = PauseChanged(pause="pause-1", resident=RESIDENT, start=start, end=end, technologies=[])
    assert [pauses.changed((pause,), changed, at) for at in times] == [(pause,), (pause,), (pause,), ()]


@pytest.mark.parametrize(
    ("technologies", "parts"),
    [
        ([], AWAY),
        ([Technology.MEDICINE], ("medicine",)),
        ([Technology.PASSIVE_ALARM, Technology.LOCK], ("inactivity", "doors", "night", "lock")),
        # Calls for help are part of no plan, so nothing else may go with them.
        ([Technology.SOCIAL_ALARM], ()),
    ],
)
def test_what_a_pause_takes_away(technologies: list[Technology], parts: tuple[str, ...]) -> None:
    assert pauses.parts_of(technologies) == parts


def test_every_part_is_one_of_the_plan() -> None:
    parts = {part for named in PARTS.values() for part in named} | set(AWAY) | LIFE_CRITICAL
    assert parts <= set(Plan.__struct_fields__)
    assert Technology.SOCIAL_ALARM not in PARTS


@pytest.mark.parametrize(
    ("technologies", "critical"),
    [
        ([], True),
        ([Technology.MEDICINE], True),
        ([Technology.LOCK], False),
        ([Technology.LOCK, Technology.GPS_ALARM], True),
    ],
)
def test_what_is_life_critical(technologies: list[Technology], critical: bool) -> None:
    assert pauses.is_life_critical(technologies) is critical


hours = st.integers(0, 72)


@given(st.lists(st.tuples(hours, hours.filter(bool), st.lists(st.sampled_from(list(PARTS)), max_size=2)), max_size=5))
def test_what_is_watched_is_the_plan_without_what_any_pause_takes(
    spans: list[tuple[int, int, list[Technology]]],
) -> None:
    """Hour by hour, against a walk through all pauses; the state follows by itself."""
    home = Home(PLAN)
    begin = home.time("00:00")
    for number, (start, length, technologies) in enumerate(spans):
        first, end = (f"+{h // 24} {h % 24:02}:00" for h in (start, start + length))
        home.play(("00:00", Paused(first, end, tuple(technologies), f"pause-{number}")))
    for hour in range(0, 150, 3):
        home.play(f"+{hour // 24} {hour % 24:02}:30")
        taken = {
            part
            for start, length, technologies in spans
            if start <= hour < start + length
            for part in ([p for t in technologies for p in PARTS[t]] or AWAY)
        }
        watched = {part for part in Plan.__struct_fields__ if getattr(home.state.plan, part) is not None}
        assert watched == set(PLAN) - taken, hour
        assert all(isinstance(pause, Pause) and pause.end > begin for pause in home.state.pauses)
