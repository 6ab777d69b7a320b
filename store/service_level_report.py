"""Service levels as a table: a row for each measure and target of what they were asked by."""

from collections.abc import Sequence
from typing import Any

from rules.service_levels import Measure
from store.service_levels import DIMENSIONS, Dimension, Level, ServiceLevels, TargetLevel

COLUMNS = (
    "measure", "alarms", "open", "withdrawn", "reached", "median_seconds", "p90_seconds", "within_seconds",
    "target_share", "met", "missed", "reached_share",
)  # fmt: skip


def level_columns(by: Sequence[Dimension]) -> tuple[str, ...]:
    return (*(name for name in DIMENSIONS if name in by), *COLUMNS)


def level_rows(levels: Sequence[ServiceLevels], by: Sequence[Dimension]) -> list[dict[str, Any]]:
    """A measure without targets has one row, with nothing in their columns."""
    return [
        {**{name: getattr(each, name) for name in DIMENSIONS if name in by}, **_row(each, measure, level, target)}
        for each in levels
        for measure in Measure
        for level in [each.measures[measure]]
        for target in (*level.targets, *([] if level.targets else [None]))
    ]


def _row(levels: ServiceLevels, measure: Measure, level: Level, target: TargetLevel | None) -> dict[str, Any]:
    return {
        "measure": measure.value,
        "alarms": levels.alarms,
        "open": levels.open,
        "withdrawn": levels.withdrawn,
        "reached": level.alarms,
        "median_seconds": level.median_seconds,
        "p90_seconds": level.p90_seconds,
        "within_seconds": target.within_seconds if target else None,
        "target_share": target.share if target else None,
        "met": target.met if target else None,
        "missed": target.missed if target else None,
        "reached_share": target.reached_share if target else None,
    }
