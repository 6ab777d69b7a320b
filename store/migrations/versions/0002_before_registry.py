"""The registry: device types, where a device is in its life, what hubs found, corrections, proof of installation."""

from store.migrations.sql import run_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0002_before.sql")
