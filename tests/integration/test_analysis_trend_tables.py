"""The trend as a table: which waves make a series, where a break cuts it, and when it is fitted again."""

import logging
from datetime import date
from typing import Any

import numpy as np
import pytest
from made_core import asked, change_core, found, key, make_core, wave

from opinion_warehouse import analysis
from opinion_warehouse.analysis import reliability, series, trend
from opinion_warehouse.settings import Settings

SHARES = (0.40, 0.44, 0.42, 0.47, 0.50, 0.46, 0.45)
Row = tuple[Any, ...]


@pytest.fixture
def core(fresh_warehouse: Settings) -> Settings:
    make_core(fresh_warehouse)
    return fresh_warehouse


def waves(core: Settings, count: int, question: str = "q1", **more: Any) -> None:
    """Waves of one question; `more` is of each wave's estimates."""
    for number in range(1, count + 1):
        asked(
            core, wave(core, number), question, {"a": SHARES[number - 1], "b": 1 - SHARES[number - 1]}, **more
        )


def trends(core: Settings, answer: str = "a") -> dict[str, list[Row]]:
    """Series → position of the estimate's wave, date, is it a forecast; ordered by date."""
    rows = found(
        core,
        "select series_key, split_part(estimate_key, ' ', 1), level_date, is_forecast"
        " from analysis.opinion_trend where estimate_key like %s order by level_date, series_key",
        f"% {answer} %",
    )
    return {name: [row[1:] for row in rows if row[0] == name] for name, *_ in rows}


def only(of: dict[str, list[Row]]) -> list[Row]:
    (rows,) = of.values()
    return rows


def day(month: int) -> date:
    return date(2026, month, 15)


def test_four_waves_give_four_levels_and_two_forecasts(core: Settings) -> None:
    waves(core, 4)
    done = analysis.analyse(core, 1)
    assert (done["series_fitted"], done["trends_fitted"]) == (1, 2)
    assert [row[0] for row in only(trends(core))] == ["s1", "s2", "s3", "s4", "s4", "s4"]
    assert [row[2] for row in only(trends(core))] == [False] * 4 + [True] * 2
    # Waves end on 15 January to 15 April: the median step is 31 days.
    dates = [day(1), day(2), day(3), day(4), date(2026, 5, 16), date(2026, 6, 16)]
    assert [row[1] for row in only(trends(core))] == dates

    # What the model says of these numbers, both answers at once.
    share = np.array([SHARES[:4], [1 - each for each in SHARES[:4]]])
    size = share * (1 - share) / 0.02**2
    days = [(each - dates[0]).days for each in dates]
    model = trend.fit(days[:4], share, np.full(share.shape, 0.02), size, days[4:])
    for row, answer in enumerate("ab"):
        rows = found(
            core,
            "select level, ci80_low, ci80_high, ci95_low, ci95_high, vintage, series_id"
            " from analysis.opinion_trend where estimate_key like %s order by level_date",
            f"% {answer} %",
        )
        past = (model.level, model.low_80, model.high_80, model.low_95, model.high_95)
        later = (
            model.forecast_level, model.forecast_low_80, model.forecast_high_80, model.forecast_low_95,
            model.forecast_high_95,
        )  # fmt: skip
        for at, (*levels, vintage, series_id) in enumerate(rows):
            expected = [column[row, at] for column in past] if at < 4 else [c[row, at - 4] for c in later]
            assert levels == pytest.approx(expected, rel=1e-9)
            assert (vintage, series_id) == (day(4), "s")
    # Pooled over the survey's series: each of the two answers had its third and its fourth wave forecast.
    backtest = "select distinct backtest_count, backtest_coverage_80, backtest_coverage_95"
    assert found(core, f"{backtest} from analysis.opinion_trend") == [
        (4, model.covered_80.sum() / 4, model.covered_95.sum() / 4)
    ]
    assert model.forecast_count.tolist() == [2, 2]


def test_trend_backtest_is_pooled_over_questions_and_groups(core: Settings) -> None:
    waves(core, 4)
    for number in range(1, 5):
        asked(core, f"s{number}", "q2", {"a": 0.9})
        asked(core, f"s{number}", "q1", {"a": 0.2}, domain_key="men")
    assert analysis.analyse(core, 1)["trends_fitted"] == 4
    assert found(core, "select distinct backtest_count from analysis.opinion_trend") == [(8,)]
    assert len(trends(core)) == 3


def test_trend_of_other_measures_and_samples_is_not_made(core: Settings) -> None:
    for number in range(1, 5):
        asked(core, wave(core, number), "m", {"_mean": 3.2}, measure="mean")
        asked(core, wave(core, number, series="o", sampling="opt_in"), "q1", {"a": 0.4}, source="other")
    assert analysis.analyse(core, 1)["trends_fitted"] == 0
    assert trends(core) == {}


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_waves_give_nothing_and_are_not_tried(core: Settings, count: int) -> None:
    waves(core, count)
    done = analysis.analyse(core, 1)
    assert (done["series_fitted"], done["trends_fitted"]) == (0, 0)
    assert trends(core) == {}


# ---------------------------------------------------------------- breaks
@pytest.mark.parametrize(
    "statement",
    [
        "update core.dim_survey set mode = 'telephone' where series_position > %s",
        "update core.dim_survey set sampling = 'census' where series_position > %s",
        "with more as (insert into core.bridge_answer_concept"
        " select wave_key, question_id, 'c', 'c', question_concept, 'c', 'a b c'"
        " from core.bridge_answer_concept where answer_code = 'a' and substr(wave_key, 2)::int > %s"
        " returning wave_key) update core.bridge_answer_concept set option_set = 'a b c'"
        " where wave_key in (select wave_key from more)",
        "update core.bridge_answer_concept set question_concept = 'q1@5' where substr(wave_key, 2)::int > %s",
    ],
    ids=["mode", "sampling", "options", "wording"],
)
def test_trend_is_cut_at_a_break(core: Settings, statement: str) -> None:
    waves(core, 7)
    analysis.analyse(core, 1)
    assert len(only(trends(core))) == 9
    change_core(core, statement, 4)
    assert analysis.analyse(core, 2)["trends_fitted"] == 4
    before, after = trends(core).values()
    assert [row[0] for row in before] == ["s1", "s2", "s3", "s4"]  # no forecast of what is asked no more
    assert [row[0] for row in after] == ["s5", "s6", "s7", "s7", "s7"]
    assert [row[2] for row in after] == [False] * 3 + [True] * 2


def test_trend_after_a_break_waits_for_its_third_wave(core: Settings) -> None:
    waves(core, 7)
    change_core(core, "update core.dim_survey set mode = 'telephone' where series_position > 5")
    assert analysis.analyse(core, 1)["trends_fitted"] == 2
    assert [row[0] for row in only(trends(core))] == ["s1", "s2", "s3", "s4", "s5"]


def test_trend_is_cut_where_the_place_got_other_borders(core: Settings) -> None:
    waves(core, 7)
    change_core(core, "update core.dim_place set valid_to = '2026-04-30' where place_key = 'p-old'")
    change_core(core, "update core.dim_place set valid_from = '2026-05-01' where place_key = 'p-new'")
    analysis.analyse(core, 1)
    before, after = trends(core).values()
    assert [row[0] for row in before] == ["s1", "s2", "s3", "s4"]
    assert [row[0] for row in after] == ["s5", "s6", "s7", "s7", "s7"]


def test_fewer_than_three_comparable_waves_give_nothing(core: Settings) -> None:
    waves(core, 4)
    change_core(core, "update core.dim_survey set mode = 'telephone' where series_position > 2")
    assert analysis.analyse(core, 1)["trends_fitted"] == 0
    assert trends(core) == {}


def test_trend_goes_through_questions_that_are_the_same(core: Settings) -> None:
    for number in range(1, 5):
        question, source = ("Q7", "old") if number < 3 else ("trust", "new")
        asked(core, wave(core, number), question, {"a": 0.4, "b": 0.6}, concept="trust", source=source)
    analysis.analyse(core, 1)
    assert [row[0] for row in only(trends(core))] == ["s1", "s2", "s3", "s4", "s4", "s4"]
    keys = found(core, "select distinct estimate_key from analysis.opinion_trend order by 1")
    assert (key("s2", "Q7", "a"),) in keys and (key("s3", "trust", "a"),) in keys


# ---------------------------------------------------------------- what is hidden
@pytest.mark.parametrize(
    "hidden",
    [
        "base_unweighted_count = 29, answer_unweighted_count = 13",
        "standard_error = 0.1",  # n_e = 25
        "standard_error = null, degrees_of_freedom = 0",
    ],
    ids=["too few", "too uncertain", "no variance"],
)
def test_hidden_cell_never_enters_a_trend(core: Settings, hidden: str) -> None:
    waves(core, 4)
    change_core(core, f"update core.fct_survey_estimate set {hidden} where wave_key = 's2'")
    analysis.analyse(core, 1)
    assert [row[0] for row in only(trends(core))] == ["s1", "s3", "s4", "s4", "s4"]

    change_core(core, f"update core.fct_survey_estimate set {hidden} where wave_key = 's3'")
    change_core(core, "update core.fct_survey_wave set input_digest = 'other' where wave_key = 's3'")
    analysis.analyse(core, 2)
    assert trends(core) == {}  # two are left


@pytest.mark.parametrize(("base", "is_shown"), [(30, True), (29, False)])
def test_cell_of_thirty_enters_a_trend(core: Settings, base: int, is_shown: bool) -> None:
    for number in range(1, 5):
        nobody = {"standard_error": 0.0, "base_unweighted_count": base, "degrees_of_freedom": base - 1}
        asked(core, wave(core, number), "q1", {"a": 0.0}, **nobody)
    assert analysis.analyse(core, 1)["trends_fitted"] == is_shown
    assert len(trends(core)) == is_shown


def test_last_wave_that_is_hidden_has_no_forecast(core: Settings) -> None:
    waves(core, 4)
    change_core(core, "update core.fct_survey_estimate set base_unweighted_count = 29 where wave_key = 's4'")
    analysis.analyse(core, 1)
    assert [row[0] for row in only(trends(core))] == ["s1", "s2", "s3"]
    assert found(core, "select distinct vintage from analysis.opinion_trend") == [(day(4),)]


# ---------------------------------------------------------------- when it is fitted again
def test_trend_with_nothing_changed_is_not_fitted_again(core: Settings) -> None:
    waves(core, 4)
    analysis.analyse(core, 1)
    before = found(core, "select xmin::text, t::text from analysis.opinion_trend as t order by 2")
    assert set(analysis.analyse(core, 2).values()) == {0}
    assert found(core, "select xmin::text, t::text from analysis.opinion_trend as t order by 2") == before


def test_wave_removed_fits_the_rest_again(core: Settings) -> None:
    waves(core, 5)
    analysis.analyse(core, 1)
    assert [row[0] for row in only(trends(core))] == ["s1", "s2", "s3", "s4", "s5", "s5", "s5"]
    change_core(core, "delete from core.dim_survey where wave_key = 's5'")
    done = analysis.analyse(core, 2)
    assert (done["series_fitted"], done["trends_fitted"]) == (1, 2)
    assert [row[0] for row in only(trends(core))] == ["s1", "s2", "s3", "s4", "s4", "s4"]
    assert found(core, "select distinct vintage from analysis.opinion_trend") == [(day(4),)]

    change_core(core, "delete from core.dim_survey where wave_key in ('s3', 's4')")
    analysis.analyse(core, 3)
    assert trends(core) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "update core.fct_survey_wave set input_digest = 'other' where wave_key = 's1'",
        "update core.dim_survey set fieldwork_end_date = '2026-01-20' where wave_key = 's1'",
        "update core.dim_survey set mode = 'telephone' where wave_key = 's1'",
        "update core.bridge_answer_concept set answer_concept = 'x' where answer_code = 'b'",
    ],
)
def test_trend_is_fitted_again_with_whatever_it_depends_on(core: Settings, statement: str) -> None:
    waves(core, 4)
    waves_of_another_series(core)
    assert analysis.analyse(core, 1)["series_fitted"] == 2
    change_core(core, statement)
    assert analysis.analyse(core, 2)["series_fitted"] == 1


def waves_of_another_series(core: Settings) -> None:
    for number in range(1, 5):
        asked(core, wave(core, number, series="z"), "z1", {"a": 0.4}, source="other")


def test_trend_is_fitted_again_when_the_rules_of_what_is_shown_change() -> None:
    assert trend.VERSION in series.VERSION
    assert reliability.VERSION in series.VERSION


def test_of_waves_that_ended_on_one_day_the_last_is_in_the_trend(
    core: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    waves(core, 5)
    change_core(
        core,
        "update core.dim_survey set fieldwork_end_date = (select fieldwork_end_date from core.dim_survey"
        " where wave_key = 's3') where wave_key = 's2'",
    )
    with caplog.at_level(logging.WARNING):
        assert analysis.analyse(core, 1)["trends_fitted"] > 0
    assert "series s: of waves that ended on one day only the last is in the trend" in caplog.text
    (rows,) = trends(core).values()
    assert [wave for wave, _, is_forecast in rows if not is_forecast] == ["s1", "s3", "s4", "s5"]
