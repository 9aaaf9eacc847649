"""What changes after a wave was first computed: files and waves revised, held, brought back, specs changed.

All sources are built together, night after night; what is expected is computed here from the rows themselves.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from survey_pipeline import (
    CHANGES,
    ESTIMATES,
    NIGHT,
    Built,
    Row,
    Survey,
    build,
    question,
    spec,
    to_csv,
    wave_of,
)

from opinion_warehouse import dbt, intake
from opinion_warehouse.settings import PROJECT, Settings

WAVES = [wave_of(f"w{number}", date(2000, number, 1)) for number in range(1, 5)]
PROBABILITY = {"sampling": "probability"}
YES_NO = question("q", ["1", "2"])


def answers(
    seed: int, count: int = 200, noise: float = 0.1, first: int = 0, left_out: float = 0.1
) -> list[Row]:
    """People who mostly answer as they are inclined to, in whichever wave."""
    inclined = random.Random(99)
    leaning = [inclined.random() for _ in range(first + count)]
    drawn = random.Random(seed)
    rows = []
    for number in range(first, first + count):
        is_yes = leaning[number] < 0.4 if drawn.random() > noise else drawn.random() < 0.5
        if drawn.random() >= left_out:
            rows.append({"respondent_id": number, "q": "1" if is_yes else "2"})
    return rows


FIRST, SECOND, THIRD = (answers(seed) for seed in (1, 2, 3))
REVISED = answers(22, noise=0.9)
CLUSTERED = [
    row | {"w": round(random.Random(at).uniform(0.2, 6), 3), "c": f"c{at // 20}"}
    for at, row in enumerate(sorted(answers(1, left_out=0), key=lambda row: str(row["q"])))
]


def panel_error(earlier: list[Row], later: list[Row]) -> float:
    """Of the difference, from each person's residuals in both waves (simple random sample)."""
    residual: dict[Any, float] = {}
    for rows, sign in ((earlier, -1), (later, 1)):
        share = np.mean([row["q"] == "1" for row in rows])
        for row in rows:
            own = sign * ((row["q"] == "1") - share) / len(rows)
            residual[row["respondent_id"]] = residual.get(row["respondent_id"], 0) + own
    z = np.array(list(residual.values()))
    return float(math.sqrt(len(z) / (len(z) - 1) * ((z - z.mean()) ** 2).sum()))


def independent_error(earlier: list[Row], later: list[Row]) -> float:
    def variance(rows: list[Row]) -> float:
        return float(np.var([row["q"] == "1" for row in rows], ddof=1) / len(rows))

    return math.sqrt(variance(earlier) + variance(later))


def clustered_error(rows: list[Row]) -> float:
    share = np.mean([row["q"] == "1" for row in rows])
    residual: dict[Any, float] = {}
    for row in rows:
        residual[row["c"]] = residual.get(row["c"], 0) + ((row["q"] == "1") - share) / len(rows)
    z = np.array(list(residual.values()))
    return float(math.sqrt(len(z) / (len(z) - 1) * (z**2).sum()))


def waves(name: str, count: int = 3, without: str = "", panel: bool = True, **more: Any) -> Row:
    """A survey of some waves, one of which may lack an item of its disclosure record (and so is held)."""
    listed = [wave | ({"sponsor": {"vi": "", "en": ""}} if wave["id"] == without else {}) for wave in WAVES]
    survey = {"design": PROBABILITY, "is_panel": panel, "wave_from": {"file_name": r"^(w\d)"}}
    return spec(name, **survey | {"waves": listed[:count], "questions": [YES_NO]} | more)


def one_file(name: str, ignored: tuple[str, ...] = (), **more: Any) -> Row:
    return spec(name, **{"design": PROBABILITY, "questions": [YES_NO]} | more) | {"ignore_columns": ignored}


def emptied(done: str, seed: int) -> list[Row]:
    return [
        row | {"wave": wave, "done": is_done}
        for wave, is_done in (("w1", done), ("w2", "y"))
        for row in answers(seed, count=120)
    ]


def in_clusters() -> list[Row]:
    """90 people in 6 clusters who all say the same: no estimate is reliable."""
    return [
        {"respondent_id": 15 * c + n, "c": f"c{c}", "q": "1" if c % 2 else "2", "t": "D2" if c % 2 else "F1"}
        for c in range(6)
        for n in range(15)
    ]


def sums(seed: int, low: float, high: float) -> list[Row]:
    return [
        {"respondent_id": n, "m": repr(random.Random(1000 * seed + n).uniform(low, high))} for n in range(100)
    ]


def rotating(seed: int, first: int) -> list[Row]:
    return [row | {"N": 100} for row in answers(seed, count=50, first=first, left_out=0)]


def with_new_option() -> list[Row]:
    return [row | {"q": "3" if at % 5 == 0 else row["q"]} for at, row in enumerate(SECOND)]


SUPPORTED = question("q", ["1", "2"])
SUPPORTED["options"][0]["tendency"] = "support"
THREE = question("q", ["1", "2", "3"])
THREE["options"][2]["from_wave"] = "w2"
ALL = {"w1.csv": FIRST, "w2.csv": SECOND, "w3.csv": THIRD}
OVERLAPPING = [*WAVES[:2], WAVES[2] | {"fieldwork_end": "2000-05-20"}, WAVES[3]]
TOPICS = question("t", ["D2", "F1"]) | {"asks_for_topics": True}
EMPTIED = {
    "design": PROBABILITY,
    "wave_from": {"column": "wave"},
    "waves": WAVES[:2],
    "complete_when": "done",
    "questions": [YES_NO],
}

NIGHTS: list[list[tuple[Row, Mapping[str, list[Row]]]]] = [
    [
        (waves("middle_held"), ALL),
        (waves("middle_back"), ALL),
        (waves("first_back", 2), {"w1.csv": FIRST, "w2.csv": SECOND}),
        (waves("no_panel_any_more", 2), {"w1.csv": FIRST, "w2.csv": SECOND}),
        (spec("emptied", **EMPTIED), {"a.csv": emptied("y", 7)}),
        (one_file("late_psu", ("w", "c")), {"a.csv": CLUSTERED}),
        (one_file("late_weight", ("w", "c")), {"a.csv": CLUSTERED}),
        (waves("new_option", 1, panel=False), {"w1.csv": FIRST}),
        (waves("new_question", 2, panel=False), {"w1.csv": FIRST, "w2.csv": SECOND}),
        (
            one_file("unreliable", design=PROBABILITY | {"psu": "c"}, questions=[SUPPORTED, TOPICS]),
            {"a.csv": in_clusters()},
        ),
        (
            one_file(
                "like_topics", questions=[question("t", ["D2", "F1"]), TOPICS | {"id": "u", "column": "u"}]
            ),
            {"a.csv": [{"respondent_id": n, "t": "D2", "u": ["D2", "F1"][n % 2]} for n in range(100)]},
        ),
        (
            waves("large", 2, panel=False, questions=[question("m")]),
            {"w1.csv": sums(1, 1e12, 9e12), "w2.csv": sums(2, 1e12, 9e12)},
        ),
        (
            waves("small", 2, panel=False, questions=[question("m")]),
            {"w1.csv": sums(1, 1e-7, 9e-7), "w2.csv": sums(2, 2e-7, 12e-7)},
        ),
        (
            waves("rotating", 2, design=PROBABILITY | {"stratum_psu_total": "N"}),
            {"w1.csv": rotating(1, 0), "w2.csv": rotating(2, 50)},
        ),
        (waves("volunteers", 2, design={"sampling": "opt_in"}), {"w1.csv": FIRST, "w2.csv": SECOND}),
        (
            waves("overlapping", 4, panel=False, waves=OVERLAPPING),
            {f"w{number}.csv": answers(40 + number) for number in range(1, 5)},
        ),
        (
            one_file("invited", wave_from={"constant": "w"}, waves=[wave_of("w", invited_count=400)]),
            {"a.csv": answers(5, count=123, left_out=0)},
        ),
    ],
    [
        (waves("middle_held", without="w2"), {}),
        (waves("middle_back", without="w2"), {"w3_new.csv": REVISED}),
        (waves("first_back", 2, without="w1"), {"w2_new.csv": REVISED}),
        (waves("no_panel_any_more", 2, panel=False), {"w2_new.csv": REVISED}),
        (spec("emptied", **EMPTIED), {"b.csv": emptied("", 8)}),
        (one_file("late_psu", ("w",), design=PROBABILITY | {"psu": "c"}), {}),
        (one_file("late_weight", ("c",), design=PROBABILITY | {"weight": "w"}), {}),
        (waves("new_option", 2, panel=False, questions=[THREE]), {"w2.csv": with_new_option()}),
        (
            waves("new_question", 3, panel=False, questions=[YES_NO, question("new", ["1", "2"])]),
            {"w3.csv": [row | {"new": "1"} for row in THIRD]},
        ),
    ],
    [
        (waves("middle_back"), {}),
        (waves("first_back", 2), {}),
    ],
]


@dataclass(frozen=True)
class Night:
    """What was in the warehouse after a night."""

    changes: dict[tuple[str, str, str], Row]
    estimates: dict[tuple[str, str, str, str], Row]
    computed: set[tuple[str, str]]
    held: dict[tuple[str, str], Row]


@pytest.fixture(scope="module")
def nights(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Seen"]:
    folder = tmp_path_factory.mktemp("revisions")
    with new_warehouse() as settings:
        seen, built = [], Built(settings, 0)
        for number, night in enumerate(NIGHTS):
            if number == 2:
                read_again(built, "late_psu")
            surveys = [
                Survey(own, {name: to_csv(rows) for name, rows in files.items()}) for own, files in night
            ]
            built = build(settings, folder, surveys, NIGHT + timedelta(days=number))
            seen.append(look(built))
        dbt.build_release_models(built.settings, built.release_id, NIGHT + timedelta(days=2), "run")
        yield seen, built


def read_again(built: Built, source_id: str) -> None:
    (file,) = built.rows(f"select file_id from intake.file where source_id = '{source_id}'")
    done = intake.quarantine_replay(built.settings, file["file_id"], NIGHT + timedelta(days=2), "replay")
    assert done["outcome"] == "loaded"


def look(built: Built) -> Night:
    of_everyone = "where group_dimension = 'all' and base_code in ('all', 'substantive')"
    return Night(
        changes={
            (row["source_id"], row["wave_id"], row["answer_code"]): row
            for row in built.rows(f"{CHANGES} {of_everyone} order by base_code desc")
        },
        estimates={
            (row["source_id"], row["wave_id"], row["question_id"], row["answer_code"]): row
            for row in built.rows(f"{ESTIMATES} {of_everyone} order by base_code desc")
        },
        computed={
            (row["source_id"], row["wave_id"])
            for row in built.rows(
                "select source_id, wave_id from intermediate.int_survey_waves__changed where not is_partner"
            )
        },
        held={
            (row["source_id"], row["wave_id"]): row
            for row in built.rows(
                f"select * from release_ctl.held_wave where release_id = {built.release_id}"
            )
        },
    )


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-6)


def change(night: Night, source_id: str, wave_id: str) -> tuple[float | None, bool]:
    row = night.changes[source_id, wave_id, "1"]
    return row["standard_error"], row["is_panel"]


Seen = tuple[list[Night], Built]


def released(nights: Seen, query: str) -> list[Row]:
    built = nights[1]
    return built.rows(query.format(r=f"rel_{built.release_id}"))


def test_panel_whose_middle_wave_is_held_compares_the_waves_beside_it(nights: Seen) -> None:
    before, after, _ = nights[0]
    assert change(before, "middle_held", "w2") == (near(panel_error(FIRST, SECOND)), True)
    assert change(before, "middle_held", "w3") == (near(panel_error(SECOND, THIRD)), True)
    assert change(after, "middle_held", "w3") == (near(panel_error(FIRST, THIRD)), True)
    assert ("middle_held", "w1") not in after.computed


def test_panel_whose_middle_wave_comes_back_compares_with_it_again(nights: Seen) -> None:
    _, without, back = nights[0]
    assert change(without, "middle_back", "w3") == (near(panel_error(FIRST, REVISED)), True)
    assert change(back, "middle_back", "w2") == (near(panel_error(FIRST, SECOND)), True)
    assert change(back, "middle_back", "w3") == (near(panel_error(SECOND, REVISED)), True)


def test_panel_whose_first_wave_comes_back_has_no_error_of_a_superseded_file(nights: Seen) -> None:
    _, without, back = nights[0]
    assert ("first_back", "w2", "1") not in without.changes
    assert change(back, "first_back", "w2") == (near(panel_error(FIRST, REVISED)), True)


def test_survey_that_is_no_panel_any_more_waits_to_be_read_again(nights: Seen) -> None:
    held = nights[0][1].held["no_panel_any_more", "w1"]
    assert held["reason_code"] == "design_changed"
    assert "no panel any more" in held["detail"]
    # its new file was read as of no panel, and speaks alone
    assert ("no_panel_any_more", "w2", "1") not in nights[0][1].changes
    assert ("no_panel_any_more", "w2") not in nights[0][1].held


def test_wave_left_without_complete_interviews_keeps_no_estimate(nights: Seen) -> None:
    before, after, _ = nights[0]
    assert before.estimates["emptied", "w1", "q", "1"]["estimate"] is not None
    assert {key[1] for key in after.estimates if key[0] == "emptied"} == {"w2"}
    query = "select wave_id from {r}.obt_survey_estimate where source_id = 'emptied' and estimate is not null"
    assert {row["wave_id"] for row in released(nights, query)} == {"w2"}


def test_design_named_after_the_file_was_read_holds_the_wave_until_it_is_read_again(nights: Seen) -> None:
    before, held, read = nights[0]
    assert before.estimates["late_psu", "w", "q", "1"]["degrees_of_freedom"] == 199
    for source_id, name in (("late_psu", "psu"), ("late_weight", "weight")):
        reason = held.held[source_id, "w"]
        assert reason["reason_code"] == "design_changed"
        assert f"{name} is named now" in reason["detail"]
        assert "opinion quarantine replay" in reason["detail"]
    row = read.estimates["late_psu", "w", "q", "1"]
    assert (row["standard_error"], row["degrees_of_freedom"]) == (near(clustered_error(CLUSTERED)), 9)
    assert ("late_psu", "w") not in read.held


def test_option_that_an_earlier_wave_did_not_offer_is_a_break_and_no_zero(nights: Seen) -> None:
    after = nights[0][1]
    assert ("new_option", "w1", "q", "3") not in after.estimates
    assert after.estimates["new_option", "w2", "q", "3"]["estimate"] > 0.15
    found = {
        key[2]: (row["break_reason"], row["difference"])
        for key, row in after.changes.items()
        if key[0] == "new_option"
    }
    assert found == dict.fromkeys(["1", "2", "3"], ("options", None))


def test_wave_with_a_new_question_is_computed_alone(nights: Seen) -> None:
    after = nights[0][1]
    assert {key for key in after.computed if key[0] == "new_question"} == {("new_question", "w3")}
    asked = {key[1] for key in after.estimates if key[0] == "new_question" and key[2] == "new"}
    assert asked == {"w3"}


def test_unreliable_estimate_is_shown_in_no_other_table(nights: Seen) -> None:
    shown = "select count(estimate) from {r}.obt_survey_estimate where source_id = 'unreliable'"
    assert released(nights, shown) == [{"count": 0}]
    told = "select count(*), count(salience_share) as said, count(net_tendency) as meant"
    (row,) = released(nights, told + " from {r}.obt_opinion_by_topic where source_id = 'unreliable'")
    assert row["count"] > 0
    assert (row["said"], row["meant"]) == (0, 0)


def test_options_are_topics_only_where_the_spec_says_so(nights: Seen) -> None:
    query = "select distinct topic_code, salience_share from {r}.obt_opinion_by_topic"
    rows = released(nights, query + " where source_id = 'like_topics'")
    found = {row["topic_code"]: float(row["salience_share"]) for row in rows}
    assert found == {"D2": 0.5, "F1": 0.5}


@pytest.mark.parametrize("source_id", ["large", "small"])
def test_means_of_any_size_keep_their_digits(nights: Seen, source_id: str) -> None:
    query = "select wave_id, estimate, standard_error from {r}.obt_survey_estimate"
    one = f"where base_code = 'substantive' and source_id = '{source_id}' and group_dimension = 'all'"
    rows = released(nights, f"{query} {one}")
    found = {row["wave_id"]: row for row in rows}
    (files,) = (files for own, files in NIGHTS[0] if own["id"] == source_id)
    for wave in ("w1", "w2"):
        numbers = np.array([float(row["m"]) for row in files[f"{wave}.csv"]])
        mean, error = numbers.mean(), numbers.std(ddof=1) / math.sqrt(len(numbers))
        assert abs(float(found[wave]["estimate"]) - mean) < max(error / 10, 1e-14 * mean)
        assert float(found[wave]["standard_error"]) == pytest.approx(error, rel=0.01)


def test_change_of_large_means_is_the_difference_of_those_published(nights: Seen) -> None:
    suite = yaml.safe_load((PROJECT / "expectations" / "release" / "shape.yml").read_text(encoding="utf-8"))
    (check,) = (check for check in suite["checks"] if check["id"] == "REL-024")
    assert released(nights, check["query"].replace("{release_schema}", "{r}")) == []


def test_rotating_panel_of_a_finite_population_has_each_waves_own_fraction(nights: Seen) -> None:
    error, is_panel = change(nights[0][0], "rotating", "w2")
    expected = math.sqrt(0.5) * independent_error(rotating(1, 0), rotating(2, 50))
    assert is_panel
    assert error == pytest.approx(expected, rel=0.02)  # n/(n−1) of both together


def test_panel_of_volunteers_has_no_error_in_core(nights: Seen) -> None:
    query = "select count(*), count(standard_error) as errors from core.fct_survey_panel_difference as panel"
    (row,) = nights[1].rows(
        f"{query} inner join core.dim_survey as survey using (wave_key) where source_id = 'volunteers'"
    )
    assert row["count"] > 0
    assert row["errors"] == 0


def test_wave_that_runs_long_leaves_its_series_a_trend(nights: Seen) -> None:
    query = "select count(*) from analysis.opinion_trend where series_id = 'overlapping'"
    assert nights[1].rows(query)[0]["count"] > 0


def test_rate_of_the_invited_does_not_rebuild_the_size(nights: Seen) -> None:
    query = "select respondent_count, response_rate from {r}.dim_survey where source_id = 'invited'"
    (row,) = released(nights, query)
    assert (row["respondent_count"], float(row["response_rate"])) == (125, 0.313)  # 123 of 400 is 0.308
