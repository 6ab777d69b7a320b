"""How long real presses take while 150 municipalities test all their buttons at once. Nothing may be lost.

All of `vaka up` is in between, as in `latency.py`. Presses come at a fixed rate and none waits for the one before, so
that a press that is late delays no other from being measured.
"""

import asyncio
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from benchmarks.latency import Page, spread
from benchmarks.progress import say
from benchmarks.publisher import Publisher
from benchmarks.servers import brokers, folder
from benchmarks.table import Cell, Table
from benchmarks.towns import applied, buttons, settle
from benchmarks.up import Up, running_up
from events.ids import DeviceId, TenantId
from events.topics import event_topic
from store.pool import Connection, connect
from vaka.clock import system_clock

TARGET_MS = 250
LIMIT_SECONDS = 600
CALM_SECONDS = 3
LAST_SECONDS = 60
CHUNK = 500
POLL_SECONDS = 0.25

_AT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}")

COUNTS = """
SELECT (SELECT count(*) FROM events WHERE kind = 'test_alarm'),
    (SELECT count(*) FROM events WHERE kind = 'alarm_pressed'), (SELECT coalesce(sum(count), 0) FROM alarms),
    (SELECT count(*) FROM notifications n JOIN alarms a ON a.id = n.alarm WHERE a.kind <> 'social_alarm'),
    (SELECT count(*) FROM quarantine)
"""


@dataclass(frozen=True)
class Size:
    """`alarms`: test alarms of each town within `seconds`; `rate`: presses a second."""

    towns: int = 150
    residents: int = 20
    alarms: int = 1000
    seconds: float = 10
    rate: float = 20
    calm_seconds: float = CALM_SECONDS

    @property
    def tests(self) -> int:
        """Test alarms in all: each button's first, and those of the storm."""
        return self.towns * (self.residents + self.alarms)


QUICK = Size(towns=3, residents=4, alarms=20, seconds=0.5, calm_seconds=0.2)


@dataclass(frozen=True)
class Storm:
    """`calm`, `midst`: milliseconds of each press before and during it. `sent`, `stored`: seconds until all were."""

    calm: list[float]
    midst: list[float]
    sent: float
    stored: float


def run(size: Size) -> list[Table]:
    rows: list[Sequence[Cell]] = []
    for broker in brokers():
        storm = asyncio.run(_measure(broker, size))
        say(f"storm, {broker}: {len(storm.midst)} presses, slowest {max(storm.midst):.0f} ms")
        rows += [
            (f"{broker}, {name}", len(took), *spread(took))
            for name, took in (
                ("calm", storm.calm),
                (f"storm ({storm.sent:.0f} s sent, {storm.stored:.0f} s stored)", storm.midst),
            )
        ]
    columns = ("broker", "presses", "p50, ms", "p95, ms", "p99, ms", "slowest, ms")
    notes = [
        f"{size.towns} municipalities send {size.alarms:,} test alarms each within {size.seconds:.0f} s, and "
        f"{size.rate:.0f} real presses a second come besides, until all is stored. From when a press is due until its "
        "alarm is read from `/api/v1/stream`. Load, devices and page run on the same two cores.",
        "Counted at the end: every test alarm and every press is stored once, every press is an alarm's, and nobody "
        "was told of a test.",
        f"Target: p99 at most {TARGET_MS} ms.",
    ]
    return [Table("Presses in a storm of test alarms", columns, rows, notes)]


async def _measure(broker: str, size: Size) -> Storm:
    with folder() as data_dir:
        async with running_up(data_dir, broker) as up, asyncio.timeout(LIMIT_SECONDS):
            await settle(up.database_url, size.towns, size.residents, system_clock())
            await _prove(up, size)
            say(f"storm, {broker}: {size.towns} municipalities are there")
            return await _storm(up, size)


async def _prove(up: Up, size: Size) -> None:
    """Everybody's button is tried once: by this, new devices come into use, which is not to be measured."""
    publisher = await Publisher.connect(up.devices)
    devices = buttons(size.towns, size.residents)
    payload = msgspec.json.encode({"at": datetime.now(UTC)})
    for first in range(0, len(devices), CHUNK):
        chunk = devices[first : first + CHUNK]
        await publisher.publish([(event_topic(*button, "test_alarm"), payload) for button in chunk])
    await publisher.settle()
    await publisher.close()
    await _until_stored(up, len(devices))
    await applied(up.database_url)


async def _storm(up: Up, size: Size) -> Storm:
    presses = await Presses.open(up, size)
    pressing = asyncio.create_task(presses.go_on(size.rate))
    await asyncio.sleep(size.calm_seconds)
    began, sent = await _load(up, size)
    await _until_stored(up, size.tests)
    stored = time.perf_counter() - began
    presses.enough.set()
    await pressing
    await _check(up, size, len(presses.took))
    calm = [took for due, took in presses.took if due < began]
    return Storm(calm, [took for due, took in presses.took if due >= began], sent, stored)


async def _load(up: Up, size: Size) -> tuple[float, float]:
    """When the load began, and in how many seconds the broker had all of it."""
    numbers = (up.devices.host, up.devices.port, size.towns, size.residents, size.alarms, size.seconds)
    command = [sys.executable, "-m", "benchmarks.storm_load", *map(str, numbers)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    await child.stdout.readline()
    began = time.perf_counter()
    took, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"the load ended with code {child.returncode}")
    return began, float(took)


async def _until_stored(up: Up, tests: int) -> None:
    async with await connect(up.database_url, autocommit=True) as connection:
        while (await _counts(connection))[0] < tests:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


async def _check(up: Up, size: Size, pressed: int) -> None:
    """A figure means something only if nothing was lost, and nothing was made up."""
    async with await connect(up.database_url, autocommit=True) as connection:
        counts = await _counts(connection)
    expected = (size.tests, pressed, pressed, 0, 0)
    if counts != expected:
        names = "test alarms, presses, presses of alarms, notifications about anything else, quarantined"
        raise RuntimeError(f"{names}: {counts} instead of {expected}")


async def _counts(connection: Connection) -> tuple[int, ...]:
    row = await (await connection.execute(COUNTS)).fetchone()
    assert row is not None
    return tuple(int(count) for count in row)


class Presses:
    """Buttons that are pressed at a fixed rate, each by another person. `took`: when it was due, and milliseconds."""

    def __init__(self, publisher: Publisher, page: Page, buttons: list[tuple[TenantId, DeviceId]]) -> None:
        self.took: list[tuple[float, float]] = []
        self.enough = asyncio.Event()
        self._publisher = publisher
        self._page = page
        self._buttons = buttons
        self._waiting: dict[bytes, float] = {}

    @classmethod
    async def open(cls, up: Up, size: Size) -> "Presses":
        devices = buttons(size.towns, size.residents)
        random.Random(1).shuffle(devices)
        return cls(await Publisher.connect(up.devices), await Page.open(up.http, await up.token()), devices)

    async def go_on(self, rate: float) -> None:
        """Until it is enough, and until each that was pressed has been seen."""
        seeing = asyncio.create_task(self._see())
        started, number = time.perf_counter(), 0
        while not self.enough.is_set():
            await self._press(self._buttons[number % len(self._buttons)], started + number / rate)
            number += 1
        async with asyncio.timeout(LAST_SECONDS):
            while self._waiting:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        seeing.cancel()
        self._page.close()
        await self._publisher.close()

    async def _press(self, button: tuple[TenantId, DeviceId], due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        # Never whole seconds: the time is how the page tells one press from another.
        at = datetime.now(UTC).replace(microsecond=random.randrange(1, 1_000_000)) - timedelta(seconds=1)
        payload = msgspec.json.encode({"at": at})
        self._waiting[_AT.findall(payload)[0]] = due
        await self._publisher.publish([(event_topic(*button, "alarm_pressed"), payload)])

    async def _see(self) -> None:
        while True:
            line = await self._page.line()
            now = time.perf_counter()
            for at in _AT.findall(line):
                if (due := self._waiting.pop(at, None)) is not None:
                    self.took.append((due, (now - due) * 1000))
