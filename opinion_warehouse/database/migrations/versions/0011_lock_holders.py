"""Who holds the lock a load waits for."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql(__file__)
