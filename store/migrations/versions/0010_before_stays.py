"""Where residents have lived, from when to when, and that they have left: follow-up asks for the past."""

from store.migrations.sql import run_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0010_before.sql")
