"""The dispenser's own troubles: it is jammed, or few doses are left. Needs no plan.

A dose that was not taken is another matter, see `rules.missed_dose`.
"""

from events.ids import derived_id
from events.log import Entry
from events.messages import RefillLow
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.detector import Detector, Result
from rules.lateness import age
from rules.state import ResidentState

KINDS = ("dispenser_jammed", "refill_low")


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind == "dispenser_jammed":
        return state, [_raise(entry, AlarmKind.DISPENSER_JAMMED, Reason.DISPENSER_JAMMED, Priority.CARE)]
    left = entry.data.doses_left if isinstance(entry.data, RefillLow) else None
    # An empty dispenser gives no dose: then it is not the next round's business but this one's.
    if left == 0:
        return state, [_raise(entry, AlarmKind.DISPENSER_EMPTY, Reason.DISPENSER_EMPTY, Priority.CARE)]
    return state, [_raise(entry, AlarmKind.REFILL_LOW, Reason.REFILL_LOW, Priority.INFORMATION, left)]


def _raise(entry: Entry, kind: AlarmKind, reason: Reason, priority: Priority, left: int | None = None) -> Raise:
    return Raise(
        id=derived_id(kind, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=reason,
        kind=kind,
        priority=priority,
        occurred_at=entry.occurred_at,
        device=entry.device,
        detail={**({} if left is None else {"doses_left": left}), **age(entry)},
    )


DETECTOR = Detector("dispenser", KINDS, on_entry, version=2)
