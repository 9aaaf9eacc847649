"""Alembic migrations; each is a .sql file and a thin .py beside it."""
