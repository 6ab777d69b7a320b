"""Devices that a hub or network told of by itself: noted by the log's owner, registered by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from events.delivery import Found
from events.devices import Family, Origin
from events.ids import DeviceId, derived_id
from store.pool import Connection
from store.select import Scope, Select

# What a hub leaves out this time is kept from before.
NOTE = """
INSERT INTO found_devices AS found (id, family, scope, external_id, name, vendor, model, topics, first_seen, last_seen)
VALUES (%(id)s, %(family)s, %(scope)s, %(external_id)s, %(name)s, %(vendor)s, %(model)s, %(topics)s, %(now)s, %(now)s)
ON CONFLICT (id) DO UPDATE SET
    name = coalesce(excluded.name, found.name), vendor = coalesce(excluded.vendor, found.vendor),
    model = coalesce(excluded.model, found.model), topics = excluded.topics, last_seen = excluded.last_seen
"""
FOUND = """
SELECT f.id, f.family, f.scope, f.external_id, f.name, f.vendor, f.model, f.topics, f.first_seen, f.last_seen,
       d.id AS device
FROM found_devices f
LEFT JOIN devices d ON (d.family, d.scope, d.external_id) = (f.family, f.scope, f.external_id)
"""
# Nobody has said whose a found device is. It is shown to who has registered a device there, or the hub itself.
NEAR = """
EXISTS (SELECT FROM devices near WHERE near.tenant = %s AND near.family = f.family
        AND (near.scope = f.scope OR (near.scope, near.external_id) = ('', f.scope)))
"""


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """`device` is the one that is registered under this origin, if any. `topics`: where its messages come."""

    id: str
    family: Family
    scope: str
    external_id: str
    name: str | None
    vendor: str | None
    model: str | None
    topics: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    device: DeviceId | None

    @property
    def origin(self) -> Origin:
        return Origin(self.family, self.scope, self.external_id)


async def note_found(connection: Connection, found: Sequence[Found], now: datetime) -> None:
    """Notes each of them as seen now; the last word about one counts."""
    if not found:
        return
    last = {each.origin: each for each in found}
    async with connection.cursor() as cursor:
        # In one order everywhere, so that two that note the same devices cannot wait for each other.
        await cursor.executemany(NOTE, [_values(last[origin], now) for origin in sorted(last, key=str)])


def _values(found: Found, now: datetime) -> dict[str, object]:
    origin = found.origin
    return {
        "id": derived_id(*_parts(origin)),
        "family": origin.family,
        "scope": origin.scope,
        "external_id": origin.id,
        "name": found.name,
        "vendor": found.vendor,
        "model": found.model,
        "topics": list(found.topics),
        "now": now,
    }


def _parts(origin: Origin) -> tuple[str, str, str]:
    return origin.family, origin.scope, origin.id


async def found_devices(
    connection: Connection,
    scope: Scope,
    *,
    family: Family | None = None,
    registered: bool | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[FoundDevice]:
    """`registered`: only those that are, or are not, registered."""
    select = _found(scope).where("f.family = %s", family).where("(d.id IS NOT NULL) = %s", registered)
    return await select.after("f.id > %s", after).then("ORDER BY f.id").rows(connection, limit)


async def all_found(connection: Connection) -> list[Found]:
    """Everything that hubs told of, for the families to remember."""
    rows = await Select(FoundDevice, FOUND).rows(connection)
    return [Found(row.origin, row.name, row.vendor, row.model, row.topics) for row in rows]


async def found_device(connection: Connection, scope: Scope, id: str) -> FoundDevice | None:
    return await _found(scope).where("f.id = %s", id).one(connection)


def _found(scope: Scope) -> Select[FoundDevice]:
    return Select(FoundDevice, FOUND).where(NEAR, scope.tenant)
