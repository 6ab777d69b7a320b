"""The life of a whole municipality: merged by time, from any moment on, without the past."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile

from simulators.day import events_of_day
from simulators.municipality import build_municipality
from simulators.player import life

DEMO = build_municipality(8, 1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_it_begins_where_it_is_told_to() -> None:
    said = list(islice(life(DEMO, 1, NOON), 500))
    assert all(one.time >= NOON for one in said)
    assert said[0].time - NOON < timedelta(hours=1)
    assert [one.time for one in said] == sorted(one.time for one in said)


def test_it_is_every_resident_and_nothing_else() -> None:
    midnight, next_midnight = datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 21, 23, tzinfo=UTC)
    lived = list(takewhile(lambda one: one.time < next_midnight, life(DEMO, 1, midnight)))
    days = (date(2026, 11, 20), date(2026, 11, 21))
    expected = [one for resident in DEMO.residents for day in days for one in events_of_day(resident, day, 1)]
    assert sorted(map(repr, lived)) == sorted(map(repr, expected))


def test_a_later_start_is_the_rest_of_the_same_life() -> None:
    early = life(DEMO, 1, NOON - timedelta(hours=3))
    rest = (one for one in early if one.time >= NOON)
    assert list(islice(rest, 300)) == list(islice(life(DEMO, 1, NOON), 300))
