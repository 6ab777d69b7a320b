"""The table of an indicator: what is told of which group."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from rules.figures import Figure, table

DIMENSIONS = ("unit", "sex")


class Persons(NamedTuple):
    series: str | None
    unit: str
    sex: str
    persons: int
    part: int | None = None
    whole: int | None = None

    def values(self) -> Mapping[str, str]:
        return {"unit": self.unit, "sex": self.sex}


def people(series: str | None, *numbers: tuple[str, str, int]) -> list[Persons]:
    return [Persons(series, unit, sex, number, number) for unit, sex, number in numbers]


ALL = people(None, ("north", "female", 40), ("north", "male", 20), ("south", "female", 30), ("south", "male", 3))
GPS = people("gps", ("north", "female", 10), ("north", "male", 8), ("south", "female", 9))
LOCK = people("lock", ("north", "female", 7), ("north", "male", 2), ("south", "female", 6), ("south", "male", 1))


def told(figures: list[Figure]) -> list[tuple[str, str, int | None, int | None]]:
    return [(figure.series, ",".join(v for _, v in figure.cell), figure.part, figure.whole) for figure in figures]


def test_everybody_in_one_row_for_each_series() -> None:
    figures = table([*ALL, *GPS], DIMENSIONS, (), counts_persons=True, smallest=5)
    assert figures == [Figure("gps", (), 27, 27, 93, is_hidden=False)]
    assert figures[0].share == pytest.approx(27 / 93)


def test_a_group_without_anybody_is_none_of_the_series_and_no_secret() -> None:
    figures = table([*ALL, *GPS], DIMENSIONS, ("sex", "unit")[::-1], counts_persons=True, smallest=1)
    assert ("gps", "south,male", 0, 3) in told(figures)


def test_what_is_small_is_kept_back_with_what_it_follows_from() -> None:
    figures = table([*ALL, *LOCK], DIMENSIONS, ("sex",), counts_persons=True, smallest=5)
    # Three men have a lock; all sixteen less the thirteen women would be they.
    assert told(figures) == [("lock", "female", None, 70), ("lock", "male", None, 23)]
    assert all(figure.is_hidden and figure.persons is None and figure.share is None for figure in figures)


def test_a_whole_that_is_small_is_kept_back_even_where_the_part_is_told() -> None:
    figures = table([*ALL, *GPS], DIMENSIONS, ("unit", "sex"), counts_persons=True, smallest=5)
    wholes = {cell: whole for _, cell, _, whole in told(figures)}
    assert wholes["south,male"] is None
    assert None in (wholes["south,female"], wholes["north,male"])


def test_of_what_happens_the_sums_are_told_where_enough_persons_are_behind_them() -> None:
    rows = [Persons("done", "north", "female", 6, 100, 120), Persons("done", "south", "female", 7, 50, 50)]
    figures = table(rows, DIMENSIONS, ("unit",), counts_persons=False, smallest=5)
    assert [(f.cell[0][1], f.persons, f.part, f.whole, f.share) for f in figures] == [
        ("north", 6, 100, 120, 100 / 120),
        ("south", 7, 50, 50, 1.0),
    ]


def test_the_sum_over_all_outcomes_is_no_way_round() -> None:
    rows = [Persons("helped", "north", "female", 9, 30), Persons("false_alarm", "north", "female", 2, 5)]
    figures = table(rows, DIMENSIONS, (), counts_persons=False, smallest=5)
    assert [(f.series, f.part, f.whole) for f in figures] == [("false_alarm", None, None), ("helped", 30, None)]
    enough = table(rows, DIMENSIONS, (), counts_persons=False, smallest=1)
    assert [(f.series, f.part, f.whole) for f in enough] == [("false_alarm", 5, 35), ("helped", 30, 35)]


def test_nothing_is_a_table_without_rows() -> None:
    assert table([], DIMENSIONS, (), counts_persons=True, smallest=5) == []


def test_at_most_two_dimensions_at_once() -> None:
    with pytest.raises(ValueError, match="at most 2"):
        table(ALL, ("unit", "sex", "age"), ("unit", "sex", "age"), counts_persons=True, smallest=5)
