"""A flood of presses: every one is told, and that there are so many."""

from collections.abc import Sequence

import pytest

from rules.decisions import AlarmKind, Annotate, Raise
from tests.support.home import Home

CASES: dict[str, tuple[Sequence[str], list[str]]] = {
    "four": (["12:00", "12:01", "12:02", "12:03"], []),
    "five within five minutes": (["12:00", "12:01", "12:02", "12:03", "12:05"], ["12:05"]),
    "five too slowly": (["12:00", "12:01", "12:02", "12:03", "12:06"], []),
    "the last five": (["11:00", "12:00", "12:01", "12:02", "12:03", "12:04"], ["12:04"]),
    "one of them late": (["12:00", "12:01", "12:02", "12:03", "13:00", "13:01 alarm_pressed at 12:04"], ["13:01"]),
    "ten are two floods": ([f"12:0{n // 2}" for n in range(10)], ["12:02", "12:04"]),
}


@pytest.mark.parametrize(("presses", "noted"), CASES.values(), ids=CASES)
def test_a_flood(presses: Sequence[str], noted: list[str]) -> None:
    home = Home()
    home.play(*(at if " " in at else f"{at} alarm_pressed" for at in presses))
    raised = [decision for decision in home.decisions if isinstance(decision, Raise)]
    notes = [decision for decision in home.decisions if isinstance(decision, Annotate)]
    assert [home.clock(decision.at) for decision in raised] == [at[:5] for at in presses]
    assert [home.clock(note.at) for note in notes] == noted
    assert all((note.kind, note.detail["n"]) == (AlarmKind.SOCIAL_ALARM, 5) for note in notes)
