"""Time limits, paces, times of test messages and the choice of who is told instead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.ids import TenantId
from rules.addresses import ADDRESSES
from rules.contact import Channel, ContactPoint, Owner
from rules.delivery import (
    LONG_AGO,
    PATIENCE,
    USUAL,
    Admission,
    Fallback,
    FallbackReason,
    Pace,
    Schedule,
    Silence,
    admit,
    fall_back,
    last_test_time,
    merges,
    patience,
    provider_lane,
    read_settings,
    receiver_lane,
)
from rules.given import GivenError

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PACE = Pace(burst=3, seconds=60)


def point(id: str, rank: int, *, usable: bool = True) -> ContactPoint:
    return ContactPoint(id, Owner.STAFF, "astrid", Channel.SMS, rank, usable)


def silence(id: str = "a", rank: int = 1, *, told: frozenset[str] | None = None, known: str = "") -> Silence:
    """`known`: the one thing that has happened since."""
    happened = {name: name == known for name in ("closed", "accepted", "forwarded", "reached")}
    return Silence(rank=rank, point=id, told=told or frozenset({id}), **happened)


def test_every_channel_of_contact_points_has_a_time_limit() -> None:
    assert set(PATIENCE) == set(ADDRESSES)


@pytest.mark.parametrize(("priority", "seconds"), [(1, 60), (2, 120), (3, 900), (4, 3600)])
def test_the_time_limit_depends_on_the_priority(priority: int, seconds: int) -> None:
    assert patience(Channel.SMS, priority, USUAL) == seconds * SECOND


def test_a_tenant_sets_the_limits_of_one_channel() -> None:
    settings = read_settings({"channels": {"sms": {"receipt_seconds": [10, 20, 30, 40]}}})
    assert patience(Channel.SMS, 2, settings) == 20 * SECOND
    assert patience(Channel.EMAIL, 2, settings) == 300 * SECOND


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"channels": {"console": {}}}, "channels.console"),
        ({"channels": {"fax": {}}}, "channels"),
        ({"channels": {"sms": {"receipt_seconds": [9, 60, 60, 60]}}}, "channels"),
        ({"channels": {"sms": {"receipt_seconds": [60, 60]}}}, "channels"),
        ({"channels": {"sms": {"receiver": {"burst": 0, "seconds": 1}}}}, "channels"),
        ({"channels": {"sms": {"provider": {"burst": 1, "seconds": 0}}}}, "channels"),
        ({"tests": {"time": "24:00"}}, "tests"),
        ({"tests": {"time": "12:00", "day": "someday"}}, "tests"),
        ({"other": 1}, "other"),
    ],
)
def test_settings_that_cannot_be_used(given: dict[str, Any], place: str) -> None:
    with pytest.raises(GivenError) as caught:
        read_settings(given)
    assert place in str(caught.value)


def test_a_burst_and_then_one_at_a_time() -> None:
    first = admit(PACE, LONG_AGO, NOW, wanted=5)
    assert first == Admission(3, NOW + 60 * SECOND)
    assert admit(PACE, first.free_at, NOW + 59 * SECOND, wanted=5) == Admission(0, first.free_at)
    assert admit(PACE, first.free_at, NOW + 60 * SECOND, wanted=5) == Admission(1, NOW + 120 * SECOND)


def test_quiet_earns_a_burst_again_and_no_more() -> None:
    free_at = admit(PACE, LONG_AGO, NOW, wanted=3).free_at
    assert admit(PACE, free_at, NOW + timedelta(days=1), wanted=9).admitted == 3


def test_less_than_a_burst_leaves_the_rest_of_it() -> None:
    free_at = admit(PACE, LONG_AGO, NOW, wanted=2).free_at
    assert free_at <= NOW
    assert admit(PACE, free_at, NOW, wanted=2).admitted == 1


def test_what_is_life_critical_uses_up_the_burst_and_no_more() -> None:
    assert admit(PACE, LONG_AGO, NOW, wanted=5, forced=2).admitted == 1
    assert admit(PACE, LONG_AGO, NOW, wanted=5, forced=1000) == Admission(0, NOW + 60 * SECOND)
    assert admit(PACE, NOW + 30 * SECOND, NOW, wanted=1, forced=1) == Admission(0, NOW + 60 * SECOND)
    assert admit(PACE, NOW + 300 * SECOND, NOW, wanted=1, forced=2) == Admission(0, NOW + 300 * SECOND)


def test_lanes() -> None:
    assert receiver_lane(Channel.SMS, "p-1") != receiver_lane(Channel.VOICE, "p-1")
    assert provider_lane(Channel.SMS, TenantId("west")) != provider_lane(Channel.SMS, TenantId("east"))
    assert provider_lane(Channel.WEBHOOK, TenantId("west")) is None
    assert provider_lane(Channel.APPRISE, TenantId("west")) is None


@pytest.mark.parametrize(
    ("channel", "priority", "merged"),
    [
        (Channel.SMS, 2, True),
        (Channel.APPRISE, 4, True),
        (Channel.SMS, 1, False),
        (Channel.WEBHOOK, 3, False),
        (Channel.MQTT, 3, False),
        (Channel.SCAIP, 3, False),
    ],
)
def test_what_is_merged(channel: Channel, priority: int, merged: bool) -> None:
    assert merges(channel, priority) is merged


POINTS = (point("d", 3), point("b", 2), point("a", 1), point("c", 2, usable=False))


def test_the_next_by_rank_that_is_usable() -> None:
    assert fall_back(silence("a", 1), POINTS) == Fallback(FallbackReason.NEXT_POINT, point("b", 2))
    assert fall_back(silence("b", 2), POINTS).point == point("d", 3)
    assert fall_back(silence("d", 3), POINTS) == Fallback(FallbackReason.NO_OTHER_POINT)


def test_of_one_rank_in_the_order_of_their_ids() -> None:
    same = (point("y", 1), point("x", 1), point("z", 1))
    assert fall_back(silence("x", 1), same).point == point("y", 1)
    assert fall_back(silence("z", 1), same).point is None


def test_who_has_been_told_in_the_rung_is_passed_over() -> None:
    assert fall_back(silence("a", 1, told=frozenset({"a", "b"})), POINTS).point == point("d", 3)


def test_a_contact_point_that_is_not_there_any_more_is_followed_by_the_next() -> None:
    assert fall_back(silence("removed", 1), (point("b", 2),)).point == point("b", 2)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ("closed", FallbackReason.CLOSED),
        ("accepted", FallbackReason.ACCEPTED),
        ("forwarded", FallbackReason.FORWARDED),
        ("reached", FallbackReason.REACHED),
    ],
)
def test_nobody_is_told_in_vain(known: str, reason: FallbackReason) -> None:
    assert fall_back(silence(known=known), POINTS) == Fallback(reason)


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        (Schedule("13:00"), "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
        (Schedule("13:00"), "2026-03-02T11:59:59Z", "2026-03-01T12:00:00Z"),
        (Schedule("13:00", "mon"), "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
        (Schedule("13:00", "mon"), "2026-03-02T11:00:00Z", "2026-02-23T12:00:00Z"),
        (Schedule("13:00", "tue"), "2026-03-02T12:00:00Z", "2026-02-24T12:00:00Z"),
        # The night of 29 March has no 02:30, and that of 25 October has two, of which the first is taken.
        (Schedule("02:30"), "2026-03-29T10:00:00Z", "2026-03-29T01:30:00Z"),
        (Schedule("02:30"), "2026-10-25T10:00:00Z", "2026-10-25T00:30:00Z"),
        # After midnight in Stockholm it is still the day before in UTC.
        (Schedule("00:15", "mon"), "2026-03-01T23:30:00Z", "2026-03-01T23:15:00Z"),
    ],
)
def test_when_test_messages_were_last_due(schedule: Schedule, now: str, expected: str) -> None:
    at = last_test_time(schedule, "Europe/Stockholm", datetime.fromisoformat(now))
    assert at == datetime.fromisoformat(expected)
