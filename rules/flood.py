"""Many presses in a short time: every one reaches staff, and a note says that it may be one that is stuck, or panic."""

from datetime import timedelta

from msgspec.structs import replace

from events.ids import derived_id
from events.log import Entry
from rules.counting import counted, together
from rules.decisions import AlarmKind, Annotate, Reason
from rules.detector import NOTHING, Detector, Result
from rules.state import ResidentState
from rules.waiting import happened

PRESSES = 5
WITHIN = timedelta(minutes=5)


def on_entry(state: ResidentState, entry: Entry) -> Result:
    at = happened(entry)
    times = counted(state.presses, at, PRESSES)
    found = together(times, at, PRESSES, WITHIN)
    if found is None:
        return replace(state, presses=times), NOTHING
    note = Annotate(
        id=derived_id("flood", entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.FLOOD,
        kind=AlarmKind.SOCIAL_ALARM,
        detail={"n": PRESSES, "since": found[0].isoformat(), "device": entry.device},
    )
    return replace(state, presses=()), [note]


DETECTOR = Detector("flood", ("alarm_pressed",), on_entry, version=2)
