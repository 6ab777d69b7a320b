"""A recording moved to now: all of it by as much."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events import messages as m
from events.ids import DeviceId, ResidentId, is_id
from simulators.replay import replay_device, starting_at
from simulators.timed import timed

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
THEN = datetime(2011, 6, 14, 23, 3, 39, 149620, tzinfo=UTC)
GAPS = st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), min_size=1)


@given(GAPS)
def test_the_first_is_now_and_the_rest_keep_their_distance(gaps: list[timedelta]) -> None:
    messages = [timed(DeviceId("d"), m.Motion(at=THEN + gap, room="hall")) for gap in sorted(gaps)]
    moved = list(starting_at(messages, lambda: NOW))
    assert moved[0].time == NOW
    for before, after in zip(messages, moved, strict=True):
        assert after.time - NOW == before.time - messages[0].time
        assert after.message == m.Motion(at=after.time, room="hall")
        assert (after.device, after.kind) == (before.device, before.kind)


def test_now_is_when_the_first_is_taken() -> None:
    clock = iter([NOW])
    moved = starting_at((timed(DeviceId("d"), m.Heartbeat(at=THEN)) for _ in range(3)), lambda: next(clock))
    assert [said.time for said in moved] == [NOW] * 3


def test_nothing_stays_nothing() -> None:
    assert list(starting_at([], lambda: NOW)) == []


def test_the_device_is_named_after_the_resident() -> None:
    device = replay_device(ResidentId("demo-r-0001"))
    assert device == "demo-r-0001-replay-sensors"
    assert is_id(device)
