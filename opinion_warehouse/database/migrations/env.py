"""Alembic's entry: runs on the connection that `migrate` hands over, as the owner role."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema="release_ctl",
)
with context.begin_transaction():
    context.run_migrations()
