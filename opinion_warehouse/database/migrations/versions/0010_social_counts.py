"""Social counts: what a vendor delivers as a histogram, without items."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql(__file__)
