"""What R's package survey gives for its samples comes out of the pipeline: estimates, reliability, change."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest
from survey_pipeline import (
    CHANGES,
    ESTIMATES,
    Row,
    Survey,
    build,
    group,
    question,
    ratio,
    read_csv,
    spec,
    ticks,
    wave_of,
)

from opinion_warehouse.analysis import reliability
from opinion_warehouse.settings import Settings

FOLDER = Path(__file__).parents[1] / "fixtures" / "survey_oracle"
TOLERANCE = 1e-9
NO_SHARE = {"_mean", "_ratio"}
Key = tuple[str, ...]
Cells = dict[Key, Row]

# expected column → the warehouse's
FIGURES = {
    "estimate": "estimate",
    "se": "standard_error",
    "ci_low": "ci_low",
    "ci_high": "ci_high",
    "deff": "design_effect",
    "kg_low": "kg_ci_low",
    "kg_high": "kg_ci_high",
}
COUNTS = {"n": "base_unweighted_count", "n_answer": "answer_unweighted_count", "df": "degrees_of_freedom"}

# ---------------------------------------------------------------- the samples
STRATIFIED = {
    "sampling": "probability",
    "weight": "weight",
    "stratum": "stratum",
    "stratum_psu_total": "n_pop_psu",
}
SCHOOLS = {"crossings": [["g_stype", "g_ell"]], "ratios": [ratio("r_apistu_enroll", "m_apistu", "m_enroll")]}
BY_COLUMN = {"wave_from": {"column": "wave"}}
HOUSEHOLDS = [
    question("q_line", ["yes", "no", "unsure"], dont_know="unsure"),
    question("q_trust", "1234"),
    ticks("q_needs", ["shade", "seats", "lights", "unsure"], dont_know="unsure"),
    question("m_trips"),
    question("m_spent"),
]
for _option, _score in zip(HOUSEHOLDS[1]["options"], (-1.0, 0.0, 1.0, 2.5), strict=True):
    _option["value"] = _score


def _survey(name: str, groups: list[str], design: Row, **more: object) -> Survey:
    """A sample's columns say what they are: q_ a choice, m_ a number, place a county."""
    path = FOLDER / f"{name}.csv"
    rows = read_csv(path)

    def codes(column: str) -> list[str]:
        return sorted({row[column] for row in rows} - {""})

    if "place" in rows[0]:
        more |= {"place": "place", "places": {code: code.removeprefix("US-") for code in codes("place")}}
    more.setdefault(
        "questions",
        [
            question(column, codes(column) if column.startswith("q_") else [])
            for column in rows[0]
            if column.startswith(("q_", "m_"))
        ],
    )
    own = [group(dimension, codes(dimension)) for dimension in groups]
    text = path.read_text(encoding="utf-8")
    return Survey(spec(name, design=design, groups=own, **more), {path.name: text})


def _surveys() -> Iterator[Survey]:
    schools = ["g_stype", "g_ell"]
    two_stages = {"stratum_psu_total": "n_pop_psu", "psu_size": "n_pop_ssu"}
    yield _survey("apistrat", schools, STRATIFIED, **SCHOOLS)
    yield _survey("apiclus1", schools, STRATIFIED | {"psu": "psu"}, **SCHOOLS)
    yield _survey(
        "apiclus2",
        ["g_stype", "g_api"],
        {"sampling": "probability", "weight": "weight", "psu": "dnum", "ssu": "snum"} | two_stages,
        **SCHOOLS | {"crossings": [["g_stype", "g_api"]]},
    )
    yield _survey(
        "made_households",
        ["sex", "age", "area"],
        STRATIFIED | {"psu": "cluster", "ssu": "household"} | two_stages,
        questions=HOUSEHOLDS,
        crossings=[["sex", "age"], ["sex", "age", "area"]],
        ratios=[ratio("r_trips_spent", "m_trips", "m_spent")],
    )
    waves = [wave_of("W1_apisrs"), wave_of("W2_apistrat", date(2001, 1, 1))]
    yield _survey("waves_dev", schools, STRATIFIED, waves=waves, **BY_COLUMN)
    years = [wave_of("1999", date(1999, 1, 1)), wave_of("2000")]
    yield _survey("panel_dev", schools, STRATIFIED, waves=years, is_panel=True, **BY_COLUMN)


# ---------------------------------------------------------------- the build
@pytest.fixture(scope="module")
def built(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Cells]]:
    """Estimates by source, wave and cell, changes by source and cell."""
    with new_warehouse() as settings:
        warehouse = build(settings, tmp_path_factory.mktemp("oracle"), _surveys())
        estimates, changes = warehouse.rows(ESTIMATES), warehouse.rows(CHANGES)
        yield {
            "estimates": {(row["source_id"], row["wave_id"], *_cell(row)): row for row in estimates},
            "changes": {(row["source_id"], *_cell(row)): row for row in changes},
        }


def _cell(row: Row) -> Key:
    names = ("question_id", "answer_code", "base_code", "group_dimension", "group_code", "place_code")
    return tuple(row[name] for name in names)


def _expected(name: str) -> Iterator[tuple[Key, dict[str, str]]]:
    """Cells of the file, under the warehouse's names. Where nobody finds it hard to say there is one base."""
    for row in read_csv(FOLDER / f"{name}_expected.csv"):
        base = row.get("base", "substantive")
        yield (row["question"], row["answer"], base, row["group"], row["code"], row["place"]), row


def _differs(found: float | None, expected: str, floor: float = 0.0) -> bool:
    if found is None or expected == "":
        return found is not None or expected != ""
    return found != pytest.approx(float(expected), rel=TOLERANCE, abs=floor)


# ---------------------------------------------------------------- estimates
@pytest.mark.parametrize(
    ("name", "cells"), [("apistrat", 3147), ("apiclus1", 1329), ("apiclus2", 156), ("made_households", 600)]
)
def test_every_cell_of_a_sample_agrees_with_r(built: dict[str, Cells], name: str, cells: int) -> None:
    compared, wrong = 0, []
    for cell, row in _expected(name):
        found = built["estimates"][name, "w", *cell]
        compared += 1
        wrong += [
            (cell, ours, found[ours], row[theirs])
            for theirs, ours in COUNTS.items()
            if row[theirs] != "" and found[ours] != int(row[theirs])
        ]
        wrong += [
            (cell, ours, found[ours], row[theirs])
            for theirs, ours in FIGURES.items()
            if theirs in row
            and not (cell[1] in NO_SHARE and theirs.startswith("kg"))
            and not (cell[1] == "_ratio" and row[theirs] == "")  # R's file has neither interval nor effect
            and _differs(found[ours], row[theirs])
        ]
    assert not wrong, f"{len(wrong)} figures differ: {wrong[:10]}"
    assert compared == cells


@pytest.mark.parametrize("name", ["apistrat", "apiclus1", "apiclus2"])
def test_bases_are_the_same_where_nobody_finds_it_hard_to_say(built: dict[str, Cells], name: str) -> None:
    names = {"estimate_key", "base_code"}
    pairs = []
    for key, row in built["estimates"].items():
        if key[0] == name and row["measure"] == "proportion" and row["base_code"] == "substantive":
            other = built["estimates"][*key[:4], "all", *key[5:]]
            assert {k: v for k, v in row.items() if k not in names} == {
                k: v for k, v in other.items() if k not in names
            }
            pairs.append(key)
    assert pairs


# ---------------------------------------------------------------- reliability
def test_reliability_is_what_the_nchs_standards_say(built: dict[str, Cells]) -> None:
    """R flags: Px suppress, Pc complement, Pdf under 8 degrees of freedom, P0 0 % or 100 %; none: present.

    What a statistician has to look at (Pdf, P0) is `review`, whether or not its complement is flagged too.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for name in ("apistrat", "apiclus1"):
        for cell, row in _expected(name):
            if cell[1] in NO_SHARE:
                continue
            code = built["estimates"][name, "w", *cell]["reliability_code"]
            assert code == _code(row), (name, cell, row)
            seen[row["flags"], code] += 1
    assert seen == {
        ("", reliability.PRESENT): 134,
        ("Pc", reliability.COMPLEMENT): 20,
        ("Pdf", reliability.REVIEW): 7,
        ("P0", reliability.REVIEW): 5,
        ("Pc Pdf", reliability.REVIEW): 2,
        ("Pdf P0", reliability.REVIEW): 2,
        ("Px", reliability.SUPPRESS_NO_VARIANCE): 1834,
        ("Px", reliability.SUPPRESS_SAMPLE): 1577,
        ("Px", reliability.SUPPRESS_WIDTH): 55,
        ("Px", reliability.SUPPRESS_RELATIVE): 76,
    }


def _code(row: dict[str, str]) -> str:
    """The warehouse's code for R's flags; R does not say which of the rules suppresses, so its figures do."""
    flags = set(row["flags"].split())
    assert flags <= {"Px", "Pc", "Pdf", "P0"}
    if flags & {"Pdf", "P0"}:
        return reliability.REVIEW
    if "Px" not in flags:
        return reliability.COMPLEMENT if flags else reliability.PRESENT
    assert flags == {"Px"}
    if row["df"] == "0":
        return reliability.SUPPRESS_NO_VARIANCE
    p, n = float(row["estimate"]), int(row["n"])
    at_edge = row["n_answer"] in ("0", row["n"])
    if (n if at_edge else min(n, p * (1 - p) / float(row["se"]) ** 2)) < 30:
        return reliability.SUPPRESS_SAMPLE
    width = float(row["kg_high"]) - float(row["kg_low"])
    if width >= 0.30:
        return reliability.SUPPRESS_WIDTH
    assert width > 0.05
    assert width / p > 1.30
    return reliability.SUPPRESS_RELATIVE


# ---------------------------------------------------------------- change
def test_every_change_between_waves_agrees_with_r(built: dict[str, Cells]) -> None:
    """R adds the degrees of freedom; where one wave has none, the variance of the change is not known."""
    seen: Counter[str] = Counter()
    wrong = []
    for cell, row in _expected("waves_dev"):
        before, after = (
            built["estimates"]["waves_dev", wave, *cell] for wave in ("W1_apisrs", "W2_apistrat")
        )
        found = built["changes"]["waves_dev", *cell]
        freedom = [each["degrees_of_freedom"] for each in (before, after)]
        assert sum(freedom) == int(row["df"])
        assert not found["is_panel"]
        known = min(freedom) > 0
        is_tested = known and float(row["se"]) > 0
        pairs = (
            (found["difference"], row["difference"]),
            (found["standard_error"], row["se"] if known else ""),
            (found["p_value"], row["p_value"] if is_tested else ""),
        )
        wrong += [(cell, pair) for pair in pairs if _differs(*pair, floor=1e-15)]
        seen["cells"] += 1
        seen["of known variance"] += known
        seen["tested"] += is_tested
    assert not wrong, f"{len(wrong)} figures differ: {wrong[:10]}"
    assert seen == {"cells": 585, "of known variance": 378, "tested": 355}


def test_every_change_of_a_panel_agrees_with_r(built: dict[str, Cells]) -> None:
    seen: Counter[str] = Counter()
    wrong = []
    for cell, row in _expected("panel_dev"):
        found = built["changes"]["panel_dev", *cell]
        assert found["is_panel"]
        known = row["df"] != "0"
        is_tested = known and float(row["se"]) > 0
        pairs = (
            (found["difference"], row["difference"]),
            (found["standard_error"], row["se"] if known else ""),
            (found["p_value"], row["p_value"] if is_tested else ""),
        )
        wrong += [(cell, pair) for pair in pairs if _differs(*pair, floor=1e-15)]
        seen["cells"] += 1
        seen["of known variance"] += known
        seen["tested"] += is_tested
    assert not wrong, f"{len(wrong)} figures differ: {wrong[:10]}"
    assert seen == {"cells": 47, "of known variance": 27, "tested": 15}
