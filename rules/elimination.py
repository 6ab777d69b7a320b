"""Linear algebra on sparse equations: which of the unknowns have only one possible value."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Unknown = TypeVar("Unknown", bound=Hashable)

PRIME = 2**61 - 1
"""Arithmetic modulo a large prime is exact and quick where fractions would grow; that a determinant of small whole
numbers is a multiple of it by chance is out of the question for tables of persons."""


def determined(equations: Iterable[Mapping[Unknown, int]]) -> set[Unknown]:
    """The unknowns whose value follows, when the left sides of `equations` have known values.

    An equation maps unknowns to their coefficients. The method is Gauss and Jordan's elimination: an unknown is
    determined if it stands alone in a row at the end.
    """
    rows: dict[Unknown, dict[Unknown, int]] = {}
    holding: dict[Unknown, set[Unknown]] = {}
    for equation in equations:
        row = {unknown: value % PRIME for unknown, value in equation.items() if value % PRIME}
        for pivot in [unknown for unknown in row if unknown in rows]:
            _subtract(row, rows[pivot], row.get(pivot, 0))
        if row:
            _add(rows, holding, row)
    return {pivot for pivot, row in rows.items() if len(row) == 1}


def _add(
    rows: dict[Unknown, dict[Unknown, int]], holding: dict[Unknown, set[Unknown]], row: dict[Unknown, int]
) -> None:
    """A row with a new pivot, which is taken out of all others. `holding`: the pivots of the rows with an unknown."""
    pivot = next(iter(row))
    inverse = pow(row[pivot], -1, PRIME)
    row = {unknown: value * inverse % PRIME for unknown, value in row.items()}
    for other in list(holding.get(pivot, ())):
        before = set(rows[other])
        _subtract(rows[other], row, rows[other][pivot])
        for gone in before - rows[other].keys():
            holding[gone].discard(other)
        for come in rows[other].keys() - before:
            holding.setdefault(come, set()).add(other)
    rows[pivot] = row
    for unknown in row:
        holding.setdefault(unknown, set()).add(pivot)


def _subtract(row: dict[Unknown, int], other: Mapping[Unknown, int], times: int) -> None:
    """Takes `times` the `other` row away from `row`; what becomes nothing is not in it any more."""
    for unknown, value in other.items():
        left = (row.get(unknown, 0) - times * value) % PRIME
        if left:
            row[unknown] = left
        else:
            row.pop(unknown, None)
