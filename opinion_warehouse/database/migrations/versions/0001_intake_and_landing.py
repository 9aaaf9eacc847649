"""Intake and landing."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql(__file__)
