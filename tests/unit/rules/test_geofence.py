"""Geofence: outside for too long, the edge of an area, and a receiver that falls silent."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.messages import Position
from rules.decisions import AlarmKind, Annotate, Priority, Raise
from rules.geofence import distance_m
from rules.plan import Zone
from tests.support.home import Home, Line

HOME = {"name": "home", "latitude": 59.3, "longitude": 18.1, "radius_m": 300}
CENTRE = {"name": "day centre", "latitude": 59.32, "longitude": 18.1, "radius_m": 200}


def fence(**fields: Any) -> dict[str, Any]:
    return {"geofence": {"zones": [HOME, CENTRE], "dwell_minutes": 10, **fields}}


# A thousandth of a degree north is 111 m.
AT_HOME, AT_CENTRE = "position latitude=59.3 longitude=18.1", "position latitude=59.321 longitude=18.1"
OUT, FAR = "position latitude=59.31 longitude=18.1", "position latitude=59.4 longitude=18.2"
NEAR = "position latitude=59.3035 longitude=18.1"
PLAN = fence()
LEFT, SILENT = "raise left_area since", "raise gps_silent since"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "at home": (PLAN, [f"12:00 {AT_HOME}", f"13:00 {AT_HOME}", "15:00"], []),
    "in another area": (PLAN, [f"12:00 {AT_CENTRE}", "15:00"], []),
    "outside": (PLAN, [f"12:00 {OUT}", "15:00"], [f"12:10 {LEFT} 12:00"]),
    "outside is one alarm": (
        PLAN,
        [f"12:00 {OUT}", f"12:09 {FAR}", f"12:20 {OUT}", f"13:00 {FAR}", "15:00"],
        [f"12:10 {LEFT} 12:00"],
    ),
    "back in time": (PLAN, [f"12:00 {OUT}", f"12:09 {AT_HOME}", "15:00"], []),
    "to another area in time": (PLAN, [f"12:00 {OUT}", f"12:09 {AT_CENTRE}", "15:00"], []),
    "back after the alarm": (
        PLAN,
        [f"12:00 {OUT}", f"12:30 {AT_HOME}"],
        [f"12:10 {LEFT} 12:00", "12:30 annotate ended"],
    ),
    "back in time, reported late": (
        PLAN,
        [f"12:00 {OUT}", f"12:30 {AT_HOME.replace('position', 'position at 12:05')}"],
        [f"12:10 {LEFT} 12:00", "12:30 withdraw ended_in_time"],
    ),
    "near the edge, but not that accurate": (PLAN, [f"12:00 {NEAR} accuracy_m=100", "15:00"], []),
    "near the edge, and accurate": (PLAN, [f"12:00 {NEAR} accuracy_m=50", "15:00"], [f"12:10 {LEFT} 12:00"]),
    "near the edge neither ends it": (
        PLAN,
        [f"12:00 {OUT}", f"12:05 {NEAR} accuracy_m=100", "15:00"],
        [f"12:10 {LEFT} 12:00"],
    ),
    "a position that tells nothing": (PLAN, [f"12:00 {FAR} accuracy_m=201", "15:00"], []),
    "as accurate as it must be": (PLAN, [f"12:00 {FAR} accuracy_m=200", "15:00"], [f"12:10 {LEFT} 12:00"]),
    "half a metre outside, and not a word of accuracy": (
        PLAN,
        ["12:00 position latitude=59.3027025 longitude=18.1", "15:00"],
        [f"12:10 {LEFT} 12:00"],
    ),
    "at home between two positions outside, reported late": (
        PLAN,
        [f"12:00 {OUT}", f"12:05 {OUT}", f"12:06 {AT_HOME.replace('position', 'position at 12:02')}", "15:00"],
        [f"12:15 {LEFT} 12:05"],
    ),
    "outside before it was at home, reported late": (
        fence(silent_minutes=30),
        [f"12:00 {AT_HOME}", f"12:05 {OUT.replace('position', 'position at 11:50')}", "15:00"],
        [],
    ),
    "hours, still outside when they end": (
        fence(hours=[{"from": "22:00", "to": "06:00"}]),
        [f"05:55 {OUT}", f"06:02 {OUT}", f"06:03 {AT_HOME.replace('position', 'position at 06:01')}", "07:00"],
        [f"06:12 {LEFT} 06:02"],
    ),
    "hours, before": (fence(hours=[{"from": "22:00", "to": "06:00"}]), [f"12:00 {OUT}", "21:59"], []),
    "hours, in them": (
        fence(hours=[{"from": "22:00", "to": "06:00"}]),
        [f"21:50 {OUT}", f"22:00 {OUT}", "23:00"],
        [f"22:10 {LEFT} 22:00"],
    ),
    "silent outside": (
        fence(dwell_minutes=600, silent_minutes=30),
        [f"12:00 {OUT}", "13:00"],
        [f"12:30 {SILENT} 12:00"],
    ),
    "silent at home": (fence(dwell_minutes=600, silent_minutes=30), [f"12:00 {OUT}", f"12:10 {AT_HOME}", "20:00"], []),
    "heard in time": (
        fence(dwell_minutes=600, silent_minutes=30),
        [f"12:00 {OUT}", f"12:29 {OUT}", f"12:58 {OUT}", "13:10"],
        [],
    ),
    "heard again": (
        fence(dwell_minutes=600, silent_minutes=30),
        [f"12:00 {OUT}", f"12:40 {OUT}", "12:50"],
        [f"12:30 {SILENT} 12:00", "12:40 annotate ended"],
    ),
    "it had not been silent, only late": (
        fence(dwell_minutes=600, silent_minutes=30),
        [f"12:00 {OUT}", f"12:40 {OUT.replace('position', 'position at 12:20')}", "12:49", "13:00"],
        [f"12:30 {SILENT} 12:00", "12:40 withdraw ended_in_time", f"12:50 {SILENT} 12:20"],
    ),
    "silence is not watched": (fence(dwell_minutes=600), [f"12:00 {OUT}", "20:00"], []),
    "no plan": ({}, [f"12:00 {OUT}", "20:00"], []),
    "another part of the plan changes": (
        {},
        [("11:00", PLAN), f"12:00 {OUT}", ("12:05", PLAN | {"doors": {"open_minutes": 5}}), "20:00"],
        [f"12:10 {LEFT} 12:00"],
    ),
    "other areas": (
        {},
        [("11:00", PLAN), f"12:00 {OUT}", ("12:05", fence(dwell_minutes=20)), f"12:10 {OUT}", "20:00"],
        [f"12:30 {LEFT} 12:10"],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_a_way(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_an_alarm_says_where() -> None:
    home = Home(PLAN)
    home.play(f"12:00 {OUT}", f"12:05 {FAR}", "12:06 position at 12:04 latitude=59.35 longitude=18.1", "13:00")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority) == (AlarmKind.GEOFENCE, Priority.CARE)
    assert (raised.detail["latitude"], raised.detail["longitude"]) == (59.4, 18.2)
    assert raised.detail["position_at"] == home.time("12:05").isoformat()


def test_that_it_is_heard_again_outside_is_told_on_the_alarm_about_its_silence() -> None:
    home = Home(fence(dwell_minutes=600, silent_minutes=30))
    home.play(f"12:00 {OUT}", f"12:40 {OUT}")
    raised, ended = home.decisions
    assert isinstance(raised, Raise)
    assert isinstance(ended, Annotate)
    assert raised.kind is ended.kind is AlarmKind.GPS_SILENT


def test_of_two_positions_of_the_same_time_the_one_heard_last_is_told() -> None:
    home = Home(PLAN)
    home.play(f"12:00 {OUT}", f"12:00 {FAR}", "13:00")
    assert home.decisions[0].detail["latitude"] == 59.4


latitudes, longitudes = st.floats(-89, 89), st.floats(-180, 180)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    position = Position(at=datetime(2026, 1, 1, tzinfo=UTC), latitude=b[0], longitude=b[1])
    return distance_m(Zone("z", a[0], a[1], 100), position)


@given(latitudes, longitudes, st.floats(-0.5, 0.5))
def test_a_degree_of_latitude_is_a_degree_anywhere(latitude: float, longitude: float, north: float) -> None:
    assert metres((latitude, longitude), (latitude + north, longitude)) == pytest.approx(
        abs(north) * 111_195.08, abs=0.01
    )


@pytest.mark.parametrize(("latitude", "degree"), [(0, 111_195.08), (60, 55_596.8)])
def test_a_degree_of_longitude_is_shorter_away_from_the_equator(latitude: float, degree: float) -> None:
    assert metres((latitude, 18), (latitude, 19)) == pytest.approx(degree, rel=1e-4)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_the_same_both_ways_and_over_the_date_line(a: float, b: float, c: float, d: float) -> None:
    assert metres((a, b), (c, d)) == pytest.approx(metres((c, d), (a, b)), rel=1e-9, abs=1e-3)
    shifted = d - 360 if d > 0 else d + 360
    assert metres((a, b), (c, d)) == pytest.approx(metres((a, b), (c, shifted)), rel=1e-6, abs=0.1)
