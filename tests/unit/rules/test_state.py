"""What is remembered of one resident: small, and the same after it was saved."""

from typing import Any

from events.ids import Key
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
from tests.support.home import KEY, MONDAY, Home

KIBIBYTE = 1024

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
