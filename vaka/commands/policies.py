"""`vaka policies`."""

from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--tenant", metavar="T", help="only this municipality")
    parser.add_argument("--unit", metavar="U", help="only this unit")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text or json (text)")


async def run(options: Namespace, settings: Settings) -> None:
    import msgspec

    from store.policies import policies
    from store.pool import connect
    from store.select import EVERYTHING
    from vaka.context import NothingRuns, attached

    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    async with await connect(context.database_url) as connection:
        found = await policies(connection, EVERYTHING, tenant=options.tenant, unit=options.unit, limit=100_000)
    if options.format == "json":
        print(msgspec.json.format(msgspec.json.encode({"items": found})).decode())
        return
    lines = [
        f"{row.id}  version {row.version}  {row.tenant}  {row.unit or 'all units'}  rungs: {len(row.policy.rungs)}"
        for row in found
    ]
    print("\n".join(lines) or "no policies are given: the built-in ladders hold")
