"""Live and replay differ: operators must know, because then neither recovery nor a backtest can be trusted."""

from events.control import ReplayDiffered
from events.ids import derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.detector import Detector, Result
from rules.state import ResidentState


def on_entry(state: ResidentState, entry: Entry) -> Result:
    assert isinstance(entry.data, ReplayDiffered)
    told = Raise(
        id=derived_id(AlarmKind.REPLAY_DIFFERS, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.REPLAY_DIFFERED,
        kind=AlarmKind.REPLAY_DIFFERS,
        priority=Priority.TECHNICAL,
        occurred_at=entry.received_at,
        detail={"differences": entry.data.differences, "first": entry.data.first},
    )
    return state, [told]


DETECTOR = Detector("replay_check", ("replay_differed",), on_entry)
