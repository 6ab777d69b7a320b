"""The door to what is watched of a device itself, as `rules.step` is to what is watched of a resident."""

from datetime import datetime

from events.log import Entry
from rules.decisions import AnyDecision
from rules.device_facts import changed, heard, lent
from rules.device_state import DeviceState

Result = tuple[DeviceState, list[AnyDecision]]
NOTHING: list[AnyDecision] = []

CONTROLS = frozenset({"device_changed", "assignment_changed"})
"""The kinds of control entries that are about a device."""


def apply(state: DeviceState, entry: Entry) -> Result:
    """The state after an entry that is newer than its position, and what was decided."""
    if entry.kind == "device_changed":
        return changed(state, entry), NOTHING
    if entry.kind == "assignment_changed":
        return lent(state, entry), NOTHING
    return heard(state, entry), NOTHING


def pass_time(state: DeviceState, now: datetime) -> Result:
    """The state once every deadline due until `now` was fired, and what was decided."""
    return state, NOTHING
