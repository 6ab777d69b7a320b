"""The watchdog's turns: look, judge, tell, and say to the outside that all is well while it is."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path as File

import httpx

from vaka.clock import Clock
from vaka.watchdog.judge import Patience, Trouble, advance
from vaka.watchdog.look import Lookout, Sight
from vaka.watchdog.notebook import read_books, write_books
from vaka.watchdog.tell import SEND_SECONDS, Path, SendError, word_of

log = logging.getLogger(__name__)

PARTING_SECONDS = 60.0
"""So long a watchdog whose Vaka was killed tries to tell it before it ends."""


class Heartbeat:
    """Asks `url`, at most every `seconds`; somebody outside notices when that stops."""

    def __init__(self, http: httpx.AsyncClient, url: str | None, seconds: float) -> None:
        self._http = http
        self._url = url
        self._seconds = seconds
        self._last: float | None = None

    async def beat(self) -> None:
        if self._url is None or (self._last is not None and time.monotonic() - self._last < self._seconds):
            return
        self._last = time.monotonic()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                answer = await self._http.get(self._url)
            if not answer.is_success:
                log.warning("the heartbeat was answered with %s", answer.status_code)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("the heartbeat was not taken: %s", error or type(error).__name__)


class Watchdog:
    """`paths`: each is told everything by itself, again and again until it takes it. `wall` is real time.

    Times here are counted from the start by seconds that only pass: a clock that is set back must not make it wait.
    """

    def __init__(
        self,
        lookout: Lookout,
        paths: Sequence[Path],
        heartbeat: Heartbeat,
        folder: File,
        patience: Patience,
        wall: Clock,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookout = lookout
        self._paths = paths
        self._heartbeat = heartbeat
        self._folder = folder
        self._patience = patience
        self._steady = steady
        self._began = wall()
        self._began_steady = steady()
        self._since: dict[str, datetime] = {}
        self._troubles: dict[str, Trouble] = {}
        self._books = read_books(folder)
        self._written = True

    async def run(self, stop: asyncio.Event, seconds: float, after_turn: Callable[[], None]) -> None:
        """A turn every so many seconds until `stop`; survives everything."""
        while not stop.is_set():
            begun = time.monotonic()
            try:
                await self.turn()
            except Exception:
                log.exception("a turn of the watchdog failed")
            else:
                after_turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, seconds - (time.monotonic() - begun))):
                    await stop.wait()

    async def turn(self) -> None:
        sights = await self._lookout.look()
        self._troubles = self._judged(sights)
        await self._tell(self._troubles)
        if not sights:
            await self._heartbeat.beat()

    async def part(self, detail: str, retry_seconds: float = 1.0) -> None:
        """Tells that all of Vaka is gone, and gives up after a while. What else was wrong is not well thereby."""
        troubles = {**self._troubles, "vaka": Trouble(detail, self._now(), at_once=True)}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PARTING_SECONDS):
                while not await self._tell(troubles):  # noqa: ASYNC110 - what it waits for is over a network
                    await asyncio.sleep(retry_seconds)

    def _now(self) -> datetime:
        return self._began + timedelta(seconds=self._steady() - self._began_steady)

    def _judged(self, sights: Sequence[Sight]) -> dict[str, Trouble]:
        """Several of one part are one trouble; it lasts since the first of them was seen, but not from before us."""
        now = self._now()
        by_part: dict[str, list[Sight]] = {}
        for sight in sights:
            by_part.setdefault(sight.part, []).append(sight)
        self._since = {part: self._since.get(part, now) for part in by_part}
        return {part: self._trouble(part, seen, now) for part, seen in by_part.items()}

    def _trouble(self, part: str, seen: Sequence[Sight], now: datetime) -> Trouble:
        silences = [now - sight.silent for sight in seen if sight.silent is not None]
        since = max(min(silences, default=self._since[part]), self._began)
        detail = "; ".join(dict.fromkeys(sight.detail for sight in seen))
        return Trouble(detail, since, any(sight.at_once for sight in seen))

    async def _tell(self, troubles: dict[str, Trouble]) -> bool:
        """Whether every path knows all that there is to tell."""
        # One whose Vaka was killed may be telling that at this moment, while ours has begun already.
        self._books = read_books(self._folder) if self._written else self._books
        before = dict(self._books)
        told = await asyncio.gather(*(self._tell_by(path, troubles) for path in self._paths))
        if self._books != before:
            self._written = write_books(self._folder, self._books)
        return all(told)

    async def _tell_by(self, path: Path, troubles: dict[str, Trouble]) -> bool:
        """Marked after it was sent: what comes in between repeats it, with the same id."""
        now = self._now()
        book, notices = advance(self._books.get(path.name, {}), troubles, now, self._patience)
        if notices:
            try:
                await path.send(word_of(notices, now), now)
            except SendError as error:
                log.error("operators could not be told by %s: %s", path.name, error)
                return False
        self._books[path.name] = book
        return True
