"""Migrations are plain SQL files; Alembic numbers them and remembers which have run."""

from importlib.resources import files

from alembic import op


def run_file(name: str) -> None:
    """Runs all statements of `versions/NAME` in the migration's transaction."""
    text = (files("store.migrations") / "versions" / name).read_text(encoding="utf-8")
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(text, prepare=False)
