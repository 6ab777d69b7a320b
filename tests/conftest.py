"""What all tests share."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support.broker import embedded_broker, mqtt_server
from tests.support.database import database_template, database_url, postgres
from tests.support.folders import data_dir

__all__ = ["data_dir", "database_template", "database_url", "embedded_broker", "mqtt_server", "postgres"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# No example is timed: the machine may be busy. On CI the examples are the same every time, elsewhere new ones.
settings.register_profile("vaka", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("vaka-ci", settings.get_profile("vaka"), derandomize=True, database=None)
settings.load_profile("vaka-ci" if os.environ.get("CI") == "true" else "vaka")
