"""`vaka migrate`."""

import asyncio
from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument(
        "--phase",
        choices=("before", "after", "all"),
        default="all",
        help="what must run before a deploy, what must wait until no old process is left, or both (all)",
    )


async def run(options: Namespace, settings: Settings) -> None:
    from store.migrate import Phase, migrate
    from vaka.context import NothingRuns, attached

    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    phases: tuple[Phase, ...] = ("before", "after") if options.phase == "all" else (options.phase,)
    for revision in await asyncio.to_thread(migrate, context.database_url, phases):
        print(revision)
