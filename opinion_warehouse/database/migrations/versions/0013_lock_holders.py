"""Who keeps a load waiting, now that loads of one source do not wait for one another."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql(__file__)
