"""How late a report came: whoever goes there must know that it was long ago."""

from datetime import timedelta
from typing import Any

from events.log import Entry

LATE = timedelta(minutes=5)
"""What took so long to arrive is labelled with its age."""


def age(entry: Entry) -> dict[str, Any]:
    """`late_minutes` and `reported_at`, if the report is late; for the detail of what it leads to."""
    late = entry.received_at - entry.occurred_at
    if late < LATE:
        return {}
    return {"late_minutes": late // timedelta(minutes=1), "reported_at": entry.received_at.isoformat()}
