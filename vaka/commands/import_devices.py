"""`vaka import devices`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from vaka.commands import Refused
from vaka.settings import Settings

if TYPE_CHECKING:
    from api.device_import import Import
    from api.device_sheet import Row

ACTOR = "vaka import"
"""Who did it, in the history of the devices."""


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("what", choices=("devices",), help="devices: one in each row")
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV or XLSX, with a header")
    parser.add_argument("--tenant", required=True, metavar="T", help="the municipality that they belong to")
    parser.add_argument("--dry-run", action="store_true", help="only say what each row would do")
    parser.add_argument("--partly", action="store_true", help="import the rows that are right, leave out the others")


async def run(options: Namespace, settings: Settings) -> int:
    from api.spreadsheet import Unreadable
    from store.device_import import TakenMeanwhile
    from vaka.context import NothingRuns

    try:
        done = await _import(options, settings)
    except (NothingRuns, Unreadable, OSError) as error:
        raise Refused(str(error)) from error
    except TakenMeanwhile as error:
        raise Refused("a device with one of these ids or origins was registered meanwhile: try again") from error
    for row in done.rows:
        print(_told(row))
    end = "" if done.imported else ", nothing is changed"
    print(f"{done.new} new, {done.changed} changed, {done.same} same, {done.wrong} wrong{end}")
    return 1 if done.wrong else 0


async def _import(options: Namespace, settings: Settings) -> "Import":
    from api.callers import Caller
    from api.device_import import import_devices
    from api.services import Transaction
    from events.ids import TenantId
    from store import registry
    from store.people import Role
    from store.pool import connect
    from store.select import EVERYTHING
    from vaka.context import attached

    tenant = TenantId(options.tenant)
    caller = Caller(ACTOR, ACTOR, Role.ADMIN, tenant, None, secret="")
    context = attached(settings)
    content = options.file.read_bytes()
    async with await connect(context.database_url) as connection:
        if await registry.tenant(connection, EVERYTHING, tenant) is None:
            raise Refused(f"there is no tenant {tenant!r}")
        change = Transaction(connection, context.now())
        return await import_devices(change, caller, tenant, content, dry_run=options.dry_run, partly=options.partly)


def _told(row: "Row") -> str:
    """`row 2: button-1: change: name 'Knapp' -> 'Ny knapp'`."""
    changes = [f"{change.field} {change.old!r} -> {change.new!r}" for change in row.changes]
    errors = [f"{error.field} {error.value!r} {error.message}" for error in row.errors]
    why = ", ".join(changes + errors)
    return ": ".join(part for part in (f"row {row.row}", row.device or "-", row.action, why) if part)
