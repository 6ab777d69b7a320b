"""The API on a real database, and two municipalities in it, made over the API itself."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.api import Api, made, open_api


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with open_api(database_url) as api:
        yield api


@pytest.fixture
async def admin(api: Api) -> httpx.AsyncClient:
    """An administrator of all tenants."""
    return await api.client()


@pytest.fixture
async def town(api: Api, admin: httpx.AsyncClient) -> Api:
    """Tenant `west` with the units `north` and `south`, tenant `east` with the unit `harbour`.

    In each unit U a resident `U-1` with the device `U-button`.
    """
    for tenant, units in {"west": ("north", "south"), "east": ("harbour",)}.items():
        await made(admin, "tenants", id=tenant, name=tenant.title())
        for unit in units:
            await made(admin, "units", id=unit, tenant=tenant, name=unit.title())
            await made(admin, "residents", id=f"{unit}-1", unit=unit, name=f"Test {unit.title()}")
            await made(admin, "devices", id=f"{unit}-button", tenant=tenant, technology="social_alarm")
            await made(admin, "assignments", id=f"{unit}-lent", device=f"{unit}-button", resident=f"{unit}-1")
    return api
