"""How a message to somebody is delivered: how long a receipt may take, who is told instead, how much is sent at once.

Everything here can be set by a municipality. Without that it is as in `PATIENCE`, `RECEIVER_PACE` and `PROVIDER_PACE`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from events.ids import TenantId
from rules.addresses import ADDRESSES
from rules.contact import Channel, ContactPoint
from rules.given import GivenError, read
from rules.localtime import TimeOfDay, instant, local_day, minutes

PROGRAMS = frozenset({Channel.WEBHOOK, Channel.MQTT, Channel.SCAIP})
"""Channels to programs: told of every alarm by itself, with its facts. The others lead to people."""

OWN_SERVERS = frozenset({Channel.CONSOLE, Channel.WEBHOOK, Channel.APPRISE})
"""Channels on which every receiver has a server of its own, so that there is no provider whom many share."""

Seconds = Annotated[int, Meta(ge=10, le=24 * 3600)]
Patience = tuple[Seconds, Seconds, Seconds, Seconds]
"""Seconds that a receipt may take, for the priorities 1 to 4."""

_SOON: Patience = (30, 60, 900, 3600)
_USUAL: Patience = (60, 120, 900, 3600)

PATIENCE: dict[Channel, Patience] = {
    Channel.PUSH: _SOON,
    Channel.MQTT: _SOON,
    Channel.SCAIP: _SOON,
    Channel.SMS: _USUAL,
    Channel.VOICE: _USUAL,
    Channel.APPRISE: _USUAL,
    Channel.EMAIL: (60, 300, 3600, 3600),
}
"""Our own figures. A ladder for life or care has its second rung after three minutes; a person who is carrying a
telephone that is off should have been told by another way before that."""


class Pace(Struct, frozen=True, forbid_unknown_fields=True):
    """`burst` messages at once, and then one every `seconds`."""

    burst: Annotated[int, Meta(ge=1, le=1000)]
    seconds: Annotated[float, Meta(gt=0, le=3600)]


RECEIVER_PACE = Pace(burst=3, seconds=60.0)
PROVIDER_PACE = Pace(burst=20, seconds=0.1)


class ChannelSettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a municipality wants otherwise on one channel."""

    receipt_seconds: Patience | None = None
    receiver: Pace | None = None
    provider: Pace | None = None


class Schedule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When every contact point gets a test message: at a local time, every day or on one day of the week."""

    time: TimeOfDay
    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a municipality wants otherwise."""

    channels: dict[Channel, ChannelSettings] = msgspec.field(default_factory=dict)
    tests: Schedule | None = None

    def of(self, channel: Channel) -> ChannelSettings:
        return self.channels.get(channel, _AS_USUAL)


_AS_USUAL = ChannelSettings()
USUAL = DeliverySettings()
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_settings(data: Mapping[str, Any]) -> DeliverySettings:
    """The settings in `data`. Raises GivenError."""
    settings = read(DeliverySettings, dict(data))
    for channel in settings.channels:
        if channel not in ADDRESSES:
            raise GivenError(f"channels.{channel}", "has no contact points")
    return settings


def patience(channel: Channel, priority: int, settings: DeliverySettings) -> timedelta:
    """How long a receipt may take before the owner's next contact point is told."""
    seconds = settings.of(channel).receipt_seconds or PATIENCE[channel]
    return timedelta(seconds=seconds[priority - 1])


def last_test_time(schedule: Schedule, zone: str, now: datetime) -> datetime:
    """The newest time at or before `now` at which the schedule asks for test messages."""
    today = local_day(now, zone)
    for back in range(9):
        day = today - timedelta(days=back)
        at = instant(day, minutes(schedule.time), zone)
        if at <= now and schedule.day in (None, _DAYS[day.weekday()]):
            return at
    raise AssertionError("nine days hold every day of the week, past its time")


def receiver_lane(channel: Channel, receiver: str) -> str:
    """What goes to one receiver on one channel: kept apart, so that one which hangs holds up no other."""
    return f"{channel}>{receiver}"


def provider_lane(channel: Channel, tenant: TenantId) -> str | None:
    """What leaves by one provider; None where every receiver has a server of its own."""
    return None if channel in OWN_SERVERS else f"{channel}@{tenant}"


def merges(channel: Channel, priority: int) -> bool:
    """Whether several that wait for the same receiver become one message. What is life-critical never does."""
    return channel not in PROGRAMS and priority > 1


class Admission(NamedTuple):
    """So many of those that want to may go now; the next one from `free_at` on."""

    admitted: int
    free_at: datetime


def admit(pace: Pace, free_at: datetime, now: datetime, wanted: int, forced: int = 0) -> Admission:
    """How many of `wanted` may go at `now` on a lane that is free from `free_at` on.

    `forced` go in any case, being life-critical. They use up what could have gone at once, and no more of the time
    after them: however many they were, the others go on as soon as there are no more.
    """
    every = timedelta(seconds=pace.seconds)
    ahead = every * (pace.burst - 1)
    emptied = max(free_at, now + every)
    free_at = min(max(free_at, now - ahead) + every * forced, emptied) if forced else free_at
    admitted = 0
    while admitted < wanted and free_at <= now:
        free_at = max(free_at, now - ahead) + every
        admitted += 1
    return Admission(admitted, free_at)


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""From when on a lane is free on which nothing was ever sent."""


class FallbackReason(StrEnum):
    NEXT_POINT = "next_point"
    CLOSED = "closed"
    ACCEPTED = "accepted"
    FORWARDED = "forwarded"
    REACHED = "reached"
    NO_OTHER_POINT = "no_other_point"


class Silence(NamedTuple):
    """A notification without a receipt in time. `rank` and `point` of where it went.

    `closed`, `accepted`, `forwarded`: what has become of the alarm since. `reached`: the owner is known to have got
    this telling, or a later one, by another way. `told`: the contact points that have been told in the same rung.
    """

    rank: int
    point: str
    closed: bool
    accepted: bool
    forwarded: bool
    reached: bool
    told: Collection[str]


class Fallback(NamedTuple):
    reason: FallbackReason
    point: ContactPoint | None = None


def fall_back(silence: Silence, points: Sequence[ContactPoint]) -> Fallback:
    """Who is told instead: the next usable of the owner's `points` by rank that has not been told in this rung."""
    outcomes = (
        (silence.closed, FallbackReason.CLOSED),
        (silence.accepted, FallbackReason.ACCEPTED),
        (silence.forwarded, FallbackReason.FORWARDED),
        (silence.reached, FallbackReason.REACHED),
    )
    for holds, reason in outcomes:
        if holds:
            return Fallback(reason)
    for point in sorted(points, key=lambda point: (point.rank, point.id)):
        if point.usable and (point.rank, point.id) > (silence.rank, silence.point) and point.id not in silence.told:
            return Fallback(FallbackReason.NEXT_POINT, point)
    return Fallback(FallbackReason.NO_OTHER_POINT)
