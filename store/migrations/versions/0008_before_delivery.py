"""Contact points, and the delivery of each notification from claim to receipt."""

from store.migrations.sql import run_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0008_before.sql")
