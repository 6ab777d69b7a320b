"""Nobody would be reached, or not whom it should be: operators are told while there is time to fill the gap."""

from events.control import CoverageChanged
from events.ids import derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Priority, Raise, Reason, Withdraw
from rules.detector import Detector, Result
from rules.state import ResidentState

NAME = "coverage_gap"


def on_entry(state: ResidentState, entry: Entry) -> Result:
    """The state is the unit's own, and stays empty: what is told already is known to whoever looks for gaps."""
    told = entry.data
    assert isinstance(told, CoverageChanged)
    episode = derived_id(NAME, told.unit, told.episode)
    if not told.open:
        over = Withdraw(
            id=derived_id(NAME, "over", episode),
            key=entry.key,
            at=entry.received_at,
            reason=Reason.COVERED_AGAIN,
            episode=episode,
        )
        return state, [over]
    raised = Raise(
        id=episode,
        key=entry.key,
        at=entry.received_at,
        reason=Reason(told.reason),
        kind=AlarmKind.COVERAGE_GAP,
        priority=Priority.TECHNICAL,
        occurred_at=entry.received_at,
        detail={
            "since": told.start.isoformat(),
            "until": told.end.isoformat(),
            "technologies": [technology.value for technology in told.technologies],
            "residents": told.residents,
        },
    )
    return state, [raised]


DETECTOR = Detector(NAME, ("coverage_changed",), on_entry)
