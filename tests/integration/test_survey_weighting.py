"""Weighing on a real database: margins met, waves that wait, nothing done twice, nobody erased weighed."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from city_survey import (
    ITEMS,
    NIGHT,
    SOURCE,
    coded,
    deliver,
    house_of,
    open_release,
    people,
    person,
    rows,
    said,
    say,
    survey,
    take_in,
    wave,
    weighting,
)
from release_steps import build

from opinion_warehouse import analysis, intake, maintenance, release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

CELLS = {"fy": 10, "fo": 6, "my": 4, "mo": 20}
MARGINS = "dimension,code,population\nsex,f,5200\nsex,m,4800\nage,y,4500\nage,o,5500\n"
NOTHING = {"waves_weighed": 0, "waves_held": 0, "t_quantiles_added": 0}


@pytest.fixture
def house(fresh_warehouse: Settings, tmp_path: Path) -> Settings:
    return house_of(fresh_warehouse, tmp_path)


def raked(**more: Any) -> dict[str, Any]:
    return survey(weighting=weighting(**more))


def weigh(house: Settings, release_id: int) -> tuple[int, int]:
    """Waves weighed and held."""
    done = analysis.weigh(house, release_id)
    return done["waves_weighed"], done["waves_held"]


def weights(house: Settings) -> list[tuple[Any, ...]]:
    """File, sex, age and weight of everybody weighted."""
    return rows(
        house,
        "select w.file_id, r.groups ->> 'sex', r.groups ->> 'age', w.weight, r.weight"
        " from analysis.survey_weight as w inner join landing.survey_response as r"
        " using (respondent_key, file_id) order by r.row_number, r.file_id",
    )


def weighed(house: Settings) -> list[tuple[Any, ...]]:
    """Wave, file and method of what is weighed."""
    return rows(house, "select wave_id, file_id, weighting_method from analysis.survey_weighting order by 1")


def held(house: Settings) -> list[tuple[Any, ...]]:
    return rows(
        house, "select wave_id, file_id, reason_code, detail from release_ctl.held_wave order by 1, 2"
    )


def everything(house: Settings) -> list[list[tuple[Any, ...]]]:
    """All rows a run of weigh may write, with the transactions that wrote them."""
    tables = (
        "analysis.survey_weight", "analysis.survey_weighting", "analysis.survey_margin",
        "analysis.t_quantile", "release_ctl.held_wave", "release_ctl.release", "release_ctl.release_source",
    )  # fmt: skip
    return [rows(house, f"select xmin::text, t::text from {table} as t order by 2") for table in tables]


# ---------------------------------------------------------------- weights
def test_weigh_raked_wave_meets_its_margins_and_says_how(house: Settings) -> None:
    say(house, raked(), MARGINS)
    base = [row | {"w": str(1 + number % 3)} for number, row in enumerate(people(CELLS))]
    broken_off = person(99, done="", w="")
    file_id = deliver(house, "a.csv", [*base, broken_off])
    assert weigh(house, open_release(house)) == (1, 0)

    found = weights(house)
    assert len(found) == 40
    assert {file for file, *_ in found} == {file_id}
    population = {("sex", "f"): 5200.0, ("sex", "m"): 4800.0, ("age", "y"): 4500.0, ("age", "o"): 5500.0}
    margins = rows(
        house,
        "select dimension, code, target_total, design_total, achieved_total, respondent_count"
        " from analysis.survey_margin where source_id = %s and wave_id = 'w1'",
        SOURCE,
    )
    assert {row[:2] for row in margins} == set(population)
    for dimension, code, target, design, achieved, count in margins:
        of = [row for row in found if row[1 if dimension == "sex" else 2] == code]
        assert target == population[dimension, code]
        assert sum(row[3] for row in of) == pytest.approx(target, rel=1e-6)
        assert achieved == pytest.approx(sum(row[3] for row in of), rel=1e-12)
        assert design == pytest.approx(sum(row[4] for row in of), rel=1e-12)
        assert count == len(of)
    # Raking: one factor a sex times one an age, on top of the base weight.
    factors = {cell: {row[3] / row[4] for row in found if row[1] + row[2] == cell} for cell in CELLS}
    fy, fo, my, mo = (factors[cell].pop() for cell in CELLS)
    assert fy * mo == pytest.approx(fo * my, rel=1e-6)

    w = [row[3] for row in found]
    assert rows(
        house,
        "select file_id, respondent_count, weight_total, weight_max_to_median, kish_design_effect,"
        " weighting_method, iteration_count, weight_cap, margin_error < 1e-6 from analysis.survey_weighting",
    ) == [
        (
            file_id,
            40,
            pytest.approx(10_000),
            pytest.approx(max(w) / ((sorted(w)[19] + sorted(w)[20]) / 2)),
            pytest.approx(40 * sum(x * x for x in w) / sum(w) ** 2),
            "rake",
            1,
            None,
            True,
        )
    ]


def test_weigh_poststratified_wave_scales_each_cell_exactly(house: Settings) -> None:
    say(
        house,
        raked(method="poststratify"),
        "dimension,code,population\nsex*age,f|y,400\nsex*age,f|o,300\nsex*age,m|y,200\nsex*age,m|o,100\n",
    )
    deliver(house, "a.csv", people(CELLS))
    assert weigh(house, open_release(house)) == (1, 0)
    found = {sex + age: weight for _, sex, age, weight, _ in weights(house)}
    assert found == {key: pytest.approx(total) for key, total in
                     {"fy": 40, "fo": 50, "my": 50, "mo": 5}.items()}  # fmt: skip
    assert len(weights(house)) == 40


def test_weigh_greg_meets_the_total_of_a_number(house: Settings) -> None:
    say(
        house,
        raked(method="greg"),
        "dimension,code,population\nsex,f,520\nsex,m,480\nspent,_total,12000\n",
    )
    deliver(
        house, "a.csv", [row | {"spent": str(number % 7 * 4)} for number, row in enumerate(people(CELLS))]
    )
    assert weigh(house, open_release(house)) == (1, 0)
    (total,) = rows(
        house,
        "select sum(w.weight), sum(w.weight * a.numeric_value) from analysis.survey_weight as w inner join"
        " landing.survey_answer as a using (respondent_key, file_id) where a.question_id = 'spent'",
    )
    assert total == (pytest.approx(1000), pytest.approx(12_000))
    assert rows(
        house, "select target_total, respondent_count from analysis.survey_margin where code = '_total'"
    ) == [(12_000, 40)]


def test_weigh_trimmed_wave_keeps_the_cap_and_the_margins(house: Settings) -> None:
    say(house, raked(trim=3), MARGINS)
    base = people(CELLS)
    base[0]["w"] = "60"
    deliver(house, "a.csv", base)
    assert weigh(house, open_release(house)) == (1, 0)
    (cap, ratio, error), *_ = rows(
        house, "select weight_cap, weight_max_to_median, margin_error from analysis.survey_weighting"
    )
    assert ratio <= cap == 3
    assert error <= 1e-6
    women = sum(weight for _, sex, _, weight, _ in weights(house) if sex == "f")
    assert women == pytest.approx(5200, rel=1e-6)


def test_weigh_unknown_category_keeps_its_share_and_is_told(house: Settings) -> None:
    say(house, raked() | {"groups": [coded("sex", "fm") | {"unknown": [""]}, coded("age", "yo")]}, MARGINS)
    base = people(CELLS)
    base[0]["sex"] = ""
    deliver(house, "a.csv", base)
    assert weigh(house, open_release(house)) == (1, 0)
    assert rows(
        house,
        "select target_total, design_total, achieved_total, respondent_count from analysis.survey_margin"
        " where code = '_unknown'",
    ) == [(250, 1, pytest.approx(250), 1)]


def test_weigh_without_margins_describes_the_latest_files_own_weights(house: Settings) -> None:
    no_weight = survey(design={"sampling": "probability"})
    say(house, no_weight | {"questions": [*no_weight["questions"], {"id": "w", "kind": "numeric",
        "column": "w", "wording": said("w"), "topic": "D2"}]})  # fmt: skip
    described = (
        "select respondent_count, weight_total, weight_max_to_median, kish_design_effect, weighting_method,"
        " iteration_count, weight_cap, margin_error from analysis.survey_weighting"
    )
    deliver(house, "a.csv", people({"fy": 2}))
    assert analysis.weigh(house, open_release(house)) == NOTHING | {
        "waves_weighed": 1,
        "t_quantiles_added": 4,
    }
    assert rows(house, described) == [(2, 2.0, 1.0, 1.0, "unweighted", None, None, None)]

    say(house, survey())
    four = [person(number, w=w) for number, w in enumerate(("1", "2", "2", "5"))]
    deliver(house, "b.csv", four)
    newer = open_release(house)
    assert analysis.weigh(house, newer) == NOTHING | {"waves_weighed": 1, "t_quantiles_added": 4}
    # Kish: 4 x (1 + 4 + 4 + 25) / 10^2
    assert rows(house, described) == [(4, 10.0, 2.5, pytest.approx(1.36), "design_weight", None, None, None)]
    assert rows(house, "select count(*) from analysis.survey_weight") == [(0,)]
    assert analysis.weigh(house, newer) == NOTHING


def test_weigh_has_quantiles_for_two_waves_of_people(house: Settings) -> None:
    """A panel's change has the PSUs of both; whoever is a PSU of his own is one."""
    from scipy import stats

    say(house, survey())
    deliver(house, "a.csv", people({"fy": 3}))
    assert analysis.weigh(house, open_release(house))["t_quantiles_added"] == 6
    deliver(house, "b.csv", people({"fy": 2}, "w2"))
    assert analysis.weigh(house, open_release(house))["t_quantiles_added"] == 0
    assert rows(house, "select * from analysis.t_quantile order by 1") == [
        (df, pytest.approx(stats.t.ppf(0.975, df), rel=1e-12)) for df in range(1, 7)
    ]


# ---------------------------------------------------------------- done once
def test_weigh_again_changes_nothing_in_this_release_or_the_next(house: Settings) -> None:
    say(house, raked(), MARGINS)
    deliver(house, "a.csv", people(CELLS))
    first = open_release(house)
    assert weigh(house, first) == (1, 0)
    before = everything(house)
    assert analysis.weigh(house, first) == NOTHING
    assert everything(house) == before
    deliver(house, "b.csv", people(CELLS, "w2"))
    second = open_release(house)
    assert weigh(house, second) == (1, 0)  # the new wave alone
    w1 = "select xmin::text, t::text from analysis.survey_weighting as t where wave_id = 'w1'"
    assert set(rows(house, w1)) <= set(before[1])


def test_weigh_with_other_margins_weighs_again(house: Settings) -> None:
    say(house, raked(), MARGINS)
    file_id = deliver(house, "a.csv", people(CELLS))
    weigh(house, open_release(house))
    before = weights(house)

    say(house, raked(), MARGINS.replace("5200", "6000").replace("4800", "4000"))
    take_in(house)
    again = open_release(house)
    assert weigh(house, again) == (1, 0)
    women = [row[3] for row in weights(house) if row[1] == "f"]
    assert sum(women) == pytest.approx(6000, rel=1e-6)
    assert len(weights(house)) == len(before) == 40
    assert weighed(house) == [("w1", file_id, "rake")]
    assert rows(house, "select target_total from analysis.survey_margin order by 1") == [
        (4000,), (4500,), (5500,), (6000,),
    ]  # fmt: skip
    assert weigh(house, again) == (0, 0)


def test_weigh_with_the_weighting_taken_away_gives_the_design_weight_back(house: Settings) -> None:
    say(house, raked(), MARGINS)
    file_id = deliver(house, "a.csv", people(CELLS))
    weigh(house, open_release(house))
    say(house, survey())
    take_in(house)
    assert weigh(house, open_release(house)) == (1, 0)
    assert weighed(house) == [("w1", file_id, "design_weight")]
    assert weights(house) == []
    assert rows(house, "select count(*) from analysis.survey_margin") == [(0,)]


def test_weigh_of_a_revised_wave_leaves_other_waves_and_sources_alone(house: Settings) -> None:
    say(house, raked(), MARGINS)
    say(house, raked() | {"series": "other_survey"}, source_id="other_survey")
    old = deliver(house, "a.csv", people(CELLS))
    w2 = deliver(house, "b.csv", people(CELLS, "w2"))
    other = deliver(house, "c.csv", people(CELLS), "other_survey")
    assert weigh(house, open_release(house)) == (3, 0)
    kept = [row for row in everything(house)[0] if not row[1].startswith(f"({old},")]
    assert len(kept) == 80

    new = deliver(house, "d.csv", people(CELLS | {"fy": 12}))
    assert weigh(house, open_release(house)) == (1, 0)
    assert {(file, sum(row[0] == file for row in weights(house))) for file, *_ in weights(house)} == {
        (new, 42), (w2, 40), (other, 40),
    }  # fmt: skip
    assert set(kept) <= set(everything(house)[0])


# ---------------------------------------------------------------- waves that wait
NO_OLD_MEN = {"fy": 10, "fo": 6, "my": 24}
NO_MEN = {"fy": 10, "fo": 6}


def test_weigh_file_whose_margins_cannot_be_met_is_held_and_the_older_one_speaks(house: Settings) -> None:
    say(house, raked(), MARGINS)
    old = deliver(house, "a.csv", people(CELLS))
    newest = deliver(house, "b.csv", people(NO_MEN))
    release_id = open_release(house)
    assert weigh(house, release_id) == (1, 1)

    ((wave_id, file_id, reason, detail),) = held(house)
    assert (wave_id, file_id, reason) == ("w1", newest, "margin_empty_cell")
    assert detail.startswith("margin sex: code m has a total of 4800 and no respondent: ")
    assert weighed(house) == [("w1", old, "rake")]
    assert {row[0] for row in weights(house)} == {old}
    shown = release.show_release(house, release_id)
    assert shown["is_partial"] is True
    (source,) = shown["sources"]
    assert source["source_status"] == "carried_forward"
    assert source["detail"] == f"wave w1 is held: {detail}"


def test_weigh_held_wave_again_says_it_once_and_changes_nothing(house: Settings) -> None:
    say(house, raked(), MARGINS)
    deliver(house, "a.csv", people(CELLS))
    deliver(house, "b.csv", people(NO_MEN))
    release_id = open_release(house)
    weigh(house, release_id)
    before = everything(house)
    assert weigh(house, release_id) == (0, 1)  # the older file is weighed already
    assert everything(house) == before


def test_weigh_held_file_is_tried_again_in_the_next_release(house: Settings) -> None:
    margins = MARGINS.replace("5200", "6000").replace("4800", "4000")
    say(house, raked(), margins)
    old = deliver(house, "a.csv", people(CELLS))
    newest = deliver(house, "b.csv", people(NO_OLD_MEN))
    first = open_release(house)
    assert weigh(house, first) == (1, 0)  # one dimension at a time, no category is empty
    assert weighed(house) == [("w1", newest, "rake")]

    joint = "dimension,code,population\nsex*age,f|y,4\nsex*age,f|o,3\nsex*age,m|y,2\nsex*age,m|o,1\n"
    say(house, raked(), joint)
    take_in(house)
    second = open_release(house)
    assert weigh(house, second) == (1, 1)
    assert weighed(house) == [("w1", old, "rake")]
    assert {row[0] for row in weights(house)} == {old}

    say(house, raked(), margins)
    take_in(house)
    third = open_release(house)
    assert weigh(house, third) == (1, 0)
    assert weighed(house) == [("w1", newest, "rake")]
    assert rows(house, "select release_id, is_partial from release_ctl.release order by 1") == [
        (first, False), (second, True), (third, False),
    ]  # fmt: skip


def test_weigh_wave_without_any_file_that_meets_the_margins_has_no_weights(house: Settings) -> None:
    say(house, raked(), MARGINS)
    files = [deliver(house, f"{name}.csv", people(NO_MEN | {"fy": size})) for name, size in
             (("a", 10), ("b", 11))]  # fmt: skip
    w2 = deliver(house, "c.csv", people(CELLS, "w2"))
    assert weigh(house, open_release(house)) == (1, 1)
    assert [row[:3] for row in held(house)] == [("w1", file, "margin_empty_cell") for file in files]
    assert weighed(house) == [("w2", w2, "rake")]
    assert {row[0] for row in weights(house)} == {w2}


@pytest.mark.parametrize(
    ("margins", "cells", "reason"),
    [
        (MARGINS.replace("age,o,5500", "age,o,9000"), CELLS, "margin_totals_differ"),
        (MARGINS.replace("4500", "10000").replace("5500", "0"), CELLS, "margin_unlisted_code"),
        (
            "dimension,code,population\nsex,f,5\nsex,m,5\nage,y,6\nage,o,4\n",
            {"fy": 9, "mo": 9},
            "margins_not_met",
        ),
    ],
)
def test_weigh_refuses_margins_with_their_own_reason(
    house: Settings, margins: str, cells: dict[str, int], reason: str
) -> None:
    say(house, raked(), margins)
    file_id = deliver(house, "a.csv", people(cells))
    assert weigh(house, open_release(house)) == (0, 1)
    assert [row[:3] for row in held(house)] == [("w1", file_id, reason)]
    assert weights(house) == weighed(house) == []


def test_weigh_wave_whose_disclosure_lacks_an_item_waits_for_it(house: Settings) -> None:
    lacking = wave("w1", "2026-03-01", precision={"vi": "x"}, sponsor={})
    say(house, raked() | {"waves": [lacking, wave("w2", "2026-06-01")]}, MARGINS)
    deliver(house, "a.csv", people(CELLS))
    w2 = deliver(house, "b.csv", people(CELLS, "w2"))
    release_id = open_release(house)
    assert weigh(house, release_id) == (1, 1)
    ((wave_id, file_id, reason, detail),) = held(house)
    assert (wave_id, file_id, reason) == ("w1", None, "disclosure_item_missing")
    assert "2 sponsor (vi, en); 8 precision (en)" in detail
    assert weighed(house) == [("w2", w2, "rake")]
    (source,) = release.show_release(house, release_id)["sources"]
    assert "wave w1 is held: its disclosure record lacks 2 sponsor (vi, en)" in source["detail"]
    before = everything(house)
    assert weigh(house, release_id) == (0, 1)
    assert everything(house) == before

    say(house, raked(), MARGINS)
    take_in(house)
    again = open_release(house)
    assert weigh(house, again) == (1, 0)
    assert {row[0] for row in weighed(house)} == {"w1", "w2"}
    assert release.show_release(house, again)["is_partial"] is False


def test_weigh_every_item_of_the_record_is_needed_in_both_languages(house: Settings) -> None:
    record = [
        wave(f"w_{item}", f"2026-03-0{day}", **{item: {"en": "x"}}) for day, item in enumerate(ITEMS, 1)
    ]
    say(house, survey(waves=record))
    deliver(house, "a.csv", [row for each in record for row in people(CELLS, each["id"])])
    assert weigh(house, open_release(house)) == (0, len(ITEMS))
    assert {wave_id: detail.split(";")[0] for wave_id, _, _, detail in held(house)} == {
        f"w_{item}": f"its disclosure record lacks {number} {item} (vi)"
        for number, item in zip((1, 2, 4, 5, 6, 8, 9, 10, 11), ITEMS, strict=True)
    }


def test_hold_wave_after_sealing_is_refused(house: Settings) -> None:
    say(house, raked(), MARGINS)
    deliver(house, "a.csv", people(CELLS))
    release_id = open_release(house)
    weigh(house, release_id)
    build(house, release_id)
    release.seal(house, release_id)
    before = everything(house)
    with (
        pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused,
        connect(house, "transformer") as connection,
    ):
        connection.execute(
            "select release_ctl.hold_wave(%s, %s, 'w1', null, 'disclosure_item_missing', 'late')",
            (release_id, SOURCE),
        )
    assert refused.value.sqlstate == "55000"
    assert everything(house) == before


def test_margins_that_cannot_be_read_keep_the_source_and_its_last_spec(house: Settings) -> None:
    say(house, raked(), MARGINS)
    file_id = deliver(house, "a.csv", people(CELLS))
    spec = "select is_active, spec_sha256 from intake.source"
    before = rows(house, spec)
    say(house, raked(), MARGINS.replace("5200", "many"))
    take_in(house)
    assert rows(house, spec) == before == [(True, before[0][1])]
    (source,) = intake.close_intake(house, "survey", NIGHT, "run")["sources"]
    assert "its spec is wrong: city_survey.yml:" in source["detail"]
    assert "city_survey.margins.csv, line 2, column population: 'many'" in source["detail"]
    assert weigh(house, open_release(house)) == (1, 0)
    assert weighed(house) == [("w1", file_id, "rake")]


# ---------------------------------------------------------------- erasure
def test_erased_respondent_has_no_weight_any_more(house: Settings) -> None:
    say(house, raked(), MARGINS)
    deliver(house, "a.csv", people(CELLS))
    deliver(house, "b.csv", people(CELLS, "w2"))
    weigh(house, open_release(house))
    keyed = "select t::text from analysis.survey_weight as t order by 1"
    before = rows(house, keyed)
    keys = maintenance.subject_keys(house, SOURCE, "P-7")
    assert len([row for row in before if any(key in row[0] for key in keys)]) == 2

    done = maintenance.erase_subject(house, SOURCE, keys, "request 1")
    assert done["rows_removed"]["survey_response"] == 2
    assert rows(house, keyed) == [row for row in before if not any(key in row[0] for key in keys)]
    assert len(before) == 80
