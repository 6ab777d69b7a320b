"""`vaka simulate-gateway`."""

import asyncio
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from vaka.commands import Refused
from vaka.settings import Settings

if TYPE_CHECKING:
    from simulators.gateway import Sms


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--listen", metavar="H:P", default="127.0.0.1:8010", help="where it listens (127.0.0.1:8010)")
    parser.add_argument("--receipts", metavar="URL", help="where receipts go: .../api/v1/receipts/TENANT:sms")
    parser.add_argument("--secret", metavar="S", default="", help="the secret `callback` of the provider's settings")
    parser.add_argument("--status", choices=("delivered", "answered", "failed"), default="delivered")
    parser.add_argument("--key", metavar="K", help="what whoever is rung presses")


async def run(options: Namespace, settings: Settings) -> None:
    from events.address import Address
    from simulators.gateway import Gateway, Receipts
    from vaka.roles import serve
    from vaka.up import listen, stop_on_signals

    receipts = None
    if options.receipts is not None:
        receipts = Receipts(options.receipts, options.secret, options.status, options.key)
    stop = asyncio.Event()
    stop_on_signals(stop)
    gateway = Gateway(receipts, _show)
    try:
        with listen(Address.parse(options.listen)) as listening:
            await serve(gateway, listening, stop)
    except (ValueError, OSError) as error:
        raise Refused(str(error)) from error
    finally:
        await gateway.close()


def _show(message: "Sms") -> None:
    print(f"{message.kind} to {message.to}: {message.text}", flush=True)
