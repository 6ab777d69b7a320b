"""`vaka push-keys`."""

from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--rotate", action="store_true", help="make a new pair; browsers renew when they are opened")
    parser.add_argument("--forget-old", action="store_true", help="end what was registered with older pairs")


async def run(options: Namespace, settings: Settings) -> None:
    from store import push_keys
    from store.pool import connect
    from vaka.context import NothingRuns, attached

    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    async with await connect(context.database_url) as connection:
        if options.rotate:
            await push_keys.rotate(connection, context.wall())
        public = await push_keys.key_in_force(connection, context.wall())
        if options.forget_old:
            await push_keys.forget_old(connection)
    print(public)
