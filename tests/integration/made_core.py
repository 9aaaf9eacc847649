"""The core's survey tables as dbt leaves them, filled by hand: waves, what they asked, what came of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from psycopg import sql

from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

TABLES = """
create table core.dim_survey (
    wave_key text primary key, previous_wave_key text, series_id text, series_position int, sampling text,
    mode text, fieldwork_end_date date
);
create table core.fct_survey_wave (wave_key text primary key, input_digest text);
create table core.dim_place (place_key text, place_code text, valid_from date, valid_to date);
create table core.bridge_answer_concept (
    wave_key text, question_id text, answer_code text, answer_key text, question_concept text,
    answer_concept text, option_set text, is_comparable boolean not null default true
);
create table core.fct_survey_estimate (
    estimate_key text primary key, wave_key text, source_id text, question_id text, answer_code text,
    answer_key text, base_code text, measure text, domain_key text, place_code text, estimate float8,
    standard_error float8, base_unweighted_count bigint, answer_unweighted_count bigint,
    degrees_of_freedom int
);
create table core.fct_survey_panel_difference (
    estimate_key text, wave_key text, previous_wave_key text, standard_error float8, degrees_of_freedom int
);
insert into core.dim_place values
    ('p-old', '92', '2004-01-01', '2026-08-31'), ('p-new', '92', '2026-09-01', null);
"""


def make_core(settings: Settings) -> None:
    """The tables, and a place whose borders changed in September 2026."""
    with connect(settings, "transformer") as connection:
        connection.execute(TABLES.encode())


def wave(settings: Settings, number: int, *, series: str = "s", **more: Any) -> str:
    """One more wave of the series, the number's month of 2026; returns its key."""
    key = f"{series}{number}"
    row = {
        "wave_key": key,
        "previous_wave_key": f"{series}{number - 1}" if number > 1 else None,
        "series_id": series,
        "series_position": number,
        "sampling": "probability",
        "mode": "web",
        "fieldwork_end_date": date(2026, 1, 15).replace(month=number % 12 or 12),
    }
    insert(settings, "dim_survey", row | more)
    insert(settings, "fct_survey_wave", {"wave_key": key, "input_digest": f"digest of {key}"})
    return key


def asked(
    settings: Settings,
    wave_key: str,
    question: str,
    shares: Mapping[str, float],
    *,
    source: str = "survey",
    concept: str | None = None,
    answers: Mapping[str, str] | None = None,
    **more: Any,
) -> None:
    """What a wave's question came to, answer → share; `concept` and `answers`: what they are the same as."""
    concepts = {code: (answers or {}).get(code, code) for code in shares}
    row = {
        "base_code": "all",
        "measure": "proportion",
        "domain_key": "everyone",
        "place_code": "92",
        "standard_error": 0.02,
        "base_unweighted_count": 900,
        "degrees_of_freedom": 25,
    } | more
    known = {"wave_key": wave_key, "question_id": question}
    for code, share in shares.items():
        this = known | {"answer_code": code, "answer_key": f"{source} {question} {concept} {code}"}
        if row["domain_key"] == "everyone" and row["base_code"] == "all":
            meant = {"question_concept": concept or question, "answer_concept": concepts[code]}
            options = " ".join(sorted(concepts.values())) if row["measure"] == "proportion" else ""
            insert(settings, "bridge_answer_concept", this | meant | {"option_set": options})
        estimate = {
            "estimate_key": key(wave_key, question, code, row["domain_key"]),
            "source_id": source,
            "estimate": share,
            "answer_unweighted_count": round(share * row["base_unweighted_count"]),
        }
        insert(settings, "fct_survey_estimate", this | row | estimate)


def key(wave_key: str, question: str, code: str, domain: str = "everyone") -> str:
    return f"{wave_key} {question} {code} {domain}"


def insert(settings: Settings, table: str, row: Mapping[str, Any]) -> None:
    with connect(settings, "transformer") as connection:
        connection.execute(
            sql.SQL("insert into core.{} ({}) values ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join([sql.Placeholder()] * len(row)),
            ),
            list(row.values()),
        )


def change_core(settings: Settings, statement: str, *given: Any) -> None:
    with connect(settings, "transformer") as connection:
        assert connection.execute(statement.encode(), given).rowcount > 0, statement


def found(settings: Settings, query: str, *given: Any) -> list[tuple[Any, ...]]:
    with connect(settings, "transformer") as connection:
        return connection.execute(query.encode(), given).fetchall()
