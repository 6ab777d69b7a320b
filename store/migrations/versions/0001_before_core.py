"""The first tables: people, devices, the log, alarms, outboxes, usage."""

from store.migrations.sql import run_file

revision = "0001"
down_revision = None
branch_labels = ("before",)
depends_on = None


def upgrade() -> None:
    run_file("0001_before.sql")
