"""Attempts are found by file and content without a look at all of history."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql(__file__)
