"""Calibrated weights against R's survey package, worked cases and poisoned margins.

`survey_oracle`: the California school samples that R's survey 4.1.1 ships with, their population's totals,
and the weights that its rake, postStratify and calibrate give.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opinion_warehouse.analysis import calibration
from opinion_warehouse.analysis.calibration import Calibrated, Margin, MarginsNotMet, calibrate

ORACLE = Path(__file__).parents[1] / "fixtures" / "survey_oracle"


def read(name: str) -> list[dict[str, str]]:
    with (ORACLE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def population(dimension: str) -> Margin:
    if "*" in dimension:
        return Margin(
            dimension,
            {f"{r['stype']}|{r['sch_wide']}": float(r["population"]) for r in read("population_cells")},
        )
    rows = [row for row in read("population_margins") if row["margin"] == dimension]
    if dimension == "api99_total":
        return number("api99", float(rows[0]["population"]))
    return Margin(dimension, {row["level"]: float(row["population"]) for row in rows})


def margin_of(name: str, codes: Sequence[str], weights: Any) -> Margin:
    """The margin those weights add to."""
    column = np.asarray(codes)
    return Margin(name, {str(c): float(weights[column == c].sum()) for c in dict.fromkeys(codes)})


def number(name: str, total: float) -> Margin:
    return Margin(name, {"_total": total}, is_numeric=True)


def refused(*args: Any, **kwargs: Any) -> MarginsNotMet:
    with pytest.raises(MarginsNotMet) as raised:
        calibrate(*args, **kwargs)
    return raised.value


# Agreement with R


@pytest.mark.parametrize("sample", ["apistrat", "apiclus1"])
@pytest.mark.parametrize(
    ("method", "dimensions", "column", "tolerance"),
    [
        ("rake", ["stype", "sch_wide", "awards"], "w_rake_stype_schwide_awards", 1e-8),
        ("poststratify", ["stype*sch_wide"], "w_poststrat_stype_x_schwide", 1e-12),
        ("greg", ["stype", "api99_total"], "w_greg_stype_api99", 1e-12),
    ],
)
def test_calibrate_real_sample_gives_the_weights_of_r(
    sample: str, method: Any, dimensions: list[str], column: str, tolerance: float
) -> None:
    rows = read(f"weighting_{sample}")
    found = calibrate(
        method,
        np.array([float(row["base_weight"]) for row in rows]),
        {name: [row[name] for row in rows] for name in ("stype", "sch_wide", "awards")},
        [population(dimension) for dimension in dimensions],
        numbers={"api99": np.array([float(row["api99"]) for row in rows])},
    )
    assert found.weights == pytest.approx([float(row[column]) for row in rows], rel=tolerance)
    assert (found.iterations, found.cap) == (1, None)
    assert found.margin_error <= 1e-8


def test_calibrate_real_sample_tells_its_margins() -> None:
    rows = read("weighting_apistrat")
    base = np.array([float(row["base_weight"]) for row in rows])
    found = calibrate("rake", base, {"stype": [row["stype"] for row in rows]}, [population("stype")])
    by_code = {margin.code: margin for margin in found.margins}
    assert {code: margin.respondent_count for code, margin in by_code.items()} == {"E": 100, "M": 50, "H": 50}
    high = by_code["H"]
    assert (high.dimension, high.target) == ("stype", 755)
    assert high.before == pytest.approx(sum(float(r["base_weight"]) for r in rows if r["stype"] == "H"))
    assert high.achieved == pytest.approx(755)


# Properties


@st.composite
def surveys(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, list[str]], list[Margin]]:
    """A sample where every combination of categories occurs, and the margins some true weights have."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    combinations = [()]
    for size in sizes:
        combinations = [(*c, str(code)) for c in combinations for code in range(size)]
    extra = draw(st.lists(st.sampled_from(combinations), max_size=40))
    people = combinations + extra
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    base = rng.uniform(0.2, 5, len(people)) * draw(st.sampled_from([1e-6, 1.0, 1e6]))
    true = base * rng.uniform(0.3, 3, len(people)) * draw(st.sampled_from([1.0, 1e5]))
    codes = {f"d{i}": [person[i] for person in people] for i in range(len(sizes))}
    return base, codes, [margin_of(name, column, true) for name, column in codes.items()]


@settings(max_examples=60, deadline=None)
@given(surveys(), st.randoms(use_true_random=False))
def test_rake_margins_of_true_weights_are_met(survey: Any, random: Any) -> None:
    base, codes, margins = survey
    found = calibrate("rake", base, codes, margins)
    assert (found.weights > 0).all()
    for margin in margins:
        achieved = margin_of(margin.dimension, codes[margin.dimension], found.weights).totals
        assert achieved == pytest.approx(dict(margin.totals), rel=1e-6)
    # Respondents alike in every dimension are moved alike, whatever their base weight and place in the file.
    factors: dict[tuple[str, ...], float] = {}
    for person, factor in zip(zip(*codes.values(), strict=True), found.weights / base, strict=True):
        assert factors.setdefault(person, factor) == pytest.approx(factor, rel=1e-9)
    order = list(range(len(base)))
    random.shuffle(order)
    shuffled = {name: [column[i] for i in order] for name, column in codes.items()}
    assert calibrate("rake", base[order], shuffled, margins).weights == pytest.approx(
        found.weights[order], rel=1e-7
    )


@settings(max_examples=60, deadline=None)
@given(surveys(), st.sampled_from([1e-9, 1.0, 1e9]))
def test_greg_margins_in_reach_are_met_or_need_negative_weights(survey: Any, size: float) -> None:
    base, codes, margins = survey
    income = np.random.default_rng(len(base)).lognormal(0, 1, len(base)) * size
    total = number("income", float(income @ calibrate("rake", base, codes, margins).weights))
    try:
        found = calibrate("greg", base, codes, [*margins, total], numbers={"income": income})
    except MarginsNotMet as refusal:
        assert refusal.code == "weight_not_positive"
        return
    assert (found.weights > 0).all()
    assert found.weights @ income == pytest.approx(total.totals["_total"], rel=1e-6)
    for margin in margins:
        achieved = margin_of(margin.dimension, codes[margin.dimension], found.weights).totals
        assert achieved == pytest.approx(dict(margin.totals), rel=1e-6)


def test_poststratify_worked_case_scales_each_cell() -> None:
    codes = {"gender": ["1", "1", "2", "2"], "age": ["a", "b", "a", "b"]}
    cells = Margin("gender*age", {"1|a": 30.0, "1|b": 10.0, "2|a": 40.0, "2|b": 20.0})
    found = calibrate("poststratify", np.array([1.0, 1.0, 2.0, 5.0]), codes, [cells])
    assert found.weights == pytest.approx([30, 10, 40, 20], rel=1e-12)


def test_greg_two_margins_and_incomes_in_dong_are_met() -> None:
    # svy's own solver misses these.
    rng = np.random.default_rng(1)
    codes = {"gender": rng.choice(["1", "2"], 300).tolist(), "age": rng.choice(["a", "b", "c"], 300).tolist()}
    income, true = rng.lognormal(16, 1, 300), rng.uniform(0.5, 2, 300)
    margins = [margin_of(name, column, true) for name, column in codes.items()]
    margins.append(number("income", float(income @ true)))
    found = calibrate("greg", np.ones(300), codes, margins, numbers={"income": income})
    assert found.margin_error < 1e-12
    assert found.margins[-1].code == "_total"


def test_greg_numeric_total_of_0_is_met() -> None:
    left_right = np.array([-2.0, -1.0, 0.0, 1.0, 3.0, 3.0])
    margins = [Margin("g", {"a": 60.0}), number("left_right", 0.0)]
    found = calibrate("greg", np.ones(6), {"g": ["a"] * 6}, margins, numbers={"left_right": left_right})
    assert found.weights.sum() == pytest.approx(60)
    assert found.weights @ left_right == pytest.approx(0, abs=1e-9)


# Extremes


@pytest.mark.parametrize("method", ["rake", "poststratify", "greg"])
@pytest.mark.parametrize(
    ("base", "codes", "totals", "weights"),
    [
        ([3.0], ["a"], {"a": 7.0}, [7.0]),
        ([1.0] * 4, ["a"] * 4, {"a": 8.0}, [2.0] * 4),
        ([1.0] * 4, ["a", "a", "a", "b"], {"a": 3.0, "b": 1.0}, [1.0] * 4),
        ([1e-3, 1e3, 1.0], ["a", "a", "b"], {"a": 1000.001, "b": 5.0}, [1e-3, 1e3, 5.0]),
        ([1e6, 1.0], ["a", "b"], {"a": 1.0, "b": 1e6}, [1.0, 1e6]),
        ([1e-9, 2e-9], ["a", "b"], {"a": 3e-9, "b": 4e-9}, [3e-9, 4e-9]),
        ([1.0, 1.0, 1.0], ["1", "01", "1.0"], {"1": 1.0, "01": 2.0, "1.0": 3.0}, [1.0, 2.0, 3.0]),
        ([1.0, 1.0], ["", "a_&_b"], {"": 1.0, "a_&_b": 2.0, "gone": 0.0}, [1.0, 2.0]),
    ],
)
def test_calibrate_extreme_sample_is_weighted(
    method: Any, base: list[float], codes: list[str], totals: dict[str, float], weights: list[float]
) -> None:
    found = calibrate(method, np.array(base), {"weight": codes}, [Margin("weight", totals)])
    assert found.weights == pytest.approx(weights, rel=1e-9)


def test_calibrate_codes_with_a_bar_are_not_taken_for_joint_ones() -> None:
    joint = Margin("a*b", {"1|2|3": 10.0})
    refusal = refused("rake", np.ones(1), {"a": ["1|2"], "b": ["3"]}, [joint])
    assert refusal.code == "margin_unlisted_code"
    assert calibrate("rake", np.ones(1), {"a": ["1|2"]}, [Margin("a", {"1|2": 5.0})]).weights == [5.0]


def test_calibrate_twice_gives_the_same_weights() -> None:
    base, codes, margins = skewed()
    first, second = (calibrate("rake", base, codes, margins, trim=5.0).weights for _ in range(2))
    assert (first == second).all()


# Totals, shares, unknowns


def test_calibrate_rounded_totals_are_scaled_to_the_first() -> None:
    codes = {"g": ["a", "b", "a", "b"], "r": ["x", "x", "y", "y"]}
    margins = [Margin("g", {"a": 600.0, "b": 400.0}), Margin("r", {"x": 500.4, "y": 500.4})]
    found = calibrate("rake", np.ones(4), codes, margins)
    assert found.weights.sum() == pytest.approx(1000, rel=1e-9)
    assert [margin.target for margin in found.margins] == pytest.approx([600, 400, 500, 500])


@pytest.mark.parametrize("method", ["rake", "greg"])
def test_calibrate_shares_keep_the_base_total(method: Any) -> None:
    codes = {"g": ["a", "b", "a", "b"], "r": ["x", "x", "y", "y"]}
    margins = [Margin("g", {"a": 0.6, "b": 0.4}), Margin("r", {"x": 0.3, "y": 0.7005})]
    found = calibrate(method, np.array([1.0, 2.0, 3.0, 4.0]), codes, margins, is_share=True)
    assert found.weights.sum() == pytest.approx(10)
    targets = [6, 4, 10 * 0.3 / 1.0005, 10 * 0.7005 / 1.0005]
    assert [margin.achieved for margin in found.margins] == pytest.approx(targets, rel=1e-6)


def test_greg_shares_take_a_mean() -> None:
    margins = [Margin("g", {"a": 0.5, "b": 0.5}), number("age", 40.0)]
    age = np.array([20.0, 30.0, 40.0, 60.0])
    codes = {"g": ["a", "b", "a", "b"]}
    found = calibrate("greg", np.full(4, 2.5), codes, margins, numbers={"age": age}, is_share=True)
    assert found.weights.sum() == pytest.approx(10)
    assert np.average(age, weights=found.weights) == pytest.approx(40)


@pytest.mark.parametrize("method", ["rake", "greg"])
def test_calibrate_unknown_categories_keep_their_share(method: Any) -> None:
    # One of forty respondents, 2.5 % of the base weight, does not tell the gender.
    gender: list[str | None] = [None, *["1"] * 19, *["2"] * 20]
    region = ["n", "s"] * 20
    margins = [Margin("gender", {"1": 480.0, "2": 520.0}), Margin("region", {"n": 700.0, "s": 300.0})]
    found = calibrate(method, np.full(40, 3.0), {"gender": gender, "region": region}, margins)
    achieved = {(margin.dimension, margin.code): margin.achieved for margin in found.margins}
    assert achieved == pytest.approx(
        {
            ("gender", "1"): 480 * 0.975,
            ("gender", "2"): 520 * 0.975,
            ("gender", None): 25,
            ("region", "n"): 700,
            ("region", "s"): 300,
        },
        rel=1e-6,
    )
    assert [margin.respondent_count for margin in found.margins] == [19, 20, 1, 20, 20]


def test_poststratify_joint_cell_with_any_part_unknown_is_unknown() -> None:
    codes: dict[str, Sequence[str | None]] = {
        "gender": [None, "1", *["1"] * 49, *["2"] * 49],
        "age": ["a", None, *["a"] * 49, *["b"] * 49],
    }
    cells = Margin("gender*age", {"1|a": 60.0, "2|b": 40.0})
    found = calibrate("poststratify", np.ones(100), codes, [cells])
    assert {margin.code: margin.achieved for margin in found.margins} == pytest.approx(
        {"1|a": 58.8, "2|b": 39.2, None: 2.0}
    )


# Refusals

TWO = {"g": ["a", "b", "a", "b"], "r": ["x", "x", "y", "y"]}
G, HALF = Margin("g", {"a": 60.0, "b": 40.0}), Margin("g", {"a": 50.0, "b": 50.0})
CELLS = ["a|x", "a|y", "b|x", "b|y"]


FOUR = np.ones(4)
DIAGONAL = {"g": ["a", "b"], "r": ["x", "y"]}
CORNER = {"g": ["a", "a", "b"], "r": ["x", "y", "x"]}
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("code", "says", "base", "codes", "margins"),
    [
        ("no_respondents", "empty", [], {"g": []}, [G]),
        ("margin_totals_differ", "r adds to 101, g to 100", FOUR, TWO, [G, Margin("r", {"x": 1, "y": 100})]),
        ("margin_unknown", "g: the category of 25.0%", FOUR, {"g": ["a", "b", "a", None]}, [G]),
        ("margin_unknown", "g: the category of 90.0%", [1, 9], {"g": ["a", None]}, [G]),
        ("margin_unknown", "town: the wave has no", FOUR, TWO, [Margin("town", {"a": 1})]),
        ("margin_unknown", "g*town: the wave has no", FOUR, TWO, [Margin("g*town", {"a|b": 1})]),
        ("margin_empty_cell", "code c has a total of 5", FOUR, TWO, [Margin("g", {"a": 6, "b": 4, "c": 5})]),
        ("margin_empty_cell", "g*r: code b|y", [1] * 3, CORNER, [Margin("g*r", dict.fromkeys(CELLS, 9.0))]),
        ("margin_unlisted_code", "g: 2 respondents have code b", FOUR, TWO, [Margin("g", {"a": 60})]),
        ("margin_unlisted_code", "g: 2 respondents have code b", FOUR, TWO, [Margin("g", {"a": 6, "b": 0})]),
        ("margins_not_met", "g has totals no people", FOUR, TWO, [Margin("g", {"a": 60, "b": -1})]),
        ("margins_not_met", "g has totals no people", FOUR, TWO, [Margin("g", {"a": 60, "b": NAN})]),
        ("margins_not_met", "g has totals no people", FOUR, TWO, [Margin("g", {"a": 60, "b": INF})]),
        ("margins_not_met", "g has totals no people", FOUR, TWO, [Margin("g", {})]),
        # One person is all of a and all of x: 60 % and 50 %.
        ("margins_not_met", "margin g: code", [1, 1], DIAGONAL, [G, Margin("r", {"x": 50, "y": 50})]),
        # Whoever is y is a, and those who aren't are b: nothing is left for a and x, and the sweeps creep.
        ("margins_not_met", "comes to", [1] * 3, CORNER, [HALF, Margin("r", {"x": 50, "y": 50})]),
        ("margins_not_met", "", [1e-200, 1], {"g": ["a", "b"]}, [G]),  # beyond what svy can sum
        ("weight_not_positive", "1 base weights", [1, 0, 1, 1], TWO, [G]),
        ("weight_not_positive", "1 base weights", [1, -1, 1, 1], TWO, [G]),
        ("weight_not_positive", "2 base weights", [1, NAN, INF, 1], TWO, [G]),
        ("weight_not_positive", "base weights", [1e308] * 4, TWO, [G]),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_rake_poison_is_refused_by_code(code: str, says: str, base: Any, codes: Any, margins: Any) -> None:
    refusal = refused("rake", np.array(base, dtype=np.float64), codes, margins)
    assert refusal.code == code
    assert says in refusal.detail
    assert refusal.detail.endswith(f": {calibration.REASONS[code]}.")


@pytest.mark.parametrize(
    ("code", "says", "x", "total"),
    [
        ("margin_unknown", "margin x: 1 respondents", [1, 2, NAN, 3], 900),
        ("margin_unknown", "margin x: 1 respondents", [1, 2, INF, 3], 900),
        ("margin_unknown", "margin x: 4 respondents", None, 900),
        ("margin_unknown", "or the population", [1, 2, 3, 4], NAN),
        # An infinite sum of sizes would make every error 0.
        ("margin_unknown", "margin x: 0 respondents", [1e308] * 4, 900),
        ("margins_not_met", "margin g: code", [3, 3, 3, 3], 400),  # 100 people of 3 years are 300
        ("margins_not_met", "margin x: code _total comes to 0", [0, 0, 0, 0], 400),
        ("weight_not_positive", "of 4 weights come to 0 or less", [1, 2, 3, 4], 900),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_greg_poison_is_refused_by_code(code: str, says: str, x: list[float] | None, total: float) -> None:
    numbers = {} if x is None else {"x": np.array(x, dtype=np.float64)}
    refusal = refused("greg", FOUR, TWO, [G, number("x", total)], numbers=numbers)
    assert refusal.code == code
    assert says in refusal.detail


def test_calibrate_shares_that_do_not_add_to_1_are_refused() -> None:
    refusal = refused("rake", FOUR, TWO, [Margin("g", {"a": 0.5, "b": 0.4})], is_share=True)
    assert refusal.code == "margin_totals_differ"
    assert "g adds to 0.9, shares to 1" in refusal.detail


@pytest.mark.parametrize(
    ("method", "codes", "margins", "options"),
    [
        ("rake", TWO, [], {}),
        ("poststratify", TWO, [G, Margin("r", {"x": 50, "y": 50})], {}),
        ("rake", TWO, [G, number("x", 9)], {"numbers": {"x": np.ones(4)}}),
        ("rake", {"g": ["a", "b"]}, [G], {}),
        ("rake", {"g": ["a"] * 4, "r": ["x"]}, [Margin("g*r", {"a|x": 1})], {}),
        ("greg", TWO, [G, number("x", 9)], {"numbers": {"x": np.ones(3)}}),
        ("rake", TWO, [G], {"trim": 1.0}),
        ("rake", TWO, [G], {"trim": float("nan")}),
    ],
)
def test_calibrate_mistaken_caller_is_told(method: Any, codes: Any, margins: Any, options: Any) -> None:
    with pytest.raises(ValueError):
        calibrate(method, np.ones(4), codes, margins, **options)


# Trimming


def skewed(spread: float = 0.6) -> tuple[np.ndarray, dict[str, list[str]], list[Margin]]:
    rng = np.random.default_rng(0)
    base = rng.lognormal(0, spread, 1500)
    codes = {f"d{i}": rng.choice([str(c) for c in range(k)], 1500).tolist() for i, k in enumerate((2, 6, 20))}
    pull = sum(np.exp(rng.normal(0, 0.4, 20))[np.array(column, dtype=int)] for column in codes.values())
    return base, codes, [margin_of(name, column, base * pull) for name, column in codes.items()]


def assert_trimmed(found: Calibrated, cap: float) -> None:
    assert found.cap == cap
    assert found.weights.max() <= cap * np.median(found.weights)
    assert found.weights.min() > 0
    assert found.margin_error <= 1e-6
    for margin in found.margins:
        assert margin.achieved == pytest.approx(margin.target, rel=1e-6)


def max_to_median(weights: Any) -> float:
    return float(weights.max() / np.median(weights))


@pytest.mark.parametrize("method", ["rake", "greg"])
@pytest.mark.parametrize("trim", [4.0, 5.0])
def test_trim_skewed_weights_keeps_cap_and_margins(method: Any, trim: float) -> None:
    base, codes, margins = skewed()
    before = calibrate(method, base, codes, margins)
    assert max_to_median(before.weights) > 5
    found = calibrate(method, base, codes, margins, trim=trim)
    assert_trimmed(found, trim)
    assert found.iterations > 1
    assert float((found.weights**2).sum()) < float((before.weights**2).sum())  # Kish: the totals are equal


def test_trim_skewed_rake_is_the_closest_under_its_cap() -> None:
    # The conditions of the optimum: below the cap, base x a factor a category; at it, no less than the cap.
    base, codes, margins = skewed()
    weights = calibrate("rake", base, codes, margins, trim=4.0).weights
    is_held = weights >= weights.max() * (1 - 1e-9)
    design = np.column_stack([np.eye(20)[np.array(column, dtype=int)] for column in codes.values()])
    ratio = np.log(weights / base)
    effects = np.linalg.lstsq(design[~is_held], ratio[~is_held])[0]
    assert 5 < is_held.sum() < 150
    assert design[~is_held] @ effects == pytest.approx(ratio[~is_held], abs=1e-6)
    assert (np.exp(design @ effects) * base)[is_held].min() >= weights.max() * 0.999


@pytest.mark.parametrize(("spread", "trim"), [(1.2, 5.0), (1.6, 6.0)])
def test_trim_heavy_tailed_base_weights_are_held_no_lower_than_asked(spread: float, trim: float) -> None:
    # The first median is a third of the last one: what is held at first has to be let go again.
    base, codes, margins = skewed(spread)
    found = calibrate("rake", base, codes, margins, trim=trim)
    assert_trimmed(found, trim)
    assert found.weights.max() > 0.98 * trim * np.median(found.weights)


def test_trim_poststratified_cell_takes_from_its_largest_weight() -> None:
    codes = {"g": ["a"] * 10 + ["b"] * 10}
    found = calibrate("poststratify", np.array([1.0] * 9 + [20] + [1] * 10), codes, [G], trim=5.0)
    assert_trimmed(found, 5.0)
    # The outlier is u, the other nine share the rest of 60, the median is between theirs and b's 4:
    # u = 5 x (4 + (60 - u)/9)/2 = 20.87.
    assert found.weights[:10] == pytest.approx([(60 - 20.87) / 9] * 9 + [20.87], rel=0.011)


def test_trim_nothing_above_the_cap_changes_nothing() -> None:
    found, plain = (calibrate("rake", np.arange(1.0, 5), TWO, [G], trim=trim) for trim in (5.0, None))
    assert (found.weights == plain.weights).all()
    assert (found.iterations, found.cap, plain.cap) == (1, 5.0, None)


def few_of(kind: float, people: int = 10) -> Callable[..., Calibrated]:
    """Ten respondents, one in ten of them of a category whose weights must be `kind` times the others'."""
    codes = {"g": ["a"] * (people - 1) + ["b"]}
    margin = Margin("g", {"a": people - 1.0, "b": kind})
    return lambda **options: calibrate("rake", np.ones(people), codes, [margin], **options)


@pytest.mark.parametrize(
    ("needed", "trim", "cap"), [(5.002, 5.0, 6.0), (5.5, 5.0, 6.0), (9.5, 5.0, 10.0), (3.8, 2.0, 4.0)]
)
def test_trim_cap_out_of_reach_takes_the_next_looser(needed: float, trim: float, cap: float) -> None:
    assert_trimmed(few_of(needed)(trim=trim), cap)


def test_trim_twice_the_cap_out_of_reach_is_refused() -> None:
    with pytest.raises(MarginsNotMet) as raised:
        few_of(10.5)(trim=5.0)
    assert raised.value.code == "margins_not_met"
    assert "10 x their median" in raised.value.detail


def test_trim_held_weights_above_their_total_are_refused() -> None:
    # b's larger weight lifts the median until both of a, held at the cap, weigh more than a has people.
    margin = Margin("g", {"a": 6.9, "b": 31.5})
    refusal = refused("rake", np.array([3.0, 2.0, 5.0, 16.0]), {"g": list("abab")}, [margin], trim=1.5)
    assert refusal.code == "margins_not_met"
    assert "2.5 x their median" in refusal.detail


def test_trim_unknown_categories_keep_their_share() -> None:
    base, codes, margins = skewed()
    total = sum(margins[0].totals.values())
    with_unknown: dict[str, Sequence[str | None]] = {**codes, "d0": [None] * 30 + codes["d0"][30:]}
    found = calibrate("rake", base, with_unknown, margins, trim=5.0)
    assert_trimmed(found, 5.0)
    share = found.weights[:30].sum() / total
    assert share == pytest.approx(base[:30].sum() / base.sum(), rel=1e-6)
