"""Made-up samples of every kind of design: a few strata, clusters and households, drawn with fixed seeds."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from survey_pipeline import Row, Survey, group, question, ratio, spec, ticks, to_csv

from opinion_warehouse.readers.cells.values import LARGEST, SMALLEST
from opinion_warehouse.readers.families.design import MAX_SIZE, MIN_SIZE

KINDS = (
    "respondents",  # no PSU, so everybody is one
    "clusters",
    "clusters_fpc",
    "two_stages",  # respondents within clusters, with both finite-population corrections
    "households",  # several respondents a second-stage unit, both corrections
    "households_wr",  # the same, clusters drawn with replacement
    "opt_in",
)
PLACES = {"X-1": "One", "X-2": "Two", "X-3": "Three"}
GROUPS = {"sex": ["f", "m"], "age": ["young", "old", "nobody"], "job": ["yes", "no"]}
CROSSINGS = [["sex", "age"], ["sex", "age", "job"]]
DOMAINS = [[], *([name] for name in GROUPS), *CROSSINGS, ["place"], *(["place", name] for name in GROUPS)]
NEEDS = ["shade", "seats", "roof"]
QUESTIONS = [
    question("q_line", ["yes", "no", "never", "unsure"], dont_know="unsure"),
    question("q_plan", ["a", "b", "c"], missing={"98": "dont_know", "99": "refused"}),
    question("q_rare", ["yes", "no"]),
    ticks("q_needs", [*NEEDS, "unsure"], dont_know="unsure"),
    ticks("q_wants", ["benches", "trees"], missing={"98": "dont_know"}),
    question("m_trips"),
    question("m_days"),
    question("m_cost", missing={"-1": "dont_know"}),
]
SCORES = {"a": -1.0, "b": 0.5, "c": 7.0}
for _option in QUESTIONS[1]["options"]:
    _option["value"] = SCORES[_option["code"]]
RATIOS = [ratio("r_days_trips", "m_days", "m_trips")]


@dataclass(frozen=True)
class Sample:
    """A made survey: its spec's design and its rows."""

    source_id: str
    kind: str
    design: Row
    rows: list[Row]


def make_sample(seed: int) -> Sample:
    """Strata of a few PSUs, some of a lone one, some taken whole; only the columns its kind uses."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    ssu_counts = [1, 2, 4, 6] if seed // len(KINDS) % 2 else [2, 3, 4, 6]
    has_strata, has_weight = seed % 5 != 1, seed % 4 != 1
    rows: list[Row] = []
    for stratum in range(rng.randint(3, 7) if has_strata else 1):
        psus = rng.choice([1, 2, 3, 4, 5]) if has_strata else 12
        psu_total = psus + rng.choice([0, 2, 30])
        for psu in range(psus):
            ssus = rng.choice(ssu_counts)
            psu_size, lean = ssus + rng.choice([0, 1, 9]), rng.random()
            for ssu in range(ssus):
                for _ in range(rng.choice([1, 1, 2, 3]) if kind.startswith("households") else 1):
                    row = {"stratum": f"s{stratum}", "psu": f"p{psu}", "ssu": f"u{ssu}"}
                    row |= {
                        "psu_total": psu_total,
                        "psu_size": psu_size,
                        "weight": rng.lognormvariate(3, 0.8),
                    }
                    rows.append(row | _person(rng, lean))
    columns = {"weight": "weight"} if has_weight else {}
    columns |= {"stratum": "stratum"} if has_strata else {}
    columns |= {"psu": "psu"} if kind not in ("respondents", "opt_in") else {}
    columns |= {"ssu": "ssu"} if kind.startswith("households") else {}
    if kind in ("clusters_fpc", "two_stages", "households"):
        columns["stratum_psu_total"] = "psu_total"
    if kind in ("two_stages", "households"):
        columns["psu_size"] = "psu_size"
    sampling = "opt_in" if kind == "opt_in" else "probability"
    unused = {"weight", "stratum", "psu", "ssu", "psu_total", "psu_size"} - set(columns.values())
    kept = [{name: cell for name, cell in row.items() if name not in unused} for row in rows]
    kept = [{"respondent_id": number} | row for number, row in enumerate(kept)]
    return Sample(f"design_{seed}", kind, {"sampling": sampling, **columns}, kept)


def _person(rng: random.Random, lean: float) -> Row:
    """Groups and answers; None is an empty cell."""
    needs = {name: int(rng.random() < 0.4) for name in NEEDS[:2]} | {"roof": 0, "unsure": 0}
    draw = rng.random()
    if draw < 0.15:
        needs |= {"shade": 0, "seats": 0, "unsure": 1}
    elif draw < 0.25:
        needs = dict.fromkeys(needs)
    person = {
        "sex": rng.choice("fm"),
        "age": rng.choice(["young", "old", "old", None]),
        "job": rng.choice(["yes", "no", "no", None]),
        "place": rng.choice([*PLACES, None]),
        "q_line": rng.choices(["yes", "no", "unsure", None], [1 + 4 * lean, 2, 1, 0.6])[0],
        "q_plan": rng.choices(["a", "b", "c", "98", "99"], [3, 3 * lean, 1, 0.7, 0.4])[0],
        "q_rare": rng.choices(["yes", "no", None], [1, 1, 6])[0],
        **{f"q_needs_{name}": tick for name, tick in needs.items()},
        "m_trips": rng.choice([None, *range(1, 9)]),
        "m_days": rng.choice([None, *range(31)]),
        "m_cost": rng.choice([-1, rng.randint(10**7, 10**7 + 5000)]),
    }
    return person | _wants(person)


def _wants(person: Row) -> Row:
    """Khó trả lời as a cell: of all the options, or of one with another ticked all the same."""
    trips = person["m_trips"]
    ticked = None if trips is None else trips % 2
    if person["q_plan"] == "98":
        return {"q_wants_benches": 98, "q_wants_trees": 1 if person["sex"] == "f" else 98}
    return {"q_wants_benches": ticked, "q_wants_trees": ticked and int(trips > 4)}


def survey_of(sample: Sample, **more: Any) -> Survey:
    """Its spec and its file."""
    groups = [group(name, codes) for name, codes in GROUPS.items()]
    made = spec(
        sample.source_id,
        design=sample.design,
        groups=groups,
        crossings=CROSSINGS,
        questions=QUESTIONS,
        ratios=RATIOS,
        place="place",
        places=PLACES,
        **more,
    )
    return Survey(made, {"answers.csv": to_csv(sample.rows)})


def make_panel(seed: int) -> Sample:
    """Two waves of a sample: most people answer twice, some in another group; some PSUs are in one only."""
    rng = random.Random(1000 + seed)
    first = make_sample(7 * 1000 + 1 + seed)  # clusters, clusters_fpc, two_stages, households, households_wr
    assert first.design["sampling"] == "probability"
    rows = []
    for row in first.rows:
        waves = rng.choice([["1", "2"], ["1", "2"], ["1", "2"], ["1"], ["2"]])
        for wave in waves:
            now = {"wave": wave, **row}
            if wave == "2":
                now |= _person(rng, 0.5) | {"sex": row["sex"], "job": row["job"]}
            if "weight" in row:
                now["weight"] = row["weight"] * rng.uniform(0.5, 2)
            rows.append(now)
    return Sample(f"panel_{seed}", first.kind, first.design, rows)


# ---------------------------------------------------------------- what there is to get wrong
DESIGN_EDGES = {
    *KINDS,
    "a PSU taken whole",
    "a lone PSU",
    "a lone second-stage unit",
    "a stratum taken whole",
    "no strata",
    "no weights",
}


def edges_of_design(sample: Sample) -> Iterator[str]:
    """Which of DESIGN_EDGES it has."""
    yield sample.kind
    design = sample.design
    if "weight" not in design:
        yield "no weights"
    if "stratum" not in design:
        yield "no strata"
    elif "psu" in design and lone(sample.rows, "stratum", "psu"):
        yield "a lone PSU"
    if "stratum_psu_total" in design and any(
        len(psus) == total for (_, total), psus in _units(sample.rows, "stratum", "psu", "psu_total").items()
    ):
        yield "a stratum taken whole"
    if "psu_size" in design:
        units = _units(sample.rows, "psu", "ssu" if "ssu" in design else "respondent_id", "psu_size")
        if any(len(inside) == size for (_, size), inside in units.items()):
            yield "a PSU taken whole"
        if any(len(inside) == 1 < size for (_, size), inside in units.items()):
            yield "a lone second-stage unit"


def _units(rows: list[Row], outer: str, inner: str, size: str) -> dict[tuple[tuple[str, str], int], set[Any]]:
    """The units drawn from each unit above, with the size of what they were drawn from."""
    units: dict[tuple[tuple[str, str], int], set[Any]] = {}
    for row in rows:
        above = (row.get("stratum", ""), row["psu"] if outer == "psu" else "")
        units.setdefault((above, row[size]), set()).add(row[inner])
    return units


def lone(rows: list[Row], outer: str, inner: str) -> set[str]:
    """Outer units of which one inner unit is there."""
    units: dict[str, set[str]] = {}
    for row in rows:
        units.setdefault(row.get(outer, ""), set()).add(row[inner])
    return {unit for unit, inside in units.items() if len(inside) == 1}


def extreme_survey() -> Survey:
    """Weights, and numbers that differ, at both ends of what the readers accept; ratios of the two ends."""
    rows = [
        {
            "respondent_id": number,
            "weight": repr(MAX_SIZE if number % 2 else MIN_SIZE),
            "most": repr(-LARGEST if number % 4 == 0 else LARGEST),
            "least": repr(-SMALLEST if number % 4 == 0 else SMALLEST),
        }
        for number in range(40)
    ]
    made = spec(
        "extreme",
        design={"sampling": "probability", "weight": "weight"},
        groups=[],
        questions=[question("most"), question("least")],
        ratios=[ratio("most_of_least", "most", "least"), ratio("least_of_most", "least", "most")],
    )
    return Survey(made, {"answers.csv": to_csv(rows)})
