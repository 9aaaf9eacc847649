"""Weights that meet known population totals: raking, post-stratification, GREG, and trimming inside them.

Deville and Särndal, "Calibration estimators in survey sampling", JASA 87 (1992). Raking is svy's, and so is
post-stratification, which is raking on one margin. GREG is one linear solve of our own: where two margins
meet a variable as large as an income, svy 0.35.0 misses the totals.
Whatever comes back is checked against the margins here; a library's flag is not trusted.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_UNKNOWN_SHARE = 0.05
"""Of the base weight, in one dimension: above it the margin says too little about the sample."""

TOTALS_TOLERANCE = 0.001
"""Margins are rounded counts of one population: their totals may differ by this, relatively."""

MARGIN_TOLERANCE = 1e-6
"""Relative, of every cell, trimmed or not."""

MAX_TRIM_CYCLES = 50

# svy's default tolerance leaves weights wrong in the fifth digit; with this one they are R's to 1e-8.
_RAKE_TOLERANCE, _RAKE_SWEEPS = 1e-8, 500

# The median moves a little to the end: weights are held a little under the cap, at 0.989 to 1 of it.
_HOLD, _NEAR, _NEXT_TO_NOTHING = 0.999, 0.99, 1e-10

REASONS = {
    "no_respondents": "there is nobody to weight",
    "margin_totals_differ": "a wave's margins describe one population, so take them from one source",
    "margin_unknown": "map more of the survey's codes, or leave the margin out",
    "margin_unlisted_code": "add the code to the margin, or map it to one that the margin has",
    "margin_empty_cell": "merge the code with a neighbour, in the margin and in the survey's mapping",
    "margins_not_met": "merge small categories, trim less, or leave out a margin that contradicts another",
    "weight_not_positive": "mend the base weights; where GREG makes them negative, rake or merge categories",
}


class MarginsNotMet(Exception):
    """No weights can be had: a stable reason code, and a sentence with the place and the mend."""

    def __init__(self, code: str, finding: str) -> None:
        self.code = code
        self.detail = f"{finding}: {REASONS[code]}."
        super().__init__(f"{code}: {self.detail}")


@dataclass(frozen=True)
class Margin:
    """Population totals of one dimension, or shares of 1 where the caller says so for the whole wave.

    `dimension` may be joint, "gender*age"; its codes are then "1|18_29". A numeric variable (GREG only) has
    one total under "_total", or the population's mean where the other margins are shares.
    """

    dimension: str
    totals: Mapping[str, float]
    is_numeric: bool = False


class MarginResult(NamedTuple):
    """One cell, in the totals' units; code None: respondents whose category is unknown."""

    dimension: str
    code: str | None
    target: float
    before: float  # with the base weights
    achieved: float
    respondent_count: int


@dataclass(frozen=True)
class Calibrated:
    weights: Floats
    """In the order given, all above 0."""
    iterations: int
    """Calibrations run: 1, and one for each trimming cycle. svy does not tell its sweeps."""
    cap: float | None
    """The cap kept, in multiples of the median weight; None: trimming was not asked for."""
    margin_error: float
    """Largest |achieved / target - 1| of all cells; a numeric total's is relative to the sum of sizes."""
    margins: list[MarginResult]


@dataclass(frozen=True)
class _Dimension:
    """One margin fitted to the n respondents; it has k cells."""

    name: str
    codes: list[str | None]  # k
    cell: NDArray[np.int64]  # n
    values: Floats  # n: 1, or the numeric variable
    targets: Floats  # k
    scale: Floats  # k: what errors are relative to. The target, but a numeric total may be 0

    def sums(self, weights: Floats) -> Floats:
        return np.bincount(self.cell, weights * self.values, self.targets.size).astype(np.float64)

    def errors(self, weights: Floats) -> Floats:
        errors: Floats = np.abs(self.sums(weights) - self.targets) / self.scale
        return errors

    def less(self, held: Floats) -> "_Dimension":
        """The same, with what these weights leave of the totals."""
        return replace(self, targets=self.targets - self.sums(held))


_Step = Callable[[Sequence[_Dimension], Floats], Floats]


def calibrate(
    method: Literal["rake", "poststratify", "greg"],
    base: Floats,
    codes: Mapping[str, Sequence[str | None]],
    margins: Sequence[Margin],
    *,
    numbers: Mapping[str, Floats] | None = None,
    trim: float | None = None,
    is_share: bool = False,
) -> Calibrated:
    """Weights close to `base` that meet the margins, or MarginsNotMet.

    `codes` (None: unknown) and `numbers` are by dimension, in the respondents' order. With `trim` no weight
    is above that many medians or, where that can't be, above the first of trim + 1, ... 2 x trim that can.
    """
    categorical = [margin for margin in margins if not margin.is_numeric]
    if not margins or (method == "poststratify" and len(margins) != 1):
        raise ValueError(f"{method} was given {len(margins)} margins")
    if method != "greg" and len(categorical) != len(margins):
        raise ValueError(f"{method} takes no numeric variable; greg does")
    if trim is not None and not 1 < trim < np.inf:
        raise ValueError(f"weights can't be trimmed at {trim} x the median")
    base = np.asarray(base, dtype=np.float64)
    heads = float(base.sum())
    if base.size == 0:
        raise MarginsNotMet("no_respondents", "the wave is empty")
    if not (base > 0).all() or not np.isfinite(heads):
        wrong = int((~((base > 0) & np.isfinite(base))).sum())
        raise MarginsNotMet("weight_not_positive", f"{wrong} base weights are missing or not above 0")

    population = _population(categorical, heads if is_share else None)
    dimensions = [
        _numeric(margin, numbers or {}, base, heads if is_share else 1.0)
        if margin.is_numeric
        else _categories(margin, codes, base, population)
        for margin in margins
    ]
    step = _greg if method == "greg" else _rake
    weights, iterations, cap = _adjust(step, dimensions, base), 1, None
    if trim is not None:
        weights, iterations, cap = _trim(step, dimensions, base, weights, trim)
    results = [result for dimension in dimensions for result in _results(dimension, base, weights)]
    return Calibrated(weights, iterations, cap, _error(dimensions, weights), results)


def _population(margins: Sequence[Margin], heads: float | None) -> float:
    """The one total all categorical margins are scaled to; with `heads`, they are shares of it."""
    expected, source = (None, "") if heads is None else (1.0, "shares")
    for margin in margins:
        total = sum(margin.totals.values())
        if not all(cell >= 0 for cell in margin.totals.values()) or not 0 < total < np.inf:
            raise MarginsNotMet("margins_not_met", f"margin {margin.dimension} has totals no people can have")
        if expected is None:
            expected, source = total, margin.dimension
        if abs(total - expected) > TOTALS_TOLERANCE * expected:
            differ = f"margin {margin.dimension} adds to {total:.10g}, {source} to {expected:.10g}"
            raise MarginsNotMet("margin_totals_differ", differ)
    return heads or expected or 0.0


def _categories(
    margin: Margin, codes: Mapping[str, Sequence[str | None]], base: Floats, population: float
) -> _Dimension:
    """The margin scaled to `population`; the unknown, if any, are a last cell that keeps its share of it."""
    name, parts = f"margin {margin.dimension}", margin.dimension.split("*")
    if not all(part in codes for part in parts):
        raise MarginsNotMet("margin_unknown", f"{name}: the wave has no such dimension")
    cells = list(zip(*(codes[part] for part in parts), strict=True))
    if len(cells) != base.size:
        raise ValueError(f"{name} has {len(cells)} codes for {base.size} weights")
    listed = [code for code, total in margin.totals.items() if total > 0]
    # Compared part by part: a "|" inside a survey's own code can't be taken for two parts.
    keys = [tuple(code.split("|")) if len(parts) > 1 else (code,) for code in listed]
    place: dict[tuple[str | None, ...], int] = {key: i for i, key in enumerate(keys)}
    for cell, count in Counter(cells).items():
        if None in cell:
            place[cell] = len(listed)
        elif cell not in place:
            code = "|".join(map(str, cell))
            finding = f"{name}: {count} respondents have code {code}, of which the population has none"
            raise MarginsNotMet("margin_unlisted_code", finding)
    index = np.fromiter(map(place.__getitem__, cells), np.int64, len(cells))
    unknown = float(base[index == len(listed)].sum() / base.sum())
    if unknown > MAX_UNKNOWN_SHARE:
        finding = f"{name}: the category of {unknown:.1%} of the base weight is unknown"
        raise MarginsNotMet("margin_unknown", finding)
    counts = np.bincount(index, minlength=len(listed))
    if not counts.all():
        code = listed[int(counts.argmin())]
        finding = f"{name}: code {code} has a total of {margin.totals[code]:.10g} and no respondent"
        raise MarginsNotMet("margin_empty_cell", finding)
    shares = np.array([margin.totals[code] for code in listed]) / sum(margin.totals.values())
    targets = population * np.append(shares * (1 - unknown), unknown)[: counts.size]
    names = [*listed, None][: counts.size]
    return _Dimension(margin.dimension, names, index, np.ones(base.size), targets, targets)


def _numeric(margin: Margin, numbers: Mapping[str, Floats], base: Floats, heads: float) -> _Dimension:
    """`heads`: what the population's figure is multiplied by, 1 where it is a total."""
    name, total = margin.dimension, float(margin.totals.get("_total", np.nan)) * heads
    values = np.asarray(numbers.get(name, np.full(base.size, np.nan)), dtype=np.float64)
    if values.shape != base.shape:
        raise ValueError(f"{name} has {values.size} numbers for {base.size} weights")
    missing = int((~np.isfinite(values)).sum())
    scale = max(abs(total), float(base @ np.abs(values))) or 1.0
    if missing or not np.isfinite(total + scale):
        finding = f"margin {name}: {missing} respondents, or the population, have no finite number"
        raise MarginsNotMet("margin_unknown", finding)
    everyone = np.zeros(base.size, dtype=np.int64)
    return _Dimension(name, ["_total"], everyone, values, np.array([total]), np.array([scale]))


def _rake(dimensions: Sequence[_Dimension], base: Floats) -> Floats:
    """svy's raking; codes go in as numbers, so that no text is misread or clashes with its own columns."""
    import polars as pl
    import svy

    if min(d.targets.min() for d in dimensions) <= 0:
        raise MarginsNotMet("margins_not_met", "the weights held at the cap leave nothing for the others")
    unit = float(dimensions[0].targets.sum()) / base.size  # svy takes cells under 1e-10 as met
    columns = {"weight": base * (base.size / base.sum())}
    frame = pl.DataFrame(columns | {str(i): d.cell for i, d in enumerate(dimensions)})
    sample: Any = svy.Sample(frame, svy.Design(wgt="weight"))
    raked = sample.weighting.rake(
        controls={str(i): dict(enumerate((d.targets / unit).tolist())) for i, d in enumerate(dimensions)},
        tol=_RAKE_TOLERANCE,
        max_iter=_RAKE_SWEEPS,
        wgt_name="raked",
        update_design_wgts=False,
        on_nonconvergence="ignore",  # _adjust looks at the margins
    )
    weights: Floats = raked.data["raked"].to_numpy() * unit
    return weights


def _greg(dimensions: Sequence[_Dimension], base: Floats) -> Floats:
    """w = d (1 + Xλ) such that X'w are the targets.

    X has a column a cell, so two margins make it collinear: least squares finds one of the equal λ.
    """
    from scipy import sparse

    people = np.arange(base.size)
    x: Any = sparse.hstack(
        [sparse.csr_array((d.values, (people, d.cell)), (base.size, d.targets.size)) for d in dimensions]
    )
    size = np.sqrt(x.power(2).T @ base)
    size[size == 0] = 1.0
    x = x.multiply(1 / size).tocsr()
    gaps = np.concatenate([d.targets - d.sums(base) for d in dimensions]) / size
    gram = (x.T @ x.multiply(base[:, None])).toarray()
    weights: Floats = base * (1 + x @ np.linalg.lstsq(gram, gaps)[0])
    return weights


def _adjust(step: _Step, dimensions: Sequence[_Dimension], base: Floats) -> Floats:
    """One calibration, checked."""
    try:
        weights = step(dimensions, base)
    except (ValueError, np.linalg.LinAlgError) as error:  # numbers beyond floating point
        raise MarginsNotMet("margins_not_met", f"no weights can be computed ({error})") from error
    for d in dimensions:
        errors = d.errors(weights)
        worst = int(errors.argmax())
        if not errors[worst] <= MARGIN_TOLERANCE:
            sums = f"comes to {d.sums(weights)[worst]:.10g}, not {d.targets[worst]:.10g}"
            raise MarginsNotMet(
                "margins_not_met", f"margin {d.name}: code {d.codes[worst] or 'unknown'} {sums}"
            )
    wrong = int((~(weights > 0)).sum())
    if wrong:
        raise MarginsNotMet("weight_not_positive", f"{wrong} of {weights.size} weights come to 0 or less")
    return weights


def _error(dimensions: Sequence[_Dimension], weights: Floats) -> float:
    return max(float(d.errors(weights).max()) for d in dimensions)


def _trim(
    step: _Step, dimensions: Sequence[_Dimension], base: Floats, start: Floats, trim: float
) -> tuple[Floats, int, float]:
    """Hold the weights above the cap at it, calibrate the others to what is left, until none is above.

    No weights under that limit are closer to `base`. To cut and calibrate all in turn takes more cycles, as a
    small category's weights creep up again; svy's own trimming keeps the first median, or ends a bit above.
    """
    for cap in np.arange(trim, 2 * trim + 1e-9).tolist():
        weights, free, limit = start, start, np.inf
        for cycle in range(MAX_TRIM_CYCLES):
            goal = cap * float(np.median(weights))
            is_near = weights.max() <= goal and limit >= _NEAR * goal
            if is_near and _error(dimensions, weights) <= MARGIN_TOLERANCE:
                return weights, cycle + 1, cap
            # Half the way: a lower limit makes a higher median, so whole steps swing to and fro.
            limit = goal if np.isinf(limit) else float(np.sqrt(limit * goal))
            # Those held go along with next to no weight, which tells what theirs would be if let go.
            is_held = free > _HOLD * limit
            share = np.where(is_held, _NEXT_TO_NOTHING, 1.0)
            others = [d.less(np.where(is_held, _HOLD * limit, 0.0)) for d in dimensions]
            try:
                free = _adjust(step, others, base * share) / share
            except MarginsNotMet:  # more is held than the others can make up for
                break
            before, weights = weights, np.minimum(free, _HOLD * limit)
            if np.allclose(weights, before, rtol=MARGIN_TOLERANCE, atol=0):
                break
    raise MarginsNotMet("margins_not_met", f"no weights of at most {cap:g} x their median meet the margins")


def _results(d: _Dimension, base: Floats, weights: Floats) -> list[MarginResult]:
    totals = d.targets.tolist(), d.sums(base).tolist(), d.sums(weights).tolist()
    rows = zip(d.codes, *totals, np.bincount(d.cell).tolist(), strict=True)
    return [MarginResult(d.name, *row) for row in rows]
