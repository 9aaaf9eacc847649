"""What the spec said of a file's design and questions when the file was read."""

from opinion_warehouse.database.migrations.run_sql import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql(__file__)
