"""When things happened, by clocks that are off: what is measured, what is corrected, and what only came late."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.clock import SPACING, UNSET, Clock, TimeSource, disproved, judged, sampled, source
from rules.device_state import decode_device

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DEVICE, CORRECTED, RECEIVED = TimeSource.DEVICE, TimeSource.CORRECTED, TimeSource.RECEIVED
HOURS_BEHIND = (7200.0, 7201.0, 7204.0)
AHEAD = (-600.0, -599.0, -598.0)
RIGHT = (0.2, 1.0, 2.0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


CASES: dict[str, tuple[tuple[float, ...], float, float, TimeSource]] = {
    "nothing is known, and it is in time": ((), 2, 2, DEVICE),
    "nothing is known, and it is late": ((), 9000, 9000, DEVICE),
    "nothing is known, and it is of the future": ((), -60, 0, RECEIVED),
    "a little ahead": ((), -30, -30, DEVICE),
    "two samples are not enough": (HOURS_BEHIND[:2], 7200, 7200, DEVICE),
    "right, and late": (RIGHT, 9000, 9000, DEVICE),
    "right until now, and ahead": (RIGHT, -3600, 0, RECEIVED),
    "a slow network is no wrong clock": ((20.0, 29.0, 30.0), 45, 45, DEVICE),
    "hours behind, and in time": (HOURS_BEHIND, 7203, 3, CORRECTED),
    "hours behind, and sooner than ever": (HOURS_BEHIND, 7190, 0.001, CORRECTED),
    "hours behind, and late": (HOURS_BEHIND, 7200 + 3600, 3600, CORRECTED),
    "hours behind, and much sooner than it could be": (HOURS_BEHIND, 3600, 0, RECEIVED),
    "hours behind, and set right since": (HOURS_BEHIND, 1, 1, DEVICE),
    "hours behind, and ahead since": (HOURS_BEHIND, -60, 0, RECEIVED),
    "ahead, and in time": (AHEAD, -599, 1, CORRECTED),
    "ahead, and late": (AHEAD, 1200, 1800, CORRECTED),
    "ahead, and more so since": (AHEAD, -1200, 0, RECEIVED),
    "one that was late does not count": ((7200.0, 9000.0, 7201.0, 7204.0), 7205, 5, CORRECTED),
    "the newest is another": ((7200.0, 7201.0, 7204.0, 9000.0), 9001, 0, RECEIVED),
    "the newest was late, as this one shows": ((7200.0, 7201.0, 7204.0, 9000.0), 7205, 5, CORRECTED),
    "one was right, and nothing since": ((0.0, 7200.0, 7201.0, 7204.0), 7205, 7205, DEVICE),
    "no two agree, and none came soon": ((400.0, 4000.0, 900.0), 1000, 0, RECEIVED),
    "no two agree, and one came soon": ((290.0, 4000.0, 900.0), 1000, 1000, DEVICE),
    "no two agree, and one was ahead": ((-40.0, 4000.0, 900.0), 1000, 0, RECEIVED),
    "a minute apart is the same": ((7200.0, 7260.0, 7230.0), 7200, 0.001, CORRECTED),
    "more than a minute apart is not": ((7200.0, 7261.0, 7230.0), 7200, 0, RECEIVED),
}


@pytest.mark.parametrize(("samples", "said", "meant", "how"), CASES.values(), ids=CASES)
def test_when_it_happened(samples: tuple[float, ...], said: float, meant: float, how: TimeSource) -> None:
    at = ago(said)
    happened = judged(Clock(samples), at, NOW)
    assert (happened, source(at, happened, NOW)) == (ago(meant), how)


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, 0, 3, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), UNSET - SPACING])
@pytest.mark.parametrize("samples", [(), RIGHT, AHEAD, HOURS_BEHIND])
def test_what_is_older_than_vaka_happened_when_it_was_received(at: datetime, samples: tuple[float, ...]) -> None:
    assert judged(Clock(samples), at, NOW) == NOW


def test_a_clock_that_began_in_1970_is_measured_as_any_other() -> None:
    begun = datetime(1970, 1, 1, tzinfo=UTC)
    clock = Clock()
    for number in range(3):
        clock = sampled(clock, begun + number * SPACING, NOW + number * SPACING)
    later = 2 * SPACING + timedelta(minutes=20)
    assert judged(clock, begun + later, NOW + later + timedelta(hours=1)) == NOW + later


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("samples", [(), AHEAD, HOURS_BEHIND, (-1e11, -1e11, -1e11), (1e11, 1e11, 1e11)])
def test_no_time_is_too_much(year: int, samples: tuple[float, ...]) -> None:
    """Whatever a device says: the answer is a time, and none that no device could have meant."""
    at = datetime(year, 12, 31, tzinfo=UTC)
    assert UNSET <= judged(Clock(samples), at, NOW) <= NOW
    assert disproved(sampled(Clock(samples), at, NOW), at, NOW).samples


def measured(*ages: float) -> Clock:
    """After a message every three hours that was so old by the device's clock."""
    clock = Clock()
    for number, age in enumerate(ages):
        now = NOW + number * SPACING
        clock = sampled(clock, now - timedelta(seconds=age), now)
    return clock


def test_the_last_five_samples_count() -> None:
    assert measured(0, 1, 2, 3, 4, 5).samples == (1, 2, 3, 4, 5)
    assert measured(0, 600, 600, 600, 600).behind == timedelta(0)
    assert measured(0, 600, 600, 600, 600, 601).behind == timedelta(minutes=10)


def test_one_sample_in_three_hours() -> None:
    clock = measured(0)
    assert sampled(clock, ago(900), NOW + SPACING - timedelta(seconds=1)) is clock
    assert len(sampled(clock, ago(900), NOW + SPACING).samples) == 2


@pytest.mark.parametrize("age", [7200, -7200])
def test_a_clock_that_was_set_is_measured_anew(age: float) -> None:
    assert measured(age, age, age, 5).samples == (5,)
    assert measured(age, age, age, age / 2).samples == (age, age, age, age / 2)


def test_what_was_late_is_shown_to_be_by_what_comes_sooner() -> None:
    """Four hours of positions in one go, the oldest first."""
    clock = measured(0, 14400)
    for age in (14400, 9000, 9001, 3):
        clock = disproved(clock, NOW - timedelta(seconds=age), NOW)
    assert clock.samples == (0, 3)
    assert disproved(clock, ago(1), NOW) is clock


SAVED_BEFORE = (
    "95a8683a627574746f6e05d6ff69a5d05cd6ff69a5c24cdc0014ac736f6369616c5f616c61726da6696e5f757365c0943ccb"
    "402e000000000000cb4039000000000000c2c390c0d6ff69a543808093cb4049000000000000d6ff69a5c24c9192d6ff69a5"
    "c24ccb4049000000000000c0c0c0c09294cb40bc200000000000cb40bc200000000000cb40bc200000000000cb40bc200000"
    "000000d6ff69a5ec40c081a5636c6f636b94a8643a627574746f6ed920376137313063633133663262633233386266396663"
    "3734333737323761666165d6ff69a597e0d6ff69a597e00600c2"
)
"""A device that was two hours behind, as its state was saved before clocks were corrected."""


def test_what_was_saved_before_clocks_were_corrected_is_used_as_it_is() -> None:
    clock = decode_device(bytes.fromhex(SAVED_BEFORE)).known.clock
    assert clock == Clock((7200.0,) * 4, datetime(2026, 3, 2, 20, tzinfo=UTC))
    assert judged(clock, ago(7205), NOW) == ago(5)


def test_the_times_of_what_is_corrected_tell_that_it_was() -> None:
    """Also when it came as soon as anything ever did."""
    happened = judged(Clock(HOURS_BEHIND), ago(7200), NOW)
    assert source(ago(7200), happened, NOW) is CORRECTED
    assert happened < NOW
