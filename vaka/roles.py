"""The roles: each runs until `stop` is set. `vaka up` runs all of them, the other commands one each."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Iterator
from functools import partial
from typing import Any

import uvicorn

from api.app import create_app, end_streams
from ingest.families import FAMILIES, read_all
from ingest.reader import Reader
from ingest.scaip.agent import Way
from ingest.scaip.server import Options, ScaipGateway
from ingest.source import MqttSource
from processors.backtest_metrics import BacktestMetrics
from processors.backtester import Backtester
from processors.commander import Commander
from processors.coverage import CoverageChecker, CoverageMetrics
from processors.delivering import Delivery, Wording
from processors.escalator import Escalator
from processors.message_tester import MessageTester
from processors.metrics import EngineMetrics
from processors.notifier import Notifier
from processors.owner import LogOwner
from processors.reach_metrics import ReachMetrics
from processors.service_levels import ServiceLevelMeter, ServiceLevelMetrics
from processors.stepping import POLL_SECONDS
from store.failures import DATABASE_DOWN
from store.found import all_found
from store.pool import Pool, connect, open_pool
from vaka.context import Context
from vaka.health import LogHealth
from vaka.kind_names import kind_names
from vaka.senders import open_senders
from vaka.settings import Settings

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
DRAIN_SECONDS = 2.0
"""How long a stop waits for the log to take what gateways have accepted."""


def reader(settings: Settings) -> Reader:
    """All families, where the settings say that they speak."""
    return read_all({name: getattr(settings, name) for name in FAMILIES})


def scaip_options(settings: Settings) -> Options:
    return Options(
        listen=settings.scaip_listen,
        tls_listen=settings.scaip_tls_listen,
        certificate=settings.scaip_certificate,
        key=settings.scaip_key,
        users=settings.scaip_users,
        realm=settings.scaip_realm,
        way=Way(settings.scaip_answer),
        heartbeat_minutes=settings.scaip_heartbeat_minutes,
    )


def log_owner(context: Context, source: MqttSource, read: Reader) -> LogOwner:
    settings = context.settings
    return LogOwner(
        context.database_url,
        source,
        read.reread,
        now=context.now,
        wall=context.wall,
        metrics=EngineMetrics(context.registry),
        name=f"{socket.gethostname()}",
        real_time=context.speed == 1.0,
        snapshot_seconds=settings.snapshot_seconds,
        catch_up_seconds=settings.catch_up_seconds,
        queue_limit=settings.queue_limit,
    )


async def run_engine(context: Context, stop: asyncio.Event) -> None:
    """Ingest and rules: subscribes once it owns the log, so that a second one waits without taking messages."""
    settings = context.settings
    read = reader(settings)
    source = MqttSource(read, context.now, limit=settings.queue_limit, one_filter=context.one_filter)
    owner = log_owner(context, source, read)
    owner.after_commit = lambda: follow(source, owner)
    # Who hears devices ends before who writes the log: what they were told is handled must get there.
    ending = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        owning = tasks.create_task(owner.run(ending))
        tasks.create_task(_subscribe(context, read, source, owner, stop))
        if settings.scaip_listen is not None or settings.scaip_tls_listen is not None:
            hearing = tasks.create_task(_hear_scaip(context, source, owner, stop))
            await first_of(asyncio.wait([hearing]), asyncio.wait([owning]))
            await first_of(source.drained(), asyncio.wait([owning]), asyncio.sleep(DRAIN_SECONDS))
        await first_of(stop.wait(), asyncio.wait([owning]))
        ending.set()
        await asyncio.wait([owning])
        stop.set()
    await source.close()


async def _subscribe(context: Context, read: Reader, source: MqttSource, owner: LogOwner, stop: asyncio.Event) -> None:
    await first_of(owner.ready.wait(), stop.wait())
    if not stop.is_set():
        await _remember(context, read, stop)
        follow(source, owner)
        await source.open(context.broker, stop)


async def _hear_scaip(context: Context, source: MqttSource, owner: LogOwner, stop: asyncio.Event) -> None:
    """Once the log can take what comes: before that, controllers try their next receiver."""
    gateway = ScaipGateway(scaip_options(context.settings), source.offer, context.now)
    await first_of(owner.ready.wait(), stop.wait())
    if not stop.is_set():
        await gateway.run(stop)


async def _remember(context: Context, read: Reader, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            async with await connect(context.database_url) as connection:
                read.remember(await all_found(connection))
            return
        except DATABASE_DOWN as error:
            log.warning("what hubs told of their devices cannot be read yet: %s", str(error).strip())
            await first_of(stop.wait(), asyncio.sleep(RETRY_SECONDS))


def follow(source: MqttSource, owner: LogOwner) -> None:
    """Lets ingest listen where the devices that are registered now speak."""
    if owner.engine is not None:
        source.follow(owner.engine.directory.critical)


async def run_api(context: Context, pool: Pool, stop: asyncio.Event, listening: socket.socket) -> None:
    app = create_app(
        pool,
        now=context.now,
        wall=context.wall,
        health=LogHealth(pool, context.wall),
        registry=context.registry,
        database_url=context.database_url,
        session_hours=context.settings.session_hours,
    )
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2, lifespan="on")
    server = _Server(config)
    backtester = Backtester(
        pool,
        context.now,
        partial(backtest_command, context),
        {**os.environ, "VAKA_DATABASE_URL": context.database_url},
        BacktestMetrics(context.registry),
    )
    meter = ServiceLevelMeter(pool, context.now, ServiceLevelMetrics(context.registry))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(backtester.run(context.database_url, stop))
        tasks.create_task(meter.run(stop))
        serving = tasks.create_task(server.serve(sockets=[listening]))
        await first_of(stop.wait(), asyncio.wait([serving]))
        end_streams(app)
        server.should_exit = True


def backtest_command(context: Context, *which: str) -> list[str]:
    """The program that runs a backtest, or the check of replay, beside this one on the same data."""
    return [sys.executable, "-m", "vaka", "backtest", *which, "--data-dir", str(context.settings.data_dir)]


class _Server(uvicorn.Server):
    """Signals belong to the command, which stops every part in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Any, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serves an ASGI application that is none of Vaka's roles."""
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2, lifespan="off")
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await first_of(stop.wait(), asyncio.wait([serving]))
    server.should_exit = True
    await serving


async def run_reach(context: Context, pool: Pool, stop: asyncio.Event, parts: frozenset[str]) -> None:
    """Escalation and coverage ahead of time (`escalate`), notifications and commands to devices (`notify`)."""
    metrics = ReachMetrics(context.registry)
    # Whoever keeps watch over these sees some turns within the time that they may stand still.
    turns = min(POLL_SECONDS, context.settings.standstill_seconds / 6)
    async with open_senders(context, pool) as senders, asyncio.TaskGroup() as tasks:
        if "escalate" in parts:
            escalator = Escalator(pool, context.now, metrics, speed=context.speed)
            tasks.create_task(escalator.run(context.database_url, stop, turns))
            checker = CoverageChecker(pool, context.now, CoverageMetrics(context.registry), speed=context.speed)
            tasks.create_task(checker.run(stop))
        if "notify" in parts:
            delivery = Delivery(pool, context.now, senders, wording(context))
            notifier = Notifier(pool, context.now, metrics, delivery, speed=context.speed)
            tasks.create_task(notifier.run(context.database_url, stop, turns))
            tester = MessageTester(pool, context.now, metrics, senders)
            tasks.create_task(tester.run(context.database_url, stop))
            commander = Commander(pool, context.now, metrics, context.broker)
            tasks.create_task(commander.run(context.database_url, stop, turns))


def wording(context: Context) -> Wording:
    """Links lead to where people reach Vaka: what the settings say, else where the API listens."""
    return Wording(context.settings.public_url or context.api_url, kind_names())


async def run_all(context: Context, stop: asyncio.Event, listening: socket.socket) -> None:
    async with open_pool(context.database_url) as pool, asyncio.TaskGroup() as tasks:
        tasks.create_task(run_engine(context, stop))
        tasks.create_task(run_reach(context, pool, stop, frozenset({"escalate", "notify"})))
        tasks.create_task(run_api(context, pool, stop, listening))


async def first_of(*waits: Awaitable[object]) -> None:
    """Returns when one of them is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
