"""What would have been otherwise: the alarms that were raised against those that other plans or rules would raise."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from events.ids import Key
from rules.decisions import AlarmKind, AnyDecision, Failed, Priority, Raise, Reason, Withdraw

SAME_WITHIN = timedelta(hours=12)
"""Two alarms of a kind that come closer than this, one of each side, are taken for the same one, moved in time."""

NIGHT_BEGINS, NIGHT_ENDS = time(22), time(6)


class Change(StrEnum):
    """What other plans or rules would make of an alarm."""

    NEW = "new"
    GONE = "gone"
    EARLIER = "earlier"
    LATER = "later"


class Episode(Struct, frozen=True):
    """An alarm as rules decide it. `withdrawn_at`: when later data showed that there was nothing."""

    id: str
    key: Key
    kind: AlarmKind
    priority: Priority
    at: datetime
    reason: Reason
    detail: dict[str, Any]
    withdrawn_at: datetime | None = None
    withdrawn_because: Reason | None = None


class Difference(Struct, frozen=True):
    """`was`: as it happened; `would`: as it would be. `minutes`: how much later (negative: earlier)."""

    change: Change
    kind: AlarmKind
    key: Key
    was: Episode | None
    would: Episode | None
    minutes: float | None = None

    @property
    def at(self) -> datetime:
        """When it would be; when it was, if it would not."""
        episode = self.would or self.was
        assert episode is not None
        return episode.at


class Tally(Struct, frozen=True):
    """Counts of one kind of alarm. Nights are from 22 to 06, local time."""

    was: int = 0
    would: int = 0
    was_at_night: int = 0
    would_at_night: int = 0
    new: int = 0
    gone: int = 0
    earlier: int = 0
    later: int = 0


def episodes(decisions: Iterable[AnyDecision]) -> list[Episode]:
    """The alarms among `decisions`, in their order, each with what became of it."""
    found: dict[str, Episode] = {}
    for decision in decisions:
        match decision:
            case Raise():
                found[decision.id] = _episode(decision, decision.kind, decision.priority, decision.detail)
            case Failed():
                detail = {"rule": decision.detector}
                found[decision.id] = _episode(decision, AlarmKind.RULE_FAILED, Priority.TECHNICAL, detail)
            case Withdraw() if decision.episode in found:
                found[decision.episode] = replace(
                    found[decision.episode], withdrawn_at=decision.at, withdrawn_because=decision.reason
                )
    return list(found.values())


def _episode(decision: Raise | Failed, kind: AlarmKind, priority: Priority, detail: dict[str, Any]) -> Episode:
    return Episode(decision.id, decision.key, kind, priority, decision.at, decision.reason, detail)


def compare(was: Sequence[Episode], would: Sequence[Episode]) -> list[Difference]:
    """The differences, in order of time. Alarms with the same id are the same; of others the nearest of a kind."""
    pairs, was_left, would_left = _paired_by_id(was, would)
    nearest, was_left, would_left = _paired_by_time(was_left, would_left)
    found = [difference for old, new in (*pairs, *nearest) if (difference := _moved(old, new)) is not None]
    found += [Difference(Change.GONE, old.kind, old.key, old, None) for old in was_left]
    found += [Difference(Change.NEW, new.kind, new.key, None, new) for new in would_left]
    return sorted(found, key=lambda difference: (difference.at, difference.key, difference.kind))


def tally(
    was: Sequence[Episode], would: Sequence[Episode], differences: Sequence[Difference], zone: str
) -> dict[AlarmKind, Tally]:
    """By kind, those that any side has."""
    kinds = sorted({episode.kind for episode in (*was, *would)})
    return {kind: _tally_of(kind, was, would, differences, zone) for kind in kinds}


def night_of(at: datetime, zone: str) -> date | None:
    """The evening's date of the night that `at` falls into, local time; None by day."""
    local = at.astimezone(ZoneInfo(zone))
    if local.time() >= NIGHT_BEGINS:
        return local.date()
    return local.date() - timedelta(days=1) if local.time() < NIGHT_ENDS else None


Pairs = list[tuple[Episode, Episode]]


def _paired_by_id(was: Sequence[Episode], would: Sequence[Episode]) -> tuple[Pairs, list[Episode], list[Episode]]:
    known = {episode.id: episode for episode in was}
    pairs = [(known[new.id], new) for new in would if new.id in known]
    same = {old.id for old, _ in pairs}
    return pairs, [old for old in was if old.id not in same], [new for new in would if new.id not in same]


def _paired_by_time(was: Sequence[Episode], would: Sequence[Episode]) -> tuple[Pairs, list[Episode], list[Episode]]:
    waiting: dict[tuple[Key, AlarmKind], list[Episode]] = defaultdict(list)
    for old in was:
        waiting[old.key, old.kind].append(old)
    pairs, left = [], []
    for new in would:
        candidates = waiting[new.key, new.kind]
        nearest = min(candidates, key=lambda old: abs(old.at - new.at), default=None)
        if nearest is None or abs(nearest.at - new.at) > SAME_WITHIN:
            left.append(new)
        else:
            candidates.remove(nearest)
            pairs.append((nearest, new))
    return pairs, [old for rest in waiting.values() for old in rest], left


def _moved(old: Episode, new: Episode) -> Difference | None:
    if old.at == new.at:
        return None
    change = Change.EARLIER if new.at < old.at else Change.LATER
    return Difference(change, new.kind, new.key, old, new, (new.at - old.at).total_seconds() / 60)


def _tally_of(
    kind: AlarmKind, was: Sequence[Episode], would: Sequence[Episode], differences: Sequence[Difference], zone: str
) -> Tally:
    old = [episode for episode in was if episode.kind is kind]
    new = [episode for episode in would if episode.kind is kind]
    changes = [difference.change for difference in differences if difference.kind is kind]
    return Tally(
        was=len(old),
        would=len(new),
        was_at_night=sum(night_of(episode.at, zone) is not None for episode in old),
        would_at_night=sum(night_of(episode.at, zone) is not None for episode in new),
        **{str(change): changes.count(change) for change in Change},
    )
