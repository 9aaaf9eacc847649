"""A row of landing and its file: checked once a statement, not once a row."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql(__file__)
