"""A small sealed release, made by hand in the shape of the release models' own contract."""

from datetime import date, datetime
from typing import Any

import yaml
from psycopg import sql

from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import PROJECT, Settings

NIGHT = date(2026, 11, 22)
MONDAY = date(2026, 11, 16)
SUNDAY = date(2026, 11, 22)
ITEMS = (
    "strategy",
    "sponsor",
    "population",
    "sample_generation",
    "mode_detail",
    "precision",
    "weighting",
    "processing",
    "limitations",
)
Row = dict[str, Any]


def contract() -> dict[str, dict[str, str]]:
    """Table → column → type, as the release models' contracts say."""
    tables = {}
    for file in (PROJECT / "dbt_project" / "models" / "release").glob("*.yml"):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
            columns = {column["name"]: column["data_type"] for column in model["columns"]}
            tables[model["name"].removeprefix("release__")] = columns
    return tables


def estimate(wave: str, answer: str, share: float | None, **other: Any) -> Row:
    row: Row = {
        "estimate_key": f"{wave}-{answer}-{other.get('domain_key', 'all')}",
        "wave_key": wave,
        "question_key": "q1",
        "answer_key": f"q1{answer}",
        "answer_code": answer,
        "base_code": "all",
        "measure": "proportion",
        "domain_key": "all",
        "group_key": "g-all",
        "group_dimension": "all",
        "group_code": "all",
        "place_key": "p92",
        "place_code": "92",
        "estimate": share,
    }
    shown = {
        "standard_error": 0.02,
        "ci_low": 0.30,
        "ci_high": 0.70,
        "base_unweighted_count": 900,
        "base_weighted_count": 905,
        "degrees_of_freedom": 25,
        "design_effect": 1.5,
        "effective_sample_size": 600,
        "reliability_code": "present",
        "obs_status": "A",
        "conf_status": "F",
    }
    hidden = {"obs_status": "M", "conf_status": "A"}
    return row | (shown if share is not None else hidden) | other


def rows() -> dict[str, list[Row]]:
    """A clean release: two waves of one survey, an opt-in wave, a reporting source, a social source."""
    sources = {"s": "survey", "o": "survey", "r": "report", "v": "social"}
    text = {f"{item}_{language}": "said" for item in ITEMS for language in ("vi", "en")}
    wave = {
        "source_key": "s",
        "source_id": "s",
        "fieldwork_start_date": MONDAY,
        "fieldwork_end_date": SUNDAY,
        "respondent_count": 900,
        "sampling": "probability",
        "coverage_place_code": "92",
    } | text
    no_margin = dict.fromkeys(
        (
            "standard_error",
            "ci_low",
            "ci_high",
            "degrees_of_freedom",
            "design_effect",
            "effective_sample_size",
        )
    )
    estimates = [
        estimate("w1", "a", 0.40),
        estimate("w1", "b", 0.60),
        estimate("w2", "a", 0.48),
        estimate("w2", "b", 0.52),
        estimate("w2", "a", None, domain_key="old", group_key="g-old"),
        estimate("w2", "b", None, domain_key="old", group_key="g-old"),
        estimate("o1", "a", 0.45, reliability_code="not_assessed", **no_margin),
        estimate("o1", "b", 0.55, reliability_code="not_assessed", **no_margin),
    ]
    change = {
        "wave_key": "w2",
        "previous_wave_key": "w1",
        "question_key": "q1",
        "base_code": "all",
        "measure": "proportion",
        "domain_key": "all",
        "standard_error": 0.028,
        "p_value": 0.006,
        "adjusted_p_value": 0.006,
        "is_changed": True,
        "obs_status": "A",
        "conf_status": "F",
    }
    changes = [
        change
        | {
            "estimate_key": f"w2-{answer}-all",
            "previous_estimate_key": f"w1-{answer}-all",
            "answer_key": f"q1{answer}",
            "answer_code": answer,
            "difference": difference,
        }
        for answer, difference in (("a", 0.08), ("b", -0.08))
    ]
    trend = {
        "series_key": "t",
        "series_id": "s",
        "question_key": "q1",
        "answer_key": "q1a",
        "answer_code": "a",
        "group_key": "g-all",
        "place_key": "p92",
        "level": 0.44,
        "ci80_low": 0.42,
        "ci80_high": 0.46,
        "ci95_low": 0.40,
        "ci95_high": 0.48,
        "vintage": SUNDAY,
        "backtest_count": 150,
        "backtest_coverage": 0.95,
        "backtest_coverage_80": 0.8,
    }
    by_key = {row["estimate_key"]: row for row in changes}
    week = {"source_key": "r", "period_code": "2026-W47", "period_start": MONDAY, "period_end": SUNDAY}
    at = {"place_key": "p92", "place_code": "92"}
    report = week | at | {"report_kind": "periodic", "unit_level": "_all", "tendency": "_all"}
    social = at | {
        "source_key": "v",
        "published_date": date(2026, 11, 20),
        "platform_code": "_all",
        "query_code": "_all",
        "sentiment": "_all",
        "vintage": NIGHT,
    }
    shown, hidden = {"obs_status": "A", "conf_status": "F"}, {"obs_status": "M", "conf_status": "A"}
    comparison = at | {
        "period_type": "week", "period_code": "2026-W47", "period_start": MONDAY, "period_end": SUNDAY
    }  # fmt: skip
    comparisons = [
        comparison
        | shown
        | {
            "comparison_key": "c1",
            "source_key": "r",
            "evidence_kind": "report",
            "topic_code": "C",
            "salience_share": 0.5,
            "salience_rank": 1,
            "net_tendency": -0.2,
            "base_count": 12,
            "coverage_share": 1,
        },
        comparison
        | shown
        | {
            "comparison_key": "c2",
            "source_key": "s",
            "evidence_kind": "survey",
            "topic_code": "C",
            "salience_share": 0.4,
            "salience_rank": 1,
            "base_count": 900,
            "coverage_share": 1,
        },
        comparison
        | hidden
        | {"comparison_key": "c3", "source_key": "v", "evidence_kind": "social", "topic_code": "C"},
        comparison
        | shown
        | {
            "comparison_key": "c4",
            "source_key": "v",
            "evidence_kind": "social",
            "topic_code": "_all",
            "salience_share": 1,
            "base_count": 200,
            "coverage_share": 0.9,
        },
    ]
    measures = (
        "estimate",
        "standard_error",
        "ci_low",
        "ci_high",
        "base_unweighted_count",
        "base_weighted_count",
        "design_effect",
        "effective_sample_size",
        "reliability_code",
        "obs_status",
        "conf_status",
    )
    return {
        "dim_date": [{"date_day": day} for day in (MONDAY, date(2026, 11, 20), NIGHT, date(2026, 12, 20))],
        "dim_place": [
            {
                "place_key": "p92",
                "place_code": "92",
                "place_level": "province",
                "valid_from": date(2025, 7, 1),
            }
        ],
        "dim_topic": [
            {"topic_code": "_all", "topic_level": 0, "is_sensitive": False},
            {"topic_code": "C", "topic_level": 1, "is_sensitive": False},
            {"topic_code": "Z9", "topic_level": 2, "is_sensitive": False},
        ],
        "dim_group": [{"group_key": "g-all"}, {"group_key": "g-old"}],
        "dim_survey": [
            wave | {"wave_key": "w1"},
            wave | {"wave_key": "w2", "previous_wave_key": "w1"},
            wave | {"wave_key": "o1", "source_key": "o", "source_id": "o", "sampling": "opt_in"},
        ],
        "dim_question": [
            {
                "question_key": "q1",
                "question_id": "q1",
                "kind": "single",
                "topic_code": "C",
                "wording_vi": "Giá cả?",
                "wording_en": "Prices?",
            }
        ],
        "dim_answer_option": [
            {"answer_key": "q1a", "question_key": "q1", "label_en": "Better"},
            {"answer_key": "q1b", "question_key": "q1", "label_en": "Worse"},
        ],
        "dim_unit": [{"unit_code": "u1", "place_code": "92", "name_en": "A committee"}],
        "dim_platform": [{"platform_code": "_all"}],
        "dim_source": [
            {"source_key": key, "source_id": key, "source_family": family, "owner_desk": "desk"}
            for key, family in sources.items()
        ],
        "fct_survey_estimate": estimates,
        "fct_survey_change": changes,
        "fct_opinion_trend": [
            trend
            | {
                "trend_key": "t2",
                "level_date": SUNDAY,
                "is_forecast": False,
                "wave_key": "w2",
                "estimate_key": "w2-a-all",
            },
            trend | {"trend_key": "t3", "level_date": date(2026, 12, 20), "is_forecast": True},
        ],
        "fct_report_opinion": [
            report
            | shown
            | {
                "report_opinion_key": "o1",
                "topic_code": "_all",
                "unit_count": 12,
                "item_count": 40,
                "scope_rank": 2,
                "intensity_mean": 3.1,
            },
            report | hidden | {"report_opinion_key": "o2", "topic_code": "C"},
            report
            | shown
            | {
                "report_opinion_key": "o3",
                "topic_code": "Z9",
                "unit_count": 3,
                "item_count": 4,
                "scope_rank": 1,
                "intensity_mean": 2,
            },
        ],
        "fct_report_submission": [
            week
            | {
                "submission_key": f"m{number}",
                "unit_code": "u1",
                "period_code": f"2026-W{number}",
                "due_date": date(2026, 11, 20),
                "submitted_at": datetime.fromisoformat("2026-11-19T08:00Z"),
                "status": "on_time",
                "revision_count": 0,
            }
            for number in range(40, 45)
        ],
        "fct_recommendation": [
            at
            | {
                "recommendation_key": "k1",
                "source_key": "r",
                "recommendation_id": "u1/2026-W47/1",
                "unit_code": "u1",
                "topic_code": "C",
                "received_date": MONDAY,
                "referred_date": MONDAY,
                "resolved_date": date(2026, 11, 20),
                "status": "resolved",
                "days_open": 4,
            }
        ],
        "fct_social_volume": [
            social
            | shown
            | {
                "social_volume_key": "v1",
                "topic_code": "_all",
                "item_count": 200,
                "engagement_count": 900,
                "domain_count": 20,
            },
            social
            | shown
            | {
                "social_volume_key": "v2",
                "topic_code": "Z9",
                "item_count": 20,
                "engagement_count": 90,
                "domain_count": 5,
            },
            social | hidden | {"social_volume_key": "v3", "topic_code": "C"},
        ],
        "fct_intake_quality": [
            {
                "intake_quality_key": f"i-{reason}",
                "source_key": "v",
                "night": NIGHT,
                "reason_code": reason,
                "column_name": "_all",
                "row_count": 20,
                "bad_row_count": 12,
                "row_share": 0.02,
                "bad_row_share": 0.012,
                "file_count": 1,
                "read_row_count": 1000,
                "delivered_file_count": 2,
                "rejected_file_count": 0,
                "held_file_count": 0,
            }
            for reason in ("_all", "bad_date")
        ],
        "fct_source_comparison": comparisons,
        "obt_survey_estimate": [
            {"estimate_key": row["estimate_key"]}
            | {name: row.get(name) for name in measures}
            | (
                {
                    f"change_{name}": by_key[row["estimate_key"]][name]
                    for name in ("difference", "standard_error", "adjusted_p_value")
                }
                | {"is_changed": True}
                if row["estimate_key"] in by_key
                else {}
            )
            for row in estimates
        ],
        "obt_opinion_by_topic": [
            {name: value for name, value in row.items() if name not in ("source_key", "place_key")}
            for row in comparisons
        ],
    }


def seal_release(settings: Settings, tables: dict[str, list[Row]] | None = None) -> int:
    """Make the tables in rel_<n> and seal them; the core holds what the disclosure checks compare with."""
    tables = rows() if tables is None else tables
    with connect(settings, "admin") as connection:
        found = connection.execute(
            "insert into release_ctl.release (night, run_id, git_revision, code_digest, input_fingerprint,"
            " is_partial) values (%s, 'run', 'g', 'c', 'f', false) returning release_id",
            [NIGHT],
        ).fetchone()
        assert found is not None
        release_id = int(found[0])
        schema = f"rel_{release_id}"
        connection.execute(
            sql.SQL("create schema {} authorization opinion_owner").format(sql.Identifier(schema))
        )
        for source in tables["dim_source"]:
            connection.execute(
                "insert into release_ctl.release_source values (%s, %s, %s, 'fresh', %s, 1)",
                [release_id, source["source_id"], source["source_family"], NIGHT],
            )
        connection.execute(
            sql.SQL("grant usage, create on schema {} to transformer").format(sql.Identifier(schema))
        )
        connection.execute("set local role transformer")
        for table, columns in contract().items():
            shape = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
            )
            name = sql.Identifier(schema, table)
            connection.execute(sql.SQL("create table {} ({})").format(name, shape))
            for row in tables[table]:
                given = {"release_id": release_id} | row
                given = {column: value for column, value in given.items() if column in columns}
                connection.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        name,
                        sql.SQL(", ").join(map(sql.Identifier, given)),
                        sql.SQL(", ").join([sql.Placeholder()] * len(given)),
                    ),
                    list(given.values()),
                )
        connection.execute("reset role")
        connection.execute("select release_ctl.seal(%s)", [release_id])
    return release_id


def make_core(settings: Settings) -> None:
    """The core's exact counts, behind the published ones."""
    with connect(settings, "transformer") as connection:
        connection.execute(
            "create table core.fct_survey_estimate (estimate_key text, base_unweighted_count bigint);"
            "create table core.fct_source_comparison (comparison_key text, safe_count bigint);"
            "create table core.bridge_answer_concept (wave_key text, is_comparable boolean);"
            "insert into core.bridge_answer_concept values ('w1', true);"
            "create table core.fct_social_volume (source_id text, published_date date, platform_code text,"
            " query_code text, sentiment text, topic_code text, place_code text, item_count bigint);"
            "create table core.fct_social_topic_coverage (source_id text, published_date date,"
            " item_count bigint, unclassified_count bigint);"
            "insert into core.fct_social_topic_coverage values ('v', '2026-11-20', 200, 20);"
            "create table core.fct_intake_quality (source_id text, night date, reason_code text,"
            " column_name text, bad_row_count bigint, read_row_count bigint, row_count bigint);"
            "insert into core.fct_intake_quality values"
            " ('v', '2026-11-21', '_all', '_all', 10, 1000, 10),"
            " ('v', '2026-11-22', '_all', '_all', 12, 1000, 12),"
            " ('v', '2026-11-21', 'bad_date', '_all', 10, 1000, 10),"
            " ('v', '2026-11-22', 'bad_date', '_all', 12, 1000, 12),"
            # a refused file that could not be read, and a source of one night
            " ('r', '2026-11-21', '_all', '_all', 0, 0, 0), ('r', '2026-11-22', '_all', '_all', 0, 0, 0),"
            " ('s', '2026-11-22', '_all', '_all', 9, 10, 9), ('s', '2026-11-22', 'bad_date', 'at', 9, 10, 9);"
            "create table core.fct_report_opinion (source_id text, unit_level text, tendency text,"
            " topic_code text, place_code text, item_count bigint);"
            "insert into core.fct_social_volume values"
            " ('v', '2026-11-20', '_all', '_all', '_all', '_all', '92', 200),"
            " ('v', '2026-11-20', '_all', '_all', '_all', 'Z9', '92', 20);"
            "insert into core.fct_report_opinion values"
            " ('r', '_all', '_all', '_all', '92', 40), ('r', '_all', '_all', 'Z9', '92', 4);"
        )
        for row in rows()["fct_opinion_trend"]:
            connection.execute(
                "insert into analysis.opinion_trend values ('t', 's', 'x', 'w2-a-all', %s, %s, .44, .42, .46,"
                " .4, .48, %s, 150, .8, .95)",
                [row["level_date"], row["is_forecast"], row["vintage"]],
            )
        for row in rows()["fct_survey_estimate"]:
            count = 901 if row["estimate"] is not None else 9
            connection.execute(
                "insert into core.fct_survey_estimate values (%s, %s)", [row["estimate_key"], count]
            )
        connection.execute(
            "insert into core.fct_source_comparison values ('c1', 6), ('c2', 901), ('c3', 4), ('c4', 200)"
        )
