"""How many events a second become committed events and alarms, against a script that only stores them.

Over a real broker into a real database. Drained: the broker has kept the events, and nothing else runs. Live: they
are published meanwhile, as fast as they are taken.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.consumers import CONSUMERS, FLOOR, VAKA
from benchmarks.floor import SCHEMA
from benchmarks.messages import BYTES, PRESS_EVERY
from benchmarks.progress import say
from benchmarks.servers import Servers, brokers, running_servers
from benchmarks.table import Cell, Table
from benchmarks.trial import WAYS, Rate, Trial
from simulators.municipality import Municipality, build_municipality
from store.pool import connect
from vaka.clock import system_clock
from vaka.seed import seed

TARGET = 1.0
LIMIT_SECONDS = 120

WAITING = "SELECT id FROM inbox WHERE applied_at IS NULL LIMIT 1"
UNANSWERED = """
SELECT pressed, counted FROM (SELECT count(*) AS pressed FROM events WHERE kind = 'alarm_pressed') AS events,
    (SELECT coalesce(sum(count), 0) AS counted FROM alarms WHERE kind = 'social_alarm') AS alarms
WHERE pressed <> counted
"""


@dataclass(frozen=True)
class Size:
    residents: int = 500
    events: int = 20_000
    rounds: int = 3


QUICK = Size(residents=20, events=3_000, rounds=1)

Round = Mapping[str, Rate]
"""By consumer. They are measured one after the other, so that the ratio within a round means something."""


def run(size: Size) -> list[Table]:
    rows = [row for broker in brokers() for row in asyncio.run(_measure(broker, size))]
    names = [consumer.name for consumer in CONSUMERS]
    columns = ("broker, way", *(f"{name}, events/s" for name in names), "ratio", "from", "to")
    notes = [
        f"Medians of {size.rounds} rounds, each of {size.events:,} events of {BYTES} bytes with QoS 1, one in "
        f"{PRESS_EVERY} a press, {size.residents} residents. The ratio is that within a round.",
        f"Floor: benchmarks/floor.py. Target: at least {TARGET} of it.",
    ]
    return [Table("End to end", (*columns, *(f"{name}, CPU µs/event" for name in names)), rows, notes)]


async def _measure(broker: str, size: Size) -> list[Sequence[Cell]]:
    municipality = build_municipality(size.residents, 1)
    rounds: dict[str, list[Round]] = {way: [] for way in WAYS}
    with running_servers(broker) as servers:
        async with asyncio.timeout(LIMIT_SECONDS):
            await _move_in(servers, municipality)
        for number in range(size.rounds):
            for way, done in rounds.items():
                done.append(await _round(servers, municipality, size, way, number))
                told = ", ".join(f"{name} {rate.events:,.0f} events/s" for name, rate in done[-1].items())
                say(f"end to end, {broker}, {way}, round {number + 1} of {size.rounds}: {told}")
        await _check_alarms(servers)
    return [_row(f"{broker}, {way}", done) for way, done in rounds.items()]


async def _round(servers: Servers, municipality: Municipality, size: Size, way: str, number: int) -> Round:
    """Each consumer once; who is first changes from round to round."""
    rates = {}
    for consumer in CONSUMERS if number % 2 else reversed(CONSUMERS):
        async with asyncio.timeout(LIMIT_SECONDS):
            rates[consumer.name] = await WAYS[way](Trial(servers, municipality, consumer, size.events))
    return rates


async def _move_in(servers: Servers, municipality: Municipality) -> None:
    """Residents with devices and plans, known to the database and to the log."""
    async with await connect(servers.database_url, autocommit=True) as connection:
        await connection.execute(SCHEMA)
        async with connection.transaction():
            await seed(connection, municipality, "benchmark", system_clock())
        async with VAKA.running(servers):
            while await (await connection.execute(WAITING)).fetchone():  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def _check_alarms(servers: Servers) -> None:
    """A figure means something only if every press became an alarm, or counted on one."""
    async with await connect(servers.database_url) as connection:
        if row := await (await connection.execute(UNANSWERED)).fetchone():
            raise RuntimeError(f"{row[0]} presses were stored, but the alarms count {row[1]}")


def _row(name: str, rounds: Sequence[Round]) -> Sequence[Cell]:
    ratios = [done[VAKA.name].events / done[FLOOR.name].events for done in rounds]
    events = [median(done[consumer.name].events for done in rounds) for consumer in CONSUMERS]
    cpu = [median(done[consumer.name].cpu for done in rounds) for consumer in CONSUMERS]
    return (name, *events, median(ratios), min(ratios), max(ratios), *cpu)
