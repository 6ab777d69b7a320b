"""Device types: what devices of one make and model have in common, and what is expected of them."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from events.ids import TenantId
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope, Select

TYPES = """
SELECT id, tenant, name, vendor, model, technology, silent_after_minutes, battery_low, battery_well, life_critical,
       reads_as, help_command
FROM device_types
"""
ADD = """
INSERT INTO device_types (id, tenant, name, vendor, model, technology, silent_after_minutes, battery_low, battery_well,
                          life_critical, reads_as, help_command)
VALUES (%(id)s, %(tenant)s, %(name)s, %(vendor)s, %(model)s, %(technology)s, %(silent_after_minutes)s,
        %(battery_low)s, %(battery_well)s, %(life_critical)s, %(reads_as)s, %(help_command)s)
ON CONFLICT (id) DO NOTHING
"""
CHANGE = """
UPDATE device_types SET name = %(name)s, vendor = %(vendor)s, model = %(model)s,
    silent_after_minutes = %(silent_after_minutes)s, battery_low = %(battery_low)s, battery_well = %(battery_well)s,
    life_critical = %(life_critical)s, reads_as = %(reads_as)s, help_command = %(help_command)s
WHERE id = %(id)s
"""
DELETE = "DELETE FROM device_types WHERE id = %s"
HelpCommand = Literal["speak", "blink", "vibrate"]

SHARED_OR_OWN = "(tenant IS NULL OR tenant = %s)"


class InUse(Exception):
    """There are devices of this type."""


@dataclass(frozen=True, slots=True)
class DeviceType:
    """Without a tenant it is for all of them. `reads_as`: kinds that mean another for devices of this type.
    `help_command`: by which they tell their wearer that help is coming.

    The other fields are those of `events.devices.Watch`.
    """

    id: str
    tenant: TenantId | None
    name: str
    vendor: str | None
    model: str | None
    technology: Technology
    silent_after_minutes: int | None
    battery_low: float
    battery_well: float
    life_critical: bool
    reads_as: dict[str, str]
    help_command: HelpCommand | None = None


async def device_types(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    technology: Technology | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[DeviceType]:
    """Those that a device of the tenant may have."""
    select = _types(scope).where(SHARED_OR_OWN, tenant).where("technology = %s", technology)
    return await select.after("id > %s", after).then("ORDER BY id").rows(connection, limit)


async def device_type(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> DeviceType | None:
    return await _types(scope).where("id = %s", id).then("FOR NO KEY UPDATE" if lock else "").one(connection)


def _types(scope: Scope) -> Select[DeviceType]:
    return Select(DeviceType, TYPES).where(SHARED_OR_OWN, scope.tenant)


async def add_device_type(connection: Connection, new: DeviceType) -> bool:
    """False when the id is taken."""
    return (await connection.execute(ADD, _values(new))).rowcount == 1


async def change_device_type(connection: Connection, changed: DeviceType) -> None:
    """All but its tenant and technology."""
    await connection.execute(CHANGE, _values(changed))


async def delete_device_type(connection: Connection, id: str) -> None:
    """Raises InUse, after which the transaction is over."""
    try:
        await connection.execute(DELETE, (id,))
    except ForeignKeyViolation as error:
        raise InUse from error


def _values(type: DeviceType) -> dict[str, Any]:
    return asdict(type) | {"reads_as": Jsonb(type.reads_as)}
