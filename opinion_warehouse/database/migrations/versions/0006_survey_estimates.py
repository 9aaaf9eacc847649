"""Survey estimates: two-stage designs, panels, calibrated weights, waves that wait, breaks, trend."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql(__file__)
