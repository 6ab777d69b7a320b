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

PLAN: dict[str, Any] = {
    "medicine": {"windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}]},
    "supervision": {"checks": [{"from": "03:00", "to": "04:00"}, {"from": "02:15", "to": "02:45", "name": "skipped"}]},
    "night": {"from": "22:00", "to": "06:00", "bed_minutes": 20},
    "doors": {"open_minutes": 10},
    "lock": {"planned": [{"from": "07:00", "to": "22:00"}]},
    "conditions": [{"name": "late", "when": {"kind": "mat_on", "from": "23:00", "to": "05:00"}}],
}


def clock(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%H:%M}"


def test_a_year_of_a_home_that_nobody_looks_after() -> None:
    """Every dose and check is missed, every night somebody gets up and stays up, every day a door stays open."""
    home = Home(PLAN, day=FIRST)
    for day in range(DAYS):
        home.play(f"+{day} 12:00 door_opened", f"+{day} 12:30 door_closed", f"+{day} 12:40 unlocked")
        home.play(f"+{day} 21:00 mat_on", f"+{day} 21:59 bed_left", f"+{day} 21:59 bed_entered")
        home.play(
            f"+{day} 22:30 bed_left", f"+{day} 22:55 bed_entered", f"+{day} 23:30 unlocked", f"+{day} 23:45 mat_on"
        )
    home.play(f"+{DAYS} 00:00")
    raised = [decision for decision in home.decisions if isinstance(decision, Raise)]
    assert Counter(str(d.reason) for d in raised) == {
        "dose_not_taken": DAYS,
        "check_not_done": 2 * DAYS,
        "left_bed_at_night": DAYS,
        "door_open_too_long": DAYS,
        "unplanned_opening": DAYS,
        "condition_met": DAYS,
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
    }


def test_a_year_of_a_home_that_is_looked_after_has_no_alarm() -> None:
    home = Home(PLAN, day=FIRST)
    for day in range(DAYS):
        home.play(f"+{day} 02:30 check_done", f"+{day} 03:30 check_done", f"+{day} 08:30 dose_taken")
        home.play(f"+{day} 12:00 door_opened", f"+{day} 12:05 door_closed", f"+{day} 21:00 unlocked")
        home.play(f"+{day} 22:30 bed_left", f"+{day} 22:45 bed_entered")
    # 02:30 of the spring night is 03:30, so both checks of that night fall into windows that run at once.
    assert [home.told(decision) for decision in home.decisions] == []


def test_the_hour_that_comes_twice_is_night_both_times() -> None:
    home = Home({"night": PLAN["night"]}, day=AUTUMN_NIGHT)
    told = [line for hour in range(6) for line in home.play(f"0{hour}:00Z bed_left", f"0{hour}:30Z bed_entered")]
    assert [line for line in told if "left_bed" in line] == [
        f"0{hour}:20Z raise left_bed_at_night since 0{hour}:00Z" for hour in range(5)
    ]


def test_a_pause_of_a_month_over_the_autumn_night_ends_to_the_minute() -> None:
    home = Home({"medicine": PLAN["medicine"]}, day=date(2026, 10, 10))
    told = home.play(("07:00", Paused("07:00", "+30 08:30")), "+31 00:00")
    assert told == ["+30 09:00 raise dose_not_taken 08:00-09:00"]
