"""What all tests share."""

import pytest

from tests.support.database import database_template, database_url, postgres

__all__ = ["database_template", "database_url", "postgres"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
