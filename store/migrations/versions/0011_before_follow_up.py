"""What a municipality sets for its indicators."""

from store.migrations.sql import run_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0011_before.sql")
