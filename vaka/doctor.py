"""What Vaka stands on, tried out rather than asked about: a broker that drops messages does not say so."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import aiomqtt
import psycopg
from msgspec import Struct
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from events.address import MqttServer
from store.log_status import ask, problems
from store.pool import connect
from store.schema import expected_revisions, is_current
from vaka.context import Context

BACKLOG = 1500
"""More than the 1,000 messages that Mosquitto keeps for an absent session unless it is told otherwise."""


class Finding(Struct, frozen=True):
    """One thing that was looked at. `said` is what was found and, where it is bad, what to do."""

    what: str
    ok: bool
    said: str


async def examine(context: Context) -> list[Finding]:
    checks: list[tuple[str, Callable[[Context], Awaitable[str]]]] = [
        ("database", _database),
        ("schema", _schema),
        ("log", _log),
        ("broker keeps a backlog", _backlog),
    ]
    return [await _finding(what, check, context) for what, check in checks]


class Bad(Exception):
    """A check failed; the text says what to do."""


async def _finding(what: str, check: Callable[[Context], Awaitable[str]], context: Context) -> Finding:
    try:
        async with asyncio.timeout(30):
            return Finding(what, True, await check(context))
    except (Bad, OSError, psycopg.Error, aiomqtt.MqttError) as error:
        return Finding(what, False, str(error).strip() or type(error).__name__)
    except TimeoutError:
        return Finding(what, False, "no answer within 30 s")


async def _database(context: Context) -> str:
    async with await connect(context.database_url) as connection:
        number = connection.info.server_version
        cursor = await connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        row = await cursor.fetchone()
    version = f"PostgreSQL {number // 10000}.{number % 10000}"
    return f"{version} with TimescaleDB {row[0]}" if row else f"{version} without TimescaleDB"


async def _schema(context: Context) -> str:
    if not await asyncio.to_thread(is_current, context.database_url):
        raise Bad("the database is not at this version's schema: run `vaka migrate`")
    return "at " + ", ".join(sorted(expected_revisions()))


async def _log(context: Context) -> str:
    async with await connect(context.database_url) as connection:
        said = await ask(connection)
    wrong = problems(said, context.wall())
    if wrong:
        raise Bad("; ".join(f"{part}: {detail}" for part, detail in wrong))
    assert said is not None
    return f"owned, at position {said[0].position}, {said[0].waiting} messages wait"


async def _backlog(context: Context) -> str:
    """Sends more messages to an absent session than a broker with its defaults keeps, and counts what comes."""
    topic, session = f"vaka-doctor/{uuid4().hex}", f"vaka-doctor-{uuid4().hex}"
    async with _client(context.broker, session, expiry=120) as client:
        await client.subscribe(topic, qos=1)
    async with _client(context.broker, f"{session}-sender", expiry=0) as sender:
        for number in range(BACKLOG):
            await sender.publish(topic, str(number).encode(), qos=1)
    kept = await _count(context.broker, topic, session)
    if kept < BACKLOG:
        raise Bad(
            f"it kept {kept} of {BACKLOG} messages for an absent session: events are lost while Vaka is away. "
            "For Mosquitto set max_queued_messages 0, max_queued_bytes and persistence true"
        )
    return f"{kept} of {BACKLOG} messages for an absent session"


async def _count(server: MqttServer, topic: str, session: str) -> int:
    """How many different messages the session gets before one that is sent last."""
    seen: set[bytes] = set()
    async with _client(server, session, expiry=0) as client:
        await client.subscribe(topic, qos=1)
        await client.publish(topic, b"end", qos=1)
        async for message in client.messages:
            if message.payload == b"end":
                break
            seen.add(bytes(message.payload))
    return len(seen)


def _client(server: MqttServer, session: str, *, expiry: int) -> aiomqtt.Client:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = expiry
    return aiomqtt.Client(
        server.address.host,
        server.address.port,
        username=server.username,
        password=server.password,
        identifier=session,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False,
        properties=properties,
    )
