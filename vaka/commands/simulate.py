"""`vaka simulate`."""

import asyncio
import contextlib
import sys
from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--residents", type=int, default=25, metavar="N", help="how many homes (25)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another S, another municipality (1)")
    parser.add_argument("--mqtt-url", metavar="URL", help="the broker's MQTT 5 listener (VAKA_MQTT_URL)")
    parser.add_argument("--limit", type=int, metavar="N", help="end after N messages")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


async def run(options: Namespace, settings: Settings) -> None:
    from simulators.municipality import build_municipality
    from simulators.player import play
    from vaka.context import NothingRuns, attached
    from vaka.progress import counting
    from vaka.time_pin import clock_of, read_pin
    from vaka.up import stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop)
    if options.with_parent:
        asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    try:
        url = settings.mqtt_url or attached(settings).mqtt_url
    except NothingRuns as error:
        raise Refused(f"{error}, or VAKA_MQTT_URL to a broker") from error
    if url is None:
        raise Refused("no broker is known: set VAKA_MQTT_URL, or give --mqtt-url")
    pinned = read_pin(settings.data_dir)
    with counting("messages", quiet=options.quiet) as tell, contextlib.suppress(asyncio.CancelledError):
        await play(
            build_municipality(options.residents, options.seed),
            url,
            clock_of(pinned),
            seed=options.seed,
            speed=pinned.speed if pinned else 1.0,
            stop=stop,
            limit=options.limit,
            on_progress=lambda progress: tell(progress.sent),
        )
