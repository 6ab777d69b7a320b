"""A database that an earlier version left, brought to this one with what is in it."""

from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from store.migrate import migrate
from store.schema import expected_revisions, is_current

AT = "2026-03-02T07:00:00Z"


@pytest.fixture
def first_version(postgres: str) -> Iterator[str]:
    """A database of the first version, with a device that is with somebody."""
    name = f"old_{uuid4().hex}"
    url = urlsplit(postgres)._replace(path=f"/{name}").geturl()
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(url) as connection:
            first = files("store.migrations") / "versions" / "0001_before.sql"
            connection.execute(first.read_bytes(), prepare=False)
            connection.execute("CREATE TABLE schema_version (version_num varchar(32) PRIMARY KEY)")
            connection.execute("INSERT INTO schema_version VALUES ('0001')")
            connection.execute("INSERT INTO tenants VALUES ('west', 'West', 'Europe/Stockholm', %s)", (AT,))
            connection.execute("INSERT INTO units VALUES ('north', 'west', 'North', %s)", (AT,))
            connection.execute(
                "INSERT INTO residents (id, tenant, unit, name, created_at)"
                " VALUES ('anna', 'west', 'north', 'Anna Prov', %s)",
                (AT,),
            )
            connection.execute(
                "INSERT INTO devices (id, tenant, technology, created_at)"
                " VALUES ('button', 'west', 'social_alarm', %s)",
                (AT,),
            )
            connection.execute(
                "INSERT INTO assignments VALUES ('a-1', 'west', 'button', 'anna', %s, NULL, %s)", (AT, AT)
            )
        yield url
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_what_was_there_is_kept_and_is_in_use(first_version: str) -> None:
    assert not is_current(first_version)
    assert set(migrate(first_version)) == expected_revisions()
    assert is_current(first_version)
    with psycopg.connect(first_version) as connection:
        device = connection.execute("SELECT id, life_cycle, type, family FROM devices").fetchall()
        lending = connection.execute("SELECT resident, shared_with FROM assignments").fetchall()
    assert device == [("button", "in_use", None, None)]
    assert lending == [("anna", None)]


def test_a_second_time_nothing_is_left_to_do(first_version: str) -> None:
    assert migrate(first_version) == migrate(first_version)
