"""`vaka report usage`, `vaka report indicators` and `vaka report service-levels`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vaka.commands import Refused
from vaka.settings import Settings

if TYPE_CHECKING:
    from store.pool import Connection

DEFAULT_BY = {"usage": ("technology", "kind"), "indicators": (), "service-levels": ("unit", "priority")}


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument(
        "what",
        choices=tuple(DEFAULT_BY),
        help="usage: how often each technology was used; indicators: docs/indicators.md; "
        "service-levels: how soon alarms were answered",
    )
    parser.add_argument(
        "--from", dest="first", required=True, type=_day, metavar="DAY", help="first local day, YYYY-MM-DD"
    )
    parser.add_argument("--to", dest="last", required=True, type=_day, metavar="DAY", help="last local day, included")
    parser.add_argument(
        "--by",
        type=_names,
        metavar="LIST",
        help="of usage any of tenant,unit,resident,technology,kind,day (technology,kind);"
        " of indicators up to two of unit,sex,age_group,housing (none);"
        " of service-levels any of tenant,unit,priority,technology,day (unit,priority)",
    )
    parser.add_argument("--tenant", metavar="T", help="only this municipality; indicators need it")
    parser.add_argument("--unit", metavar="U", help="usage or service levels of this unit only")
    parser.add_argument("--resident", metavar="R", help="usage of this resident only")
    parser.add_argument("--indicator", metavar="ID", help="only this indicator")
    parser.add_argument("--format", choices=("json", "csv", "xlsx"), default="json", help="json, csv or xlsx (json)")
    parser.add_argument(
        "--decimal", choices=("point", "comma"), default="point", help="comma: csv for Swedish spreadsheets, with ;"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of stdout; xlsx needs it")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day, YYYY-MM-DD") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


async def run(options: Namespace, settings: Settings) -> None:
    from store.pool import connect
    from vaka.context import NothingRuns, attached

    if options.last < options.first:
        raise Refused(f"--to {options.last} is before --from {options.first}")
    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    if options.format == "xlsx" and options.out is None:
        raise Refused("--format xlsx needs --out FILE")
    make = {"usage": _usage, "indicators": _indicators, "service-levels": _service_levels}[options.what]
    async with await connect(context.database_url) as connection:
        made = await make(connection, options, context.now())
    _write(_formatted(made, options), options.out)


class Made(NamedTuple):
    """`meanings`: of what is in it beside its columns."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    meanings: list[tuple[str, str]]


async def _usage(connection: "Connection", options: Namespace, now: datetime) -> Made:
    from store.select import Scope
    from store.usage_query import DIMENSIONS, usage, usage_columns

    by = _checked(options, DIMENSIONS)
    rows = await usage(
        connection,
        Scope(tenant=options.tenant, unit=options.unit),
        by=by,
        first_day=options.first,
        last_day=options.last,
        resident=options.resident,
    )
    return Made(usage_columns(by), rows, [])


async def _indicators(connection: "Connection", options: Namespace, now: datetime) -> Made:
    from rules.suppression import DEPTH
    from store.indicators.definition import indicators
    from store.indicators.figures import DIMENSIONS
    from store.indicators.report import meanings, named_rows, report, report_columns
    from store.registry import tenant
    from store.select import Scope

    by = _checked(options, DIMENSIONS)
    if len(by) > DEPTH:
        raise Refused(f"--by {','.join(by)} is more than {DEPTH} dimensions")
    if options.tenant is None or await tenant(connection, Scope(), options.tenant) is None:
        raise Refused(f"--tenant {options.tenant or ''} is not a municipality here: indicators are made for one")
    known = indicators()
    if options.indicator is not None and options.indicator not in known:
        raise Refused(f"--indicator {options.indicator} is none of {', '.join(known)}")
    chosen = [known[options.indicator]] if options.indicator is not None else list(known.values())
    made = [await report(connection, one, options.tenant, options.first, options.last, by) for one in chosen]
    rows = [row for one in made for row in named_rows(one)]
    return Made(report_columns(by), rows, [meaning for one in made for meaning in meanings(one)])


async def _service_levels(connection: "Connection", options: Namespace, now: datetime) -> Made:
    from store.select import Scope
    from store.service_level_report import level_columns, level_rows
    from store.service_levels import DIMENSIONS, service_levels

    by = _checked(options, DIMENSIONS)
    found = await service_levels(
        connection,
        Scope(tenant=options.tenant, unit=options.unit),
        now,
        first_day=options.first,
        last_day=options.last,
        by=by,
    )
    return Made(level_columns(by), level_rows(found, by), [])


def _checked(options: Namespace, known: tuple[Any, ...]) -> tuple[Any, ...]:
    asked = options.by if options.by is not None else DEFAULT_BY[options.what]
    for name in asked:
        if name not in known:
            raise Refused(f"--by {name} is none of {', '.join(known)}")
    return tuple(name for name in known if name in asked)


def _formatted(made: Made, options: Namespace) -> bytes:
    from store.codebook import codebook
    from store.tabular import to_csv, to_xlsx

    if options.format == "csv":
        return to_csv(made.columns, made.rows, comma=options.decimal == "comma").encode()
    if options.format == "xlsx":
        return to_xlsx(options.what, made.columns, made.rows, [*made.meanings, *codebook(made.columns)])
    return _json(options, made.rows)


def _json(options: Namespace, items: list[dict[str, Any]]) -> bytes:
    import msgspec

    report = {
        "from": options.first,
        "to": options.last,
        "days": (options.last - options.first + timedelta(days=1)).days,
        "items": items,
    }
    return msgspec.json.format(msgspec.json.encode(report)) + b"\n"


def _write(content: bytes, file: Path | None) -> None:
    import sys

    if file is not None:
        file.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
