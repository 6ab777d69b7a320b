"""Backtests that people asked for, and what the daily check of live against replay begins from."""

from store.migrations.sql import run_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0005_before.sql")
