"""Who holds the lock a load waits for."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql(__file__)
