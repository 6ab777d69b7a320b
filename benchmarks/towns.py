"""Many small municipalities at once, each with residents who have a button and nothing else."""

import asyncio
from datetime import datetime

from events.ids import DeviceId, ResidentId, TenantId, UnitId
from simulators.municipality import TIMEZONE, Device, Municipality, Resident, Unit
from simulators.products import BUTTON
from store.pool import Connection, connect
from vaka.seed import seed

WAITING = "SELECT EXISTS (SELECT 1 FROM inbox WHERE applied_at IS NULL)"
POLL_SECONDS = 0.2


def town_of(number: int, residents: int) -> Municipality:
    """Without staff: who is told of an alarm is another benchmark's business."""
    tenant = TenantId(f"town-{number}")
    unit = Unit(UnitId(f"{tenant}-unit"), "Hemtjänst")
    people = tuple(_resident(tenant, unit, place) for place in range(residents))
    return Municipality(tenant, f"Provstad {number}", TIMEZONE, (unit,), (), people)


def _resident(tenant: TenantId, unit: Unit, place: int) -> Resident:
    return Resident(
        id=ResidentId(f"{tenant}-{place}"),
        unit=unit.id,
        name=f"Testa Prov {place}",
        sex="female",
        birth_year=1940,
        housing="ordinary",
        address=f"Provgatan {place}",
        instructions="",
        home=(58.30, 14.55),
        devices=(Device(DeviceId(f"{tenant}-{place}-button"), BUTTON),),
    )


def buttons(towns: int, residents: int) -> list[tuple[TenantId, DeviceId]]:
    """Every device, town by town."""
    return [
        (TenantId(f"town-{number}"), DeviceId(f"town-{number}-{place}-button"))
        for number in range(towns)
        for place in range(residents)
    ]


async def settle(database_url: str, towns: int, residents: int, now: datetime) -> None:
    """Adds them, and waits until a Vaka that runs knows all of them."""
    async with await connect(database_url, autocommit=True) as connection:
        for number in range(towns):
            async with connection.transaction():
                await seed(connection, town_of(number, residents), "benchmark", now)
    await applied(database_url)


async def applied(database_url: str) -> None:
    """Waits until all that was changed is known."""
    async with await connect(database_url, autocommit=True) as connection:
        while await _waits(connection):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)


async def _waits(connection: Connection) -> bool:
    row = await (await connection.execute(WAITING)).fetchone()
    return row is not None and bool(row[0])
