"""`vaka replay`: a recording as if it happened now, or as history with its own times."""

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    parser.add_argument("--format", required=True, choices=("casas", "ordonez"), help="how it is written")
    parser.add_argument("--resident", required=True, metavar="R", help="whose home it plays in")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--speed", type=float, metavar="X", help="X times as fast, for a Vaka whose clock runs as fast")
    how.add_argument(
        "--fast", action="store_true", help="import with its own times as history; no alarm about the past"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


async def run(options: Namespace, settings: Settings) -> None:
    from simulators.recordings import BadLine
    from vaka.context import NothingRuns, attached
    from vaka.replay import replay

    stop = asyncio.Event()
    try:
        context = attached(settings)
        if options.speed is not None and options.speed != context.speed:
            raise Refused(f"--speed {options.speed:g}: this Vaka's clock runs at {context.speed:g}")
        print(await replay(context, options, stop))
    except (NothingRuns, BadLine, OSError) as error:
        raise Refused(str(error)) from error
