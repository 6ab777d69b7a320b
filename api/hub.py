"""The hub of the stream: one connection hears of changes of alarms and devices, and all clients are told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import TypeAdapter
from pydantic_core import to_json

from api.applied import Applied
from api.device_bodies import ShownDevice
from api.health import Health
from api.metrics import ApiMetrics
from events.ids import DeviceId
from store.devices import device
from store.failures import DATABASE_DOWN
from store.journal import Change, changes_since, last_seq
from store.listen import listen
from store.pool import Connection, Pool, connect
from store.select import Scope

PULSE_SECONDS = 5
RETRY_SECONDS = 1
READY_SECONDS = 5
CHECK_SECONDS = 3
BATCH = 500
DEVICES_AT_ONCE = 20
QUEUE = 1000

JOURNAL, APPLIED, DEVICES = "vaka_journal", "vaka_inbox_applied", "vaka_devices"

log = logging.getLogger(__name__)
_CHANGE = TypeAdapter(Change)


def sse(event: str, data: bytes, seq: int | None = None) -> bytes:
    """One server-sent event. `data` is JSON, so it is one line."""
    id = f"id: {seq}\n".encode() if seq is not None else b""
    return id + b"event: %s\ndata: %s\n\n" % (event.encode(), data)


class Client:
    """What waits to be sent to one client: all of it in order, or nothing more when it is too slow."""

    def __init__(self, scope: Scope, seq: int) -> None:
        self.scope = scope
        self.seq = seq
        self.cut_off = False
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)

    def offer(self, chunk: bytes) -> bool:
        """False when the client is too slow for it: it is cut off, and asks anew for what it has not got."""
        if self._queue.full():
            self.end()
            self.cut_off = True
        if not self.cut_off:
            self._queue.put_nowait(chunk)
        return not self.cut_off

    def end(self) -> None:
        """The stream ends, without what still waits."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next(self) -> bytes | None:
        """What is to be sent next; None at the end."""
        return await self._queue.get()


class Hub:
    """Follows the alarm journal and changes of devices, and gives each to the clients that may see it.

    `run` does the work.
    """

    def __init__(
        self,
        pool: Pool,
        database_url: str,
        now: Callable[[], datetime],
        health: Health,
        applied: Applied,
        metrics: ApiMetrics,
    ) -> None:
        self._pool = pool
        self._database_url = database_url
        self._now = now
        self._health = health
        self._applied = applied
        self._metrics = metrics
        self._clients: set[Client] = set()
        self._wake = asyncio.Event()
        self._following = asyncio.Event()
        self._seq: int | None = None
        self._changed_devices: dict[DeviceId, None] = {}
        self._troubles = ["Vaka is starting"]
        self._ended = False
        self.pulse_seconds: float = PULSE_SECONDS
        self.retry_seconds: float = RETRY_SECONDS

    async def run(self) -> None:
        """Follows until the streams are ended, over every failure."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_always())
            tasks.create_task(self._beat())

    def end_streams(self) -> None:
        """Ends all streams, so that a server that waits for its clients can stop. New ones end at once."""
        self._ended = True
        for client in self._clients:
            client.end()

    async def ready(self) -> None:
        """Raises TimeoutError while the hub cannot follow the journal."""
        async with asyncio.timeout(READY_SECONDS):
            await self._following.wait()

    @contextmanager
    def client(self, scope: Scope) -> Iterator[Client]:
        """A client that is told of every change after its `seq`. The hub must have been `ready`."""
        assert self._seq is not None
        client = Client(scope, self._seq)
        if self._ended:
            client.end()
        self._clients.add(client)
        self._metrics.stream_clients.inc()
        try:
            yield client
        finally:
            self._clients.discard(client)
            self._metrics.stream_clients.dec()

    async def missed(self, scope: Scope, after: int, until: int) -> AsyncIterator[bytes]:
        """The changes after `after` and up to `until`, for a client that comes back."""
        while after < until:
            async with self._pool.connection() as connection:
                changes = await changes_since(connection, after, BATCH)
            for change in changes:
                if change.seq <= until and change.seen_by(scope):
                    yield _alarm(change)
            after = changes[-1].seq if changes else until

    def hello(self, seq: int) -> bytes:
        """The first event: where the stream begins, so that a client can come back there."""
        return b"retry: 1000\n" + sse("hello", to_json({"seq": seq, "now": self._now()}), seq)

    def pulse(self) -> bytes:
        """How Vaka is. What it says of the pipeline is at most some seconds old."""
        troubles = self._troubles if self._following.is_set() else ["the stream cannot follow alarms", *self._troubles]
        return sse(
            "pulse", to_json({"now": self._now(), "behind": bool(troubles), "detail": "; ".join(troubles) or None})
        )

    async def _follow_always(self) -> None:
        # Not for ever: a group that fails while it is cancelled reports its failure, and the cancellation is lost.
        while not self._ended:
            try:
                await self._follow()
            except* DATABASE_DOWN as error:
                log.warning("the stream cannot follow alarms: %s", error.exceptions[0])
            except* Exception:
                # Whatever it is, pages must not stand still without knowing it: they are told, and it is tried again.
                log.exception("the stream cannot follow alarms")
            self._say_following(False)
            await asyncio.sleep(self.retry_seconds)

    async def _follow(self) -> None:
        self._wake.clear()
        async with await connect(self._database_url, autocommit=True) as connection, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._read(connection))

    async def _listen(self) -> None:
        async for notice in listen(self._database_url, JOURNAL, APPLIED, DEVICES):
            if notice is not None and notice.channel == APPLIED:
                self._applied.note(notice.payload)
                continue
            if notice is not None and notice.channel == DEVICES:
                self._changed_devices[DeviceId(notice.payload)] = None
            self._wake.set()

    async def _read(self, connection: Connection) -> None:
        """Reads when woken: first when listening began, for what has happened until then."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._seq is None:
                self._seq = await last_seq(connection)
            await self._read_new(connection)
            await self._read_devices(connection)
            self._say_following(True)

    async def _read_new(self, connection: Connection) -> None:
        assert self._seq is not None
        while changes := await changes_since(connection, self._seq, BATCH):
            for change in changes:
                self._tell(_alarm(change), [client for client in self._clients if change.seen_by(client.scope)])
            self._seq = changes[-1].seq

    async def _read_devices(self, connection: Connection) -> None:
        """A device is told as it is now, to who may see it now; who was away asks for it anew.

        Only some at a time: alarms come first, however many devices have changed.
        """
        if not self._clients:
            self._changed_devices.clear()
        for id in list(self._changed_devices)[:DEVICES_AT_ONCE]:
            del self._changed_devices[id]
            for scope in {client.scope for client in self._clients}:
                found = await device(connection, scope, self._now(), id)
                if found is not None:
                    chunk = sse("device", ShownDevice.model_validate(found).model_dump_json().encode())
                    self._tell(chunk, [client for client in self._clients if client.scope == scope])
        if self._changed_devices:
            self._wake.set()

    def _tell(self, chunk: bytes, clients: Iterable[Client]) -> None:
        for client in clients:
            if not client.cut_off and not client.offer(chunk):
                self._metrics.stream_cut_off.inc()

    def _say_following(self, following: bool) -> None:
        if following is self._following.is_set():
            return
        self._metrics.stream_behind.set(not following)
        if following:
            self._following.set()
        else:
            self._following.clear()
        self._tell(self.pulse(), self._clients)

    async def _beat(self) -> None:
        while True:
            self._troubles = await self._look()
            self._tell(self.pulse(), self._clients)
            await asyncio.sleep(self.pulse_seconds)

    async def _look(self) -> list[str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return [f"{problem.part}: {problem.detail}" for problem in await self._health.check()]
        except Exception as error:
            log.warning("health cannot be checked: %r", error)
            return [f"health cannot be checked: {type(error).__name__}"]


def _alarm(change: Change) -> bytes:
    return sse("alarm", _CHANGE.dump_json(change), change.seq)
