"""`vaka duty show` and `vaka duty import`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from vaka.commands import Refused
from vaka.settings import Settings

if TYPE_CHECKING:
    from api.duty_import import DutyImport, ImportRow
    from api.duty_view import WhoWorks, Working
    from vaka.context import Context

ACTOR = "vaka duty"
"""Who did it, in what is kept of shifts."""

SKILLS = ("nurse", "assistant", "operator", "relative")


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("what", choices=("show", "import"), help="show: who is on duty; import: shifts from a file")
    parser.add_argument("target", metavar="UNIT|FILE", help="show: the unit; import: iCalendar, CSV or XLSX")
    parser.add_argument("--at", type=_time, metavar="TIME", help="show: at this time, RFC 3339 with an offset (now)")
    parser.add_argument("--as-of", type=_time, metavar="TIME", help="show: as it was recorded at that time")
    parser.add_argument("--skill", choices=SKILLS, help="show: who counts for it; import: where the file says none")
    parser.add_argument("--tenant", metavar="T", help="import: the municipality")
    parser.add_argument(
        "--unit", action="append", default=[], metavar="U", help="import: for whom, where the file says nothing"
    )
    parser.add_argument("--source", default="import", metavar="NAME", help="import: the system it is from (import)")
    parser.add_argument(
        "--whole", action="store_true", help="import: what the source said before and the file does not is removed"
    )
    parser.add_argument("--dry-run", action="store_true", help="import: only say what it would do")
    parser.add_argument("--partly", action="store_true", help="import: leave out what is wrong")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text or json (text)")


def _time(text: str) -> datetime:
    from events.codec import utc

    try:
        return utc(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


async def run(options: Namespace, settings: Settings) -> int:
    from api.problems import ProblemError
    from api.spreadsheet import Unreadable
    from vaka.context import NothingRuns, attached

    try:
        context = attached(settings)
        return await (_show if options.what == "show" else _import)(options, context)
    except (NothingRuns, Unreadable, OSError) as error:
        raise Refused(str(error)) from error
    except ProblemError as error:
        raise Refused(error.detail) from error


async def _show(options: Namespace, context: "Context") -> int:
    from api.duty_view import who_works
    from events.ids import UnitId
    from rules.duty import Skill
    from store import registry
    from store.pool import connect
    from store.select import EVERYTHING

    async with await connect(context.database_url) as connection:
        unit = await registry.unit(connection, EVERYTHING, UnitId(options.target))
        if unit is None:
            raise Refused(f"there is no unit {options.target!r}")
        tenant = await registry.tenant(connection, EVERYTHING, unit.tenant)
        skill = Skill(options.skill) if options.skill else None
        found = await who_works(connection, unit, options.at or context.now(), skill, options.as_of)
    assert tenant is not None
    print(found.model_dump_json(by_alias=True, indent=2) if options.format == "json" else _told(found, tenant.timezone))
    return 0


def _told(found: "WhoWorks", zone: str) -> str:
    at = found.at.astimezone(ZoneInfo(zone))
    if not found.planned:
        return f"{found.unit} at {at:%Y-%m-%d %H:%M}: no duty is planned, whoever is signed in counts"
    lines = [_line(each, zone) for each in found.items] or ["nobody"]
    return "\n".join([f"{found.unit} at {at:%Y-%m-%d %H:%M}:", *lines])


def _line(each: "Working", zone: str) -> str:
    start, end = (time.astimezone(ZoneInfo(zone)) for time in (each.start, each.end))
    skills = ", ".join([each.skill] if each.skill is not None else each.skills)
    instead = f" instead of {each.instead_of}" if each.instead_of is not None else ""
    return f"  {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}  {each.name} ({each.staff}){instead}  {skills}".rstrip()


async def _import(options: Namespace, context: "Context") -> int:
    done = await _imported(options, context)
    if options.format == "json":
        print(done.model_dump_json(by_alias=True, indent=2))
    else:
        for row in done.rows:
            print(_row(row))
        end = "" if done.imported else ", nothing is changed"
        print(f"{done.new} new, {done.removed} removed, {done.same} same, {done.wrong} wrong{end}")
    return 1 if done.wrong else 0


async def _imported(options: Namespace, context: "Context") -> "DutyImport":
    from api.callers import Caller
    from api.duty_import import Wanted, import_duty
    from api.duty_references import units_planned_for
    from api.services import Transaction
    from events.ids import TenantId, UnitId
    from rules.duty import Skill
    from store.people import Role
    from store.pool import connect

    if options.tenant is None:
        raise Refused("--tenant is needed: whose shifts they are")
    content = Path(options.target).read_bytes()
    caller = Caller(ACTOR, ACTOR, Role.ADMIN, TenantId(options.tenant), None, secret="")
    async with await connect(context.database_url) as connection:
        change = Transaction(connection, context.now())
        tenant, units = await units_planned_for(connection, caller, caller.tenant, [UnitId(u) for u in options.unit])
        wanted = Wanted(
            form="calendar" if content.lstrip(b"\xef\xbb\xbf\r\n ")[:6].upper() == b"BEGIN:" else "rows",
            source=options.source,
            units=units,
            skill=Skill(options.skill) if options.skill else None,
            whole=options.whole,
            dry_run=options.dry_run,
            partly=options.partly,
        )
        return await import_duty(change, caller, tenant, content, wanted)


def _row(row: "ImportRow") -> str:
    """`line 12: a-1@example: new: anna 2026-03-02T20:00:00Z to 2026-03-03T06:00:00Z`."""
    errors = ", ".join(f"{error.field} {error.value!r} {error.message}" for error in row.errors)
    times = f"{row.staff} {row.start:%Y-%m-%dT%H:%MZ} to {row.end:%Y-%m-%dT%H:%MZ}" if row.start and row.end else ""
    return ": ".join(part for part in (row.place, row.uid, row.action, errors or times) if part)
