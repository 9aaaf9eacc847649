"""Reliability and change as tables: what is written, what is a break, and when it is done again."""

from typing import Any

import pytest
from made_core import asked, change_core, found, insert, key, make_core, wave
from scipy import stats

from opinion_warehouse import analysis
from opinion_warehouse.settings import Settings

NOTHING = {
    "waves_assessed": 0,
    "estimates_assessed": 0,
    "pairs_compared": 0,
    "changes_tested": 0,
    "series_fitted": 0,
    "trends_fitted": 0,
}
CHANGES = (
    "select estimate_key, previous_estimate_key, difference, standard_error, p_value, adjusted_p_value,"
    " is_changed, is_panel, break_reason from analysis.survey_change order by estimate_key"
)


@pytest.fixture
def core(fresh_warehouse: Settings) -> Settings:
    """An empty core."""
    make_core(fresh_warehouse)
    return fresh_warehouse


@pytest.fixture
def pair(core: Settings) -> Settings:
    """Two waves with a question in both, and an opt-in survey beside them."""
    for number, a, more in ((1, 0.40, {}), (2, 0.48, {"standard_error": 0.015, "degrees_of_freedom": 35})):
        asked(core, wave(core, number), "q1", {"a": a, "b": 1 - a}, **more)
    for number in (1, 2):
        key_of = wave(core, number, series="o", sampling="opt_in")
        asked(core, key_of, "q1", {"a": 0.4}, source="other", standard_error=None)
    return core


def changes(core: Settings) -> dict[str, dict[str, Any]]:
    names = ("before", "difference", "error", "p", "q", "is_changed", "is_panel", "reason")
    return {name: dict(zip(names, row, strict=True)) for name, *row in found(core, CHANGES)}


def p_of(difference: float, error: float, df: int) -> Any:
    return pytest.approx(2 * stats.t.sf(abs(difference) / error, df), rel=1e-9)


def test_analyse_two_waves_writes_reliability_and_change(pair: Settings) -> None:
    done = analysis.analyse(pair, 1)
    assert done == NOTHING | {
        "waves_assessed": 2, "estimates_assessed": 4, "pairs_compared": 1, "changes_tested": 2
    }  # fmt: skip
    assessed = found(
        pair,
        "select effective_sample_size_nchs, kg_ci_low, kg_ci_high, reliability_code"
        " from analysis.survey_reliability where estimate_key = %s",
        key("s1", "q1", "a"),
    )
    n_star = 600 * (stats.t.ppf(0.975, 899) / stats.t.ppf(0.975, 25)) ** 2
    low = stats.beta.ppf(0.025, 0.4 * n_star, 0.6 * n_star + 1)
    high = stats.beta.ppf(0.975, 0.4 * n_star + 1, 0.6 * n_star)
    assert assessed == [(pytest.approx(600), pytest.approx(low), pytest.approx(high), "present")]
    # .08 / sqrt(.02^2 + .015^2); the two answers' p are equal, so are the adjusted
    p = p_of(0.08, 0.025, 60)
    assert changes(pair) == {
        key("s2", "q1", answer): {
            "before": key("s1", "q1", answer),
            "difference": pytest.approx(difference),
            "error": pytest.approx(0.025),
            "p": p,
            "q": p,
            "is_changed": True,
            "is_panel": False,
            "reason": None,
        }
        for answer, difference in (("a", 0.08), ("b", -0.08))
    }


def test_analyse_nothing_changed_does_nothing_again(pair: Settings) -> None:
    analysis.analyse(pair, 1)
    assert analysis.analyse(pair, 2) == NOTHING


def test_analyse_earlier_wave_revised_compares_the_pair_again(pair: Settings) -> None:
    analysis.analyse(pair, 1)
    change_core(pair, "update core.fct_survey_wave set input_digest = 'other' where wave_key = 's1'")
    change_core(
        pair,
        "update core.fct_survey_estimate set estimate = .48 where estimate_key = %s",
        key("s1", "q1", "a"),
    )
    done = analysis.analyse(pair, 2)
    assert (done["waves_assessed"], done["pairs_compared"]) == (1, 1)
    changed = changes(pair)[key("s2", "q1", "a")]
    assert (changed["difference"], changed["is_changed"]) == (pytest.approx(0.0), False)


def test_analyse_wave_gone_removes_its_results(pair: Settings) -> None:
    analysis.analyse(pair, 1)
    change_core(pair, "delete from core.dim_survey where wave_key = 's2'")
    analysis.analyse(pair, 2)
    assert found(pair, "select distinct wave_key from analysis.survey_reliability") == [("s1",)]
    assert changes(pair) == {}


def test_analyse_wave_after_one_without_a_margin_has_no_change(core: Settings) -> None:
    for number, sampling in enumerate(("opt_in", "probability", "probability"), start=1):
        asked(core, wave(core, number, sampling=sampling), "q1", {"a": 0.4, "b": 0.6})
    assert analysis.analyse(core, 1)["pairs_compared"] == 1
    assert {row["before"] for row in changes(core).values()} == {key("s2", "q1", "a"), key("s2", "q1", "b")}


# ---------------------------------------------------------------- panels
def test_panel_difference_uses_the_error_of_those_asked_twice(pair: Settings) -> None:
    insert(
        pair,
        "fct_survey_panel_difference",
        {
            "estimate_key": key("s2", "q1", "a"),
            "wave_key": "s2",
            "previous_wave_key": "s1",
            "standard_error": 0.01,
            "degrees_of_freedom": 40,
        },
    )
    # of another pair of waves: no word on this one
    insert(
        pair,
        "fct_survey_panel_difference",
        {
            "estimate_key": key("s2", "q1", "b"),
            "wave_key": "s2",
            "previous_wave_key": "s0",
            "standard_error": 0.01,
            "degrees_of_freedom": 40,
        },
    )
    analysis.analyse(pair, 1)
    of_panel, other = (changes(pair)[key("s2", "q1", answer)] for answer in "ab")
    assert (of_panel["is_panel"], of_panel["error"]) == (True, 0.01)
    assert of_panel["difference"] == pytest.approx(0.08)
    assert of_panel["p"] == p_of(0.08, 0.01, 40)
    assert (other["is_panel"], other["error"]) == (False, pytest.approx(0.025))


def test_panel_difference_without_a_variance_is_not_tested(pair: Settings) -> None:
    row = {
        "estimate_key": key("s2", "q1", "a"),
        "wave_key": "s2",
        "previous_wave_key": "s1",
        "degrees_of_freedom": 0,
    }
    insert(pair, "fct_survey_panel_difference", row)
    analysis.analyse(pair, 1)
    of_panel = changes(pair)[key("s2", "q1", "a")]
    assert of_panel["difference"] == pytest.approx(0.08)
    assert [of_panel[name] for name in ("error", "p", "q", "is_changed")] == [None] * 4
    # A family of one: the other answer is not adjusted for what could not be tested.
    assert changes(pair)[key("s2", "q1", "b")]["q"] == p_of(0.08, 0.025, 60)


# ---------------------------------------------------------------- breaks
@pytest.fixture
def broken(core: Settings) -> Settings:
    """A wave with five questions."""
    first = wave(core, 1)
    for question in ("same", "reworded", "rescaled", "widened", "gone"):
        asked(core, first, question, {"a": 0.4, "b": 0.6})
    return core


def broken_second(core: Settings, **more: Any) -> str:
    second = wave(core, 2, **more)
    asked(core, second, "same", {"a": 0.5, "b": 0.5})
    asked(core, second, "reworded", {"a": 0.5, "b": 0.5}, concept="reworded@2")
    asked(core, second, "rescaled", {"a": 0.5, "c": 0.5})
    asked(core, second, "widened", {"a": 0.5, "b": 0.3, "c": 0.2})
    asked(core, second, "new", {"a": 0.5, "b": 0.5})
    return second


def test_break_of_wording_or_options_has_no_difference_and_its_reason(broken: Settings) -> None:
    broken_second(broken)
    assert analysis.analyse(broken, 1)["changes_tested"] == 9
    found_changes = changes(broken)
    assert {name.removeprefix("s2 ").removesuffix(" everyone"): row["reason"]
            for name, row in found_changes.items()} == {
        "same a": None,
        "same b": None,
        "reworded a": "wording",
        "reworded b": "wording",
        "rescaled a": "options",
        "rescaled c": "options",
        "widened a": "options",
        "widened b": "options",
        "widened c": "options",
    }  # fmt: skip
    for row in found_changes.values():
        is_broken = row["reason"] is not None
        for name in ("before", "difference", "error", "p", "q", "is_changed"):
            assert (row[name] is None) == is_broken, row
    assert found_changes[key("s2", "same", "a")]["difference"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"mode": "telephone"}, "mode"),
        ({"sampling": "census"}, "sampling"),
        ({"mode": "telephone", "sampling": "census"}, "mode"),
        ({"fieldwork_end_date": "2026-09-01"}, "boundary"),
        ({"fieldwork_end_date": "2026-08-31"}, None),
    ],
    ids=["mode", "sampling", "mode comes first", "boundary", "last day of the old borders"],
)
def test_break_of_the_whole_survey_or_its_place_has_its_reason(
    pair: Settings, more: dict[str, str], reason: str | None
) -> None:
    for column, value in more.items():
        change_core(pair, f"update core.dim_survey set {column} = %s where wave_key = 's2'", value)
    analysis.analyse(pair, 1)
    assert {row["reason"] for row in changes(pair).values()} == {reason}
    assert {row["difference"] is None for row in changes(pair).values()} == {reason is not None}


def test_panel_difference_of_another_answer_is_not_tested_with_its_error(core: Settings) -> None:
    """The codes were swapped: the panel's error is of code 1, not of the answer it now is."""
    asked(core, wave(core, 1), "q1", {"1": 0.3, "2": 0.6, "3": 0.1})
    asked(core, wave(core, 2), "q1", {"1": 0.6, "2": 0.3, "3": 0.1}, answers={"1": "2", "2": "1"})
    for code in "123":
        row = {"estimate_key": key("s2", "q1", code), "wave_key": "s2", "previous_wave_key": "s1"}
        insert(core, "fct_survey_panel_difference", row | {"standard_error": 0.01, "degrees_of_freedom": 40})
    analysis.analyse(core, 1)
    swapped, same = (changes(core)[key("s2", "q1", code)] for code in "13")
    assert (swapped["before"], swapped["is_panel"]) == (key("s1", "q1", "2"), True)
    assert (swapped["difference"], swapped["error"], swapped["p"]) == (pytest.approx(0.0), None, None)
    assert (same["is_panel"], same["error"]) == (True, 0.01)


def test_break_stays_one_in_a_panel(pair: Settings) -> None:
    row = {
        "estimate_key": key("s2", "q1", "a"),
        "wave_key": "s2",
        "previous_wave_key": "s1",
        "standard_error": 0.01,
    }
    insert(pair, "fct_survey_panel_difference", row | {"degrees_of_freedom": 40})
    change_core(pair, "update core.dim_survey set mode = 'paper' where wave_key = 's2'")
    analysis.analyse(pair, 1)
    of_panel = changes(pair)[key("s2", "q1", "a")]
    assert [of_panel[name] for name in ("difference", "error", "p", "reason")] == [None, None, None, "mode"]


def test_break_corrected_in_the_spec_is_compared_again(pair: Settings) -> None:
    """A mode, a date, a harmonisation: the estimates stay as they are, and so does their digest."""
    analysis.analyse(pair, 1)
    for change, reason in (
        ("update core.dim_survey set mode = 'telephone' where wave_key = 's1'", "mode"),
        ("update core.dim_survey set mode = 'web'", None),
        ("update core.dim_survey set fieldwork_end_date = '2026-09-02' where wave_key = 's2'", "boundary"),
        ("update core.dim_survey set fieldwork_end_date = '2026-02-15' where wave_key = 's2'", None),
        ("update core.bridge_answer_concept set question_concept = 'x' where wave_key = 's2'", "wording"),
        ("update core.bridge_answer_concept set question_concept = 'x'", None),
    ):
        change_core(pair, change)
        assert analysis.analyse(pair, 2)["pairs_compared"] == 1
        assert {row["reason"] for row in changes(pair).values()} == {reason}, change


def test_question_or_group_that_is_new_has_no_row(broken: Settings) -> None:
    second = broken_second(broken)
    asked(broken, second, "same", {"a": 0.5, "b": 0.5}, domain_key="men")
    analysis.analyse(broken, 1)
    assert not [name for name in changes(broken) if " new " in name or name.endswith(" men")]
    assert not [name for name in changes(broken) if " gone " in name]


def test_question_nobody_answered_then_is_new(core: Settings) -> None:
    asked(core, wave(core, 1), "q1", {"a": 0.4, "b": 0.6})
    change_core(core, "update core.fct_survey_estimate set estimate = null, base_unweighted_count = 0")
    asked(core, wave(core, 2), "q1", {"a": 0.4, "b": 0.6})
    analysis.analyse(core, 1)
    assert changes(core) == {}


# ---------------------------------------------------------------- harmonisation
def test_harmonised_questions_and_answers_are_compared_across_ids_and_sources(core: Settings) -> None:
    old = {"concept": "trust", "answers": {"1": "much", "2": "little"}, "source": "old_survey"}
    new = {"concept": "trust", "answers": {"y": "much", "n": "little"}, "source": "new_survey"}
    asked(core, wave(core, 1), "Q7", {"1": 0.40, "2": 0.60}, **old)
    asked(core, wave(core, 2), "trusts", {"y": 0.48, "n": 0.52}, **new)
    assert analysis.analyse(core, 1)["changes_tested"] == 2
    found_changes = changes(core)
    assert found_changes[key("s2", "trusts", "y")]["before"] == key("s1", "Q7", "1")
    assert found_changes[key("s2", "trusts", "y")]["difference"] == pytest.approx(0.08)
    assert found_changes[key("s2", "trusts", "n")]["before"] == key("s1", "Q7", "2")
    assert found_changes[key("s2", "trusts", "n")]["difference"] == pytest.approx(-0.08)
    assert {row["reason"] for row in found_changes.values()} == {None}


def test_harmonised_question_takes_over_from_the_one_no_longer_asked(core: Settings) -> None:
    """Both stand in one spec; where one was not asked it has its rows, with nobody in the base."""
    for number, empty in ((1, "new"), (2, "old")):
        this = wave(core, number)
        for question in ("old", "new"):
            asked(core, this, question, {"a": 0.3 + number / 10, "b": 0.7 - number / 10}, concept="trust")
        change_core(
            core,
            "update core.fct_survey_estimate set estimate = null, base_unweighted_count = 0"
            " where wave_key = %s and question_id = %s",
            this,
            empty,
        )
    analysis.analyse(core, 1)
    assert {name: row["before"] for name, row in changes(core).items()} == {
        key("s2", "new", answer): key("s1", "old", answer) for answer in "ab"
    }


def test_answers_of_one_question_that_swapped_codes_are_compared_by_meaning(core: Settings) -> None:
    asked(core, wave(core, 1), "q1", {"1": 0.3, "2": 0.7})
    asked(core, wave(core, 2), "q1", {"1": 0.7, "2": 0.3}, answers={"1": "2", "2": "1"})
    analysis.analyse(core, 1)
    assert {name: (row["before"], row["difference"]) for name, row in changes(core).items()} == {
        key("s2", "q1", "1"): (key("s1", "q1", "2"), pytest.approx(0.0)),
        key("s2", "q1", "2"): (key("s1", "q1", "1"), pytest.approx(0.0)),
    }


# ---------------------------------------------------------------- families of tests
def test_family_is_a_questions_published_cells(core: Settings) -> None:
    first, second = wave(core, 1), wave(core, 2)
    for this, shift in ((first, 0.0), (second, 0.01)):
        asked(core, this, "q1", {"a": 0.40 + 6 * shift, "b": 0.60 - 6 * shift})
        asked(core, this, "q1", {"a": 0.40, "b": 0.60}, domain_key="men")
        asked(core, this, "q2", {"a": 0.40 + 7 * shift})
        few = 29 if this == second else 900
        asked(core, this, "q1", {"a": 0.40 + 9 * shift}, domain_key="few", base_unweighted_count=few)
        asked(core, this, "q3", {"a": 0.0}, standard_error=0.0)
    analysis.analyse(core, 1)
    got = changes(core)
    error = 0.02 * 2**0.5
    p = 2 * stats.t.sf(0.06 / error, 50)
    # Four tests in q1's family: two of p, two of 1; q2 is a family of its own.
    assert got[key("s2", "q1", "a")]["q"] == pytest.approx(p * 4 / 2)
    assert got[key("s2", "q1", "a", "men")]["q"] == pytest.approx(1)
    assert got[key("s2", "q2", "a")]["q"] == p_of(0.07, error, 50)
    assert [got[key("s2", question, "a")]["is_changed"] for question in ("q1", "q2")] == [p * 2 <= 0.05, True]
    small = got[key("s2", "q1", "a", "few")]
    assert small["p"] == p_of(0.09, error, 50)
    assert (small["q"], small["is_changed"]) == (None, None)
    nobody = got[key("s2", "q3", "a")]
    assert [nobody[name] for name in ("difference", "error", "p", "q")] == [0.0, 0.0, None, None]
