"""Brings a database to the schema of this version. Run by `vaka migrate`, and by `vaka up` on its own database."""

from typing import Literal

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from store.timescale import use_timescale

Phase = Literal["before", "after"]

_LOCK = 0x76616B61
"""Advisory lock that lets one migration run at a time ("vaka" in ASCII)."""


def migrate(database_url: str, phases: tuple[Phase, ...] = ("before", "after")) -> list[str]:
    """Runs what is missing of each phase, in one transaction, and returns the revisions that the database has.

    With TimescaleDB the log is made a hypertable, also when the extension has come only after the schema.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database_url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = Config()
        config.set_main_option("script_location", "store:migrations")
        config.set_main_option("version_locations", "store:migrations/versions")
        config.set_main_option("path_separator", "newline")
        config.attributes["connection"] = connection
        branches = ScriptDirectory.from_config(config)
        for phase in phases:
            if any(phase in revision.branch_labels for revision in branches.walk_revisions()):
                command.upgrade(config, f"{phase}@head")
        driver = connection.connection.driver_connection
        assert driver is not None
        use_timescale(driver)
        rows = connection.execute(text("SELECT version_num FROM schema_version ORDER BY 1"))
        return [row[0] for row in rows]
