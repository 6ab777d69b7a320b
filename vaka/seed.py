"""Writes the virtual municipality into an empty database: the same rows that people would make over the API."""

from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from api.sign_in import Passwords
from events.control import PlanChanged, ResidentChanged, TenantChanged
from events.devices import LifeCycle
from rules.plan import read_plan, write_plan
from simulators.municipality import Municipality, Resident
from store import assignments, devices, inbox, people, plans, registry
from store.directory import device_changed
from store.pool import Connection

LOGIN_FILE = "demo-login.txt"


async def seed(connection: Connection, municipality: Municipality, password: str, now: datetime) -> int:
    """Adds what is missing of the municipality, in the caller's transaction; how many residents were new."""
    tenant = registry.Tenant(municipality.tenant, municipality.name, municipality.timezone, now)
    if await registry.add_tenant(connection, tenant):
        await inbox.put(connection, TenantChanged(tenant=tenant.id, timezone=tenant.timezone), now)
    for unit in municipality.units:
        await registry.add_unit(connection, registry.Unit(unit.id, tenant.id, unit.name, now))
    await _add_staff(connection, municipality, password, now)
    added = 0
    for resident in municipality.residents:
        added += await _add_resident(connection, municipality, resident, now)
    return added


async def _add_staff(connection: Connection, municipality: Municipality, password: str, now: datetime) -> None:
    missing = [person for person in municipality.staff if not await people.username_taken(connection, person.username)]
    if not missing:
        return
    hashed = await Passwords().hash(password)
    for person in missing:
        role = people.Role(person.role)
        account = people.Staff(person.id, municipality.tenant, person.unit, person.username, person.name, role, now)
        await people.add_staff(connection, account, hashed)


async def _add_resident(connection: Connection, municipality: Municipality, resident: Resident, now: datetime) -> bool:
    row = registry.Resident(
        id=resident.id,
        tenant=municipality.tenant,
        unit=resident.unit,
        name=resident.name,
        sex=resident.sex,
        birth_year=resident.birth_year,
        housing=resident.housing,
        address=resident.address,
        instructions=resident.instructions,
        created_at=now,
    )
    if not await registry.add_resident(connection, row):
        return False
    changed = ResidentChanged(resident=resident.id, tenant=municipality.tenant, unit=resident.unit)
    await inbox.put(connection, changed, now)
    await _lend_devices(connection, municipality, resident, now)
    await _plan(connection, municipality, resident, now)
    return True


async def _lend_devices(connection: Connection, municipality: Municipality, resident: Resident, now: datetime) -> None:
    for device in resident.devices:
        product, id = device.product, device.id
        technology = product.technology
        row = devices.Device(
            id,
            municipality.tenant,
            technology,
            product.title,
            product.model,
            None,
            now,
            type=product.name,
            life_cycle=LifeCycle.INSTALLED,
        )
        await devices.add_device(connection, row)
        await inbox.put(connection, await device_changed(connection, id), now)
        lending = assignments.Assignment(f"{id}-1", municipality.tenant, id, resident.id, now, None, now, technology)
        await assignments.add_assignment(connection, lending)
        await inbox.put(connection, lending.told(), now)


async def _plan(connection: Connection, municipality: Municipality, resident: Resident, now: datetime) -> None:
    plan = write_plan(read_plan(plan_of(resident)))
    version = await plans.add_plan(connection, municipality.tenant, resident.id, plan, now, "vaka up")
    changed = PlanChanged(resident=resident.id, version=version, timezone=municipality.timezone, plan=plan)
    await inbox.put(connection, changed, now)


def plan_of(resident: Resident) -> dict[str, Any]:
    """What a home-care planner would write for this resident: an hour for each dose, and no silent days."""
    plan: dict[str, Any] = {}
    if resident.dose_times:
        plan["medicine"] = {"windows": [_window(time.hour, time.minute) for time in resident.dose_times]}
    if any(device.product.name in ("motion", "door", "bed") for device in resident.devices):
        plan["inactivity"] = {
            "limits": [{"from": "07:00", "to": "22:00", "minutes": 300}],
            "quiet": [{"from": "22:00", "to": "07:00"}],
        }
    return plan


def _window(hour: int, minute: int) -> dict[str, Any]:
    start = timedelta(hours=hour, minutes=minute) - timedelta(minutes=15)
    end = start + timedelta(hours=1, minutes=15)
    return {"from": _clock(start), "to": _clock(end), "remind_after_minutes": 30}


def _clock(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60 % 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def demo_password(data_dir: Path) -> str:
    """The password of all demo accounts of this data directory; made once, readable by its owner only."""
    file = data_dir / LOGIN_FILE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(token_urlsafe(9) + "\n", encoding="ascii")
    return file.read_text(encoding="ascii").strip()
