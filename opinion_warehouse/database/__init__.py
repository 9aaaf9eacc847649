"""The warehouse's PostgreSQL: embedded server, connections, secrets, migrations and roles."""
