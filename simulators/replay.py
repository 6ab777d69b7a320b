"""A recording published as if it happened now, as fast as the Vaka that listens lives."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta

from msgspec.structs import replace

from events.ids import DeviceId, ResidentId, TenantId
from simulators.publisher import OnProgress, Progress, publish_all
from simulators.timed import Clock, Sleep, TimedMessage


def replay_device(resident: ResidentId) -> DeviceId:
    """The device that a resident's recordings are played by."""
    return DeviceId(f"{resident}-replay-sensors")


async def replay_mqtt(
    messages: Iterable[TimedMessage],
    mqtt_url: str,
    tenant: TenantId,
    now: Clock,
    *,
    speed: float = 1.0,
    sleep: Sleep = asyncio.sleep,
    stop: asyncio.Event | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Progress:
    """Publishes `messages`, by time, so that the first is sent now and the others follow `speed` times as fast.

    `now` is Vaka's clock, which runs `speed` times as fast as the true time that `sleep` waits in: every shifted `at`
    is what that clock shows when the message is sent. `stop` ends it early. Raises ValueError for a bad address.
    """
    shifted = starting_at(messages, now)
    return await publish_all(
        shifted, mqtt_url, tenant, now, speed=speed, sleep=sleep, stop=stop, on_progress=on_progress
    )


def starting_at(messages: Iterable[TimedMessage], now: Clock) -> Iterator[TimedMessage]:
    """The same messages with all times moved by as much, so that the first is at `now()` when it is taken."""
    shift: timedelta | None = None
    for said in messages:
        if shift is None:
            shift = now() - said.time
        yield said._replace(time=said.time + shift, message=replace(said.message, at=said.message.at + shift))
