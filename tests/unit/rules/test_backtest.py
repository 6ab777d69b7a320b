"""What is new, gone, earlier and later, between two lists of decisions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ids import Key
from rules.backtest import SAME_WITHIN, Change, Difference, Episode, compare, episodes, night_of, tally
from rules.decisions import AlarmKind, Failed, Priority, Raise, Reason, Withdraw

START = datetime(2026, 3, 2, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA, BO = Key("r:anna"), Key("r:bo")


def episode(id: str, hours: float, kind: AlarmKind = AlarmKind.INACTIVITY, key: Key = ANNA) -> Episode:
    return Episode(id, key, kind, Priority.CARE, START + hours * HOUR, Reason.NO_ACTIVITY, {})


def told(was: list[Episode], would: list[Episode]) -> list[tuple[Change, float | None]]:
    return [(difference.change, difference.minutes) for difference in compare(was, would)]


COMPARISONS = {
    "nothing": ([], [], []),
    "the same": ([episode("a", 1)], [episode("a", 1)], []),
    "new": ([], [episode("a", 1)], [(Change.NEW, None)]),
    "gone": ([episode("a", 1)], [], [(Change.GONE, None)]),
    "earlier by its id": ([episode("a", 2)], [episode("a", 1)], [(Change.EARLIER, -60)]),
    "later by its id": ([episode("a", 1)], [episode("a", 1.5)], [(Change.LATER, 30)]),
    "the nearest of the kind is the same": (
        [episode("a", 1), episode("b", 9)],
        [episode("c", 8)],
        [(Change.GONE, None), (Change.EARLIER, -60)],
    ),
    "another kind is another alarm": (
        [episode("a", 1)],
        [episode("b", 1, AlarmKind.MISSED_DOSE)],
        [(Change.GONE, None), (Change.NEW, None)],
    ),
    "somebody else's is another alarm": (
        [episode("a", 1)],
        [episode("b", 1, key=BO)],
        [(Change.GONE, None), (Change.NEW, None)],
    ),
    "half a day away is the same": ([episode("a", 0)], [episode("b", 12)], [(Change.LATER, 720)]),
    "too far away is another alarm": (
        [episode("a", 0)],
        [episode("b", 13)],
        [(Change.GONE, None), (Change.NEW, None)],
    ),
}


@pytest.mark.parametrize(("was", "would", "expected"), COMPARISONS.values(), ids=COMPARISONS)
def test_comparison(was: list[Episode], would: list[Episode], expected: list[tuple[Change, float | None]]) -> None:
    assert sorted(told(was, would), key=str) == sorted(expected, key=str)


some_episodes = st.lists(
    st.builds(
        lambda number, kind, key: episode(f"{number}-{kind}-{key}", number, kind, key),
        st.integers(0, 40),
        st.sampled_from([AlarmKind.INACTIVITY, AlarmKind.MISSED_DOSE]),
        st.sampled_from([ANNA, BO]),
    ),
    unique_by=lambda one: one.id,
    max_size=12,
)


@given(some_episodes, some_episodes)
def test_every_alarm_of_each_side_is_accounted_for_once(was: list[Episode], would: list[Episode]) -> None:
    differences = compare(was, would)
    changes = [difference.change for difference in differences]
    same = len(was) - changes.count(Change.GONE) - changes.count(Change.EARLIER) - changes.count(Change.LATER)
    assert same == len(would) - changes.count(Change.NEW) - changes.count(Change.EARLIER) - changes.count(Change.LATER)
    old = [difference.was.id for difference in differences if difference.was]
    new = [difference.would.id for difference in differences if difference.would]
    assert len(old) == len(set(old))
    assert len(new) == len(set(new))
    for difference in differences:
        if difference.was is not None and difference.would is not None and difference.was.id != difference.would.id:
            assert abs(difference.was.at - difference.would.at) <= SAME_WITHIN


@given(some_episodes)
def test_what_is_the_same_has_no_difference(same: list[Episode]) -> None:
    assert compare(same, list(reversed(same))) == []


@given(some_episodes, some_episodes)
def test_the_other_way_round_new_is_gone_and_earlier_is_later(was: list[Episode], would: list[Episode]) -> None:
    there = sorted(change for change, _ in told(was, was[:0] + would))
    back = [change for change, _ in told(would, was)]
    assert there.count(Change.NEW) - there.count(Change.GONE) == back.count(Change.GONE) - back.count(Change.NEW)


def test_episodes_are_raises_and_failures_with_what_became_of_them() -> None:
    raised = Raise(
        id="1", key=ANNA, at=START, reason=Reason.NO_ACTIVITY, kind=AlarmKind.INACTIVITY, priority=Priority.CARE,
        occurred_at=START, detail={"since": "x"},
    )  # fmt: skip
    taken_back = Withdraw(id="2", key=ANNA, at=START + HOUR, reason=Reason.ACTIVITY_REPORTED_LATE, episode="1")
    of_before = Withdraw(id="3", key=ANNA, at=START, reason=Reason.ACTIVITY_REPORTED_LATE, episode="long ago")
    broken = Failed(id="4", key=ANNA, at=START, reason=Reason.RULE_FAILED, detector="night", traceback="...")
    late = Reason.ACTIVITY_REPORTED_LATE
    assert episodes([raised, of_before, taken_back, broken]) == [
        Episode(
            "1",
            ANNA,
            AlarmKind.INACTIVITY,
            Priority.CARE,
            START,
            Reason.NO_ACTIVITY,
            {"since": "x"},
            START + HOUR,
            late,
        ),
        Episode("4", ANNA, AlarmKind.RULE_FAILED, Priority.TECHNICAL, START, Reason.RULE_FAILED, {"rule": "night"}),
    ]


def test_a_difference_names_both_sides() -> None:
    old, new, gone, other = episode("a", 2), episode("a", 1), episode("b", 30), episode("c", 60)
    assert compare([old, gone], [new, other]) == [
        Difference(Change.EARLIER, AlarmKind.INACTIVITY, ANNA, old, new, -60),
        Difference(Change.GONE, AlarmKind.INACTIVITY, ANNA, gone, None),
        Difference(Change.NEW, AlarmKind.INACTIVITY, ANNA, None, other),
    ]


@pytest.mark.parametrize(
    ("hour", "night"),
    [(20, None), (21, date(2026, 3, 2)), (24 + 4, date(2026, 3, 2)), (24 + 5, None), (24 + 22, date(2026, 3, 3))],
)
def test_nights_are_local_and_named_by_their_evening(hour: int, night: date | None) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour)
    assert night_of(at, "Europe/Stockholm") == night


def test_counts_by_kind_and_by_night() -> None:
    was = [episode("a", 0), episode("b", 4), episode("noon", 16), episode("dose", 0, AlarmKind.MISSED_DOSE)]
    would = [episode("a", 1), episode("c", 30)]
    counts = tally(was, would, compare(was, would), "Europe/Stockholm")
    inactivity = counts[AlarmKind.INACTIVITY]
    assert (inactivity.was, inactivity.would, inactivity.was_at_night, inactivity.would_at_night) == (3, 2, 1, 2)
    assert (inactivity.new, inactivity.gone, inactivity.later, inactivity.earlier) == (1, 2, 1, 0)
    assert counts[AlarmKind.MISSED_DOSE].gone == 1
