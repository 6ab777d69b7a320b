"""What the columns of reports mean; names stay, so that what reads them goes on working."""

from collections.abc import Sequence

COLUMNS = {
    "tenant": "the municipality's id",
    "unit": "the unit's id: of usage where it was counted, of an indicator where the person was at the period's end",
    "resident": "the resident's id",
    "technology": "the kind of device",
    "kind": "the kind of event that was counted",
    "day": "the day in the municipality's time zone, YYYY-MM-DD",
    "count": "how many events",
    "indicator": "which indicator, see its definition",
    "version": "which version of its definition",
    "series": "the technology, outcome or the like that the row is about",
    "sex": "female, male, other or unknown",
    "age_group": "0-64, 65-79, 80+ or unknown: the age reached in the year in which the period ends",
    "housing": "ordinary or special",
    "persons": "how many persons the row is about; empty when hidden",
    "part": "the numerator; empty when hidden",
    "whole": "the denominator; empty when it is hidden or would tell what is",
    "share": "part divided by whole, from 0 to 1",
    "priority": "1 life, 2 care, 3 technical, 4 information",
    "measure": "what is timed from when the alarm was opened: accept, person (somebody there) or resolve",
    "alarms": "how many alarms were opened",
    "open": "how many of them are not resolved yet",
    "withdrawn": "how many of them the rules took back",
    "reached": "for how many the measure has happened",
    "median_seconds": "the median time, of those",
    "p90_seconds": "the time within which it had happened for 90 percent of those",
    "within_seconds": "the target's time",
    "target_share": "the share that the target asks for, from 0 to 1",
    "met": "how many were within the target's time",
    "missed": "how many were not, open ones that are past it included",
    "reached_share": "met divided by met and missed, from 0 to 1; empty without any",
    "hidden": "yes when the persons are too few to be told of",
}


def codebook(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Each of `columns` with its meaning."""
    return [(column, COLUMNS[column]) for column in columns]
