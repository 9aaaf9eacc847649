"""Tests of the checks: a clean release passes them all, and each fails on the fault it is there for."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from made_release import NIGHT, make_core, seal_release

from opinion_warehouse.checks import EXPECTATIONS, Check, Parameter, evaluate, fill, load_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

SUITES = ("shape", "disclosure", "coverage")
E_ = "fct_survey_estimate"
SHOWN = "where estimate_key = 'w1-a-all'"
HIDDEN = "where estimate_key = 'w2-a-old'"

# Check → statements that put its fault into the sealed tables ({r}: its schema; {n}: its number).
POISON: dict[str, list[str]] = {
    "REL-001": ["insert into {r}.dim_topic select * from {r}.dim_topic where topic_code = 'C'"],
    "REL-002": ["insert into {r}.dim_place select release_id, 'p92b', place_code, place_level, null,"
                " date '2026-01-01', null, name_vi, name_en from {r}.dim_place"],
    "REL-003": [f"insert into {{r}}.{E_} select * from {{r}}.{E_} {SHOWN}"],
    "REL-004": ["update {r}.fct_survey_change set estimate_key = 'nowhere' where answer_code = 'a'"],
    "REL-005": ["update {r}.fct_report_opinion set topic_code = '_all' where topic_code = 'Z9'"],
    "REL-006": ["update {r}.fct_report_submission set period_code = '2026-W40' where submission_key = 'm41'"],
    "REL-007": ["insert into {r}.fct_social_volume select * from {r}.fct_social_volume"],
    "REL-008": ["update {r}.fct_source_comparison set source_key = 's' where comparison_key = 'c1'"],
    "REL-009": ["insert into {r}.fct_opinion_trend select * from {r}.fct_opinion_trend"],
    "REL-010": ["insert into {r}.fct_intake_quality select * from {r}.fct_intake_quality"],
    "REL-011": [f"update {{r}}.{E_} set place_key = 'nowhere' {SHOWN}"],
    "REL-012": ["update {r}.fct_recommendation set unit_code = 'nowhere'"],
    "REL-013": ["delete from {r}.dim_date where date_day = '2026-11-20'"],
    "REL-014": ["update {r}.fct_source_comparison set topic_code = 'X' where comparison_key = 'c3'"],
    "REL-015": ["update {r}.dim_question set topic_code = 'X'"],
    "REL-016": ["update {r}.fct_opinion_trend set wave_key = 'w1' where trend_key = 't2'"],
    "REL-017": ["update {r}.fct_intake_quality set night = '1999-01-01' where reason_code = 'bad_date'"],
    "REL-021": [f"update {{r}}.{E_} set estimate = 40.0 {SHOWN}"],
    "REL-022": [f"update {{r}}.{E_} set standard_error = -0.1 {SHOWN}"],
    "REL-023": [f"update {{r}}.{E_} set estimate = 0.41 {SHOWN}"],
    "REL-024": ["update {r}.fct_survey_change set difference = 0.09 where answer_code = 'a'"],
    "REL-025": ["update {r}.fct_survey_change set adjusted_p_value = 0.06 where answer_code = 'a'"],
    "REL-026": ["update {r}.fct_report_opinion set item_count = 2 where report_opinion_key = 'o3'"],
    "REL-027": ["update {r}.fct_report_submission set status = 'missing' where submission_key = 'm40'"],
    "REL-028": ["update {r}.fct_recommendation set resolved_date = '2026-11-01'"],
    "REL-029": ["update {r}.fct_social_volume set domain_count = 21 where social_volume_key = 'v2'"],
    "REL-030": ["update {r}.fct_source_comparison set salience_share = 50 where comparison_key = 'c1'"],
    "REL-031": ["update {r}.obt_survey_estimate set estimate = 0.5 where estimate_key = 'w1-a-all'"],
    "REL-032": ["delete from {r}.obt_opinion_by_topic where comparison_key = 'c3'"],
    "REL-033": ["update {r}.dim_survey set sponsor_vi = ' ' where wave_key = 'w1'"],
    "REL-034": ["update {r}.fct_opinion_trend set ci80_low = 0.5 where trend_key = 't2'"],
    "REL-035": ["update {r}.fct_survey_change set break_reason = 'wording' where answer_code = 'a'"],
    "REL-036": ["update {r}.fct_intake_quality set row_count = 21 where reason_code = 'bad_date'"],
    "REL-101": [f"update {{r}}.{E_} set base_unweighted_count = 5 {HIDDEN}"],
    "REL-102": [f"update {{r}}.{E_} set base_unweighted_count = 25 {SHOWN}"],
    "REL-103": [f"update core.{E_} set base_unweighted_count = 28 {SHOWN}"],
    "REL-104": [f"update {{r}}.{E_} set base_weighted_count = 10 {HIDDEN}"],
    "REL-105": [f"update {{r}}.{E_} set base_unweighted_count = 50 {SHOWN}"],
    "REL-106": [f"update {{r}}.{E_} set base_unweighted_count = 903 {SHOWN}"],
    "REL-107": [f"update {{r}}.{E_} set standard_error = 0.02, degrees_of_freedom = 9 where wave_key = 'o1'"],
    "REL-108": [f"update {{r}}.{E_} set estimate = null {SHOWN}"],
    "REL-109": [f"update {{r}}.{E_} set reliability_code = 'suppress_relative_width' {SHOWN}"],
    "REL-110": [f"update {{r}}.{E_} set estimate = null where estimate_key = 'w2-a-all'"],
    "REL-111": ["update {r}.fct_report_opinion set unit_count = 2 where report_opinion_key = 'o3'"],
    "REL-112": ["update {r}.fct_report_opinion set unit_count = 5, item_count = 9 where conf_status = 'A'"],
    "REL-113": ["update {r}.fct_social_volume set item_count = 9 where social_volume_key = 'v2'"],
    "REL-114": ["update {r}.fct_social_volume set item_count = 11, domain_count = 4 where conf_status = 'A'"],
    "REL-115": ["update core.fct_source_comparison set safe_count = 2 where comparison_key = 'c1'"],
    "REL-116": ["update {r}.fct_source_comparison set base_count = 40 where comparison_key = 'c3'"],
    "REL-117": ["update core.fct_social_volume set item_count = 9 where topic_code = 'Z9'"],
    "REL-121": ["alter table {r}.fct_social_volume add column author_name text"],
    "REL-122": ["update {r}.dim_unit set name_vi = 'Tổ dân phố, gọi 0912 345 678'"],
    "REL-201": ["delete from {r}.dim_source where source_id = 'v'"],
    "REL-202": ["delete from {r}.fct_report_opinion"],
    "REL-203": ["delete from {r}.dim_survey where wave_key = 'w1'"],
    "REL-204": ["update {r}.dim_survey set respondent_count = 540 where wave_key = 'w1'"],
    "REL-205": ["update {r}.fct_report_submission set submitted_at = null where submission_key < 'm42'"],
    "REL-206": ["update {r}.fct_social_volume set item_count = 120 where social_volume_key = 'v1'"],
    "REL-207": ["update release_ctl.release set table_digests = '{{\"dim_unit\": {{\"rows\": 0}}}}'"
                " where release_id = {n}"],
    "REL-208": ["delete from {r}.dim_place"],
    "REL-209": ["update {r}.fct_social_volume set published_date = '2027-01-01'"],
    "REL-210": [f"update {{r}}.{E_} set reliability_code = 'not_assessed' {SHOWN}"],
    "REL-211": ["update core.fct_social_volume set item_count = 101 where topic_code = 'Z9'"],
    "REL-212": ["update core.fct_report_opinion set item_count = 9 where topic_code = 'Z9'"],
    "REL-213": ["update release_ctl.release_source set source_status = 'late' where release_id = {n}"],
    "REL-214": ["update {r}.fct_opinion_trend set backtest_coverage = 0.8, backtest_count = 150"],
    "REL-215": ["insert into release_ctl.held_wave values"
                " ({n}, 's', 'w3', null, 'disclosure_item_missing', 'x')"],
    "REL-216": ["update core.bridge_answer_concept set is_comparable = false"],
    "REL-217": ["update core.fct_social_topic_coverage set unclassified_count = 100"],
    "REL-218": ["update core.fct_intake_quality set bad_row_count = 40, row_count = 40"
                " where night = '2026-11-22' and source_id = 'v' and reason_code = '_all'"],
    "REL-219": ["insert into core.fct_intake_quality values"
                " ('v', '2026-11-22', 'unknown_query', 'query', 5, 1000)"],
}  # fmt: skip


@dataclass(frozen=True)
class Sealed:
    """A release, and the one that readers see."""

    settings: Settings
    release_id: int
    visible_id: int

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {
            "release_id": self.release_id, "release_schema": f"rel_{self.release_id}", "night": NIGHT,
            "visible_id": self.visible_id, "visible_schema": f"rel_{self.visible_id}",
        }  # fmt: skip


@pytest.fixture(scope="module")
def sealed(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[Sealed]:
    with new_warehouse() as settings:
        make_core(settings)
        yield Sealed(settings, visible_id=seal_release(settings), release_id=seal_release(settings))


def checks() -> dict[str, Check]:
    suites = [load_suite(EXPECTATIONS / "release" / f"{name}.yml") for name in SUITES]
    return {check.id: check for suite in suites for check in suite.checks}


def test_suites_clean_release_passes_every_check(sealed: Sealed) -> None:
    for name in SUITES:
        suite = load_suite(EXPECTATIONS / "release" / f"{name}.yml")
        found = evaluate(sealed.settings, suite, sealed.parameters, 10)
        assert {result.check_id: result.outcome for result in found if result.outcome != "pass"} == {}
        assert len(found) == len(suite.checks)


def test_suites_every_check_has_its_poison() -> None:
    assert sorted(checks()) == sorted(POISON)


@pytest.mark.parametrize("check_id", POISON)
def test_suites_poisoned_release_fails_the_check(sealed: Sealed, check_id: str) -> None:
    query = fill(checks()[check_id].query, sealed.parameters)
    with connect(sealed.settings, "admin") as connection:
        for statement in POISON[check_id]:
            connection.execute(statement.format(r=f"rel_{sealed.release_id}", n=sealed.release_id))
        connection.execute("set local role gate")
        offending = connection.execute(f"select count(*) from ({query}) as broken").fetchone()
        connection.rollback()
    assert offending is not None and offending[0] > 0
