"""Coverage ahead of time, service-level targets and the watchdog's pulse."""

from store.migrations.sql import run_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0009_before.sql")
