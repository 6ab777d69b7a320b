"""Calls a step every so often, whatever becomes of it: for what nobody waits for, so that nothing need wake it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from processors.stepping import wait_for_any
from store.failures import DATABASE_DOWN

log = logging.getLogger(__name__)


async def keep_polling(step: Callable[[], Awaitable[object]], name: str, stop: asyncio.Event, seconds: float) -> None:
    """Calls `step` until `stop`, with `seconds` of real time between the end of one and the beginning of the next."""
    while not stop.is_set():
        try:
            await step()
        except Exception as error:
            trace = None if isinstance(error, DATABASE_DOWN) else error
            log.error("step of %s failed: %s", name, str(error).strip(), exc_info=trace)
        await wait_for_any(stop, timeout=seconds)
