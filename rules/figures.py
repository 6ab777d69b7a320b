"""The table of an indicator: figures for groups of persons, without those that are too small to be told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from rules.suppression import DEPTH, Cell, hidden, tabulate


class Group(Protocol):
    """Persons who are alike in all dimensions. `series` None: all who were cared for, whatever they had."""

    @property
    def series(self) -> str | None: ...
    @property
    def persons(self) -> int: ...
    @property
    def part(self) -> int | None: ...
    @property
    def whole(self) -> int | None: ...
    def values(self) -> Mapping[str, str]: ...


class Figure(NamedTuple):
    """One row: for `cell`, `part` of a `whole`. What must not be told is None, and `is_hidden` says so.

    `persons`: how many the figure is about. `whole` is None, too, where it is no use: nothing of it is known.
    """

    series: str
    cell: Cell
    persons: int | None
    part: int | None
    whole: int | None
    is_hidden: bool

    @property
    def share(self) -> float | None:
        return self.part / self.whole if self.part is not None and self.whole else None


class _Sums(NamedTuple):
    persons: dict[Cell, int]
    part: dict[Cell, int]
    whole: dict[Cell, int]
    hidden: frozenset[Cell]

    def told(self, counts: Mapping[Cell, int], cell: Cell) -> int | None:
        return None if cell in self.hidden else counts.get(cell, 0)


def table(
    groups: Iterable[Group], dimensions: Sequence[str], by: Sequence[str], counts_persons: bool, smallest: int
) -> list[Figure]:
    """A figure for each series and each value of `by` (at most DEPTH of `dimensions`, in their order).

    What is kept back is the same whichever table is asked for, so that nobody learns it from another one. Raises
    ValueError for more dimensions than DEPTH.
    """
    if len(by) > DEPTH:
        raise ValueError(f"at most {DEPTH} dimensions at once")
    by_series: dict[str | None, list[Group]] = {}
    for group in groups:
        by_series.setdefault(group.series, []).append(group)
    sums = {series: _sums(found, dimensions, smallest) for series, found in by_series.items()}
    everybody = sums.pop(None, None)
    all_series = {series: one for series, one in sums.items() if series is not None}
    cells = sorted({cell for one in (*sums.values(), *([everybody] if everybody else [])) for cell in one.persons})
    asked = [cell for cell in cells if tuple(dimension for dimension, _ in cell) == tuple(by)]
    figures = []
    for series, one in sorted(all_series.items()):
        for cell in asked:
            whole = _whole(one, cell, everybody, list(all_series.values()), counts_persons)
            persons, part = one.told(one.persons, cell), one.told(one.part, cell)
            figures.append(Figure(series, cell, persons, part, whole, cell in one.hidden))
    return figures


def _whole(
    one: _Sums, cell: Cell, everybody: _Sums | None, all_series: Sequence[_Sums], counts_persons: bool
) -> int | None:
    if counts_persons:
        return everybody.told(everybody.persons, cell) if everybody is not None else None
    if one.whole:
        return one.told(one.whole, cell)
    # All of them together, unless the one that is kept back would be what is left of it.
    told = [each.told(each.part, cell) for each in all_series]
    return None if None in told else sum(number or 0 for number in told)


def _sums(groups: Sequence[Group], dimensions: Sequence[str], smallest: int) -> _Sums:
    persons = tabulate(((group.values(), group.persons) for group in groups), dimensions)
    part = tabulate(((group.values(), group.part or 0) for group in groups), dimensions)
    has_whole = any(group.whole is not None for group in groups)
    whole = tabulate(((group.values(), group.whole or 0) for group in groups), dimensions) if has_whole else {}
    return _Sums(persons, part, whole, hidden(persons, smallest))
