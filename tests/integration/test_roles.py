"""Who may do what, as PostgreSQL itself says, against the checked-in matrix."""

import csv
import difflib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
from release_steps import published

from opinion_warehouse.database.connect import Login, connect
from opinion_warehouse.settings import ROLES, Settings

MATRIX = Path(__file__).with_name("role_matrix.csv")

# One published release stands for all: its tables, their parents and their views are in the matrix too.
_QUERY = """
with role (name) as (
    select unnest(array[
        'loader', 'transformer', 'gate', 'publisher', 'bi_reader', 'erasure', 'airflow', 'serve_owner'
    ])
    union all select 'public'
),
relation as (
    select c.oid, c.relname, n.nspname, c.relkind
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'p', 'v', 'm', 'S')
),
may (role, kind, object, verb) as (
    select role.name, 'database', case datname when current_database() then 'warehouse' else 'airflow' end,
        verb
    from role, pg_database as d, unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) as verb
    where datname in (current_database(), current_database() || '_airflow')
        and has_database_privilege(role.name, d.oid, verb)
    union all
    select role.name, 'schema', nspname, verb
    from role, pg_namespace as n, unnest(array['USAGE', 'CREATE']) as verb
    where nspname !~ '^(pg_|information_schema)' and has_schema_privilege(role.name, n.oid, verb)
    union all
    select role.name, case relkind when 'v' then 'view' else 'table' end, nspname || '.' || relname,
        verb || case when has_table_privilege(role.name, r.oid, verb) then '' else ' (some columns)' end
    from role, relation as r, unnest(array[
        'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'
    ]) as verb
    where relkind <> 'S' and (
        has_table_privilege(role.name, r.oid, verb)
        or verb in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
        and has_any_column_privilege(role.name, r.oid, verb)
    )
    union all
    select role.name, 'sequence', nspname || '.' || relname, verb
    from role, relation as r, unnest(array['USAGE', 'SELECT', 'UPDATE']) as verb
    where relkind = 'S' and has_sequence_privilege(role.name, r.oid, verb)
    union all
    select role.name, 'function', p.oid::regprocedure::text, 'EXECUTE'
    from role, pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname !~ '^(pg_|information_schema)' and has_function_privilege(role.name, p.oid, 'EXECUTE')
    union all
    select m.member::regrole::text, 'role', m.roleid::regrole::text,
        case when m.set_option then 'SET ' else '' end
            || case when m.inherit_option then 'INHERIT' else '' end
    from pg_auth_members as m inner join role on role.name = m.member::regrole::text
)
select role, kind, object, string_agg(trim(verb), ' ' order by verb) from may
group by role, kind, object order by role, kind, object
"""


@pytest.fixture(scope="module")
def one_release(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[Settings]:
    with new_warehouse() as settings:
        published(settings, "a file")
        yield settings


def test_roles_may_exactly_what_the_matrix_says(one_release: Settings, tmp_path: Path) -> None:
    with connect(one_release, "admin") as connection:
        rows = connection.execute(_QUERY).fetchall()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["role", "kind", "object", "verbs"])
    writer.writerows(sorted(rows))
    (tmp_path / MATRIX.name).write_text(text.getvalue())
    difference = difflib.unified_diff(
        MATRIX.read_text().splitlines(), text.getvalue().splitlines(), "checked in", "granted", lineterm=""
    )
    assert not list(difference), f"if every line is meant, copy {tmp_path / MATRIX.name} over {MATRIX}"


def test_bi_reader_reads_nothing_but_the_published_views(one_release: Settings) -> None:
    with connect(one_release, "admin") as connection:
        names = connection.execute(
            "select format('%I.%I', n.nspname, c.relname), n.nspname = 'opinion' from pg_class as c"
            " inner join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'p', 'v')"
        ).fetchall()
    assert {opinion for _, opinion in names} == {True, False}
    with connect(one_release, "bi_reader", autocommit=True) as connection:
        for name, is_published in names:
            if is_published:
                assert connection.execute(f"select count(*) from {name}").fetchone() != (0,), name
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"select count(*) from {name}")


@pytest.mark.parametrize(
    "attempt",
    [
        "create table opinion.mine (n int)",
        "create temporary table mine (n int)",
        "create schema mine",
        "update opinion.fct_volume set build_number = 0",
        "delete from opinion.dim_topic",
        "insert into opinion.fct_volume select * from opinion.fct_volume",
        "select release_ctl.publish(1, 1, 'mine')",
        "select * from intake.source_state('2026-01-01')",
        "set role publisher",
        "set role opinion_owner",
        "set session authorization opinion_admin",
        "copy opinion.fct_volume to program 'true'",
        "select pg_read_file('PG_VERSION')",
        "select lo_from_bytea(0, 'mine')",
        "select pg_logical_emit_message(false, 'mine', 'mine')",
        "select pg_advisory_lock(7310002)",
        "select pg_try_advisory_lock_shared(7310001)",
        "alter role bi_reader createdb",
        "drop view opinion.fct_volume",
    ],
)
def test_bi_reader_who_lifts_read_only_may_still_change_nothing(one_release: Settings, attempt: str) -> None:
    with connect(one_release, "bi_reader", autocommit=True) as connection:
        assert connection.execute("show transaction_read_only").fetchone() == ("on",)
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(attempt)


def test_bi_reader_has_limits_of_its_own(one_release: Settings) -> None:
    expected = {
        "statement_timeout": "5min", "idle_in_transaction_session_timeout": "10min", "jit": "off",
        "search_path": "opinion", "default_transaction_read_only": "on",
    }  # fmt: skip
    with connect(one_release, "bi_reader") as connection:
        got = {name: (connection.execute(f"show {name}").fetchone() or [None])[0] for name in expected}
    assert got == expected


@pytest.mark.parametrize("role", ["transformer", "loader", "gate", "publisher", "erasure"])
def test_sealed_tables_may_be_changed_by_no_job(one_release: Settings, role: Login) -> None:
    attempts = [
        "update rel_1.fct_volume set build_number = 0",
        "delete from rel_1.fct_volume",
        "insert into rel_1.fct_volume select * from rel_1.fct_volume",
        "truncate rel_1.fct_volume",
        "alter table rel_1.fct_volume add column mine int",
        "drop table rel_1.fct_volume",
        "create table rel_1.mine (n int)",
        "drop schema rel_1 cascade",
        "delete from serve.fct_volume",
        "update serve.fct_volume set build_number = 0",
        "update release_ctl.pointer set release_id = null",
        "update release_ctl.release set state = 'audited'",
        "set role opinion_owner",
    ]
    with connect(one_release, role, autocommit=True) as connection:
        for attempt in attempts:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)


def test_roles_of_the_matrix_are_all_the_roles() -> None:
    with MATRIX.open() as file:
        assert {row["role"] for row in csv.DictReader(file)} == {*ROLES, "airflow", "serve_owner"}
