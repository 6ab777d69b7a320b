"""What tests against the real database share."""

from collections.abc import AsyncIterator

import pytest

from store.pool import Pool, open_pool


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url) as pool:
        yield pool
