"""Small cells are not told, nor what they could be worked out from.

A table of persons by unit, sex, age ... is a set of cells; each is the sum of others, so a cell that is kept back may
be what is left when its neighbours are subtracted from their sum. `hidden` finds which cells must be kept back beside
the small ones. It looks at all tables of up to two dimensions at once, for who asks for one may ask for the others.

Method: primary and complementary suppression as in statistical disclosure control (Hundepool et al., Statistical
Disclosure Control, Wiley 2012, chapter 4); what an attacker could work out is told by linear algebra, as exactly as
an attacker would find it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from rules.elimination import determined

Cell = tuple[tuple[str, str], ...]
"""What the persons counted have in common: dimensions with values, in the order of the dimensions; () is everybody."""

Counts = Mapping[Cell, int]

THRESHOLD = 5
"""A cell of fewer persons is small; of none, it says nothing of anybody."""

DEPTH = 2
"""So many dimensions at most are told of at once."""


class Line(NamedTuple):
    """`whole` is the sum of `parts`, which differ in one dimension."""

    whole: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.whole, *self.parts)


def tabulate(persons: Iterable[tuple[Mapping[str, str], int]], dimensions: Sequence[str]) -> dict[Cell, int]:
    """Every cell of every table of up to DEPTH dimensions, from groups of persons with a value for each dimension."""
    counts: dict[Cell, int] = {(): 0}
    for values, number in persons:
        for size in range(DEPTH + 1):
            for chosen in combinations(dimensions, size):
                cell = tuple((dimension, values[dimension]) for dimension in chosen)
                counts[cell] = counts.get(cell, 0) + number
    return counts


def hidden(counts: Counts, threshold: int = THRESHOLD) -> frozenset[Cell]:
    """The cells of `counts` that must not be told, so that no small one can be known or worked out."""
    small = {cell for cell, number in counts.items() if 0 < number < threshold}
    kept_back, lines = set(small), _lines(counts)
    while more := _more(counts, lines, small, kept_back, threshold):
        kept_back |= more
    return frozenset(kept_back)


def _lines(counts: Counts) -> list[Line]:
    parts: dict[tuple[Cell, str], list[Cell]] = {}
    for cell in counts:
        for place, (dimension, _) in enumerate(cell):
            parts.setdefault((cell[:place] + cell[place + 1 :], dimension), []).append(cell)
    return [Line(whole, tuple(sorted(cells))) for (whole, _), cells in sorted(parts.items())]


def _more(counts: Counts, lines: Sequence[Line], small: set[Cell], kept_back: set[Cell], threshold: int) -> set[Cell]:
    """A cell that must be kept back as well; empty when nothing small can be worked out any more.

    Never more than one: it may settle the rest.
    """
    for line in lines:
        if 0 < _left_over(counts, line, kept_back) < threshold:
            return _partner(counts, [line], kept_back)
    equations = [_equation(line, kept_back) for line in lines]
    known = determined(equations)
    if not small & known:
        return set()
    # What can be subtracted at once is where working out begins; then what is near, and then anything.
    alone = [line for line, equation in zip(lines, equations, strict=True) if len(equation) == 1]
    near = [line for line, equation in zip(lines, equations, strict=True) if equation]
    return _partner(counts, alone, kept_back) or _partner(counts, near, kept_back)


def _left_over(counts: Counts, line: Line, kept_back: set[Cell]) -> int:
    """The persons in the parts that are kept back, together, when their number can be had by subtraction; else 0."""
    return 0 if line.whole in kept_back else sum(counts[part] for part in line.parts if part in kept_back)


def _equation(line: Line, kept_back: set[Cell]) -> dict[Cell, int]:
    """What is known of the cells of the line that are kept back: their signed sum."""
    signed = ((line.whole, -1), *((part, 1) for part in line.parts))
    return {cell: sign for cell, sign in signed if cell in kept_back}


def _partner(counts: Counts, lines: Iterable[Line], kept_back: set[Cell]) -> set[Cell]:
    """The smallest cell that still is told on these lines; no sum as long as there is a part."""
    told = {cell for line in lines for cell in line.cells if cell not in kept_back and counts[cell] > 0}
    return {min(told, key=lambda cell: (-len(cell), counts[cell], cell))} if told else set()
