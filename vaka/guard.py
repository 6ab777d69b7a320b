"""The watchdog beside `vaka up`: a process of its own, begun again when it dies or hangs."""

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE, Process

from vaka.settings import Settings
from vaka.watchdog.start import STOP

log = logging.getLogger(__name__)

DEAF_SECONDS = 60.0
"""A watchdog that gives no sign of life for so long, although it has a turn every few seconds, hangs."""

AGAIN_SECONDS = 1.0
END_SECONDS = 5.0
PARTING_SECONDS = 70.0
"""A little longer than the watchdog itself tries to tell that all is gone."""


class Guard:
    """`run` keeps a watchdog; then either `end` (it was meant) or `abandon` (it was not, and operators are told)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._child: Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the newest watchdog; None before there is one."""
        return self._child.pid if self._child is not None else None

    async def run(self) -> None:
        while True:
            child = await self._start()
            await self._until_silent(child)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            log.error("the watchdog ended or hung (code %s); beginning again", await child.wait())
            await asyncio.sleep(AGAIN_SECONDS)

    async def end(self) -> None:
        """It ends and tells nobody."""
        await self._close(STOP, END_SECONDS)

    async def abandon(self) -> None:
        """It ends once it has told that Vaka has failed."""
        await self._close(b"", PARTING_SECONDS)

    async def _start(self) -> Process:
        command = [sys.executable, "-m", "vaka", "watchdog", "--with-parent"]
        command += ["--data-dir", str(self._settings.data_dir)]
        # In a group of its own: Ctrl-C is for Vaka, which tells it to end when all else has.
        self._child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, process_group=0)
        return self._child

    async def _until_silent(self, child: Process) -> None:
        assert child.stdout is not None
        seconds = max(DEAF_SECONDS, self._settings.standstill_seconds)
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(seconds):
                    if not await child.stdout.read(1000):
                        return

    async def _close(self, last_word: bytes, seconds: float) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        assert child.stdin is not None
        with contextlib.suppress(OSError):
            child.stdin.write(last_word)
            child.stdin.close()
        try:
            async with asyncio.timeout(seconds):
                await child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
