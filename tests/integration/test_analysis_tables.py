"""Weighting, reliability and change as tables: what is written, and that nothing unchanged is done again."""

from datetime import date

import pytest
from psycopg.types.json import Jsonb
from scipy import stats

from opinion_warehouse import analysis
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 11, 22)
CORE = """
create table core.dim_survey (wave_key text, previous_wave_key text, sampling text);
create table core.fct_survey_wave (wave_key text, input_digest text);
create table core.fct_survey_estimate (
    estimate_key text, wave_key text, question_id text, answer_code text, base_code text, measure text,
    domain_key text, estimate float8, standard_error float8, base_unweighted_count bigint,
    answer_unweighted_count bigint, degrees_of_freedom int
);
insert into core.dim_survey values
    ('w1', null, 'probability'), ('w2', 'w1', 'probability'), ('o1', null, 'opt_in');
insert into core.fct_survey_wave values ('w1', 'd1'), ('w2', 'd2'), ('o1', 'd3');
insert into core.fct_survey_estimate values
    ('w1-q1-a', 'w1', 'q1', 'a', 'all', 'proportion', 'everyone', .40, .020, 900, 360, 25),
    ('w1-q1-b', 'w1', 'q1', 'b', 'all', 'proportion', 'everyone', .60, .020, 900, 540, 25),
    ('w2-q1-a', 'w2', 'q1', 'a', 'all', 'proportion', 'everyone', .48, .015, 900, 432, 35),
    ('w2-q1-b', 'w2', 'q1', 'b', 'all', 'proportion', 'everyone', .52, .015, 900, 468, 35),
    ('w1-q2-a', 'w1', 'q2', 'a', 'all', 'proportion', 'everyone', .50, .020, 900, 450, 25),
    ('w2-q2-a', 'w2', 'q2', 'a', 'all', 'proportion', 'everyone', .90, .020, 900, 810, 35),
    ('w2-q2-new', 'w2', 'q2', 'new', 'all', 'proportion', 'everyone', .10, .020, 900, 90, 35),
    ('w2-q1-m', 'w2', 'q1', '_mean', 'substantive', 'mean', 'everyone', 3.2, .05, 900, 900, 35),
    ('o1-q1-a', 'o1', 'q1', 'a', 'all', 'proportion', 'everyone', .40, null, 900, 360, 899);
"""


@pytest.fixture
def core(fresh_warehouse: Settings) -> Settings:
    with connect(fresh_warehouse, "transformer") as connection:
        connection.execute(CORE)
    return fresh_warehouse


def test_analyse_two_waves_writes_reliability_and_change(core: Settings) -> None:
    done = analysis.analyse(core, 1)
    assert done == {"waves_assessed": 2, "estimates_assessed": 7, "pairs_compared": 1, "changes_tested": 2}
    with connect(core, "transformer") as connection:
        assessed = connection.execute(
            "select estimate_key, effective_sample_size_nchs, kg_ci_low, kg_ci_high, reliability_code"
            " from analysis.survey_reliability where estimate_key = 'w1-q1-a'"
        ).fetchone()
        changed = connection.execute(
            "select estimate_key, previous_wave_key, difference, standard_error, p_value, adjusted_p_value,"
            " is_changed from analysis.survey_change order by estimate_key"
        ).fetchall()
    n_star = 600 * (stats.t.ppf(0.975, 899) / stats.t.ppf(0.975, 25)) ** 2
    low = stats.beta.ppf(0.025, 0.4 * n_star, 0.6 * n_star + 1)
    high = stats.beta.ppf(0.975, 0.4 * n_star + 1, 0.6 * n_star)
    assert assessed == ("w1-q1-a", pytest.approx(600), pytest.approx(low), pytest.approx(high), "present")
    p = 2 * stats.t.sf(
        3.2, 60
    )  # .08 / sqrt(.02^2 + .015^2); the two answers' p are equal, so are the adjusted
    assert changed == [
        (
            "w2-q1-a",
            "w1",
            pytest.approx(0.08),
            pytest.approx(0.025),
            pytest.approx(p),
            pytest.approx(p),
            True,
        ),
        (
            "w2-q1-b",
            "w1",
            pytest.approx(-0.08),
            pytest.approx(0.025),
            pytest.approx(p),
            pytest.approx(p),
            True,
        ),
    ]


def test_analyse_nothing_changed_does_nothing_again(core: Settings) -> None:
    analysis.analyse(core, 1)
    assert set(analysis.analyse(core, 2).values()) == {0}


def test_analyse_earlier_wave_revised_compares_the_pair_again(core: Settings) -> None:
    analysis.analyse(core, 1)
    with connect(core, "transformer") as connection:
        connection.execute("update core.fct_survey_wave set input_digest = 'd1b' where wave_key = 'w1'")
        connection.execute(
            "update core.fct_survey_estimate set estimate = .48 where estimate_key = 'w1-q1-a'"
        )
    done = analysis.analyse(core, 2)
    assert (done["waves_assessed"], done["pairs_compared"]) == (1, 1)
    with connect(core, "transformer") as connection:
        row = connection.execute(
            "select difference, is_changed from analysis.survey_change where estimate_key = 'w2-q1-a'"
        ).fetchone()
    assert row == (pytest.approx(0.0), False)


def test_analyse_wave_gone_removes_its_results(core: Settings) -> None:
    analysis.analyse(core, 1)
    with connect(core, "transformer") as connection:
        connection.execute("delete from core.dim_survey where wave_key = 'w2'")
    analysis.analyse(core, 2)
    with connect(core, "transformer") as connection:
        waves = connection.execute("select distinct wave_key from analysis.survey_reliability").fetchall()
        changes = connection.execute("select count(*) from analysis.survey_change").fetchone()
    assert (waves, changes) == ([("w1",)], (0,))


def land(settings: Settings, sha: str, weights: list[float | None], received: str) -> None:
    with connect(settings, "loader") as connection:
        connection.execute(
            "insert into intake.source values ('city_online', 'survey', '{}', 'x', true, %s)"
            " on conflict do nothing",
            [NIGHT],
        )
        row = connection.execute(
            "insert into intake.file (source_id, sha256, file_name, byte_count, received_at, night, run_id,"
            " parser_version, spec_sha256, status, rows_read, rows_loaded, rows_quarantined, landing_verdict)"
            " values ('city_online', %s, 'f.csv', 1, %s, %s, 'r', '1', 'x', 'loaded', 0, 0, 0, 'accepted')"
            " returning file_id",
            [sha * 64, received, NIGHT],
        ).fetchone()
        assert row is not None
        for number, weight in enumerate(weights):
            connection.execute(
                "insert into landing.survey_response values"
                " (%s, %s, 'city_online', 'w1', %s, true, %s, null, null, null, null, null, %s)",
                [row[0], f"r{number}", number, weight, Jsonb({})],
            )


def open_release(settings: Settings) -> int:
    with connect(settings, "publisher", autocommit=True) as connection:
        row = connection.execute(
            "select release_id from release_ctl.open_release(%s, 'r', 'g', 'c')", [NIGHT]
        ).fetchone()
    assert row is not None
    return int(row[0])


def weighting(settings: Settings) -> list[tuple[object, ...]]:
    with connect(settings, "transformer") as connection:
        return connection.execute(
            "select respondent_count, weight_total, weight_max_to_median, kish_design_effect,"
            " weighting_method from analysis.survey_weighting"
        ).fetchall()


def test_weigh_revised_wave_describes_the_latest_file(fresh_warehouse: Settings) -> None:
    land(fresh_warehouse, "a", [None, None], "2026-11-20")
    first = analysis.weigh(fresh_warehouse, open_release(fresh_warehouse))
    assert first == {"waves_weighed": 1, "t_quantiles_added": 2}
    assert weighting(fresh_warehouse) == [(2, 2.0, 1.0, 1.0, "unweighted")]
    land(fresh_warehouse, "b", [1.0, 2.0, 2.0, 5.0], "2026-11-21")
    release = open_release(fresh_warehouse)
    assert analysis.weigh(fresh_warehouse, release) == {"waves_weighed": 1, "t_quantiles_added": 2}
    # Kish: 4 x (1 + 4 + 4 + 25) / 10^2
    assert weighting(fresh_warehouse) == [(4, 10.0, 2.5, pytest.approx(1.36), "design_weight")]
    assert analysis.weigh(fresh_warehouse, release) == {"waves_weighed": 0, "t_quantiles_added": 0}
    with connect(fresh_warehouse, "transformer") as connection:
        rows = connection.execute("select * from analysis.t_quantile order by 1").fetchall()
    assert rows == [(df, pytest.approx(stats.t.ppf(0.975, df), rel=1e-12)) for df in (1, 2, 3, 4)]
