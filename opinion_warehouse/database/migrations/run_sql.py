"""Runs the .sql file beside a migration."""

from pathlib import Path

from alembic import op


def run_sql(migration: str) -> None:
    """Run the whole file of the same name in one go, in the migration's transaction."""
    text = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    # Straight to the driver without parameters: neither ':name' nor '%' in the SQL means anything.
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("migrations need an open connection")
    with connection.cursor() as cursor:
        cursor.execute(text.encode())
