"""What began and must end: what is known after beginnings and ends in any order, and what is forgotten."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from rules import waiting
from rules.state import Wait

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMIT = timedelta(minutes=5)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


class Known(NamedTuple):
    """A wait, in minutes."""

    since: int | None = None
    due: int | None = None
    last: int | None = None
    ended: int | None = None


def play(*words: str) -> tuple[Wait, ...]:
    """`begin 3`, `end 3`, `again 3`, or `begin 3 7`: heard at minute 7; `late 9` raises about what is overdue then."""
    waits: tuple[Wait, ...] = ()
    for word in words:
        what, at, *heard = word.split()
        moment, now = minute(int(at)), minute(int(heard[0] if heard else at))
        match what:
            case "begin":
                waits = waiting.begun(waits, "door", moment, now, LIMIT)
            case "end":
                waits, _ = waiting.ended(waits, "door", moment, now, LIMIT)
            case "again":
                waits, _ = waiting.begun_again(waits, "door", moment, now, LIMIT)
            case _:
                waits, _ = waiting.overdue(waits, moment)
    return waits


CASES: dict[str, tuple[list[str], Known]] = {
    "it began": (["begin 10"], Known(10, 15, 10)),
    "it began, heard late": (["begin 10 20"], Known(10, 21, 10)),
    "it began again": (["begin 10", "begin 12"], Known(10, 15, 12)),
    "it began at the same time again, heard late": (["begin 10", "begin 10 16"], Known(10, 15, 10)),
    "it had begun earlier": (["begin 10", "begin 8"], Known(8, 13, 10)),
    "it had begun earlier, and staff know": (["begin 10", "late 15", "begin 8 16"], Known(10, None, 10)),
    "it ended": (["begin 10", "end 12"], Known(None, None, 10, 12)),
    "it ended as it began": (["begin 10", "end 10"], Known(None, None, 10, 10)),
    "it ended before it began": (["begin 10", "end 9"], Known(10, 15, 10, 9)),
    "it ended, and had begun again since": (["begin 10", "begin 13", "end 11 14"], Known(13, 18, 13, 11)),
    "an end that is heard first": (["end 12", "begin 10 13"], Known(ended=12)),
    "an end of the same time that is heard first": (["end 12", "begin 12"], Known(ended=12)),
    "an earlier end changes nothing": (["begin 10", "end 12", "end 11"], Known(None, None, 10, 12)),
    "anew": (["again 10"], Known(10, 15, 10)),
    "anew after another": (["again 10", "again 12"], Known(12, 17, 12)),
    "anew at the same time": (["again 10", "again 10 20"], Known(10, 15, 10)),
    "anew from before, reported late": (["again 10", "again 9 20"], Known(10, 15, 10)),
    "anew after an end": (["again 10", "end 11", "again 12"], Known(12, 17, 12)),
    "anew as it ended": (["end 12", "again 12 20"], Known(ended=12)),
}


@pytest.mark.parametrize(("words", "known"), CASES.values(), ids=CASES)
def test_what_is_known(words: list[str], known: Known) -> None:
    (wait,) = play(*words)
    times = (minute(time) if time is not None else None for time in known)
    assert (wait.since, wait.due, wait.last, wait.ended) == tuple(times)
    assert wait.until == (wait.since + LIMIT if wait.since is not None else None)


@pytest.mark.parametrize(
    ("words", "raised"),
    [
        (["begin 10", "end 12"], False),
        (["begin 10", "late 15", "end 16"], True),
        (["begin 10", "late 15", "end 9 16"], False),
        (["begin 10", "late 14", "end 16"], False),
        (["begin 10", "begin 12", "late 15", "end 11 16"], True),
    ],
)
def test_the_end_of_what_was_raised_about_is_told(words: list[str], raised: bool) -> None:
    *before, end = words
    at, now = end.split()[1], end.split()[-1]
    _, found = waiting.ended(play(*before), "door", minute(int(at)), minute(int(now)), LIMIT)
    assert (found is not None) is raised


def test_an_end_is_known_from_its_time_on() -> None:
    waits = play("begin 10", "end 12")
    assert [waiting.has_ended_since(waits, "door", minute(at)) for at in (11, 12, 13)] == [True, True, False]
    assert not waiting.has_ended_since(waits, "window", minute(11))


def test_eight_that_have_ended_are_remembered_and_all_that_run() -> None:
    waits = waiting.begun((), "first", minute(0), minute(0), LIMIT)
    for number in range(waiting.AT_MOST):
        waits, _ = waiting.ended(waits, f"door-{number}", minute(1), minute(1), LIMIT)
        assert [wait.what for wait in waits] == ["first", *(f"door-{n}" for n in range(number + 1))]
    waits, _ = waiting.ended(waits, "another", minute(1), minute(1), LIMIT)
    assert [wait.what for wait in waits] == ["first", *(f"door-{n}" for n in range(1, 8)), "another"]
