"""Importing devices from a file: all rows or none, unless the caller wants what is right of them."""

from asyncio import to_thread

from pydantic import BaseModel

from api.callers import Caller
from api.device_sheet import Action, Planned, Row, lines_of, named, plan
from api.services import Transaction
from api.spreadsheet import read_rows
from events.ids import TenantId
from store import device_import
from store.directory import devices_changed


class Import(BaseModel):
    """How many rows there are of each kind, and each row. `imported`: whether anything was changed by it."""

    imported: bool
    new: int
    changed: int
    same: int
    wrong: int
    rows: list[Row]


async def import_devices(
    change: Transaction, caller: Caller, tenant: TenantId, content: bytes, *, dry_run: bool, partly: bool
) -> Import:
    """What the file has done, or would do: nothing is done with `dry_run`, or when a row is wrong and not `partly`.

    Raises Unreadable for the file, and TakenMeanwhile, after which the transaction must be given up.
    """
    lines = lines_of(await to_thread(read_rows, content))
    asked = named(lines)
    known = await device_import.known(change.connection, caller.scope, tenant, change.now, asked, lock=not dry_run)
    planned = plan(lines, known, tenant, change.now)
    rows = [each.row for each in planned]
    imported = not dry_run and (partly or all(row.action != "error" for row in rows))
    if imported:
        await _write(change, caller, planned)

    def count(action: Action) -> int:
        return sum(row.action == action for row in rows)

    return Import(
        imported=imported,
        new=count("new"),
        changed=count("change"),
        same=count("same"),
        wrong=count("error"),
        rows=rows,
    )


async def _write(change: Transaction, caller: Caller, planned: list[Planned]) -> None:
    rights = [(each.before, each.after) for each in planned if each.after is not None and each.row.action != "same"]
    new = [after for before, after in rights if before is None]
    changed = [(before, after) for before, after in rights if before is not None]
    await device_import.write(change.connection, new, changed, caller.id, change.now)
    ids = [after.id for _, after in rights]
    await change.tell_all(await devices_changed(change.connection, ids))
