"""How long from a pressed button to the alarm on the stream of a page, while other events come in.

All of `vaka up` is in between: broker, ingest, transaction, stream. One press at a time, each awaited.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

import msgspec

from benchmarks.messages import Messages
from benchmarks.progress import say
from benchmarks.publisher import Publisher
from benchmarks.servers import brokers, folder
from benchmarks.table import Cell, Table
from benchmarks.up import Up, running_up
from events.address import Address
from simulators.municipality import build_municipality

TARGET_MS = 10
LIMIT_SECONDS = 120
ANSWER_SECONDS = 10


@dataclass(frozen=True)
class Size:
    """`background`: events a second of other devices, one measurement for each."""

    residents: int = 100
    presses: int = 150
    background: Sequence[int] = (0, 200)
    pause_seconds: float = 0.1


QUICK = Size(residents=3, presses=3, background=(100,), pause_seconds=0.01)


def run(size: Size) -> list[Table]:
    rows = [row for broker in brokers() for row in asyncio.run(_measure(broker, size))]
    columns = ("broker, events/s beside it", "p50, ms", "p95, ms", "p99, ms", "slowest, ms")
    notes = [
        f"From before the press is published until it is read from `/api/v1/stream`; {size.presses} presses, one at a "
        f"time, {size.residents} residents. The devices and the page are simulated on the same two cores.",
        f"Target: p50 at most {TARGET_MS} ms at 200 events/s.",
    ]
    return [Table("From press to alarm", columns, rows, notes)]


async def _measure(broker: str, size: Size) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = []
    with folder() as data_dir:
        async with running_up(data_dir, broker, "--simulate", str(size.residents), "--no-play") as up:
            for background in size.background:
                async with asyncio.timeout(LIMIT_SECONDS):
                    took = await _press_often(up, size, background)
                say(f"latency, {broker}, {background} events/s beside it: p50 {median(took):.1f} ms")
                rows.append((f"{broker}, {background}", *spread(took)))
    return rows


async def _press_often(up: Up, size: Size, background: int) -> list[float]:
    """Milliseconds for each press."""
    messages = Messages(build_municipality(size.residents, 1), f"b{background}", press_every=0)
    publisher = await Publisher.connect(up.devices)
    page = await Page.open(up.http, await up.token())
    playing = asyncio.create_task(_play(publisher, messages, background))
    took = []
    for _ in range(size.presses):
        # At no fixed distance from what else is going on.
        await asyncio.sleep(size.pause_seconds * random.uniform(0.5, 1.5))
        press = messages.press()
        started = time.perf_counter()
        await publisher.publish([press])
        async with asyncio.timeout(ANSWER_SECONDS):
            await page.shows(press[1])
        took.append((time.perf_counter() - started) * 1000)
    playing.cancel()
    page.close()
    await publisher.close()
    return took


async def _play(publisher: Publisher, messages: Messages, rate: int) -> None:
    """Evenly; what a late wake-up has missed is made up for."""
    started, sent = time.perf_counter(), 0
    while rate:
        due = int((time.perf_counter() - started) * rate) - sent
        await publisher.publish(messages.take(due))
        sent += due
        await asyncio.sleep(1 / rate)


def spread(took: Sequence[float]) -> Sequence[float]:
    """p50, p95, p99 and the slowest."""
    cuts = quantiles(took, n=100, method="inclusive")
    return median(took), cuts[94], cuts[98], max(took)


class Page:
    """What a page at the console does with the stream: it reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, http: Address, token: str) -> "Page":
        reader, writer = await asyncio.open_connection(http.host, http.port)
        # HTTP/1.0: the answer comes as it is, not in chunks.
        writer.write(f"GET /api/v1/stream HTTP/1.0\r\nHost: {http}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        page = cls(reader, writer)
        async with asyncio.timeout(ANSWER_SECONDS):
            await page._until(b"event: hello")
        return page

    async def shows(self, payload: bytes) -> None:
        """Returns when the alarm of the press with this payload comes."""
        pressed_at = msgspec.json.decode(payload)["at"].removesuffix("Z").encode()
        await self._until(pressed_at)

    async def line(self) -> bytes:
        """The next line of the stream."""
        if line := await self._reader.readline():
            return line
        raise RuntimeError("the stream ended")

    async def _until(self, text: bytes) -> None:
        while text not in await self.line():
            pass

    def close(self) -> None:
        self._writer.close()
