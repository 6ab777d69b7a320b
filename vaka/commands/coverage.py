"""`vaka coverage`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from vaka.commands import Refused
from vaka.settings import Settings

if TYPE_CHECKING:
    from store.coverage import GapRow


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--tenant", metavar="T", help="only this municipality")
    parser.add_argument("--unit", metavar="U", help="only this unit")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text or json (text)")


async def run(options: Namespace, settings: Settings) -> int:
    """1 when somebody will not be reached, so that a script notices it."""
    import msgspec

    from store.coverage import known_gaps
    from store.pool import connect
    from store.registry import tenants
    from store.select import EVERYTHING
    from vaka.context import NothingRuns, attached

    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    async with await connect(context.database_url) as connection:
        gaps = await known_gaps(connection, EVERYTHING, tenant=options.tenant, unit=options.unit)
        zones = {tenant.id: tenant.timezone for tenant in await tenants(connection, EVERYTHING, limit=100_000)}
    if options.format == "json":
        print(msgspec.json.format(msgspec.json.encode({"items": gaps})).decode())
    else:
        print("\n".join(_line(gap, zones[gap.tenant]) for gap in gaps) or "no gaps are known")
    return 1 if gaps else 0


def _line(gap: "GapRow", zone: str) -> str:
    start, end = (time.astimezone(ZoneInfo(zone)) for time in (gap.start, gap.end))
    technologies = ", ".join(gap.technologies)
    return f"{gap.unit}  {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}  {gap.reason}  {technologies}"
