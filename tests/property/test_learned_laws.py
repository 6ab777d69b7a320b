"""Learned inactivity on lives of any kind: what is kept, how large it is, and that the fold is all there is."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import decode_message
from events.control import PlanChanged
from events.ids import ResidentId, resident_key
from events.log import Entry
from rules.decisions import AnyDecision, Failed, Raise
from rules.learned import deadline, is_ready, learned
from rules.partition import Partition
from rules.plan import LearnedInactivity
from rules.profile import (
    DOUBTFUL,
    KEPT_DAYS,
    KEPT_QUIETS,
    LENGTHS,
    PART_MINUTES,
    QUIET_BYTES,
    Begun,
    Profile,
    kept,
)
from rules.state import decode_state, encode_state

RESIDENT = ResidentId("testa")
KEY = resident_key(RESIDENT)
KIBIBYTE = 1024
ZONES = st.sampled_from(("UTC", "Europe/Stockholm", "America/St_Johns", "Australia/Lord_Howe"))
START = datetime(2026, 3, 20, 12, tzinfo=UTC)

plans = st.builds(
    LearnedInactivity,
    sensitivity=st.sampled_from(("low", "normal", "high")),
    minimum_days=st.integers(7, 14),
    floor_minutes=st.sampled_from((60, 90, 240)),
    ceiling_minutes=st.sampled_from((240, 720, 2880)),
)


class Ended(NamedTuple):
    """A quiet that has ended: minutes from the end of the one before it, and its own."""

    after: int
    minutes: int
    source: int


quiets = st.lists(
    st.builds(
        Ended,
        st.integers(0, 900) | st.just(0) | st.integers(0, 100_000),
        st.integers(60, 900) | st.integers(60, 20_000),
        st.integers(0, 255) | st.sampled_from((0, 64, 128)),
    ),
    max_size=60,
)


def happened(quiets: list[Ended]) -> list[tuple[datetime, datetime, int]]:
    """Beginning, end and source of each."""
    found, now = [], START
    for quiet in quiets:
        since = now + timedelta(minutes=quiet.after)
        now = since + timedelta(minutes=quiet.minutes)
        found.append((since, now, quiet.source))
    return found


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1439), st.integers(60, 14_000)), max_size=400))
def test_what_is_kept_is_what_a_look_at_the_whole_history_finds(steps: list[tuple[int, int, int]]) -> None:
    days = list(accumulate((after for after, _, _ in steps), initial=100))[1:]
    history = [(day, minute, minutes) for day, (_, minute, minutes) in zip(days, steps, strict=True)]
    known = b""
    for number, (day, minute, minutes) in enumerate(history):
        known = kept(known, Begun(day, minute, number % DOUBTFUL), minutes)
    numbered = list(enumerate(history))
    recent = [(n, quiet) for n, quiet in numbered if history[-1][0] - quiet[0] <= KEPT_DAYS][-KEPT_QUIETS:]
    assert len(known) == len(recent) * QUIET_BYTES
    for place, (number, (day, minute, minutes)) in enumerate(recent):
        told_day, part, length, source = known[place * QUIET_BYTES : (place + 1) * QUIET_BYTES]
        assert (told_day, source) == (day % 256, number % 256)
        assert part * PART_MINUTES == pytest.approx(minute, abs=PART_MINUTES)
        assert LENGTHS[length] == pytest.approx(minutes, rel=0.012)


@given(plans, quiets, ZONES, st.integers(0, 60 * 24 * 400), st.integers(0, 2 * DOUBTFUL - 1))
def test_an_alarm_is_never_before_the_floor_nor_after_the_ceiling(
    plan: LearnedInactivity, quiets: list[Ended], zone: str, after: int, source: int
) -> None:
    profile = Profile()
    floor = timedelta(minutes=plan.floor_minutes)
    ceiling = max(floor, timedelta(minutes=plan.ceiling_minutes))
    for since, until, place in happened(quiets):
        line = deadline(profile, plan, since, place, zone)
        assert since + floor <= line <= since + ceiling
        raised_at = line if is_ready(profile, plan) and line <= until else None
        profile = learned(profile, plan, since, until, place, zone, raised_at)
    since = START + timedelta(minutes=after)
    assert since + floor <= deadline(profile, plan, since, source, zone) <= since + ceiling


@given(plans, quiets, ZONES, st.booleans())
def test_what_is_learned_fits_into_a_kibibyte(
    plan: LearnedInactivity, quiets: list[Ended], zone: str, raises: bool
) -> None:
    profile = Profile()
    for since, until, source in happened(quiets * 8):
        profile = learned(profile, plan, since, until, source, zone, since + timedelta(hours=1) if raises else None)
        assert len(msgspec.msgpack.encode(profile)) <= KIBIBYTE


class Said(NamedTuple):
    after: int
    """Minutes since the one before."""
    kind: str
    ago: int = 0


KINDS = ("motion", "door_closed", "bed_entered", "bed_left", "used", "locked", "offline", "heartbeat")
said = st.builds(
    Said,
    st.sampled_from((1, 5, 20, 60, 61, 90, 150, 240, 480, 600, 900)),
    st.sampled_from(KINDS),
    st.just(0) | st.just(0) | st.sampled_from((5, 30, 200)),
)
DAY = [Said(60, "motion"), *[Said(50, "motion")] * 8, Said(30, "door_closed"), Said(150, "motion")]
DAY += [*[Said(45, "motion")] * 6, Said(2, "bed_entered"), Said(465, "bed_left")]
"""Of a bit less than 24 hours, so that the hours of the day are met one after the other."""

days = st.lists(st.just(DAY) | st.just(DAY) | st.lists(said, min_size=3, max_size=8), min_size=8, max_size=16)
lives = days.map(lambda days: [sign for day in days for sign in day])


def entries(life: list[Said], zone: str, learned: dict[str, Any]) -> list[Entry]:
    plan = {"inactivity": {"limits": [{"minutes": 300}], "learned": learned}}
    changed = PlanChanged(resident=RESIDENT, version=1, timezone=zone, plan=plan)
    found, now = [Entry(0, KEY, "plan_changed", changed, START, START)], START
    for position, sign in enumerate(life, start=1):
        now += timedelta(minutes=sign.after)
        at = now - timedelta(minutes=sign.ago)
        data = decode_message(sign.kind, msgspec.json.encode({"at": at}))
        found.append(Entry(position, KEY, sign.kind, data, at, now))
    return found


@settings(max_examples=60)
@given(lives, ZONES, st.data())
def test_a_life_goes_on_from_a_saved_state_as_it_would_have(life: list[Said], zone: str, data: st.DataObject) -> None:
    """Nor does it matter how often time is looked at."""
    log = entries(life, zone, {})
    saved = data.draw(st.integers(1, len(log) - 1))
    looked = set(data.draw(st.lists(st.integers(0, len(log) - 1), max_size=20)))
    whole, other = Partition(), Partition()
    decisions: list[AnyDecision] = []
    decided: list[AnyDecision] = []
    for number, entry in enumerate(log):
        decisions += whole.apply(entry)
        if number == saved:
            other = Partition([decode_state(encode_state(state)) for state in other.states.values()])
        if number in looked:
            decided += other.fire(entry.received_at - timedelta(minutes=1))
        decided += other.apply(entry)
    end = log[-1].received_at + timedelta(days=2)
    assert [*decisions, *whole.fire(end)] == [*decided, *other.fire(end)]
    assert whole.states == other.states
    assert not any(isinstance(decision, Failed) for decision in decisions)


@settings(max_examples=60)
@given(lives, ZONES)
def test_every_learned_alarm_is_at_its_line(life: list[Said], zone: str) -> None:
    """The deadline that was kept up step by step is the one that the whole of what is known gives."""
    simple = [sign for sign in life if sign.kind != "locked" and not sign.ago]
    partition, log = Partition(), entries(simple, zone, {"ceiling_minutes": 400})
    for entry in log:
        before = partition.states.get(KEY)
        for decision in partition.apply(entry):
            if isinstance(decision, Raise) and decision.detail["judged_by"] == "learned":
                assert before is not None
                assert before.plan.inactivity is not None
                assert before.plan.inactivity.learned is not None
                now, plan = before.inactivity, before.plan.inactivity.learned
                assert now.profile is not None
                assert now.since is not None
                assert decision.at == deadline(now.profile, plan, now.since, now.source, zone)
