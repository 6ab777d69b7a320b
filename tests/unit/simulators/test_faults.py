"""Faults lose, delay, double and reorder, as they say and no more, and the same way each time."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.day import events_of_day
from simulators.faults import cut_off, delayed, duplicated, lost, reordered, skewed
from simulators.municipality import build_municipality
from simulators.scenarios import SCENARIOS
from simulators.timed import TimedMessage

DAY = events_of_day(build_municipality(1, 1).residents[0], date(2026, 11, 20), 1)
SEEDS = st.integers(0, 1000)
SHARES = st.floats(0, 1)
LOSING = {"dead_spots"}


def times(messages: list[TimedMessage]) -> list[object]:
    return [said.time for said in messages]


def events(messages: list[TimedMessage]) -> Counter[tuple[str, str, str | None]]:
    return Counter((said.device, said.kind, said.message.id) for said in messages)


@given(SEEDS, SHARES)
def test_a_duplicate_is_the_same_message_a_little_later(seed: int, share: float) -> None:
    within = timedelta(minutes=3)
    found = duplicated(DAY, seed, share, within)
    assert set(events(found)) == set(events(DAY))
    assert max(events(found).values()) <= 2
    first = {said.message: said.time for said in DAY}
    assert all(timedelta(0) <= said.time - first[said.message] <= within for said in found)


@given(SEEDS, SHARES)
def test_a_delay_changes_when_it_is_sent_and_nothing_else(seed: int, share: float) -> None:
    found = delayed(DAY, seed, share, timedelta(hours=1))
    assert times(found) == sorted(said.time for said in found)
    assert {said.message for said in found} == {said.message for said in DAY}
    assert all(timedelta(0) <= said.time - said.message.at <= timedelta(hours=1) for said in found)


@given(SEEDS, st.integers(1, 20))
def test_reordering_keeps_everything_and_sends_nothing_early(seed: int, run: int) -> None:
    found = reordered(DAY, seed, run)
    assert events(found) == events(DAY)
    assert times(found) == sorted(said.time for said in found)
    assert all(said.time >= said.message.at for said in found)


@given(SEEDS)
def test_a_wrong_clock_is_always_wrong_by_the_same(seed: int) -> None:
    found = skewed(DAY, seed, timedelta(minutes=10))
    assert times(found) == times(DAY)
    by_device: dict[str, set[timedelta]] = {}
    for said in found:
        by_device.setdefault(said.device, set()).add(said.message.at - said.time)
    assert all(len(errors) == 1 and abs(errors.pop()) <= timedelta(minutes=10) for errors in by_device.values())


@given(SEEDS, SHARES)
def test_what_is_lost_is_lost_and_the_rest_is_untouched(seed: int, share: float) -> None:
    found = lost(DAY, seed, share)
    left = iter(DAY)
    assert all(said in left for said in found)


def test_shares_are_met() -> None:
    assert lost(DAY, 1, 0) == DAY
    assert lost(DAY, 1, 1) == []
    assert abs(len(lost(DAY, 1, 0.3)) / len(DAY) - 0.7) < 0.1
    assert len(duplicated(DAY, 1, 1, timedelta(0))) == 2 * len(DAY)
    assert abs(len(duplicated(DAY, 1, 0.3, timedelta(0))) / len(DAY) - 1.3) < 0.1
    assert delayed(DAY, 1, 0, timedelta(hours=1)) == DAY


def test_a_device_with_a_buffer_sends_all_of_it_at_the_end() -> None:
    start, end = DAY[50].time, DAY[100].time
    found = cut_off(DAY, start, end, buffered=True)
    assert events(found) == events(DAY)
    assert not any(start <= said.time < end for said in found)
    late = [said for said in found if said.time == end and said.message.at < end]
    assert [said.message for said in late] == [said.message for said in DAY if start <= said.time < end]


def test_a_device_without_a_buffer_loses_what_it_said() -> None:
    start, end, device = DAY[50].time, DAY[200].time, DAY[60].device
    found = cut_off(DAY, start, end, buffered=False, devices=[device])
    assert found == [said for said in DAY if said.device != device or not start <= said.time < end]
    assert len(found) < len(DAY)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_repeatable_and_by_time(name: str) -> None:
    found = SCENARIOS[name](DAY, 5)
    assert found == SCENARIOS[name](DAY, 5)
    assert times(found) == sorted(said.time for said in found)
    assert SCENARIOS[name]([], 5) == []
    assert (set(events(found)) == set(events(DAY))) == (name not in LOSING)
    assert (found == DAY) == (name == "clean")
