"""Which schema a database has and which one this version needs, told without the tool that migrates: it is large."""

from importlib.resources import files

import psycopg


def is_current(database_url: str) -> bool:
    """Whether the database has all migrations of this version."""
    with psycopg.connect(database_url) as connection:
        table = connection.execute("SELECT to_regclass('schema_version')").fetchone()
        if table is None or table[0] is None:
            return False
        rows = connection.execute("SELECT version_num FROM schema_version").fetchall()
    return {row[0] for row in rows} == expected_revisions()


def expected_revisions() -> set[str]:
    """The last revision of each phase, from the names of the files: `0001_before_core.py` is revision `0001`."""
    last: dict[str, str] = {}
    for file in sorted((files("store") / "migrations" / "versions").iterdir(), key=lambda file: file.name):
        number, _, rest = file.name.partition("_")
        if number.isdecimal() and file.name.endswith(".py"):
            last[rest.partition("_")[0]] = number
    return set(last.values())
