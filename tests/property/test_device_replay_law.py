"""The law of replay for devices, whose states look at each other's: a hub's, and those behind it."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings

from events.ids import Key, health_key
from rules import health
from rules.decisions import AnyDecision, Failed, Proven, Raise, Reason, Withdraw
from rules.partition import Partition
from rules.saved import State
from tests.property.device_lives import DEVICES, GATEWAY, NETWORK, DeviceLife, Heard, begun, histories, moves
from tests.property.lives import NOW, CaughtUp, Crashed, Event, Saved, Turn, places
from tests.property.test_replay_law import ids, states_at
from tests.property.world import PLACES, Place, Tables, replayed

BEATS: Any = {device: Heard(device, "heartbeat") for device in DEVICES}
WELL = Turn(NOW, tuple(BEATS.values()))
HUBS_BACK = Turn(NOW, (BEATS[NETWORK], BEATS[GATEWAY]))
HALF_AN_HOUR, LONG = Turn(timedelta(minutes=30)), Turn(timedelta(minutes=70))
WAITED = [WELL, Saved(12), Turn(timedelta(minutes=40)), Turn(timedelta(minutes=15)), HUBS_BACK]
"""The gateway is silent, and then, without a word in the log, the sensor behind it, which waits."""
HALF_SAVED = [*WAITED, Saved(3), Crashed(NOW), CaughtUp(), LONG]
"""The gateway must not be ahead of its sensor, which learns from it what happened."""
TOLD_AGAIN = [*WAITED, HALF_AN_HOUR, HUBS_BACK, HALF_AN_HOUR, Saved(1), Crashed(NOW), CaughtUp(), LONG]
"""The sensor has become silent by itself since then; what is told again of its gateway is old news to it."""

ENDS = {*health.ENDS.values(), Reason.HUB_DOWN, Reason.DEVICE_CHANGED}


def whose(decision: AnyDecision) -> Key:
    """The key of the state that decided this."""
    if isinstance(decision, Raise) and decision.detail.get("rule") == health.NAME and decision.device is not None:
        return health_key(decision.device)
    if isinstance(decision, Withdraw) and decision.reason in ENDS:
        return health_key(decision.detail["device"])
    return health_key(decision.device) if isinstance(decision, Proven) else decision.key


def judged_at(partition: Partition, time: datetime) -> dict[Key, State | tuple[State, list[AnyDecision]]]:
    """All states once time has come so far, with the deadlines that are true then, and what is decided by that.

    Deadlines in the states are never later. When one has come the true one is worked out, which a time without a word
    in the log may have done in the live run and not in the replay.
    """
    states: dict[Key, State | tuple[State, list[AnyDecision]]] = {**states_at(partition, time)}
    hubs = {device.known.hub for device in partition.devices.values()}
    for key, device in partition.devices.items():
        states[key] = health.judged(device, time, None, is_hub=key in hubs)
    return states


@settings(max_examples=80)
@given(places, histories | moves)
@example(PLACES[0], [*WAITED, LONG])
@example(PLACES[0], HALF_SAVED)
@example(PLACES[0], TOLD_AGAIN)
def test_replay_decides_what_was_decided(place: Place, history: list[Event]) -> None:
    life = begun(DeviceLife(place))
    for event in history:
        life.go_through(event)
    partition = Partition()
    decisions = replayed(partition, life.tables.log)
    assert decisions == life.tables.decisions
    assert not any(isinstance(decision, Failed) for decision in decisions)
    live = life.owner.partition
    end = max(life.owner.last_stamp, live.fired_to or life.owner.last_stamp)
    assert judged_at(partition, end) == judged_at(live, end)


def assert_same_from_snapshot(tables: Tables) -> None:
    whole = Partition()
    replayed(whole, tables.log)
    partition, decisions = tables.recover()
    for key in {**whole.states, **whole.devices}:
        seen = tables.seen_of(key)
        later = [batch for batch in tables.batches if batch.position > seen]
        assert ids([d for d in decisions if whose(d) == key]) == ids(
            [d for batch in later for d in batch.decisions if whose(d) == key]
        )
    end = max(partition.fired_to or tables.log[-1].received_at, tables.log[-1].received_at)
    assert judged_at(partition, end) == judged_at(whole, end)


@settings(max_examples=80)
@given(places, histories)
@example(PLACES[0], [*WAITED, LONG])
@example(PLACES[0], HALF_SAVED)
@example(PLACES[0], TOLD_AGAIN)
def test_replay_from_any_snapshot_goes_on_as_the_live_run(place: Place, history: list[Event]) -> None:
    """Also from one that is only half written: some devices are ahead of their hub, and of the log."""
    life = begun(DeviceLife(place))
    for event in history:
        life.go_through(event)
        assert_same_from_snapshot(life.tables)


@settings(max_examples=80)
@given(places, histories)
def test_what_is_told_is_taken_back_at_most_once(place: Place, history: list[Event]) -> None:
    """Nothing is told twice while it stands, and what a state says was told is what was."""
    life = begun(DeviceLife(place))
    for event in history:
        life.go_through(event)
    standing: dict[str, Raise] = {}
    for decision in life.tables.decisions:
        if isinstance(decision, Raise) and decision.detail.get("rule") == health.NAME:
            about = {(d.key, d.kind, d.reason, d.device) for d in standing.values()}
            assert (decision.key, decision.kind, decision.reason, decision.device) not in about
            standing[decision.id] = decision
        elif isinstance(decision, Withdraw) and decision.reason in ENDS:
            del standing[decision.episode]
    told = {one.episode for state in life.owner.partition.devices.values() for one in state.known.told.values()}
    assert told == standing.keys()
