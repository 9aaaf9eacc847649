"""Bring a database up to date: roles, schemas, migrations, grants, keys. May run again, or twice at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from opinion_warehouse.database import connect, secrets
from opinion_warehouse.settings import ROLES, Settings

if TYPE_CHECKING:
    import psycopg

_HERE = Path(__file__).parent
_LOCK = 7_310_001
"""Advisory lock: one migrate at a time."""


def migrate(settings: Settings) -> list[str]:
    """Apply what is missing; returns the revisions applied."""
    with connect.connect(
        settings, "admin", autocommit=True, application_name="opinion migrate"
    ) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        warehouse = connection.info.dbname
        _run_file(connection, "roles.sql", warehouse)
        for login in (*ROLES, "airflow"):
            _set_password(settings, connection, login)
        _create_airflow_database(connection, connect.airflow_database(warehouse))
        applied = _upgrade(settings)
        _run_file(connection, "grants.sql", warehouse)
        _check_keys(settings, connection)
    return applied


def _run_file(connection: "psycopg.Connection[Any]", name: str, warehouse: str) -> None:
    from psycopg import sql

    text = (_HERE / name).read_text(encoding="utf-8")
    database = sql.Identifier(warehouse).as_string(connection)
    with connection.transaction():
        connection.execute(cast("Any", text.replace("{database}", database)))


def _set_password(settings: Settings, connection: "psycopg.Connection[Any]", login: str) -> None:
    """Hashed here, so that no server log can hold it."""
    from psycopg import sql

    word = secrets.password(settings, login, create=True)
    stored = connection.pgconn.encrypt_password(word.encode(), login.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("alter role {} with login password {}").format(sql.Identifier(login), sql.Literal(stored))
    )


def _create_airflow_database(connection: "psycopg.Connection[Any]", name: str) -> None:
    from psycopg import sql

    database = sql.Identifier(name)
    if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        # PostgreSQL wants a non-superuser to be a member of the owner it gives a database to.
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
        if row != (True,):
            connection.execute("grant airflow to current_user with set true")
        connection.execute(sql.SQL("create database {} owner airflow").format(database))
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))


def _upgrade(settings: Settings) -> list[str]:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations").replace("%", "%%"))
    engine = create_engine(connect.dsn(settings, "admin", "postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("set role opinion_owner"))
        connection.execute(text("set search_path = pg_catalog"))
        connection.commit()
        before = _revision(connection)
        script = ScriptDirectory.from_config(config)
        if before == script.get_current_head():
            return []
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    done = [entry.revision for entry in script.iterate_revisions("head", before or "base")]
    return done[::-1]


def _revision(connection: Any) -> str | None:
    from alembic.runtime.migration import MigrationContext

    options = {"version_table": "schema_version", "version_table_schema": "release_ctl"}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _check_keys(settings: Settings, connection: "psycopg.Connection[Any]") -> None:
    """Make the keys of an empty warehouse; for one with data insist on the keys those were made with."""
    import hmac

    has_data = connection.execute("select exists (select from intake.file)").fetchone() == (True,)
    for name in (secrets.HMAC_KEY, secrets.STORE_KEY):
        value = secrets.key(settings, name) if has_data else secrets.create_key(settings, name)
        # A digest under the key itself: it tells two keys apart and gives none away.
        mark = hmac.new(value, b"opinion warehouse key check", "sha256").hexdigest()
        known = connection.execute("select mark from intake.key_check where name = %s", [name]).fetchone()
        if has_data and known is not None and known[0] != mark:
            raise secrets.SecretMissing(
                f"{settings.secrets_dir / name}: is not the key this database's data were made with; "
                "put that key back from its backup"
            )
        connection.execute(
            "insert into intake.key_check (name, mark) values (%s, %s)"
            " on conflict (name) do update set mark = excluded.mark where key_check.mark <> excluded.mark",
            [name, mark],
        )
