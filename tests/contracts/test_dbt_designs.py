"""Random sampling designs: the SQL's estimates against svy's linearisation, panels against the textbook.

svy is an implementation of its own. Its singleton rule `center` is R's "adjust" and its domains keep all
PSUs, but it leaves lone second-stage units out: there, the standard error is the textbook's.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
import svy
from made_designs import (
    DESIGN_EDGES,
    DOMAINS,
    NEEDS,
    SCORES,
    Sample,
    edges_of_design,
    extreme_survey,
    lone,
    make_panel,
    make_sample,
    survey_of,
)
from scipy.stats import t as student
from survey_pipeline import CHANGES, COUNTRY, ESTIMATES, Row, build, wave_of

from opinion_warehouse.readers.cells.values import LARGEST, SMALLEST
from opinion_warehouse.settings import Settings

DESIGNS = 25
PANELS = 5
TOLERANCE = 1e-8

Key = tuple[str, ...]


class Measure(NamedTuple):
    """Something estimated: y (over x) of those whose y is not null."""

    question: str
    answer: str
    base: str
    y: str
    x: str | None = None


SAMPLES = [make_sample(seed) for seed in range(DESIGNS)]
PANEL_SAMPLES = [make_panel(number) for number in range(PANELS)]


# ---------------------------------------------------------------- what svy says
def _frame(sample: Sample) -> tuple[pl.DataFrame, list[Measure]]:
    """Rows with a column for each thing that is estimated: null outside its base."""
    frame = pl.DataFrame(sample.rows, infer_schema_length=None).with_columns(
        pl.col("respondent_id").cast(pl.String),
        pl.col("weight").cast(pl.Float64) if "weight" in sample.design else pl.lit(1.0).alias("weight"),
    )
    measures: list[Measure] = []

    def add(question_id: str, answer: str, base: str, y: pl.Expr, x: pl.Expr | None = None) -> None:
        nonlocal frame
        names = [f"y{len(measures)}", f"x{len(measures)}"][: 1 if x is None else 2]
        columns = [y] if x is None else [y, x]
        frame = frame.with_columns(
            e.cast(pl.Float64).alias(name) for name, e in zip(names, columns, strict=True)
        )
        measures.append(Measure(question_id, answer, base, *names))

    def choice(question_id: str, answers: list[str], dont_know: str, unsure: str) -> None:
        given = pl.when(pl.col(question_id) != "99").then(pl.col(question_id))
        for answer in answers:
            add(question_id, answer, "all", given == answer)
            add(
                question_id,
                answer,
                "substantive",
                pl.when(pl.col(question_id) != dont_know).then(given == answer),
            )
        add(question_id, unsure, "all", given == dont_know)

    choice("q_line", ["yes", "no", "never"], "unsure", "unsure")
    choice("q_plan", ["a", "b", "c"], "98", "_dont_know")
    for answer in ("yes", "no"):
        for base in ("all", "substantive"):
            add("q_rare", answer, base, pl.col("q_rare") == answer)
    scores = pl.col("q_plan").replace_strict(SCORES, default=None, return_dtype=pl.Float64)
    add("q_plan", "_mean", "substantive", scores)
    for name in [*NEEDS, "unsure"]:
        add("q_needs", name, "all", pl.col(f"q_needs_{name}"))
    for name in NEEDS:
        is_sure = pl.col("q_needs_unsure") == 0
        add("q_needs", name, "substantive", pl.when(is_sure).then(pl.col(f"q_needs_{name}")))
    wants = [pl.col("q_wants_benches"), pl.col("q_wants_trees")]
    for wish, name in zip(wants, ["benches", "trees"], strict=True):
        add("q_wants", name, "all", pl.when(wish.is_not_null()).then(wish == 1))
        is_sure = pl.all_horizontal(wish.is_not_null(), *(each.ne_missing(98) for each in wants))
        add("q_wants", name, "substantive", pl.when(is_sure).then(wish == 1))
    trips, days, cost = pl.col("m_trips"), pl.col("m_days"), pl.col("m_cost")
    add("m_trips", "_mean", "substantive", trips)
    add("m_days", "_mean", "substantive", days)
    add("m_cost", "_mean", "substantive", pl.when(cost != -1).then(cost))
    both = trips.is_not_null() & days.is_not_null()
    add("r_days_trips", "_ratio", "substantive", pl.when(both).then(days), pl.when(both).then(trips))
    return frame, measures


def _drawn(sample: Sample, frame: pl.DataFrame) -> svy.Sample:
    design = sample.design
    sizes: Any = design.get("stratum_psu_total")
    if "psu_size" in design:
        sizes = svy.PopSize(sizes, design["psu_size"])
    return svy.Sample(
        frame,
        svy.Design(
            wgt="weight",
            stratum=design.get("stratum"),
            psu=design.get("psu"),
            ssu=design.get("ssu", "respondent_id" if "psu_size" in design else None),
            pop_size=sizes,
            singleton="center" if "stratum" in design else None,
        ),
    )


def _expected(sample: Sample) -> dict[Key, Row]:
    """Every cell: estimate, standard error and degrees of freedom from svy, the rest counted here."""
    if sample.source_id not in _EXPECTED:
        _EXPECTED[sample.source_id] = dict(_ask_svy(sample))
    return _EXPECTED[sample.source_id]


_EXPECTED: dict[str, dict[Key, Row]] = {}


def _ask_svy(sample: Sample) -> Iterator[tuple[Key, Row]]:
    frame, measures = _frame(sample)
    ask = _drawn(sample, frame).estimation
    of_textbook = _Units(sample) if "a lone second-stage unit" in edges_of_design(sample) else None
    is_inside: dict[Key, Any] = {}
    means = [measure for measure in measures if measure.x is None]
    for dimensions in DOMAINS:
        known = _known(dimensions)
        counted = {
            (row["name"], *_domain(dimensions, row)): row for row in _counts(frame, measures, dimensions)
        }
        found = ask.mean(
            [measure.y for measure in means],
            by=dimensions or None,
            where=known,
            drop_nulls=True,
        )
        of_ratios = [
            ask.ratio(m.y, m.x, by=dimensions or None, where=known, drop_nulls=True)
            for m in measures
            if m.x is not None
        ]
        for measure, table in zip(measures, [*found, *of_ratios], strict=True):
            for cell in table.to_polars().iter_rows(named=True):
                domain = _domain(dimensions, cell)
                if of_textbook:
                    if domain not in is_inside:
                        is_inside[domain] = np.array([_is_in(row, *domain) for row in sample.rows])
                    z, _ = _residual(frame, measure, is_inside[domain])
                    cell["se"] = math.sqrt(max(of_textbook.variance((z, np.full(len(z), True))), 0))
                yield (*measure[:3], *domain), counted[measure.y, *domain] | cell


def _known(dimensions: list[str]) -> pl.Expr:
    return pl.all_horizontal(pl.lit(True), *(pl.col(name).is_not_null() for name in dimensions))


def _counts(frame: pl.DataFrame, measures: list[Measure], dimensions: list[str]) -> Iterator[Row]:
    """Bases, answers and variances between people of all measures in a kind of domain."""
    names = [measure.y for measure in measures]
    long = frame.filter(_known(dimensions)).unpivot(
        names, index=["weight", *dimensions], variable_name="name", value_name="y"
    )
    w, y = pl.col("weight"), pl.col("y")
    mean = (w * y).sum() / w.sum()
    yield from (
        long.drop_nulls("y")
        .group_by("name", *dimensions)
        .agg(
            base=pl.len(),
            weighted=w.sum(),
            answered=(y != 0).sum(),
            is_constant=y.min() == y.max(),
            element_variance=(w * (y - mean) ** 2).sum() / w.sum(),
        )
        .iter_rows(named=True)
    )


def _domain(dimensions: list[str], row: Row) -> Key:
    own = [name for name in dimensions if name != "place"]
    place = row["place"] if "place" in dimensions else COUNTRY
    return "*".join(own) or "all", "|".join(row[name] for name in own) or "all", place


# ---------------------------------------------------------------- the build
@pytest.fixture(scope="module")
def built(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[Key, Row]]]:
    """Estimates and changes by source and cell."""
    waves = [wave_of("1"), wave_of("2", date(2001, 1, 1))]
    surveys = [survey_of(sample) for sample in SAMPLES]
    surveys += [
        survey_of(sample, is_panel=True, wave_from={"column": "wave"}, waves=waves)
        for sample in PANEL_SAMPLES
    ]
    surveys.append(extreme_survey())
    with new_warehouse() as settings:
        warehouse = build(settings, tmp_path_factory.mktemp("designs"), surveys)
        found: dict[str, dict[Key, Row]] = {"changes": {}}
        for row in warehouse.rows(ESTIMATES):
            if row["wave_id"] == "w":
                found.setdefault(row["source_id"], {})[_cell(row)] = row
        for row in warehouse.rows(CHANGES):
            found["changes"][row["source_id"], *_cell(row)] = row
        yield found


def _cell(row: Row) -> Key:
    names = ("question_id", "answer_code", "base_code", "group_dimension", "group_code", "place_code")
    return tuple(row[name] for name in names)


def _near(expected: float | None) -> Any:
    """0 is not relative: what is left of equal terms after rounding."""
    return None if expected is None else pytest.approx(expected, rel=TOLERANCE, abs=1e-12)


# ---------------------------------------------------------------- estimates
def test_the_largest_and_smallest_numbers_let_in_stop_no_build(
    built: dict[str, dict[Key, Row]],
) -> None:
    """Double precision holds the squares of what the readers accept."""
    found = {key[0]: row for key, row in built["extreme"].items() if key[2] == "substantive"}
    assert {name for name, row in found.items() if row["standard_error"] is not None} == {
        "most", "least", "most_of_least", "least_of_most",
    }  # fmt: skip
    assert found["most"]["estimate"] == pytest.approx(LARGEST)
    assert found["least"]["estimate"] == pytest.approx(SMALLEST)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.source_id}_{sample.kind}")
def test_estimates_of_a_random_design_agree_with_svy(
    built: dict[str, dict[Key, Row]], sample: Sample
) -> None:
    found = {key: row for key, row in built[sample.source_id].items() if row["base_unweighted_count"]}
    expected = _expected(sample)
    assert found.keys() == expected.keys()
    wrong = []
    for key, cell in expected.items():
        row = found[key]
        figures = _figures(sample, key, cell)
        wrong += [(key, name, row[name], value) for name, value in figures.items() if row[name] != value]
    assert not wrong, f"{len(wrong)} of {len(expected)} cells differ: {wrong[:5]}"


def _figures(sample: Sample, key: Key, cell: Row) -> Row:
    """The warehouse's columns, from what svy and the counts say."""
    is_share = key[1] not in ("_mean", "_ratio")
    n, df, estimate = cell["base"], cell["df"], cell["est"]
    at_edge = is_share and cell["is_constant"]
    error = effect = low = high = None
    if sample.kind != "opt_in" and df > 0:
        error = 0.0 if at_edge else cell["se"]
        half = student.ppf(0.975, df) * error
        low, high = estimate - half, estimate + half
        if is_share:
            low, high = (None, None) if at_edge else _logit_interval(estimate, half)
        if key[1] != "_ratio" and n > 1 and not cell["is_constant"]:
            effect = error**2 * (n - 1) / cell["element_variance"]
    return {
        "base_unweighted_count": n,
        "answer_unweighted_count": cell["answered"] if is_share else n,
        "degrees_of_freedom": df,
        "base_weighted_count": _near(cell["weighted"]),
        "estimate": _near(estimate),
        "standard_error": _near(error),
        "ci_low": _near(low),
        "ci_high": _near(high),
        "design_effect": _near(effect),
        "effective_sample_size": _near(n / effect if effect and effect > 1e-6 else None),
    }


def _logit_interval(p: float, half: float) -> tuple[float, float]:
    logit, width = math.log(p / (1 - p)), min(half / (p * (1 - p)), 300)
    return 1 / (1 + math.exp(width - logit)), 1 / (1 + math.exp(-width - logit))


CELL_EDGES = {
    "0 %",
    "100 %",
    "missing answers",
    "no degree of freedom",
    "no variance",
    "one PSU of the stratum's in the domain",
    "one respondent",
    "place",
    "three-way crossing",
    "two bases",
}


def test_random_designs_hold_every_kind_of_edge() -> None:
    """Else the test above may be true of nothing."""
    seen: Counter[str] = Counter()
    for sample in SAMPLES:
        seen.update(edges_of_design(sample))
        cells = _expected(sample)
        people = {
            domain: [row for row in sample.rows if _is_in(row, *domain)]
            for domain in {key[3:] for key in cells}
        }
        for domain, rows in people.items():
            seen["three-way crossing"] += domain[0].count("*") == 2
            seen["place"] += domain[2] != COUNTRY
            seen["one PSU of the stratum's in the domain"] += "psu" in sample.design and bool(
                lone(rows, "stratum", "psu") - lone(sample.rows, "stratum", "psu")
            )
        for key, cell in cells.items():
            is_share = key[1] not in ("_mean", "_ratio")
            has_error = cell["df"] > 0 and sample.kind != "opt_in"
            seen["no degree of freedom"] += cell["df"] == 0
            seen["0 %"] += is_share and has_error and cell["answered"] == 0
            seen["100 %"] += is_share and has_error and cell["answered"] == cell["base"]
            seen["one respondent"] += cell["base"] == 1
            seen["missing answers"] += cell["base"] < len(people[key[3:]])
            seen["no variance"] += has_error and not cell["is_constant"] and cell["se"] < 1e-12
            other = cells.get((*key[:2], "all", *key[3:]), cell)
            seen["two bases"] += other["base"] > cell["base"]
        assert not any("nobody" in key[4] for key in cells)
    assert {edge for edge in DESIGN_EDGES | CELL_EDGES if not seen[edge]} == set()
    assert sum(len(_expected(sample)) for sample in SAMPLES) > 20_000


def _is_in(row: Row, dimension: str, code: str, place: str) -> bool:
    own = [] if dimension == "all" else zip(dimension.split("*"), code.split("|"), strict=True)
    return place in (COUNTRY, row["place"]) and all(row[name] == part for name, part in own)


# ---------------------------------------------------------------- panels
@pytest.mark.parametrize("panel", PANEL_SAMPLES, ids=lambda panel: f"{panel.source_id}_{panel.kind}")
def test_changes_of_a_random_panel_agree_with_the_textbook(
    built: dict[str, dict[Key, Row]], panel: Sample
) -> None:
    expected = _textbook_changes(panel)
    found = {key[1:]: row for key, row in built["changes"].items() if key[0] == panel.source_id}
    assert found.keys() == expected.keys()
    wrong = []
    for key, (difference, error, df) in expected.items():
        row = found[key]
        assert row["is_panel"]
        is_tested = error is not None and error > 1e-12
        pairs = (
            (row["difference"], _near(difference)),
            (row["standard_error"], _near(error)),
            (row["p_value"], _near(2 * student.sf(abs(difference) / error, df) if is_tested else None)),
        )
        wrong += [(key, *pair) for pair in pairs if pair[0] != pair[1]]
    assert not wrong, f"{len(wrong)} of {len(expected)} cells differ: {wrong[:5]}"
    assert sum(error is not None and error > 0 for _, error, _ in expected.values()) > 200


def _textbook_changes(panel: Sample) -> dict[Key, tuple[float, float | None, int]]:
    """Both waves are one sample of people: later residuals less the earlier ones, stage by stage."""
    frame, measures = _frame(panel)
    wave, units = frame["wave"].to_numpy(), _Units(panel)
    cells: dict[Key, tuple[float, float | None, int]] = {}
    for dimensions in DOMAINS:
        of_row = frame.select(dimensions).rows() if dimensions else [()] * frame.height
        for names in sorted({names for names in of_row if None not in names}):
            inside = np.array([each == names for each in of_row])
            domain = _domain(dimensions, dict(zip(dimensions, names, strict=True)))
            for measure in measures:
                base = inside & frame[measure.y].is_not_null().to_numpy()
                if set(wave[base]) != {"1", "2"}:
                    continue
                earlier, level_then = _residual(frame, measure, inside & (wave == "1"))
                later, level_now = _residual(frame, measure, inside & (wave == "2"))
                df = units.freedom(base)
                both = ((-earlier, wave == "1"), (later, wave == "2"))
                error = math.sqrt(max(units.variance(*both), 0)) if df > 0 else None
                cells[*measure[:3], *domain] = level_now - level_then, error, df
    return cells


# ---------------------------------------------------------------- the textbook
def _residual(frame: pl.DataFrame, measure: Measure, inside: Any) -> tuple[Any, float]:
    """Each one's share in the linearised estimate, 0 outside the domain; and the estimate."""
    y, w = frame[measure.y].to_numpy(), frame["weight"].to_numpy()
    x = frame[measure.x].to_numpy() if measure.x else np.ones(len(y))
    inside = inside & ~np.isnan(y)
    total = (w * x)[inside].sum()
    level = (w * y)[inside].sum() / total
    return np.where(inside, w * (y - level * x) / total, 0.0), level


class _Units:
    """Stratum, PSU and second-stage unit of each row; a person is one unit, whichever wave asked."""

    def __init__(self, sample: Sample) -> None:
        of = sample.design
        psu, ssu = (of.get(name, "respondent_id") for name in ("psu", "ssu"))
        self.path = [(row.get("stratum"), row[psu], row[ssu]) for row in sample.rows]
        self.psu_total = {
            row.get("stratum"): row[of["stratum_psu_total"]] if "stratum_psu_total" in of else math.inf
            for row in sample.rows
        }
        self.psu_size = {
            path[:2]: row[of["psu_size"]]
            for path, row in zip(self.path, sample.rows, strict=True)
            if "psu_size" in of
        }

    def freedom(self, base: Any) -> int:
        inside = [path for path, is_in in zip(self.path, base, strict=True) if is_in]
        return len({path[:2] for path in inside}) - len({path[0] for path in inside})

    def variance(self, *waves: tuple[Any, Any]) -> float:
        """Of the sum of residuals of one wave, or of several: (residual of a row, whether it is of the wave).

        A wave's fraction of the population is its own; what it takes off is taken off its residuals.
        """
        first: dict[Any, dict[Any, float]] = {}
        second: dict[Any, dict[Any, float]] = {}
        for residual, is_of_wave in waves:
            rows = [
                (path, z)
                for path, z, is_of in zip(self.path, residual.tolist(), is_of_wave, strict=True)
                if is_of
            ]
            psus = Counter(stratum for stratum, _ in {path[:2] for path, _ in rows})
            units = Counter(path[:2] for path in {path for path, _ in rows})
            for (stratum, psu, unit), z in rows:
                taken = psus[stratum] / self.psu_total[stratum]
                size = self.psu_size.get((stratum, psu))
                within = taken * (1 - units[stratum, psu] / size) if size else 0.0
                sums = first.setdefault(stratum, {})
                sums[psu] = sums.get(psu, 0.0) + math.sqrt(1 - taken) * z
                sums = second.setdefault((stratum, psu), {})
                sums[unit] = sums.get(unit, 0.0) + math.sqrt(within) * z
        return sum(_spread(list(sums.values())) for stage in (first, second) for sums in stage.values())


def _spread(values: list[float]) -> float:
    """n/(n-1) Σ(z - mean)²; of a lone unit z², R's "adjust"."""
    n, centre = len(values), np.mean(values) if len(values) > 1 else 0.0
    return float(np.sum((np.array(values) - centre) ** 2)) * (n / (n - 1) if n > 1 else 1)
