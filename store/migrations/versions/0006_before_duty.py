"""Duty: who works when, with which skills, and who is a relative of whom."""

from store.migrations.sql import run_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0006_before.sql")
