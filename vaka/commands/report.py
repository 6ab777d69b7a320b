"""`vaka report usage`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from vaka.commands import Refused
from vaka.settings import Settings

DIMENSIONS = ("tenant", "unit", "resident", "technology", "kind", "day")


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("what", choices=("usage",), help="usage: how often each technology was used")
    parser.add_argument(
        "--from", dest="first", required=True, type=_day, metavar="DAY", help="first local day, YYYY-MM-DD"
    )
    parser.add_argument("--to", dest="last", required=True, type=_day, metavar="DAY", help="last local day, included")
    parser.add_argument(
        "--by",
        type=_dimensions,
        default=("technology", "kind"),
        metavar="LIST",
        help="any of " + ",".join(DIMENSIONS) + " (technology,kind)",
    )
    parser.add_argument("--tenant", metavar="T", help="only this municipality")
    parser.add_argument("--unit", metavar="U", help="only this unit")
    parser.add_argument("--resident", metavar="R", help="only this resident")
    parser.add_argument("--format", choices=("json", "csv"), default="json", help="json or csv (json)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of stdout")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day, YYYY-MM-DD") from None


def _dimensions(text: str) -> tuple[str, ...]:
    asked = tuple(part.strip() for part in text.split(",") if part.strip())
    for dimension in asked:
        if dimension not in DIMENSIONS:
            raise ArgumentTypeError(f"{dimension!r} is none of {', '.join(DIMENSIONS)}")
    return asked


async def run(options: Namespace, settings: Settings) -> None:
    from store.pool import connect
    from store.select import Scope
    from store.usage_query import usage
    from vaka.context import NothingRuns, attached

    if options.last < options.first:
        raise Refused(f"--to {options.last} is before --from {options.first}")
    try:
        context = attached(settings)
    except NothingRuns as error:
        raise Refused(str(error)) from error
    async with await connect(context.database_url) as connection:
        rows = await usage(
            connection,
            Scope(tenant=options.tenant, unit=options.unit),
            by=options.by,
            first_day=options.first,
            last_day=options.last,
            resident=options.resident,
        )
    _write(_formatted(rows, options), options.out)


def _formatted(rows: list[dict[str, Any]], options: Namespace) -> str:
    import msgspec

    from store.usage_query import usage_csv

    if options.format == "csv":
        return usage_csv(rows, options.by)
    report = {
        "from": options.first,
        "to": options.last,
        "days": (options.last - options.first + timedelta(days=1)).days,
        "items": rows,
    }
    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


def _write(text: str, file: Path | None) -> None:
    import sys

    if file is not None:
        file.write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.write(text)
