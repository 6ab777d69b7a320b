"""`vaka watchdog`."""

from argparse import ArgumentParser, Namespace

from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument(
        "--with-parent", action="store_true", help="end when standard input ends, and tell it unless it said `stop`"
    )


async def run(options: Namespace, settings: Settings) -> None:
    from vaka.watchdog.start import keep_watch

    await keep_watch(settings, with_parent=options.with_parent)
