"""Clocks that are off are corrected, and what is only late is not, whatever a device says and however late it comes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import decode_message
from events.delivery import Delivery, Lane, Observation
from events.ids import DeviceId
from events.log import Entry
from processors.batch import Batch
from rules.clock import SPACING, STEADY, UNNOTICED, UNSET, TimeSource, source
from rules.partition import Partition
from tests.property.world import PLACES, RESIDENTS, TENANT, directory

DEVICE = DeviceId(f"{RESIDENTS[0]}-device")
START = PLACES[0].noon
SAMPLES_OF_OWN = ("heartbeat", "alarm_pressed")
ANYTHING = (*SAMPLES_OF_OWN, "motion", "dose_taken", "door_opened")


class Sent(NamedTuple):
    """Said so long after a period of three hours began, and so long on its way."""

    kind: str
    after: timedelta
    delay: timedelta


class Judged(NamedTuple):
    truth: datetime
    entry: Entry
    how: TimeSource


def spans(*seconds: float) -> st.SearchStrategy[timedelta]:
    return st.sampled_from([timedelta(seconds=value) for value in seconds])


in_time = spans(0, 0.4, 10, 25)
late = spans(240, 900, 5400, 18000, 90000)
within = spans(1, 60, 3000, 7200, 10000)
sent = st.builds(Sent, st.sampled_from(ANYTHING), within, in_time | late)
in_time_once = st.builds(Sent, st.sampled_from(SAMPLES_OF_OWN), within, in_time)
periods = st.lists(st.tuples(in_time_once, st.lists(sent, max_size=4)), min_size=6, max_size=10)
"""In each of them the device once says something of its own that is not kept back."""


def lived(periods: list[tuple[Sent, list[Sent]]], behind: timedelta) -> Iterator[Judged]:
    """What became of each message of a device whose clock is so far behind, in the order of receiving."""
    partition, known = Partition(), directory()
    said = [
        (begun + one.after + one.delay, begun + one.after, one.kind)
        for number, (first, others) in enumerate(periods)
        for begun in (START + number * SPACING,)
        for one in (first, *others)
    ]
    for position, (received, truth, kind) in enumerate(sorted(said)):
        payload = msgspec.json.encode({"at": truth - behind})
        seen = Observation(TENANT, DEVICE, kind, decode_message(kind, payload), payload, None)
        batch = Batch(known, partition, received, position)
        batch.observe(Delivery("", payload, Lane.BULK, (seen,)), seen)
        entry = batch.rows[0].entry
        yield Judged(truth, entry, source(truth - behind, entry.occurred_at, received))


@settings(max_examples=150)
@given(periods, spans(-3, 0, 1, 4))
def test_what_is_late_from_a_clock_that_is_right_stays_as_it_is(
    periods: list[tuple[Sent, list[Sent]]], behind: timedelta
) -> None:
    for judged in lived(periods, behind):
        assert judged.how is TimeSource.DEVICE
        assert judged.entry.occurred_at == judged.truth - behind


@settings(max_examples=150)
@given(periods, st.sampled_from([timedelta(minutes=m) for m in (-4000, -40, -1, 1, 40, 123, 20_000, 29_000_000)]))
def test_what_a_clock_that_is_off_tells_is_corrected_once_that_is_known(
    periods: list[tuple[Sent, list[Sent]]], behind: timedelta
) -> None:
    for judged in lived(periods, behind):
        entry, error = judged.entry, abs(judged.entry.occurred_at - judged.truth)
        is_fresh = entry.received_at - judged.truth <= UNNOTICED
        if judged.how is TimeSource.CORRECTED:
            assert error <= STEADY
        # What comes a moment less than three hours after a sample is none, so the third may be as late as this.
        if entry.received_at >= START + 5 * SPACING and is_fresh:
            assert judged.how is not TimeSource.DEVICE
            assert error <= STEADY


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(ANYTHING), st.datetimes(timezones=st.just(START.tzinfo)), within), max_size=12)
)
def test_whatever_a_device_says_its_times_can_be(said: list[tuple[str, datetime, timedelta]]) -> None:
    """No time of the future, and none that no device could have meant; a call for help is always taken."""
    partition, known = Partition(), directory()
    now = START
    for position, (kind, at, after) in enumerate(said):
        now += after
        payload = msgspec.json.encode({"at": at})
        seen = Observation(TENANT, DEVICE, kind, decode_message(kind, payload), payload, None)
        batch = Batch(known, partition, now, position)
        batch.observe(Delivery("", payload, Lane.BULK, (seen,)), seen)
        (row,) = batch.rows
        assert UNSET <= row.entry.occurred_at <= now + UNNOTICED
        assert row.raw == payload
