"""Files still not taken in, and the reasons of quarantine as they may be counted."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql(__file__)
