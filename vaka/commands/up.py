"""`vaka up`."""

from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--simulate", type=int, default=0, metavar="N", help="seed N residents and play their devices")
    parser.add_argument("--no-play", action="store_true", help="with --simulate: seed only")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another S, another municipality (1)")
    parser.add_argument(
        "--speed", type=float, metavar="X", help="time runs X times as fast; pinned to the data directory"
    )
    parser.add_argument("--http", metavar="H:P", help="where API and console listen (127.0.0.1:8000)")
    parser.add_argument("--mqtt", metavar="H:P", help="where devices publish, MQTT 3.1.1 (127.0.0.1:1883)")


async def run(options: Namespace, settings: Settings) -> None:
    from vaka.embedded.errors import ServerError
    from vaka.time_pin import SpeedError
    from vaka.up import UpOptions, up

    if options.simulate < 0:
        raise Refused(f"--simulate {options.simulate}: the number of residents cannot be negative")
    if options.speed is not None and not options.speed > 0:
        raise Refused(f"--speed {options.speed:g}: time must run forwards")
    try:
        await up(settings, UpOptions(options.simulate, not options.no_play, options.seed, options.speed))
    except (ServerError, SpeedError, OSError) as error:
        raise Refused(str(error)) from error
