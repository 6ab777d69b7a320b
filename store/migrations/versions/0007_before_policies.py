"""Escalation policies as versioned data, and what an alarm remembers of the one that it follows."""

from store.migrations.sql import run_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0007_before.sql")
