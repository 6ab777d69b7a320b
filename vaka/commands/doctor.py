"""`vaka doctor`."""

import asyncio
from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text or json (text)")


async def run(options: Namespace, settings: Settings) -> int:
    import msgspec

    from vaka.context import NothingRuns, attached
    from vaka.doctor import examine

    try:
        findings = await examine(attached(settings))
    except NothingRuns as error:
        raise Refused(str(error)) from error
    await asyncio.sleep(0)
    if options.format == "json":
        print(msgspec.json.format(msgspec.json.encode(findings)).decode())
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.said}")
    return 0 if all(finding.ok for finding in findings) else 1
