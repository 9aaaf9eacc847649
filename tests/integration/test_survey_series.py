"""Four waves through weighing, dbt and analysis: breaks, harmonisation, the trend, and waves that wait."""

from pathlib import Path
from typing import Any

import pytest
from city_survey import (
    NIGHT,
    Row,
    choice,
    deliver,
    house_of,
    open_release,
    people,
    rows,
    said,
    say,
    survey,
    take_in,
    wave,
)

from opinion_warehouse import analysis, dbt
from opinion_warehouse.settings import Settings

YES = {"w1": 20, "w2": 24, "w3": 28, "w4": 26}
"""Of 60 people of a wave, who says yes to everything."""
WORDED = [{"from_wave": "w3", "wording": said("in other words")}]
SAME = [
    {"question": "clean", "from_wave": "w3", "concept": "clean"},
    {"question": "noise", "concept": "quiet"},
    {"question": "quiet", "concept": "quiet", "answers": {"1": "y", "2": "n"}},
]
CHANGES = """
select
    this.question_id, this.answer_code, round(change.difference::numeric, 6), change.break_reason,
    before.question_id, before.answer_code
from analysis.survey_change as change
inner join core.fct_survey_estimate as this using (estimate_key)
inner join core.dim_survey as survey on this.wave_key = survey.wave_key
left join core.fct_survey_estimate as before on change.previous_estimate_key = before.estimate_key
where
    survey.wave_id = %s and this.group_dimension = 'all' and this.base_code = 'all'
    and this.answer_code in ('y', '1')
order by 1, 2
"""
TRENDS = """
select estimate.question_id, survey.wave_id, trend.level_date::text, trend.is_forecast
from analysis.opinion_trend as trend
inner join core.fct_survey_estimate as estimate using (estimate_key)
inner join core.dim_survey as survey using (wave_key)
where
    estimate.group_dimension = 'all' and estimate.base_code = 'all' and estimate.answer_code in ('y', '1')
    and trend.series_key in (
        select other.series_key from analysis.opinion_trend as other
        inner join core.fct_survey_estimate as asked using (estimate_key) where asked.question_id = any(%s)
    )
order by 3
"""
DATES = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-02", "2026-06-02"]


def section(mode: str = "web", **last: Any) -> Row:
    """Trust and clean are reworded in the third wave, the same only in clean; quiet takes noise's place."""
    return survey(
        null_means="not_asked",
        questions=[
            choice("bus"),
            choice("trust", versions=WORDED),
            choice("clean", versions=WORDED),
            choice("noise"),
            choice("quiet", "12"),
        ],
        groups=[],
        waves=[
            wave("w1", "2026-01-01"),
            wave("w2", "2026-02-01"),
            wave("w3", "2026-03-01", mode=mode),
            wave("w4", "2026-04-01", mode=mode, **last),
        ],
        harmonisation=SAME,
    )


def answered(wave_id: str) -> list[Row]:
    of_wave = []
    for number, someone in enumerate(people({"fy": 60}, wave_id)):
        says = "y" if number < YES[wave_id] else "n"
        row = {name: someone[name] for name in ("wave", "person", "done", "w")}
        row |= {"bus": says, "trust": says, "clean": says, "noise": says, "quiet": ""}
        if wave_id > "w2":
            row |= {"noise": "", "quiet": {"y": "1", "n": "2"}[says]}
        of_wave.append(row)
    return of_wave


def build(house: Settings) -> dict[str, int]:
    """What a release is made of, up to the analysis; returns what the analysis did."""
    release_id = open_release(house)
    analysis.weigh(house, release_id)
    dbt.build_core(house, release_id, NIGHT, "run")
    return analysis.analyse(house, release_id)


def trend(house: Settings, *questions: str) -> list[tuple[Any, ...]]:
    return rows(house, TRENDS, list(questions))


@pytest.mark.timeout(600)
def test_series_is_compared_and_extended_by_what_its_questions_mean(
    fresh_warehouse: Settings, tmp_path: Path
) -> None:
    house = house_of(fresh_warehouse, tmp_path)
    say(house, section())
    for wave_id in YES:
        deliver(house, f"{wave_id}.csv", answered(wave_id))
    done = build(house)
    assert (done["waves_assessed"], done["pairs_compared"], done["series_fitted"]) == (4, 3, 1)

    step = pytest.approx(4 / 60, abs=1e-6)
    assert [(*row[:2], float(row[2]), *row[3:]) for row in rows(house, CHANGES, "w2")] == [
        (question, "y", step, None, question, "y") for question in ("bus", "clean", "noise", "trust")
    ]
    assert [(*row[:2], row[2] and float(row[2]), *row[3:]) for row in rows(house, CHANGES, "w3")] == [
        ("bus", "y", step, None, "bus", "y"),
        ("clean", "y", step, None, "clean", "y"),
        ("quiet", "1", step, None, "noise", "y"),
        ("trust", "y", None, "wording", None, None),
    ]
    assert [row[3] for row in rows(house, CHANGES, "w4")] == [None] * 4  # the break is over

    for question in ("bus", "clean"):
        expected = [(question, wave_id, day, False) for wave_id, day in zip(YES, DATES, strict=False)]
        assert trend(house, question) == [
            *expected, (question, "w4", DATES[4], True), (question, "w4", DATES[5], True)
        ]  # fmt: skip
    assert [row[:2] for row in trend(house, "quiet", "noise")] == [
        ("noise", "w1"), ("noise", "w2"), ("quiet", "w3"), ("quiet", "w4"), ("quiet", "w4"), ("quiet", "w4"),
    ]  # fmt: skip
    assert trend(house, "trust") == []

    # From the third wave on the mode was another one: no estimate changes, what they are compared by does.
    say(house, section(mode="telephone"))
    take_in(house)
    done = build(house)
    assert (done["waves_assessed"], done["pairs_compared"]) == (0, 2)
    assert {row[3] for row in rows(house, CHANGES, "w3")} == {"mode", "wording"}
    assert [row[3] for row in rows(house, CHANGES, "w4")] == [None] * 4
    assert rows(house, "select count(*) from analysis.opinion_trend") == [(0,)]

    # The last wave waits for its disclosure: the trend is that of the three before it.
    say(house, section(precision={"vi": "x"}))
    take_in(house)
    done = build(house)
    assert (done["waves_assessed"], done["series_fitted"]) == (0, 1)
    assert rows(house, CHANGES, "w4") == []
    assert [row[1:] for row in trend(house, "bus")] == [
        ("w1", "2026-01-01", False),
        ("w2", "2026-02-01", False),
        ("w3", "2026-03-01", False),
        ("w3", "2026-03-31", True),
        ("w3", "2026-04-29", True),
    ]


@pytest.mark.timeout(600)
def test_two_questions_of_one_concept_in_one_wave_are_not_compared(
    fresh_warehouse: Settings, tmp_path: Path
) -> None:
    """Nobody can say which of them the other wave's question is the same as; the night goes on."""
    house = house_of(fresh_warehouse, tmp_path)
    say(house, section())
    for wave_id in ("w1", "w2"):
        both = [row | {"quiet": {"y": "1", "n": "2"}[row["noise"]]} for row in answered(wave_id)]
        deliver(house, f"{wave_id}.csv", both)
    assert build(house)["pairs_compared"] == 1
    assert [row[0] for row in rows(house, CHANGES, "w2")] == ["bus", "clean", "trust"]
    unsaid = "select distinct question_id from core.bridge_answer_concept where not is_comparable order by 1"
    assert rows(house, unsaid) == [("noise",), ("quiet",)]
