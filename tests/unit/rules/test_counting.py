"""So many within a time, whatever the order in which they are heard of."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.counting import counted, together

TEN = timedelta(minutes=10)


def minute(number: int) -> datetime:
    return datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(minutes=number)


def heard(*minutes: int, count: int = 3) -> tuple[datetime, ...]:
    times: tuple[datetime, ...] = ()
    for number in minutes:
        times = counted(times, minute(number), count)
    return times


CASES: dict[str, tuple[list[int], list[int] | None]] = {
    "too few": ([0, 1], None),
    "just within": ([0, 5, 10], [0, 5, 10]),
    "just not": ([0, 5, 11], None),
    "the last of many": ([0, 1, 2, 3], [1, 2, 3]),
    "late, after what is new": ([0, 1, 60, 2], [0, 1, 2]),
    "late, in the middle": ([0, 5, 60, 3], [0, 3, 5]),
    "late, before all": ([5, 8, 60, 0], [0, 5, 8]),
    "late, and alone": ([0, 1, 2, 60, 30], None),
    "the same time thrice": ([0, 0, 0], [0, 0, 0]),
    "out of order, and too far": ([20, 0, 40], None),
}


@pytest.mark.parametrize(("minutes", "found"), CASES.values(), ids=CASES)
def test_together(minutes: list[int], found: list[int] | None) -> None:
    times = together(heard(*minutes), minute(minutes[-1]), 3, TEN)
    assert times == (tuple(map(minute, found)) if found is not None else None)


def test_what_is_remembered_is_bounded() -> None:
    assert heard(*range(100)) == tuple(map(minute, range(94, 100)))
