"""An attacker who has every table that is told, and subtracts, learns no small cell."""

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.suppression import Cell, hidden, tabulate

DIMENSIONS = ("unit", "sex", "age")
VALUES = {"unit": ("north", "south", "west"), "sex": ("female", "male"), "age": ("65-79", "80+")}
GROUPS = [dict(zip(DIMENSIONS, values, strict=True)) for values in product(*VALUES.values())]

numbers = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 40)), min_size=len(GROUPS), max_size=len(GROUPS))


def holds(group: dict[str, str], cell: Cell) -> bool:
    return all(group[dimension] == value for dimension, value in cell)


def freedoms(told: list[Cell]) -> list[list[Fraction]]:
    """Ways in which the persons could be moved between the groups without any told cell changing: a basis of them."""
    rows = [[Fraction(holds(group, cell)) for group in GROUPS] for cell in told]
    pivots: list[int] = []
    for column in range(len(GROUPS)):
        at = next((row for row in range(len(pivots), len(rows)) if rows[row][column]), None)
        if at is None:
            continue
        top = len(pivots)
        rows[top], rows[at] = rows[at], rows[top]
        rows[top] = [value / rows[top][column] for value in rows[top]]
        for row in range(len(rows)):
            if row != top and rows[row][column]:
                rows[row] = [a - rows[row][column] * b for a, b in zip(rows[row], rows[top], strict=True)]
        pivots.append(column)
    basis = []
    for free in (column for column in range(len(GROUPS)) if column not in pivots):
        vector = [Fraction(0)] * len(GROUPS)
        vector[free] = Fraction(1)
        for row, column in enumerate(pivots):
            vector[column] = -rows[row][free]
        basis.append(vector)
    return basis


def moved(way: list[Fraction], cell: Cell) -> Fraction:
    """How many persons more `cell` has then."""
    return sum((v for v, group in zip(way, GROUPS, strict=True) if holds(group, cell)), Fraction(0))


@given(numbers)
@settings(max_examples=150)
def test_no_small_cell_can_be_worked_out_from_what_is_told(persons: list[int]) -> None:
    counts = tabulate(zip(GROUPS, persons, strict=True), DIMENSIONS)
    kept_back = hidden(counts)
    basis = freedoms([cell for cell in counts if cell not in kept_back])
    for cell, number in counts.items():
        if 0 < number < 5:
            assert cell in kept_back
            assert any(moved(way, cell) for way in basis), (cell, number)


@given(numbers)
@settings(max_examples=150)
def test_what_is_kept_back_together_is_not_small_either(persons: list[int]) -> None:
    counts = tabulate(zip(GROUPS, persons, strict=True), DIMENSIONS)
    kept_back = hidden(counts)
    for whole in counts:
        for dimension in DIMENSIONS:
            parts = [
                cell
                for cell in counts
                if len(cell) == len(whole) + 1 and tuple(pair for pair in cell if pair[0] != dimension) == whole
            ]
            left_over = sum(counts[part] for part in parts if part in kept_back)
            assert whole in kept_back or left_over == 0 or left_over >= 5, (whole, dimension)


@given(numbers)
def test_where_nothing_is_small_everything_is_told(persons: list[int]) -> None:
    counts = tabulate(zip(GROUPS, [5 * number for number in persons], strict=True), DIMENSIONS)
    assert hidden(counts) == frozenset()
