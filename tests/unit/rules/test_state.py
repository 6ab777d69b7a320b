"""What is remembered of one resident: small, and the same after it was saved."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from benchmarks.day import Day
from events.ids import Key
from events.kinds import Technology
from rules.partition import Partition
from rules.plan import Plan
from rules.state import (
    InactivityState,
    ResidentState,
    Silence,
    Slot,
    SlotState,
    decode_state,
    encode_state,
    with_inactivity,
)
from tests.support.home import KEY, MONDAY, Home, Paused

KIBIBYTE = 1024
HALF_HOUR = timedelta(minutes=30)

# Four doses with names as planners write them, three limits and a night.
FULL: dict[str, Any] = {
    "medicine": {
        "windows": [
            {"from": "06:30", "to": "08:00", "name": "Morgon, före frukost", "remind_after_minutes": 45},
            {"from": "11:30", "to": "13:00", "name": "Mitt på dagen", "remind_after_minutes": 45},
            {"from": "17:00", "to": "18:30", "name": "Eftermiddag med mat", "remind_after_minutes": 45},
            {"from": "21:00", "to": "22:30", "name": "Till natten, på sängen", "remind_after_minutes": 45},
        ]
    },
    "inactivity": {
        "limits": [
            {"from": "06:30", "to": "12:00", "minutes": 150},
            {"from": "12:00", "to": "22:30", "minutes": 240},
            {"from": "22:30", "to": "06:30", "minutes": 600},
        ],
        "quiet": [{"from": "23:00", "to": "06:00"}],
    },
}


# Everything that can be watched, on top of that.
FULLEST: dict[str, Any] = {
    "medicine": {**FULL["medicine"], "as_needed": [{"dose": "Vid smärta", "at_most": 3}]},
    "inactivity": {**FULL["inactivity"], "learned": {}},
    "doors": {"open_minutes": 10, "outside": ["front", "balcony"]},
    "night": {"from": "22:00", "to": "06:00", "bed_minutes": 20, "door_minutes": 10, "outside": ["front"]},
    "supervision": {"checks": [{"from": "23:00", "to": "01:00"}, {"from": "03:00", "to": "05:00"}]},
    "lock": {"refused_count": 3, "planned": [{"from": "07:00", "to": "22:00"}]},
    "geofence": {
        "zones": [
            {"name": "Hemma", "latitude": 59.3312, "longitude": 18.0731, "radius_m": 150},
            {"name": "Dagverksamheten", "latitude": 59.3401, "longitude": 18.0999, "radius_m": 80},
        ],
        "silent_minutes": 120,
    },
    "conditions": [
        {
            "name": "Ute på natten",
            "when": {"kind": "door_opened", "from": "22:00", "to": "06:00"},
            "unless_after": {"kinds": ["bed_entered", "help_accepted"], "minutes": 10},
        },
        {"name": "Badrummet", "when": {"kind": "leak_detected"}, "priority": 4},
    ],
}

# What makes everything that is watched remember something, several times a day.
RESTLESS = (
    "motion room=kitchen", "door_opened door=front device=door", "door_closed door=front device=door",
    "bed_left device=bed", "bed_entered device=bed", "position device=watch", "unlocked device=lock",
    "unlock_denied device=lock", "alarm_pressed device=button", "dose_taken device=dispenser",
    "check_failed device=camera", "leak_detected device=floor",
)  # fmt: skip


def test_a_saved_state_is_the_same() -> None:
    home = Home(FULL)
    home.play("06:35 dose_taken", "06:40 motion", "14:00", "14:10 motion at 09:00", "+1 01:00")
    state = home.state
    assert state.medicine.slots
    assert state.inactivity.raised is not None
    assert decode_state(encode_state(state)) == state


def test_what_is_saved_of_a_home_without_a_plan_is_tiny() -> None:
    home = Home()
    home.play("06:40 motion")
    assert len(encode_state(home.state)) < 100


def test_a_resident_fits_into_a_kibibyte_at_every_minute() -> None:
    """Doses missed, taken late and taken, silence and late reports: the largest of all states that come of it."""
    home = Home(FULL)
    sizes = []
    for day in range(4):
        for minute in range(0, 24 * 60, 5):
            now = f"+{day} {minute // 60:02}:{minute % 60:02}"
            home.play(now)
            if day == 2 and minute % 95 == 0:
                home.play(f"{now} motion", f"{now} dose_taken at +{day} 06:45")
            sizes.append(len(encode_state(home.state)))
    assert len({decision.reason for decision in home.decisions}) == 5
    assert 512 < max(sizes) <= KIBIBYTE


def test_under_the_fullest_plan_a_state_fits_into_a_kibibyte_beside_it() -> None:
    """Everything that can happen, each hour. What is learned is not counted: it has a kibibyte of its own."""
    home = Home(FULLEST)
    sizes = []
    for day in range(3):
        for hour in range(24):
            home.play(*(f"+{day} {hour:02}:{2 * n:02} {said}" for n, said in enumerate(RESTLESS) if (hour + n) % 4))
            state = home.state
            assert decode_state(encode_state(state)) == state
            beside = replace(state, plan=Plan(), inactivity=replace(state.inactivity, profile=None))
            sizes.append(len(encode_state(beside)))
    assert len({decision.reason for decision in home.decisions}) > 10
    assert 512 < max(sizes) <= KIBIBYTE


def test_in_a_usual_home_it_fits_with_the_fullest_plan() -> None:
    day = Day(20)
    partition = Partition()
    for entry in (*day.plans(), *(entry for half in range(48) for entry in day.entries(half * HALF_HOUR, HALF_HOUR))):
        partition.apply(entry)
        partition.fire(entry.received_at)
    sizes = [
        len(encode_state(replace(s, inactivity=InactivityState(s.inactivity.since)))) for s in partition.states.values()
    ]
    assert 768 < max(sizes) <= KIBIBYTE


def test_a_state_that_was_saved_before_plans_were_packed_is_read() -> None:
    home = Home(FULLEST)
    home.play("06:35 dose_taken", ("07:00", Paused("07:00", "09:00", (Technology.LOCK,))), "07:40 motion")
    assert home.state.whole_plan is not None
    assert decode_state(msgspec.msgpack.encode(home.state)) == home.state


def test_equal_plans_are_one_after_they_were_read() -> None:
    home, other = Home(FULLEST), Home(FULLEST)
    saved = decode_state(encode_state(home.state))
    assert saved.plan is other.state.plan is home.state.plan


@pytest.mark.parametrize("data", [b"", b"\x93", b"\x93\x01\x02\x03", b"\x90"])
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_state(data)


def test_the_largest_state_that_can_be_built_fits_too() -> None:
    """Every field as long as it gets: times with microseconds, five doses, a silence that was raised."""
    home = Home(FULL)
    home.play("+1 07:00")
    state = home.state
    now = home.time("07:00").replace(microsecond=123456)
    doses = tuple(Slot(w.id, MONDAY, now, now, remind_at=now) for w in state.plan.medicine.windows)  # type: ignore[union-attr]
    silence = InactivityState(now, now, Silence("0" * 32, now, now))
    largest = ResidentState(
        Key("r:" + "7" * 36),
        2**40,
        now,
        silence,
        SlotState((*doses, doses[-1]), now, now),
        state.plan,
        10_000,
        "America/Argentina/ComodRivadavia",
    )
    assert len(encode_state(largest)) <= KIBIBYTE


def test_a_copy_with_another_inactivity_differs_in_nothing_else() -> None:
    home = Home(FULL)
    home.play("07:00 motion", "12:00")
    changed = with_inactivity(home.state, InactivityState())
    assert changed.inactivity == InactivityState()
    assert with_inactivity(changed, home.state.inactivity) == home.state
    assert changed.key == KEY
