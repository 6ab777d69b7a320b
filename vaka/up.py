"""`vaka up`: everything in one command. Servers first, then the schema, then all roles, then the simulated homes."""

import asyncio
import contextlib
import logging
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from events.address import Address
from simulators.municipality import build_municipality
from store.pool import connect
from store.schema import is_current
from vaka.context import API_FILE, Context
from vaka.embedded.errors import ServerError
from vaka.embedded.ports import require_free
from vaka.embedded.servers import Servers, start_servers
from vaka.guard import Guard
from vaka.roles import first_of, run_all
from vaka.seed import demo_password, seed
from vaka.settings import Settings
from vaka.time_pin import clock_of, pin

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UpOptions:
    """`simulate`: residents of the virtual municipality (0: none); `play`: whether their devices live."""

    simulate: int = 0
    play: bool = True
    seed: int = 1
    speed: float | None = None


async def up(settings: Settings, options: UpOptions) -> None:
    """Runs until SIGINT or SIGTERM. Raises ServerError, SpeedError or OSError when it cannot begin."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    listening = listen(settings.http)
    pinned = pin(settings.data_dir, options.speed)
    servers = await start_servers(settings)
    try:
        await asyncio.to_thread(bring_schema, servers.database_url)
        context = Context(
            settings,
            servers.database_url,
            servers.mqtt_url,
            clock_of(pinned),
            speed=pinned.speed,
            one_filter=servers.broker_program == "iotcore",
        )
        if options.simulate:
            await _seed(context, options)
        await _run(context, servers, options, listening, stop)
    finally:
        listening.close()
        await servers.stop()


async def _run(
    context: Context, servers: Servers, options: UpOptions, listening: socket.socket, stop: asyncio.Event
) -> None:
    watching = asyncio.create_task(servers.watch())
    running = asyncio.create_task(run_all(context, stop, listening))
    telling = asyncio.create_task(_tell_when_ready(context, servers, options, listening))
    playing = asyncio.create_task(_play(context, options, stop))
    guard = Guard(context.settings)
    guarding = asyncio.create_task(guard.run())
    asked = False
    try:
        await first_of(asyncio.wait([running]), asyncio.wait([watching]), stop.wait())
        meant = stop.is_set()
        stop.set()
        await asyncio.gather(running, playing)
        asked = meant
    finally:
        for task in (watching, telling, playing, running, guarding):
            task.cancel()
        for task in (watching, telling, playing, guarding):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await (guard.end() if asked else guard.abandon())


def listen(address: Address) -> socket.socket:
    """The API's socket; taken first, so that a port in use stops the start before anything is begun."""
    if address.port:
        require_free(address, "--http")
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address.host, address.port))
    listening.listen(256)
    return listening


def stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def bring_schema(database_url: str) -> None:
    """Migrates in a process of its own when something is missing: the tool is needed once, its memory never again."""
    if not is_current(database_url):
        code = "import sys; from store.migrate import migrate; migrate(sys.stdin.read())"
        # In a session of its own: Ctrl-C is for Vaka, which waits until the schema is whole.
        done = subprocess.run(
            [sys.executable, "-c", code], input=database_url, text=True, check=False, start_new_session=True
        )
        if done.returncode:
            raise ServerError(f"the database could not be brought to this version's schema: exit {done.returncode}")


async def _seed(context: Context, options: UpOptions) -> None:
    municipality = build_municipality(options.simulate, options.seed)
    password = demo_password(context.settings.data_dir)
    async with await connect(context.database_url) as connection:
        added = await seed(connection, municipality, password, context.now())
    if added:
        log.info("the municipality %r has %d new residents", municipality.tenant, added)


async def _tell_when_ready(context: Context, servers: Servers, options: UpOptions, listening: socket.socket) -> None:
    """One short block on stdout, once everything answers."""
    host, port = listening.getsockname()[:2]
    address = Address(host, port)
    (context.settings.data_dir / API_FILE).write_text(f"{address}\n", encoding="ascii")
    await _until_ready(host, port)
    lines = [f"Vaka is up:   http://{address}"]
    if options.simulate:
        user = build_municipality(1, options.seed).staff[0].username
        lines.append(f"Sign in:      {user}  {demo_password(context.settings.data_dir)}")
        file = context.settings.data_dir / "demo-login.txt"
        lines.append(f"              (all demo accounts have this password, kept in {_short(file)})")
    lines.append(f"Devices:      mqtt://{servers.device_mqtt}  (MQTT 3.1.1, {servers.broker_program})")
    if servers.mqtt_url != f"mqtt://{servers.device_mqtt}":
        lines.append(f"              {servers.mqtt_url}  (MQTT 5)")
    lines.append("Stop:         Ctrl-C")
    print("\n" + "\n".join(lines) + "\n", flush=True)


async def _until_ready(host: str, port: int) -> None:
    while not await _answers_ready(host, port):  # noqa: ASYNC110 - what it waits for is over a socket
        await asyncio.sleep(0.1)


async def _answers_ready(host: str, port: int) -> bool:
    """Whether `/readyz` says 200; asked over a plain socket, as an HTTP client would cost more than the question."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /readyz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status


async def _play(context: Context, options: UpOptions, stop: asyncio.Event) -> None:
    """The simulated homes live in a process of their own, as devices do; it is started again if it dies.

    It ends when its standard input does, so that a killed Vaka leaves none behind.
    """
    if not options.simulate or not options.play:
        return
    command = [
        sys.executable,
        "-m",
        "vaka",
        "simulate",
        "--residents",
        str(options.simulate),
        "--quiet",
        "--with-parent",
    ]
    command += ["--seed", str(options.seed), "--data-dir", str(context.settings.data_dir)]
    command += ["--mqtt-url", context.mqtt_url or ""]
    while not stop.is_set():
        child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, process_group=0)
        await first_of(child.wait(), stop.wait())
        if child.returncode is None:
            child.terminate()
            await child.wait()
        elif not stop.is_set():
            log.warning("the simulated homes ended with code %s; beginning again", child.returncode)
            await first_of(stop.wait(), asyncio.sleep(5))


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
