"""The table of kinds is the design's table and what states need to end: every kind once, under its technology."""

from collections import Counter
from collections.abc import Iterable

import pytest

from events.kinds import ACTIVITY, BY_TECHNOLOGY, HEALTH, KINDS, URGENT
from events.messages import Message

DESIGN = {
    "social_alarm": "alarm_pressed alarm_cancelled fall_detected test_alarm",
    "passive_alarm": "motion door_opened door_closed bed_left bed_entered mat_on mat_off"
    " leak_detected smoke_detected wet_detected",
    "gps_alarm": "position",
    "medicine": "dose_dispensed dose_taken dose_missed dispenser_jammed refill_low",
    "supervision": "check_done check_failed",
    "lock": "unlocked locked unlock_denied door_ajar",
    "other": "used",
}
DESIGN_HEALTH = "heartbeat battery signal mains_lost mains_restored tampered fault online offline"

ENDS = {
    "motion": "motion_ended",
    "leak_detected": "leak_cleared",
    "smoke_detected": "smoke_cleared",
    "wet_detected": "wet_cleared",
    "tampered": "tamper_cleared",
    "fault": "fault_cleared",
}
"""docs/decisions/0009: a state that can begin can end."""

ALSO = {"call_updated"}
"""docs/decisions/0007: where to come may be known only after the press."""


def of_design(kinds: Iterable[str]) -> list[str]:
    return [kind for kind in kinds if kind not in ENDS.values() and kind not in ALSO]


def test_each_technology_has_the_kinds_of_the_design() -> None:
    assert {str(technology): of_design(kinds) for technology, kinds in BY_TECHNOLOGY.items()} == {
        technology: kinds.split() for technology, kinds in DESIGN.items()
    }


def test_health_has_the_kinds_of_the_design() -> None:
    assert of_design(HEALTH) == DESIGN_HEALTH.split()


def test_every_kind_is_there_once() -> None:
    expected = " ".join([*DESIGN.values(), DESIGN_HEALTH]).split()
    assert of_design(KINDS) == expected
    assert max(Counter([*expected, *ENDS.values(), *ALSO]).values()) == 1


@pytest.mark.parametrize("begins", ENDS)
def test_a_state_ends_in_the_technology_in_which_it_begins(begins: str) -> None:
    (kinds,) = [kinds for kinds in (*BY_TECHNOLOGY.values(), HEALTH) if begins in kinds]
    assert ENDS[begins] in kinds


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_struct_of_its_own_named_like_it(kind: str) -> None:
    assert issubclass(KINDS[kind], Message)
    assert KINDS[kind].__name__ == kind.title().replace("_", "")


def test_test_alarms_stay_in_the_bulk_lane() -> None:
    assert "test_alarm" not in URGENT
    assert sorted(URGENT) == ["alarm_cancelled", "alarm_pressed", "fall_detected", "smoke_detected"]


def test_signs_of_life_are_known_kinds_and_never_health() -> None:
    assert set(KINDS) >= ACTIVITY
    assert not ACTIVITY & set(HEALTH)
