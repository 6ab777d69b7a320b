"""The report of an indicator: its figures over a period, by some dimensions."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from events.ids import TenantId, UnitId
from rules.figures import Figure, table
from store.indicators.definition import Indicator
from store.indicators.figures import DIMENSIONS, Dimension, groups, smallest_cell
from store.pool import Connection


class Report(NamedTuple):
    """Over the local days `first` to `last`, both included; of fewer than `smallest_cell` persons nothing is told."""

    indicator: Indicator
    tenant: TenantId
    first: date
    last: date
    by: tuple[Dimension, ...]
    smallest_cell: int
    figures: Sequence[Figure]


async def report(
    connection: Connection,
    indicator: Indicator,
    tenant: TenantId,
    first: date,
    last: date,
    by: tuple[Dimension, ...],
    *,
    unit: UnitId | None = None,
) -> Report:
    """`by` in the order of DIMENSIONS. `unit`: who belongs to one sees its persons only."""
    smallest = await smallest_cell(connection, tenant)
    found = await groups(connection, indicator, tenant, first, last, unit=unit)
    figures = table(found, DIMENSIONS, by, indicator.counts == "persons", smallest)
    return Report(indicator, tenant, first, last, by, smallest, figures)


def rows(made: Report) -> list[dict[str, Any]]:
    """A row for each figure: what it is of, its numbers (None: not told), and whether it is hidden."""
    return [
        {
            "series": figure.series,
            **dict(figure.cell),
            "persons": figure.persons,
            "part": figure.part,
            "whole": figure.whole,
            "share": figure.share,
            "hidden": figure.is_hidden,
        }
        for figure in made.figures
    ]


def named_rows(made: Report) -> list[dict[str, Any]]:
    """As `rows`, each with which definition made it."""
    return [{"indicator": made.indicator.id, "version": made.indicator.version, **row} for row in rows(made)]


def report_columns(by: Sequence[Dimension]) -> tuple[str, ...]:
    """As `named_rows` have them."""
    return ("indicator", "version", "series", *by, "persons", "part", "whole", "share", "hidden")


def meanings(made: Report) -> list[tuple[str, str]]:
    """What the figures are, in English and Swedish, for the codebook of a file."""
    one = made.indicator
    parts = ("name", "question", "numerator", "denominator", "source", "caveat")
    words = [(part, getattr(one, part)) for part in parts]
    return [
        (f"{one.id} {part} ({language})", getattr(said, language)) for part, said in words for language in ("en", "sv")
    ]
