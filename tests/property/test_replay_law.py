"""The heart of the system: the log alone gives what the live run gave, from its beginning and from every snapshot."""

from datetime import datetime, timedelta

from hypothesis import example, given, settings

from events.ids import Key
from rules.decisions import AnyDecision, Failed
from rules.partition import Partition
from rules.saved import State
from tests.property.lives import NOW, CaughtUp, Crashed, Event, Saved, Turn, first_plans, histories, lived, places
from tests.property.world import PLACES, RESIDENTS, Place, Planned, Said, Tables, replayed

HOUR = tuple(Planned(resident, {"inactivity": {"limits": [{"minutes": 60}]}}) for resident in RESIDENTS)
HALF_AN_HOUR = timedelta(minutes=30)
WARM = [CaughtUp(), Turn(NOW), Turn(HALF_AN_HOUR, tuple(Said(resident, "motion") for resident in RESIDENTS)), Saved(3)]
FIRED_WITHOUT_A_WORD = [*WARM, Turn(timedelta(minutes=40)), Saved(1), Crashed(NOW), Turn(NOW)]
"""A half-written snapshot, fired to a time that the log does not tell: nobody's silence was too long then."""
LATE_WHILE_WAITING = [
    *WARM,
    Turn(HALF_AN_HOUR),
    Crashed(timedelta(hours=9)),
    Turn(NOW, tuple(Said(resident, "motion", timedelta(hours=8)) for resident in RESIDENTS)),
    Saved(1),
    Crashed(NOW),
    Turn(NOW, tuple(Said(resident, "motion", timedelta(minutes=5)) for resident in RESIDENTS)),
    CaughtUp(),
    Turn(NOW),
]
"""A snapshot is wanted while deadlines wait, and some of them lie in the past."""
REPLAYED_AND_SAVED = [*WARM, Turn(NOW, (Planned(RESIDENTS[0], {}),)), Crashed(NOW), CaughtUp(), Turn(NOW), Saved(3)]
"""What recovery replayed belongs to the next snapshot."""


def ids(decisions: list[AnyDecision]) -> list[tuple[str, datetime]]:
    return [(decision.id, decision.at) for decision in decisions]


def states_at(partition: Partition, time: datetime) -> dict[Key, State]:
    """What is remembered when time has come so far; what the log does not say was not decided."""
    assert partition.fire(time) == []
    return {**partition.states, **partition.devices}


@settings(max_examples=400)
@given(places, first_plans, histories)
@example(PLACES[0], HOUR, FIRED_WITHOUT_A_WORD)
@example(PLACES[0], HOUR, LATE_WHILE_WAITING)
@example(PLACES[0], HOUR, REPLAYED_AND_SAVED)
def test_replay_decides_what_was_decided(place: Place, plans: tuple[Planned, ...], history: list[Event]) -> None:
    life = lived(place, plans, history)
    partition = Partition()
    decisions = replayed(partition, life.tables.log)
    assert decisions == life.tables.decisions
    assert not any(isinstance(decision, Failed) for decision in decisions)
    live = life.owner.partition
    assert partition.holding == live.holding
    end = max(life.owner.last_stamp, live.fired_to or life.owner.last_stamp)
    assert states_at(partition, end) == states_at(live, end)


def assert_same_from_snapshot(tables: Tables) -> None:
    whole = Partition()
    replayed(whole, tables.log)
    partition, decisions = tables.recover()
    for key in whole.states:
        seen = tables.seen_of(key)
        later = [batch for batch in tables.batches if batch.position > seen]
        assert ids([d for d in decisions if d.key == key]) == ids(
            [d for b in later for d in b.decisions if d.key == key]
        )
    assert partition.holding == whole.holding
    end = max(partition.fired_to or tables.log[-1].received_at, tables.log[-1].received_at)
    assert states_at(partition, end) == states_at(whole, end)


@settings(max_examples=400)
@given(places, first_plans, histories)
@example(PLACES[0], HOUR, FIRED_WITHOUT_A_WORD)
@example(PLACES[0], HOUR, LATE_WHILE_WAITING)
@example(PLACES[0], HOUR, REPLAYED_AND_SAVED)
def test_replay_from_any_snapshot_goes_on_as_the_live_run(
    place: Place, plans: tuple[Planned, ...], history: list[Event]
) -> None:
    """Also from one that is only half written: some of its states are ahead of the place where replay begins."""
    life = lived(place, plans, [])
    for event in history:
        life.go_through(event)
        assert_same_from_snapshot(life.tables)
