"""`vaka engine | escalate | notify | api`: one role each, attached to servers that run."""

import asyncio
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from vaka.commands import Refused
from vaka.settings import Settings

if TYPE_CHECKING:
    from vaka.context import Context


def add_arguments(parser: ArgumentParser, name: str) -> None:
    if name == "api":
        parser.add_argument("--http", metavar="H:P", help="where it listens (127.0.0.1:8000)")


async def run(options: Namespace, settings: Settings) -> None:
    from vaka.context import NothingRuns, attached
    from vaka.up import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    try:
        await _run_role(options.command, attached(settings), stop)
    except (NothingRuns, OSError) as error:
        raise Refused(str(error)) from error


async def _run_role(name: str, context: "Context", stop: asyncio.Event) -> None:
    from store.pool import open_pool
    from vaka import roles
    from vaka.up import listen

    if name == "engine":
        await roles.run_engine(context, stop)
        return
    async with open_pool(context.database_url) as pool:
        if name == "api":
            with listen(context.settings.http) as listening:
                await roles.run_api(context, pool, stop, listening)
        else:
            await roles.run_reach(context, pool, stop, frozenset({name}))
