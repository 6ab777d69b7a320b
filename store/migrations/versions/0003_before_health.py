"""How devices are: what the fleet's lists and counts are made of."""

from store.migrations.sql import run_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0003_before.sql")
