"""The load of the storm benchmark, a process of its own: every municipality sends its test alarms, evenly, and ends.

`python -m benchmarks.storm_load HOST PORT TOWNS RESIDENTS ALARMS SECONDS`; prints a line when it begins, and then
the seconds until the broker had acknowledged all of them.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from benchmarks.publisher import Publisher
from benchmarks.towns import buttons
from events.address import Address
from events.topics import event_topic

CONNECTIONS = 10
STEP_SECONDS = 0.02

Message = tuple[str, bytes]


def main(host: str, port: str, towns: str, residents: str, alarms: str, seconds: str) -> None:
    messages = messages_of(int(towns), int(residents), int(alarms))
    print(asyncio.run(_send(Address(host, int(port)), messages, float(seconds))), flush=True)


def messages_of(towns: int, residents: int, alarms: int) -> list[Message]:
    """So many test alarms of each town, those of all towns in turns."""
    devices = buttons(towns, residents)
    at = datetime.now(UTC)
    return [
        (
            event_topic(*devices[town * residents + number % residents], "test_alarm"),
            msgspec.json.encode({"at": at, "id": f"storm-{town}-{number}"}),
        )
        for number in range(alarms)
        for town in range(towns)
    ]


async def _send(broker: Address, messages: Sequence[Message], seconds: float) -> float:
    publishers = [await Publisher.connect(broker, f"storm-{number}") for number in range(CONNECTIONS)]
    print("begins", flush=True)
    started = time.perf_counter()
    parts = [messages[number::CONNECTIONS] for number in range(CONNECTIONS)]
    await asyncio.gather(*(_evenly(*pair, seconds) for pair in zip(publishers, parts, strict=True)))
    took = time.perf_counter() - started
    for publisher in publishers:
        await publisher.close()
    return took


async def _evenly(publisher: Publisher, messages: Sequence[Message], seconds: float) -> None:
    """What the broker does not take in time is sent as soon as it does."""
    started, sent = time.perf_counter(), 0
    while sent < len(messages):
        due = min(len(messages), round((time.perf_counter() - started) / seconds * len(messages)))
        for first in range(sent, due, 500):
            await publisher.publish(messages[first : min(first + 500, due)])
        sent = due
        await asyncio.sleep(STEP_SECONDS)
    await publisher.settle()


if __name__ == "__main__":
    main(*sys.argv[1:])
