"""What all tests share."""

import pytest

from tests.support.broker import embedded_broker, mqtt_server
from tests.support.database import database_template, database_url, postgres
from tests.support.folders import data_dir

__all__ = ["data_dir", "database_template", "database_url", "embedded_broker", "mqtt_server", "postgres"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
