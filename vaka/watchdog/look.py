"""What is wrong with Vaka, seen from outside: pulses, the log's state, the database, `/readyz`, the disk, the clock.

Nothing here goes through the parts that are watched. Each look answers within a few seconds, whatever hangs.
"""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import psycopg

from store.log_status import ask, problems
from store.pool import Connection, connect
from store.pulses import Waiting, clock_of_database, silences, waiting
from vaka.clock import Clock

LOOK_SECONDS = 5.0
REQUIRED = ("escalator", "notifier", "log")
"""Parts that must be there; others are missed once they have been seen."""

SKEW_SECONDS = 5.0
"""Clocks may differ by so much, and one may be set by so much, before it matters."""


class Sight(NamedTuple):
    """One thing that is wrong. `silent`: for how long it has been so, if that is known; else since it was seen first.

    `at_once`: it is sure, and over already.
    """

    part: str
    detail: str
    silent: timedelta | None = None
    at_once: bool = False


class Surroundings(NamedTuple):
    """Where to look. `database_url` and `api_url` are asked for at each turn, as servers may come back elsewhere.

    `now`: Vaka's clock, which runs `speed` times as fast as real time. `lasting`: how long a part may stand still.
    `catch_up`: how long the log may wait for what the broker kept.
    """

    database_url: Callable[[], str | None]
    api_url: Callable[[], str | None]
    folder: Path
    free_mb: int
    now: Clock
    speed: float
    lasting: timedelta
    catch_up: timedelta


class Lookout:
    """`wall` is real time that can be set, `steady` seconds that only pass."""

    def __init__(
        self, around: Surroundings, http: httpx.AsyncClient, wall: Clock, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._around = around
        self._http = http
        self._wall = wall
        self._steady = steady
        self._ahead = wall().timestamp() - steady()
        self._catching_up_since: float | None = None

    async def look(self) -> list[Sight]:
        """Everything that is wrong now."""
        seen = self._clock()
        parts, work, api, disk = await asyncio.gather(
            self._in_time("database", self._parts),
            self._in_time("alarms", self._work),
            self._in_time("api", self._api),
            asyncio.to_thread(self._disk),
        )
        # Without a database the second look says the same as the first.
        seen += parts + (work if all(sight.part != "database" for sight in parts) else []) + disk
        # What it says of itself stands here already, unless it says something else.
        return [*seen, *(sight for sight in api if sight.part == "api" or not seen)]

    async def _in_time(self, part: str, look: Callable[[], Awaitable[list[Sight]]]) -> list[Sight]:
        # What hangs must not keep the next turn waiting.
        seconds = min(LOOK_SECONDS, self._around.lasting.total_seconds() / 6)
        try:
            async with asyncio.timeout(seconds):
                return await look()
        except TimeoutError:
            return [Sight(part, f"no answer within {seconds:g} s")]
        except (psycopg.Error, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return [Sight(part, f"no answer: {str(error).strip() or type(error).__name__}")]

    async def _parts(self) -> list[Sight]:
        url = self._around.database_url()
        if url is None:
            return [Sight("database", "it is not known where it is: nothing runs in the data directory")]
        async with await connect(url, autocommit=True) as connection:
            pulses, clock = await silences(connection), await clock_of_database(connection)
            return [*self._standstill(pulses), *await self._log(connection), *self._skew(clock)]

    async def _work(self) -> list[Sight]:
        """Apart from the pulses: what hangs on these tables must not hide that the parts hang, too."""
        url = self._around.database_url()
        if url is None:
            return []
        async with await connect(url, autocommit=True) as connection:
            return self._overdue(await waiting(connection, self._around.now()))

    def _standstill(self, pulses: dict[str, float]) -> list[Sight]:
        """The threshold is the judge's; what is younger than half of it is nobody's standstill yet."""
        half = self._around.lasting.total_seconds() / 2
        missing = [Sight(part, "it has never been seen to work") for part in REQUIRED if part not in pulses]
        silent = [
            Sight(part, "it has stood still", timedelta(seconds=seconds))
            for part, seconds in sorted(pulses.items())
            if seconds > half
        ]
        return missing + silent

    def _overdue(self, waits: Waiting) -> list[Sight]:
        limit = self._around.lasting.total_seconds()
        seen = []
        if waits.escalation is not None and waits.escalation / self._around.speed > limit:
            seen.append(Sight("escalation", f"an alarm has been due for {waits.escalation / self._around.speed:.0f} s"))
        if waits.notification is not None and waits.notification > limit:
            seen.append(Sight("notification", f"a message of life has been due for {waits.notification:.0f} s"))
        return seen

    async def _log(self, connection: Connection) -> list[Sight]:
        """That its owner is silent is told by its pulse. Reading what the broker kept may take its time."""
        said = await ask(connection)
        wrong = problems(said, self._wall(), silent_after=float("inf")) if said is not None else []
        catching_up = said is not None and said[0].catching_up
        if not catching_up:
            self._catching_up_since = None
        elif self._catching_up_since is None:
            self._catching_up_since = self._steady()
        if catching_up and self._steady() - (self._catching_up_since or 0.0) < self._around.catch_up.total_seconds():
            return []
        return [Sight("broker" if part == "broker" else "log is behind", detail) for part, detail in wrong]

    def _skew(self, clock: float) -> list[Sight]:
        ahead = clock - self._wall().timestamp()
        if abs(ahead) < SKEW_SECONDS:
            return []
        return [
            Sight("clock", f"the database's is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this one")
        ]

    async def _api(self) -> list[Sight]:
        url = self._around.api_url()
        if url is None:
            return []
        answer = await self._http.get(f"{url}/readyz")
        if answer.status_code == 503:
            return [Sight("readiness", answer.json().get("detail", "it is not ready"))]
        return [] if answer.is_success else [Sight("api", f"/readyz answers {answer.status_code}")]

    def _disk(self) -> list[Sight]:
        try:
            free = shutil.disk_usage(self._around.folder).free // 1_000_000
        except OSError as error:
            return [Sight("disk", f"{self._around.folder} cannot be looked at: {error.strerror}")]
        if free >= self._around.free_mb:
            return []
        return [Sight("disk", f"{free} MB are free in {self._around.folder}")]

    def _clock(self) -> list[Sight]:
        """A clock that is set, or a machine that slept, moves away from the seconds that have passed."""
        ahead = self._wall().timestamp() - self._steady()
        jump, self._ahead = ahead - self._ahead, ahead
        if abs(jump) < SKEW_SECONDS:
            return []
        return [Sight("clock", f"it jumped {'forwards' if jump > 0 else 'back'} by {abs(jump):.0f} s", at_once=True)]
