"""A simulated day: the same for the same seed, whole on the days of the time change, and believable."""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events import messages as m
from events.codec import decode_message, encode_message, same_event_key
from events.kinds import BY_TECHNOLOGY, HEALTH
from simulators.day import events_of_day
from simulators.municipality import Resident, build_municipality
from simulators.products import BED, CAMERA, DISPENSER, DOOR, GPS, LOCK, MOTION
from simulators.timed import TimedMessage

ROOT = Path(__file__).parents[3]
STOCKHOLM = ZoneInfo("Europe/Stockholm")
RESIDENTS = build_municipality(25, 1).residents
EVERYTHING = RESIDENTS[0]
DAY = date(2026, 11, 20)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)

DAYS = st.dates(date(2020, 1, 1), date(2037, 12, 31)) | st.sampled_from([SPRING, AUTUMN])
PEOPLE = st.sampled_from(RESIDENTS)
SEEDS = st.integers(0, 1000)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)


def payloads(said: list[TimedMessage]) -> bytes:
    return b"\n".join(encode_message(one.message) for one in said)


def year() -> Iterator[TimedMessage]:
    for number in range(365):
        yield from events_of_day(EVERYTHING, date(2026, 1, 1) + timedelta(days=number), 1)


@pytest.fixture(scope="module")
def a_year() -> list[TimedMessage]:
    return list(year())


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import datetime, hashlib, tests.unit.simulators.test_day as t;"
        "said = t.events_of_day(t.EVERYTHING, t.DAY, 7);"
        "print(hashlib.sha256(t.payloads(said)).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
        text=True,
    )
    here = hashlib.sha256(payloads(events_of_day(EVERYTHING, DAY, 7))).hexdigest()
    assert other.stdout.strip() == here


def test_another_seed_day_or_resident_is_another_day() -> None:
    one = payloads(events_of_day(EVERYTHING, DAY, 1))
    assert payloads(events_of_day(EVERYTHING, DAY, 2)) != one
    assert payloads(events_of_day(EVERYTHING, DAY + timedelta(days=1), 1)) != one
    assert payloads(events_of_day(RESIDENTS[1], DAY, 1)) != one


@given(PEOPLE, DAYS, SEEDS)
@settings(deadline=None)
def test_a_day_is_in_order_within_itself_and_survives_the_codec(resident: Resident, day: date, seed: int) -> None:
    said = events_of_day(resident, day, seed)
    assert [one.time for one in said] == sorted(one.time for one in said)
    assert all(midnight(day) <= one.time < midnight(day + timedelta(days=1)) for one in said)
    for one in said:
        assert one.time == one.message.at
        assert decode_message(one.kind, encode_message(one.message)) == one.message


@given(DAYS, SEEDS)
@example(date(2026, 8, 10), 1000)
@settings(deadline=None)
def test_devices_agree_about_the_day(day: date, seed: int) -> None:
    said = events_of_day(EVERYTHING, day, seed)
    assert_alternates(said, BED.name, "bed_left", "bed_entered")
    assert_alternates(said, DOOR.name, "door_opened", "door_closed")
    assert_alternates(said, LOCK.name, "unlocked", "locked")
    assert_every_dose_has_one_end(said)
    assert_nobody_moves_at_home_while_out(said)
    assert_doors_are_used_by_those_who_come_and_go(said)


def kinds_of(said: list[TimedMessage], product: str) -> list[str]:
    return [one.kind for one in said if one.device.endswith(product) and one.kind not in HEALTH]


def assert_alternates(said: list[TimedMessage], product: str, first: str, second: str) -> None:
    kinds = [kind for kind in kinds_of(said, product) if kind in (first, second)]
    assert kinds == [first, second] * (len(kinds) // 2)


def assert_every_dose_has_one_end(said: list[TimedMessage]) -> None:
    offered = {one.message.dose: one.time for one in said if isinstance(one.message, m.DoseDispensed)}
    ends = [(one.message.dose, one.time) for one in said if isinstance(one.message, m.DoseTaken | m.DoseMissed)]
    assert sorted(dose for dose, _ in ends if dose) == [f"{at:%H:%M}" for at in EVERYTHING.dose_times]
    assert all(at > offered[dose] for dose, at in ends)


def assert_nobody_moves_at_home_while_out(said: list[TimedMessage]) -> None:
    positions = [one.time for one in said if one.kind == "position"]
    out = [(a, b) for a, b in pairwise(positions) if b - a == timedelta(minutes=5)]
    for one in said:
        if one.kind in ("motion", "dose_taken", "bed_left", "bed_entered"):
            assert not any(a <= one.time < b for a, b in out), one


def assert_doors_are_used_by_those_who_come_and_go(said: list[TimedMessage]) -> None:
    visits = kinds_of(said, LOCK.name).count("unlocked")
    walks = sum(
        b - a != timedelta(minutes=5)
        for a, b in pairwise([datetime.min.replace(tzinfo=UTC), *(x.time for x in said if x.kind == "position")])
    )
    assert kinds_of(said, DOOR.name).count("door_opened") == 2 * (visits + walks)


@given(DAYS, SEEDS)
@settings(deadline=None)
def test_a_dose_offered_while_out_is_taken_at_home(day: date, seed: int) -> None:
    afternoon = msgspec.structs.replace(EVERYTHING, dose_times=(time(15),))
    assert_nobody_moves_at_home_while_out(events_of_day(afternoon, day, seed))


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (DAY, 24), (AUTUMN, 25)])
def test_a_day_has_as_many_heartbeats_as_hours(day: date, hours: int) -> None:
    beats = [one for one in events_of_day(EVERYTHING, day, 1) if one.kind == "heartbeat"]
    assert sum(beat.device == EVERYTHING.device(MOTION) for beat in beats) == hours


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
def test_heartbeats_go_on_over_the_time_change(change: date) -> None:
    device = EVERYTHING.device(DISPENSER)
    days = [change + timedelta(days=offset) for offset in (-1, 0, 1)]
    beats = [
        one.time
        for day in days
        for one in events_of_day(EVERYTHING, day, 1)
        if one.kind == "heartbeat" and one.device == device
    ]
    assert {b - a for a, b in pairwise(beats)} == {timedelta(hours=1)}


@pytest.mark.parametrize("day", [SPRING - timedelta(days=1), SPRING, DAY, AUTUMN, AUTUMN + timedelta(days=1)])
def test_doses_and_checks_keep_to_the_wall_clock(day: date) -> None:
    said = events_of_day(EVERYTHING, day, 1)
    doses = [one.time.astimezone(STOCKHOLM).time().replace(second=0) for one in said if one.kind == "dose_dispensed"]
    assert tuple(doses) == EVERYTHING.dose_times
    checks = [one.time.astimezone(STOCKHOLM) for one in said if one.device == EVERYTHING.device(CAMERA)]
    assert {(check.date(), check.hour) for check in checks} >= {(day, at.hour) for at in EVERYTHING.supervision_times}


def test_a_day_has_about_three_hundred_events(a_year: list[TimedMessage]) -> None:
    assert 270 <= len(a_year) / 365 <= 330


def test_every_message_of_a_year_is_an_event_of_its_own(a_year: list[TimedMessage]) -> None:
    keys = {same_event_key(one.device, one.kind, one.message, encode_message(one.message)) for one in a_year}
    assert len(keys) == len(a_year)


def test_devices_say_what_is_theirs_to_say(a_year: list[TimedMessage]) -> None:
    kinds: dict[str, set[str]] = {}
    for one in a_year:
        kinds.setdefault(one.device, set()).add(one.kind)
    for device in EVERYTHING.devices:
        own = BY_TECHNOLOGY[device.product.technology].keys() | HEALTH.keys()
        assert kinds[device.id] <= own | ({"alarm_pressed"} if device.product == GPS else set())
        assert "heartbeat" in kinds[device.id]
        assert ("battery" in kinds[device.id]) == (device.product.battery_days is not None)


def test_rare_things_are_rare_but_happen(a_year: list[TimedMessage]) -> None:
    counts = Counter(one.kind for one in a_year)
    assert 5 <= counts["alarm_pressed"] <= 40
    assert 5 <= counts["test_alarm"] <= 25
    assert 0 < counts["dose_missed"] < 0.05 * counts["dose_dispensed"]
    assert 0 < counts["check_failed"] < 0.05 * counts["check_done"]
    assert counts["fall_detected"] <= 5
    assert 200 <= counts["bed_left"] - 365 <= 1000


def test_some_doses_are_late_and_most_are_not(a_year: list[TimedMessage]) -> None:
    waits = []
    offered: dict[str | None, datetime] = {}
    for one in a_year:
        if isinstance(one.message, m.DoseDispensed):
            offered[one.message.dose] = one.time
        elif isinstance(one.message, m.DoseTaken):
            waits.append(one.time - offered[one.message.dose])
    late = sum(wait > timedelta(minutes=45) for wait in waits)
    assert 0.01 * len(waits) < late < 0.1 * len(waits)
    assert min(waits) > timedelta(0)


def test_batteries_fall_until_somebody_changes_them(a_year: list[TimedMessage]) -> None:
    levels = [
        one.message.percent
        for one in a_year
        if isinstance(one.message, m.Battery) and one.device == EVERYTHING.device(LOCK)
    ]
    assert len(levels) == 365
    rises = [(a, b) for a, b in pairwise(levels) if b > a]
    assert 1 <= len(rises) <= 2
    assert all(before < 5 and after > 95 for before, after in rises)
    assert all(a - b < 1 for a, b in pairwise(levels) if b <= a)


def test_one_device_more_changes_nothing_else() -> None:
    fewer = msgspec.structs.replace(
        EVERYTHING, devices=tuple(device for device in EVERYTHING.devices if device.product != BED)
    )

    def told(said: list[TimedMessage]) -> list[tuple[datetime, str, str]]:
        return [(one.time, one.device, one.kind) for one in said if one.device != EVERYTHING.device(BED)]

    assert told(events_of_day(fewer, DAY, 1)) == told(events_of_day(EVERYTHING, DAY, 1))


def test_another_timezone_lives_by_its_own_clock() -> None:
    helsinki = events_of_day(EVERYTHING, DAY, 1, "Europe/Helsinki")
    doses = [one.time.astimezone(ZoneInfo("Europe/Helsinki")).hour for one in helsinki if one.kind == "dose_dispensed"]
    assert doses == [at.hour for at in EVERYTHING.dose_times]
