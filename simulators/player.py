"""Plays the devices of a virtual municipality against any broker, in true or faster time."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from simulators.day import events_of_day
from simulators.municipality import Municipality, Resident
from simulators.publisher import OnProgress, Progress, publish_all
from simulators.timed import Clock, Sleep, TimedMessage


async def play(
    municipality: Municipality,
    mqtt_url: str,
    now: Clock,
    *,
    seed: int = 0,
    speed: float = 1.0,
    sleep: Sleep = asyncio.sleep,
    stop: asyncio.Event | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Progress:
    """Publishes what the devices say from `now()` on: for ever, before `until`, or `limit` messages at most.

    `now` is Vaka's clock, which runs `speed` times as fast as the true time that `sleep` waits in. The past is not
    sent. `stop` ends it early. Returns, and tells `on_progress` after each batch, how far it has come.
    Raises ValueError for a bad address.
    """
    messages = life(municipality, seed, now())
    if until is not None:
        messages = takewhile(lambda said: said.time < until, messages)
    if limit is not None:
        messages = islice(messages, limit)
    return await publish_all(
        messages, mqtt_url, municipality.tenant, now, speed=speed, sleep=sleep, stop=stop, on_progress=on_progress
    )


def life(municipality: Municipality, seed: int, start: datetime) -> Iterator[TimedMessage]:
    """Everything that all devices say from `start` on, by time, without end.

    Each resident's next day is made when the last message of the day before has been taken, so that the work is
    spread over time and memory holds a day.
    """
    lives = (_life(resident, seed, start, municipality.timezone) for resident in municipality.residents)
    return merge(*lives, key=lambda said: (said.time, said.device))


def _life(resident: Resident, seed: int, start: datetime, timezone: str) -> Iterator[TimedMessage]:
    day = start.astimezone(ZoneInfo(timezone)).date()
    while True:
        yield from (said for said in events_of_day(resident, day, seed, timezone) if said.time >= start)
        day += timedelta(days=1)
