"""A year in Stockholm with both nights on which clocks change: every rule of hours, every day, by the wall clock."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rules.decisions import Raise
from tests.support.home import Home, Paused

ZONE = ZoneInfo("Europe/Stockholm")
FIRST = date(2026, 1, 1)
DAYS = 365
AUTUMN_NIGHT = date(2026, 10, 25)

DOSES = {
    "windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}],
    "as_needed": [{"dose": "pain", "at_most": 2, "hours": 8}],
}
PLAN: dict[str, Any] = {
    "medicine": DOSES,
    "inactivity": {
        "limits": [{"from": "07:00", "to": "22:00", "minutes": 200}],
        "quiet": [{"from": "22:00", "to": "07:00"}],
    },
    "supervision": {"checks": [{"from": "03:00", "to": "04:00"}, {"from": "02:15", "to": "02:45", "name": "skipped"}]},
    "night": {"from": "22:00", "to": "06:00", "bed_minutes": 20},
    "doors": {"open_minutes": 10},
    "lock": {"planned": [{"from": "07:00", "to": "22:00"}], "refused_count": 2, "refused_minutes": 5},
    "geofence": {
        "zones": [{"name": "home", "latitude": 59.0, "longitude": 18.0, "radius_m": 300}],
        "hours": [{"from": "08:00", "to": "20:00"}],
        "dwell_minutes": 10,
        "silent_minutes": 300,
    },
    "conditions": [{"name": "late", "when": {"kind": "mat_on", "from": "23:00", "to": "05:00"}}],
}
AWAY, BACK = "position latitude=59.1 longitude=18.0", "position latitude=59.0 longitude=18.0"
NEGLECTED = (
    f"02:30 {AWAY}", f"06:00 {BACK}", "10:00 dose_taken dose=pain", "12:00 door_opened", "12:30 door_closed",
    "12:40 unlocked", f"13:00 {AWAY}", "14:00 dose_taken dose=pain", "17:59 dose_taken dose=pain", f"18:30 {BACK}",
    "19:00 unlock_denied", "19:05 unlock_denied", "20:00 refill_low", "21:00 mat_on", "21:59 bed_left",
    "21:59 bed_entered", "22:30 bed_left", "22:55 bed_entered", "23:30 unlocked", "23:45 mat_on",
)  # fmt: skip
"""The same every day; nobody takes the dose, makes the checks or closes the door in time."""
LOOKED_AFTER = (
    "02:30 check_done", "03:30 check_done", "08:30 dose_taken", "10:00 dose_taken dose=pain", "12:00 door_opened",
    "12:05 door_closed", f"13:00 {AWAY}", f"13:09 {BACK}", "14:30 dose_taken dose=pain", "17:00 motion",
    "19:00 unlock_denied", "20:00 motion", "21:00 unlocked", "22:30 bed_left", "22:45 bed_entered",
)  # fmt: skip


def clock(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%H:%M}"


def test_a_year_of_a_home_that_nobody_looks_after() -> None:
    """Every dose and check is missed, every night somebody gets up and stays up, every day a door stays open."""
    home = Home(PLAN, day=FIRST)
    for day in range(DAYS):
        home.play(*(f"+{day} {line}" for line in NEGLECTED))
    home.play(f"+{DAYS} 00:00")
    raised = [decision for decision in home.decisions if isinstance(decision, Raise)]
    assert Counter(str(d.reason) for d in raised) == {
        "dose_not_taken": DAYS,
        "check_not_done": 2 * DAYS,
        "left_bed_at_night": DAYS,
        "door_open_too_long": DAYS,
        "unplanned_opening": DAYS,
        "condition_met": DAYS,
        "no_activity": DAYS,
        "dose_too_many": DAYS,
        "left_area": DAYS,
        "gps_silent": DAYS,
        "refused_openings": DAYS,
        "refill_low": DAYS,
    }
    times = Counter((str(d.reason), d.detail.get("check", ""), clock(d.at)) for d in raised)
    # In spring the window in the skipped hour is an hour later; no other one of the year is moved.
    assert times == {
        ("dose_not_taken", "", "09:00"): DAYS,
        ("check_not_done", "03:00-04:00", "04:00"): DAYS,
        ("check_not_done", "skipped", "02:45"): DAYS - 1,
        ("check_not_done", "skipped", "03:45"): 1,
        ("left_bed_at_night", "", "22:50"): DAYS,
        ("door_open_too_long", "", "12:10"): DAYS,
        ("unplanned_opening", "", "23:30"): DAYS,
        ("condition_met", "", "23:45"): DAYS,
        ("no_activity", "", "17:20"): DAYS,
        ("dose_too_many", "", "17:59"): DAYS,
        ("left_area", "", "13:10"): DAYS,
        ("gps_silent", "", "18:00"): DAYS,
        ("refused_openings", "", "19:05"): DAYS,
        ("refill_low", "", "20:00"): DAYS,
    }


def test_a_year_of_a_home_that_is_looked_after_has_no_alarm() -> None:
    home = Home(PLAN, day=FIRST)
    for day in range(DAYS):
        home.play(*(f"+{day} {line}" for line in LOOKED_AFTER))
    # 02:30 of the spring night is 03:30, so both checks of that night fall into windows that run at once.
    assert [home.told(decision) for decision in home.decisions] == []


def test_the_hour_that_comes_twice_is_night_both_times() -> None:
    home = Home({"night": PLAN["night"]}, day=AUTUMN_NIGHT)
    told = [line for hour in range(6) for line in home.play(f"0{hour}:00Z bed_left", f"0{hour}:30Z bed_entered")]
    assert [line for line in told if "left_bed" in line] == [
        f"0{hour}:20Z raise left_bed_at_night since 0{hour}:00Z" for hour in range(5)
    ]


def test_a_pause_of_a_month_over_the_autumn_night_ends_to_the_minute() -> None:
    home = Home({"medicine": DOSES}, day=date(2026, 10, 10))
    told = home.play(("07:00", Paused("07:00", "+30 08:30")), "+31 00:00")
    assert told == ["+30 09:00 raise dose_not_taken 08:00-09:00"]
