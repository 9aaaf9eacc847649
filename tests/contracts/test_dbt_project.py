"""The dbt project on an empty warehouse: it builds, its unit tests hold, what it publishes is described."""

import csv
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import pytest

from opinion_warehouse import dbt
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 11, 23)
RELEASE_TABLES = {
    "dim_answer_option",
    "dim_date",
    "dim_group",
    "dim_place",
    "dim_platform",
    "dim_question",
    "dim_source",
    "dim_survey",
    "dim_topic",
    "dim_unit",
    "fct_intake_quality",
    "fct_opinion_trend",
    "fct_recommendation",
    "fct_report_opinion",
    "fct_report_submission",
    "fct_social_volume",
    "fct_source_comparison",
    "fct_survey_change",
    "fct_survey_estimate",
    "obt_opinion_by_topic",
    "obt_survey_estimate",
}


@pytest.fixture(scope="module")
def built(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[tuple[Settings, int]]:
    """A release of nothing but reference data."""
    with new_warehouse() as settings:
        with connect(settings, "admin") as connection:
            row = connection.execute(
                "insert into release_ctl.release"
                " (night, run_id, git_revision, code_digest, input_fingerprint, is_partial)"
                " values (%s, 'run', 'unknown', 'code', 'input', false) returning release_id",
                [NIGHT],
            ).fetchone()
            assert row is not None
            connection.execute(f"create schema rel_{row[0]}")
            connection.execute(f"grant usage, create on schema rel_{row[0]} to transformer")
        dbt.build_core(settings, row[0], NIGHT, "run")
        dbt.build_release_models(settings, row[0], NIGHT, "run")
        yield settings, row[0]


def test_release_tables_are_exactly_those_of_the_contract(built: tuple[Settings, int]) -> None:
    settings, release_id = built
    with connect(settings, "admin") as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = %s", [f"rel_{release_id}"]
        ).fetchall()
    assert {name for (name,) in tables} == RELEASE_TABLES


def test_every_release_table_and_column_is_described(built: tuple[Settings, int]) -> None:
    settings, release_id = built
    with connect(settings, "admin") as connection:
        bare = connection.execute(
            "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = %s::regnamespace and c.relkind = 'r' and a.attnum >= 0"
            " and not a.attisdropped"
            " and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)",
            [f"rel_{release_id}"],
        ).fetchall()
        first = connection.execute(
            "select distinct column_name from information_schema.columns"
            " where table_schema = %s and ordinal_position = 1",
            [f"rel_{release_id}"],
        ).fetchall()
    assert bare == []
    assert first == [("release_id",)]


def test_unit_tests_of_the_models_hold(built: tuple[Settings, int]) -> None:
    settings, release_id = built
    results = dbt.run_dbt(
        settings, ["test", "--select", "test_type:unit"], release_id=release_id, night=NIGHT, run_id="unit"
    )
    assert len(results) >= 9
    assert {result.status for result in results} == {"pass"}


def test_results_of_every_node_are_kept(built: tuple[Settings, int]) -> None:
    settings, release_id = built
    with connect(settings, "transformer") as connection:
        nodes = connection.execute(
            "select count(*), count(*) filter (where status in ('success', 'pass')) from quality.model_result"
            " where release_id = %s and run_id = 'run'",
            [release_id],
        ).fetchone()
    assert nodes is not None
    assert nodes[0] == nodes[1] > 60


def test_failing_node_is_named_with_what_it_said(built: tuple[Settings, int]) -> None:
    settings, release_id = built
    with connect(settings, "admin", autocommit=True) as connection:
        connection.execute("alter table core.dim_topic rename to dim_topic_away")
        try:
            with pytest.raises(dbt.DbtFailed) as caught:
                dbt.run_dbt(
                    settings,
                    ["run", "--select", "release__dim_topic"],
                    release_id=release_id,
                    night=NIGHT,
                    run_id="fail",
                )
        finally:
            connection.execute("alter table core.dim_topic_away rename to dim_topic")
    assert "model.opinion.release__dim_topic (error)" in str(caught.value)
    assert '"core.dim_topic" does not exist' in str(caught.value)


def test_release_that_was_never_opened_is_refused(built: tuple[Settings, int]) -> None:
    settings, _ = built
    with pytest.raises(dbt.DbtFailed, match="permission denied"):
        dbt.run_dbt(
            settings,
            ["run", "--select", "release__dim_topic"],
            release_id=987_654,
            night=NIGHT,
            run_id="fail",
        )


def test_reference_data_are_whole() -> None:
    seeds = dbt.PROJECT_DIR / "seeds"
    rows = {}
    for path in seeds.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            rows[path.stem] = list(csv.DictReader(lines))
        assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8")), path.name
    communes = [row for row in rows["place"] if row["parent_place_code"] == "92"]
    assert len(communes) == 103
    assert sum(row["name_vi"].startswith("Phường") for row in communes) == 31
    assert all(len(row["place_code"]) == 5 and row["place_code"].isdigit() for row in communes)
    assert {f"CT-UBND-{row['place_code']}" for row in communes} <= {row["unit_code"] for row in rows["unit"]}
    topics = {row["topic_code"] for row in rows["topic"]}
    assert {row["parent_topic_code"] for row in rows["topic"]} - {""} <= topics
    assert {row["topic_code"] for row in rows["topic_rule"]} <= topics
    keywords = [row["keyword"] for row in rows["topic_rule"]]
    assert len(keywords) == len(set(keywords))
    for name, key in (("place", "place_code"), ("topic", "topic_code"), ("unit", "unit_code")):
        assert len({row[key] for row in rows[name]}) == len(rows[name]), name
