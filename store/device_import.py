"""Many devices at once: what an import must know of what is there, and writing them in one go."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import Struct
from psycopg.errors import UniqueViolation

from events.devices import Origin
from events.ids import DeviceId, TenantId
from store.device_life import MOVE, RECORD
from store.device_types import DeviceType, device_types
from store.devices import ADD_DEVICE, CHANGE_DEVICE, Device, device_values, devices_of
from store.pool import Connection
from store.select import EVERYTHING, Scope

# The hubs in question, and those that they are behind themselves.
HUBS = """
WITH RECURSIVE above (id, hub) AS (
    SELECT id, hub FROM devices WHERE id = ANY(%s) AND tenant = %s
    UNION SELECT devices.id, devices.hub FROM devices JOIN above ON devices.id = above.hub
)
SELECT id, hub FROM above
"""
ORIGINS = """
SELECT family, scope, external_id, id
FROM devices JOIN unnest(%s::text[], %s::text[], %s::text[]) AS wanted (family, scope, external_id)
    USING (family, scope, external_id)
"""
MOST_TYPES = 10_000


class TakenMeanwhile(Exception):
    """A device with one of these ids or origins was registered while the import was planned."""


class Known(Struct, frozen=True):
    """What is there of what an import names.

    `devices`: those that may be changed; `taken`: ids of all that are there. `hubs`: which device is behind which.
    """

    devices: dict[DeviceId, Device]
    taken: set[DeviceId]
    types: dict[str, DeviceType]
    hubs: dict[DeviceId, DeviceId | None]
    origins: dict[Origin, DeviceId]


class Named(Struct, frozen=True):
    """What an import names."""

    ids: set[DeviceId]
    hubs: set[DeviceId]
    origins: set[Origin]


async def known(
    connection: Connection, scope: Scope, tenant: TenantId, now: datetime, named: Named, *, lock: bool
) -> Known:
    """With `lock`, the devices stay as they are until the transaction ends."""
    ids = sorted(named.ids)
    mine = await devices_of(connection, Scope(tenant, scope.unit), now, ids, lock=lock)
    taken = await devices_of(connection, EVERYTHING, now, ids)
    types = await device_types(connection, Scope(tenant), limit=MOST_TYPES)
    hubs = await (await connection.execute(HUBS, (sorted(named.hubs), tenant))).fetchall()
    parts = [list(part) for part in zip(*((o.family, o.scope, o.id) for o in named.origins), strict=True)]
    origins = await (await connection.execute(ORIGINS, parts or [[], [], []])).fetchall()
    return Known(
        devices={device.id: device for device in mine},
        taken={device.id for device in taken},
        types={type.id: type for type in types},
        hubs=dict(hubs),
        origins={Origin(*origin): device for *origin, device in origins},
    )


async def write(
    connection: Connection, new: Sequence[Device], changed: Iterable[tuple[Device, Device]], actor: str, now: datetime
) -> None:
    """Adds the new ones, and stores each old one as changed, with its life cycle.

    Raises TakenMeanwhile, after which the transaction must be given up.
    """
    pairs = list(changed)
    added = [device_values(replace(device, hub=None)) for device in new]
    # A hub may stand below the devices that are behind it: they are told of it when all are there.
    told = [device_values(device) for device in (*(d for d in new if d.hub), *(after for _, after in pairs))]
    steps = [_step(device, None, actor, now) for device in new]
    moves = [_step(after, before, actor, now) for before, after in pairs if before.life_cycle != after.life_cycle]
    async with connection.cursor() as cursor:
        try:
            await cursor.executemany(ADD_DEVICE, added)
            if added and cursor.rowcount != len(added):
                raise TakenMeanwhile
            await cursor.executemany(CHANGE_DEVICE, told)
        except UniqueViolation as error:
            raise TakenMeanwhile from error
        await cursor.executemany(MOVE, moves)
        await cursor.executemany(RECORD, [*steps, *moves])


def _step(device: Device, before: Device | None, actor: str, now: datetime) -> dict[str, object]:
    state = before.life_cycle if before is not None else None
    return {
        "device": device.id,
        "now": now,
        "actor": actor,
        "state": state,
        "to": device.life_cycle,
        "reason": "import",
    }
