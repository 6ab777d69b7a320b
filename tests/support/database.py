"""A real PostgreSQL for tests: one embedded server for the run, a fresh migrated database for each test."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from store.migrate import migrate
from tests.support.folders import reachable_folder
from vaka.embedded.postgres import Postgres

TEMPLATE = "template_vaka"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of the server's maintenance database."""
    with reachable_folder() as folder:
        server = Postgres(folder)
        server.start()
        # A killed process loses nothing that the kernel has; only a machine that fails would, and tests wait long
        # for disks that others use.
        _run(server.url, "ALTER SYSTEM SET fsync = off")
        _run(server.url, "SELECT pg_reload_conf()")
        try:
            yield server.url
        finally:
            server.stop()


@pytest.fixture(scope="session")
def database_template(postgres: str) -> str:
    """A migrated database that nobody is connected to, so that it can be copied."""
    _run(postgres, f"CREATE DATABASE {TEMPLATE}")
    migrate(_url(postgres, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres: str, database_template: str) -> Iterator[str]:
    """URL of a fresh migrated database, dropped after the test."""
    name = f"test_{uuid4().hex}"
    _run(postgres, f"CREATE DATABASE {name} TEMPLATE {database_template}")
    yield _url(postgres, name)
    _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def _url(server: str, database: str) -> str:
    return urlsplit(server)._replace(path=f"/{database}").geturl()
