"""What connectors fetched, and how far."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql(__file__)
