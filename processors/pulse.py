"""A part that works in turns says so after each, where whoever keeps watch over Vaka looks for it."""

import os
import socket
import time
from datetime import timedelta

from processors.stepping import Step
from store.pool import Pool
from store.pulses import beat, forget

LEAST_SECONDS = 1.0
"""A busy part does not say it more often."""


class Pulse:
    """`rest`: how long the part may rest between two turns without being missed."""

    def __init__(self, pool: Pool, part: str, rest: timedelta = timedelta(0)) -> None:
        self._pool = pool
        self._part = part
        self._rest = rest
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._last: float | None = None

    def after(self, step: Step) -> Step:
        """`step`, and then the word that it was done. A step that fails or hangs is none."""

        async def stepped() -> float | None:
            wanted = await step()
            await self.beat()
            return wanted

        return stepped

    async def beat(self) -> None:
        """A turn was made."""
        if self._last is not None and time.monotonic() - self._last < LEAST_SECONDS:
            return
        async with self._pool.connection() as connection:
            await beat(connection, self._part, self._process, self._rest)
            if self._last is None:
                await forget(connection)
        self._last = time.monotonic()
