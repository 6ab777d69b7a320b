"""The embedded servers together: started side by side, watched, stopped; their addresses written down for others."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from events.address import MqttServer
from vaka.embedded.broker import Broker
from vaka.embedded.errors import ServerError
from vaka.embedded.lock import DataDirLock
from vaka.embedded.postgres import Postgres
from vaka.embedded.processes import serves
from vaka.embedded.state import Addresses, read_addresses, remove_addresses, write_addresses
from vaka.settings import Settings

WATCH_SECONDS = 0.2
RETRY_SECONDS = 5

log = logging.getLogger(__name__)


class Server(Protocol):
    """A server of its own process; the methods block. `loss` says what its sudden death costs."""

    pid: int | None
    adopted: bool

    @property
    def name(self) -> str: ...
    @property
    def loss(self) -> str: ...
    def start(self) -> None: ...
    def running(self) -> bool: ...
    def stop(self) -> None: ...


class Servers:
    """The database and the broker of a data directory, embedded or not, as `start_servers` gives them.

    `broker_program` is `mosquitto`, `iotcore` or `external`; `mqtt_url` is the broker's MQTT 5 listener and
    `device_mqtt` (`host:port`) the one for devices, MQTT 3.1.1.
    """

    def __init__(self, settings: Settings, lock: DataDirLock) -> None:
        self._settings = settings
        self._lock = lock
        self._database = None if settings.database_url else Postgres(settings.data_dir)
        self._broker = None if settings.mqtt_url else _broker(settings)
        self._embedded: list[Server] = [server for server in (self._database, self._broker) if server]
        self._busy = {server: asyncio.Lock() for server in self._embedded}
        self._stopping = asyncio.Event()

    @property
    def database_url(self) -> str:
        return self._database.url if self._database else self._settings.database_url or ""

    @property
    def mqtt_url(self) -> str:
        return f"mqtt://{self._broker.vaka}" if self._broker else self._settings.mqtt_url or ""

    @property
    def device_mqtt(self) -> str:
        if self._broker:
            return str(self._broker.devices)
        return str(MqttServer.parse(self.mqtt_url).address)

    @property
    def broker_program(self) -> str:
        return self._broker.name if self._broker else "external"

    async def watch(self) -> None:
        """Restart what dies, until cancelled or stopped; to be run beside whatever uses the servers."""
        async with asyncio.TaskGroup() as group:
            for server in self._embedded:
                group.create_task(self._keep(server))
            await self._stopping.wait()

    async def stop(self) -> None:
        """Stop what was started or adopted, and free the data directory."""
        self._stopping.set()
        await asyncio.gather(*(self._alone(server, _stop) for server in self._embedded))
        remove_addresses(self._settings.data_dir)
        self._lock.release()

    async def start(self) -> None:
        """Start or adopt all. When one fails the others are stopped, but not those adopted, which hold a queue."""
        try:
            await asyncio.gather(*(self._alone(server, self._start_unless_stopping) for server in self._embedded))
        except BaseException:
            self._stopping.set()
            await asyncio.gather(*(self._alone(server, _stop_if_started) for server in self._embedded))
            raise
        self._write_down()
        for server in self._embedded:
            log.info("%s %s (process %s)", server.name, "still ran" if server.adopted else "started", server.pid)

    async def _keep(self, server: Server) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(WATCH_SECONDS)
            if not self._stopping.is_set() and not server.running():
                await self._restart(server)

    async def _restart(self, server: Server) -> None:
        dead = server.pid
        try:
            await self._alone(server, self._start_unless_stopping)
        except (ServerError, OSError) as error:
            log.error("%s (process %s) is gone; trying again, for it did not start: %s", server.name, dead, error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        if not self._stopping.is_set():
            self._write_down()
            log.warning("%s (process %s) was gone and is restarted: %s", server.name, dead, server.loss)

    async def _alone(self, server: Server, work: Callable[[Server], None]) -> None:
        """Do `work` in a thread, one at a time for each server. A thread cannot be cancelled, so its end is awaited."""
        async with self._busy[server]:
            thread = asyncio.create_task(asyncio.to_thread(work, server))
            try:
                await asyncio.shield(thread)
            except asyncio.CancelledError:
                await asyncio.wait([thread])
                raise

    def _start_unless_stopping(self, server: Server) -> None:
        if not self._stopping.is_set():
            server.start()

    def _write_down(self) -> None:
        addresses = Addresses(
            database_url=self.database_url,
            database_pid=self._database.pid if self._database else None,
            mqtt_url=self.mqtt_url,
            device_mqtt=self.device_mqtt,
            broker_program=self.broker_program,
            broker_pid=self._broker.pid if self._broker else None,
        )
        write_addresses(self._settings.data_dir, addresses)


async def start_servers(settings: Settings) -> Servers:
    """Start the servers that the settings do not name elsewhere, or adopt those that an earlier Vaka left running.

    Raises ServerError, saying which server and what to do.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = DataDirLock(settings.data_dir)
    try:
        servers = Servers(settings, lock)
        await servers.start()
    except BaseException:
        lock.release()
        raise
    return servers


def attach(data_dir: Path) -> Addresses | None:
    """Where the servers of `data_dir` are, or None if one of them does not run. Starts nothing."""
    addresses = read_addresses(data_dir)
    if addresses is None:
        return None
    started = [pid for pid in (addresses.database_pid, addresses.broker_pid) if pid is not None]
    return addresses if all(serves(pid, data_dir) for pid in started) else None


def _stop(server: Server) -> None:
    server.stop()


def _stop_if_started(server: Server) -> None:
    if not server.adopted:
        server.stop()


def _broker(settings: Settings) -> Broker:
    previous = read_addresses(settings.data_dir)
    return Broker(settings.data_dir, settings.mqtt, settings.broker, settings.broker_queue_mb, previous)
