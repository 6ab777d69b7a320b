"""Laws of what is decided in whatever life: ids, presses, redelivery, and residents who share nothing."""

from collections import defaultdict
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from events.ids import EVERYBODY, Key, ResidentId
from events.log import Entry
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Remind, Withdraw
from rules.partition import Partition
from tests.property.lives import NOW, Life, Turn, first_plans, histories, lived, places
from tests.property.world import RESIDENTS, Said, replayed

PARTITIONS = 4
CALLS_FOR_HELP = ("alarm_pressed", "fall_detected", "smoke_detected")

lives = st.builds(lived, places, first_plans, histories)


def cause(decision: AnyDecision, position: dict[str, int]) -> tuple[object, ...]:
    """What a decision is about, in words that have nothing to do with its id."""
    what: tuple[object, ...] = (type(decision), decision.key)
    match decision:
        case Raise() | Remind() if {"day", "since"} & decision.detail.keys():
            began = [began["kind"] for began in decision.detail.get("inputs", ())]
            kind = decision.kind if isinstance(decision, Raise) else None
            return (
                *what,
                kind,
                *(decision.detail.get(name) for name in ("rule", "dose", "check", "day", "since")),
                *began,
            )
        case Withdraw():
            return (*what, decision.episode)
    return (*what, decision.reason, position[decision.id], decision.detail.get("what"))


@settings(max_examples=150)
@given(lives)
def test_an_id_names_one_cause_and_a_cause_has_one_id(life: Life) -> None:
    partition, position = Partition(), dict[str, int]()
    ids, causes = defaultdict[object, set[str]](set), defaultdict[str, set[object]](set)
    for entry in life.tables.log:
        for decision in partition.apply(entry):
            position.setdefault(decision.id, entry.position)
            about = cause(decision, position)
            ids[about].add(decision.id)
            causes[decision.id].add(about)
    assert all(len(found) == 1 for found in ids.values()), ids
    assert all(len(found) == 1 for found in causes.values()), causes


@settings(max_examples=150)
@given(lives, st.data())
def test_entries_that_come_again_change_nothing(life: Life, data: st.DataObject) -> None:
    """A log that is read again from an earlier place, wherever it was interrupted."""
    log = life.tables.log
    end = data.draw(st.integers(0, len(log)), label="interrupted after")
    again = data.draw(st.integers(0, end), label="read again from")
    partition = Partition()
    before = replayed(partition, log[:end])
    states, holding, fired_to = dict(partition.states), partition.holding, partition.fired_to
    assert replayed(partition, log[again:end]) == []
    assert (partition.states, partition.holding, partition.fired_to) == (states, holding, fired_to)
    assert [*before, *replayed(partition, log[end:])] == replayed(Partition(), log)


@settings(max_examples=150)
@given(lives, st.lists(st.integers(0, PARTITIONS - 1), min_size=len(RESIDENTS), max_size=len(RESIDENTS)))
def test_residents_spread_over_four_partitions_get_the_same_decisions(life: Life, places_of: list[int]) -> None:
    keys = sorted({entry.key for entry in life.tables.log if entry.key != EVERYBODY})
    place = dict(zip(keys, places_of, strict=False))

    def part(number: int) -> list[Entry]:
        return [entry for entry in life.tables.log if place.get(entry.key, number) == number]

    partitions = [Partition() for _ in range(PARTITIONS)]
    spread = [decision for n, partition in enumerate(partitions) for decision in replayed(partition, part(n))]
    one = Partition()
    assert by_key(spread) == by_key(replayed(one, life.tables.log))
    assert {key: state for partition in partitions for key, state in partition.states.items()} == one.states


def by_key(decisions: list[AnyDecision]) -> dict[Key, list[AnyDecision]]:
    ordered = sorted(decisions, key=lambda decision: decision.key)
    return {key: list(group) for key, group in groupby(ordered, key=lambda decision: decision.key)}


@settings(max_examples=150)
@given(lives)
def test_every_call_for_help_is_one_alarm_of_life(life: Life) -> None:
    calls = [(e.key, e.occurred_at, e.received_at) for e in life.tables.log if e.kind in CALLS_FOR_HELP]
    # A condition of the plan may be of life, too; it is no call.
    grave = [d for d in life.tables.decisions if isinstance(d, Raise) and d.priority is Priority.LIFE]
    raised = [d for d in grave if d.kind is not AlarmKind.LIFE_CONDITION]
    assert [(d.key, d.occurred_at, d.at) for d in raised] == calls
    assert len({decision.id for decision in raised}) == len(calls)


@settings(max_examples=100)
@given(lives, st.sampled_from(RESIDENTS), st.sampled_from(CALLS_FOR_HELP))
def test_a_call_for_help_is_decided_in_the_very_batch_that_brings_it(
    life: Life, resident: ResidentId, kind: str
) -> None:
    life.go_through(Turn(NOW, (Said(resident, kind),)))
    raised = [d for d in life.tables.batches[-1].decisions if isinstance(d, Raise)]
    assert Priority.LIFE in [d.priority for d in raised if d.kind is not AlarmKind.LIFE_CONDITION]


@settings(max_examples=100)
@given(lives)
def test_what_is_withdrawn_was_raised_and_nothing_is_withdrawn_twice(life: Life) -> None:
    standing: set[str] = set()
    for decision in life.tables.decisions:
        if isinstance(decision, Raise):
            standing.add(decision.id)
        elif isinstance(decision, Withdraw):
            assert decision.episode in standing
            standing.remove(decision.episode)
