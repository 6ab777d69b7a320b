"""Contact points: where people, units and alarm centres can be told, and how well that has worked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from events.ids import TenantId, UnitId
from rules.addresses import NEEDS_PROVIDER
from rules.contact import Channel, ContactPoint, Owner
from store.pool import Connection
from store.select import Scope, Select

TestState = Literal["due", "sent", "delivered", "failed"]

POINTS = """
SELECT p.id, p.tenant, s.unit AS staff_unit, p.owner, p.owner_id, p.channel, p.address, p.rank, p.created_at,
       p.created_by, p.expired_at, p.expired_why, p.last_delivered_at, p.last_test, p.last_test_at
FROM contact_points p LEFT JOIN staff s ON p.owner = 'staff' AND s.id = p.owner_id
"""
# What a person sees of their unit: its own points and its people's.
OF_UNIT = "(s.unit = %s OR p.owner = 'unit' AND p.owner_id = %s)"
OF_TENANTS = """
SELECT p.tenant, p.id, p.owner, p.owner_id, p.channel, p.rank,
    p.expired_at IS NULL AND (p.channel <> ALL(%(needy)s) OR EXISTS (
        SELECT FROM channel_providers c WHERE c.tenant = p.tenant AND c.channel = p.channel)) AS usable
FROM contact_points p WHERE p.tenant = ANY(%(tenants)s)
ORDER BY p.tenant, p.owner, p.owner_id, p.rank, p.id
"""
ADD = """
INSERT INTO contact_points (id, tenant, owner, owner_id, channel, address, rank, created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(owner)s, %(owner_id)s, %(channel)s, %(address)s, %(rank)s, %(created_at)s, %(created_by)s)
ON CONFLICT DO NOTHING
"""
# A new address is a new beginning: what has expired was the old one.
CHANGE = """
UPDATE contact_points SET rank = %(rank)s, address = %(address)s, expired_at = %(expired_at)s,
    expired_why = %(expired_why)s
WHERE id = %(id)s
"""
DELETE = "DELETE FROM contact_points WHERE id = %s"
EXPIRE = "UPDATE contact_points SET expired_at = %s, expired_why = %s WHERE id = %s AND expired_at IS NULL"


@dataclass(frozen=True, slots=True)
class ContactPointRow:
    """`staff_unit`: the unit of the person whose it is. `expired_at`: the other side has said that it is no more."""

    id: str
    tenant: TenantId
    staff_unit: UnitId | None
    owner: Owner
    owner_id: str
    channel: Channel
    address: dict[str, Any]
    rank: int
    created_at: datetime
    created_by: str
    expired_at: datetime | None = None
    expired_why: str | None = None
    last_delivered_at: datetime | None = None
    last_test: TestState | None = None
    last_test_at: datetime | None = None

    @property
    def unit(self) -> UnitId | None:
        return UnitId(self.owner_id) if self.owner is Owner.UNIT else self.staff_unit


async def contact_points(
    connection: Connection, tenants: Iterable[TenantId]
) -> dict[TenantId, tuple[ContactPoint, ...]]:
    """All contact points of each of `tenants`, those of one owner together and in the order of their rank."""
    points: dict[TenantId, list[ContactPoint]] = {tenant: [] for tenant in tenants}
    values = {"tenants": list(points), "needy": list(NEEDS_PROVIDER)}
    for tenant, id, owner, owner_id, channel, rank, usable in await (
        await connection.execute(OF_TENANTS, values)
    ).fetchall():
        points[tenant].append(ContactPoint(id, Owner(owner), owner_id, Channel(channel), rank, usable))
    return {tenant: tuple(found) for tenant, found in points.items()}


async def contact_point_rows(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    owner: Owner | None = None,
    owner_id: str | None = None,
    channel: Channel | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[ContactPointRow]:
    select = (
        _rows(scope)
        .where("p.tenant = %s", tenant)
        .where("p.owner = %s", owner)
        .where("p.owner_id = %s", owner_id)
        .where("p.channel = %s", channel)
        .after("p.id > %s", after)
    )
    return await select.then("ORDER BY p.id").rows(connection, limit)


async def contact_point(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> ContactPointRow | None:
    return await _rows(scope).where("p.id = %s", id).then("FOR NO KEY UPDATE OF p" if lock else "").one(connection)


def _rows(scope: Scope) -> Select[ContactPointRow]:
    select = Select(ContactPointRow, POINTS).where("p.tenant = %s", scope.tenant)
    return select.where(OF_UNIT, scope.unit, scope.unit)


async def add_contact_point(connection: Connection, new: ContactPointRow) -> bool:
    """False when the id is taken."""
    return (await connection.execute(ADD, _values(new))).rowcount == 1


async def change_contact_point(connection: Connection, changed: ContactPointRow) -> None:
    await connection.execute(CHANGE, _values(changed))


def _values(row: ContactPointRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in ContactPointRow.__slots__} | {"address": Jsonb(row.address)}


async def delete_contact_point(connection: Connection, id: str) -> None:
    """What was still to be sent there fails, and the owner's next point is told in its place."""
    await connection.execute(DELETE, (id,))


async def expire_contact_point(connection: Connection, id: str, why: str, now: datetime) -> None:
    """The other side has said that it is no more: nothing is sent there from now on."""
    await connection.execute(EXPIRE, (now, why[:200], id))
