"""`vaka backtest`: a person's own history judged by other plans or rules, compared with what really happened."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import date
from pathlib import Path
from typing import Any

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--resident", metavar="R", help="whose history")
    who.add_argument("--unit", metavar="U", help="everybody in this unit")
    who.add_argument("--everybody", action="store_true", help="everybody in every unit")
    who.add_argument("--job", metavar="ID", help="one that was asked for over the API; `vaka api` runs these by itself")
    who.add_argument(
        "--check", action="store_true", help="replay the log since the last check, compare with the live run"
    )
    parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help="first local day, YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last local day, included")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="a plan as JSON (the plans of the time)")
    parser.add_argument("--history", action="store_true", help="judge imported events as well")
    parser.add_argument("--format", choices=("text", "json", "csv"), default="text", help="text, json or csv (text)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day, YYYY-MM-DD") from None


async def run(options: Namespace, settings: Settings) -> None:
    from vaka.backtest import run_asked, run_check, run_job
    from vaka.context import NothingRuns, attached

    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    if options.job is not None:
        await run_job(context, options.job)
        return
    if options.check:
        sys.stdout.write(await run_check(context))
        return
    if options.first is None or options.last is None or options.last < options.first:
        raise Refused("--from and --to are needed, and --to is not before --from")
    sys.stdout.write(await run_asked(context, options, _plan(options.plan)))


def _plan(file: Path | None) -> dict[str, Any] | None:
    import msgspec

    if file is None:
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise Refused(f"--plan {file}: {error}") from error
