"""The SQL's estimates against R's survey package, and the textbook where R's samples have no example."""

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from opinion_warehouse import dbt
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

FOLDER = Path(__file__).parents[1] / "fixtures" / "survey_package"
NIGHT = date(2026, 11, 23)
Cell = dict[str, Any]

# Two strata: one of two sampled PSUs with sizes (two stages), one with a lone PSU.
TWO_STAGE: list[Cell] = [
    {"id": str(n), "stratum": s, "psu": c, "weight": w, "psu_total": m, "psu_size": k, "answer": a}
    for n, (s, c, w, m, k, a) in enumerate(
        [
            ("x", "1", 2.0, 8.0, 12.0, "Yes"),
            ("x", "1", 2.5, 8.0, 12.0, "No"),
            ("x", "1", 1.0, 8.0, 12.0, "Yes"),
            ("x", "2", 3.0, 8.0, 9.0, "No"),
            ("x", "2", 1.5, 8.0, 9.0, "No"),
            ("x", "3", 2.0, 8.0, 30.0, "Yes"),
            ("x", "3", 2.2, 8.0, 30.0, "No"),
            ("x", "3", 1.1, 8.0, 30.0, "No"),
            ("y", "1", 1.0, 5.0, 6.0, "Yes"),
            ("y", "1", 4.0, 5.0, 6.0, "No"),
        ]
    )
]


@pytest.fixture(scope="module")
def estimates(
    new_warehouse: Callable[[], AbstractContextManager[Settings]],
) -> Iterator[dict[tuple[str, ...], Cell]]:
    """Every estimate of base substantive, computed by dbt from landing rows."""
    with new_warehouse() as settings:
        for name in ("apistrat", "apiclus1"):
            with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
                _land(settings, name, [_respondent(row) for row in csv.DictReader(lines)])
        _land(settings, "two_stage", TWO_STAGE)
        _land(settings, "volunteers", TWO_STAGE, sampling="opt_in")
        with connect(settings, "transformer") as connection:
            from scipy.stats import t

            connection.cursor().executemany(
                "insert into analysis.t_quantile values (%s, %s)",
                [(df, float(t.ppf(0.975, df))) for df in range(1, 300)],
            )
        with connect(settings, "publisher") as connection:
            opened = connection.execute(
                "select release_id from release_ctl.open_release(%s, 'run', 'unknown', 'code')", [NIGHT]
            ).fetchone()
        assert opened is not None
        dbt.build_core(settings, opened[0], NIGHT, "run")
        with connect(settings, "transformer") as connection:
            cursor = connection.execute(
                "select * from core.fct_survey_estimate where base_code = 'substantive' and place_code = 'US'"
            )
            names = [column.name for column in cursor.description or []]
            cells = [dict(zip(names, row, strict=True)) for row in cursor]
        key = ("source_id", "question_id", "answer_code", "group_dimension", "group_code")
        yield {tuple(cell[name] for name in key): cell for cell in cells}


def test_estimates_of_real_samples_agree_with_r(estimates: dict[tuple[str, ...], Cell]) -> None:
    with (FOLDER / "expected.csv").open(encoding="utf-8", newline="") as lines:
        expected = list(csv.DictReader(lines))
    assert len(expected) == 24
    for row in expected:
        key = tuple(row[name] for name in ("dataset", "question", "answer", "group_dimension", "group_code"))
        cell = estimates[key]
        assert cell["base_unweighted_count"] == int(row["base"]), key
        assert cell["degrees_of_freedom"] == int(row["degrees_of_freedom"]), key
        for name in ("estimate", "standard_error", "ci_low", "ci_high", "design_effect"):
            assert cell[name] == pytest.approx(float(row[name]), rel=1e-9), (key, name)


def test_two_stages_and_a_lone_psu_agree_with_the_textbook(estimates: dict[tuple[str, ...], Cell]) -> None:
    cell = estimates["two_stage", "q_awards", "Yes", "all", "all"]
    share = sum(r["weight"] for r in TWO_STAGE if r["answer"] == "Yes") / sum(r["weight"] for r in TWO_STAGE)
    assert cell["estimate"] == pytest.approx(share, rel=1e-12)
    assert cell["standard_error"] == pytest.approx(_textbook_error(TWO_STAGE, share), rel=1e-12)
    assert cell["degrees_of_freedom"] == 4 - 2


def test_sample_of_volunteers_has_shares_and_no_margin(estimates: dict[tuple[str, ...], Cell]) -> None:
    cell = estimates["volunteers", "q_awards", "Yes", "all", "all"]
    assert cell["estimate"] == estimates["two_stage", "q_awards", "Yes", "all", "all"]["estimate"]
    for name in ("standard_error", "ci_low", "ci_high", "design_effect", "effective_sample_size"):
        assert cell[name] is None, name


def _textbook_error(rows: list[Cell], share: float) -> float:
    """Linearised residuals, stage by stage (R's svydesign with two fpc and lonely PSU "adjust")."""
    total = sum(r["weight"] for r in rows)
    variance = 0.0
    for stratum in sorted({r["stratum"] for r in rows}):
        of_stratum = [r for r in rows if r["stratum"] == stratum]
        psus: dict[str, list[float]] = {}
        for r in of_stratum:
            psus.setdefault(r["psu"], []).append(r["weight"] * ((r["answer"] == "Yes") - share) / total)
        first = len(psus) / of_stratum[0]["psu_total"]
        variance += (1 - first) * _spread([sum(z) for z in psus.values()])
        for psu, z in psus.items():
            size = next(r["psu_size"] for r in of_stratum if r["psu"] == psu)
            variance += first * (1 - len(z) / size) * _spread(z)
    return math.sqrt(variance)


def _spread(values: list[float]) -> float:
    n = len(values)
    centre = sum(values) / n if n > 1 else 0.0
    return sum((value - centre) ** 2 for value in values) * (n / (n - 1) if n > 1 else 1)


def _respondent(row: dict[str, str]) -> Cell:
    return {
        "id": row["respondent_id"],
        "stratum": row["stratum"],
        "psu": row["psu"] or None,
        "weight": float(row["weight"]),
        "psu_total": float(row["n_pop_psu"]),
        "psu_size": None,
        "group": row["g_stype"],
        "answer": row["q_awards"] or None,
        "score": float(row["m_api00"]) if row["m_api00"] else None,
    }


def _land(settings: Settings, source_id: str, rows: list[Cell], sampling: str = "probability") -> None:
    """One survey of one wave, as the loader would land it."""
    spec = json.dumps(_spec(sampling))
    digest = hashlib.sha256(source_id.encode()).hexdigest()
    with connect(settings, "loader") as connection:
        connection.execute(
            "insert into intake.source values (%s, 'survey', %s, %s, true, %s)",
            [source_id, spec, digest, NIGHT],
        )
        inserted = connection.execute(
            "insert into intake.file (source_id, sha256, file_name, byte_count, received_at, night, run_id,"
            " parser_version, spec_sha256, status, rows_read, rows_loaded, rows_quarantined, landing_verdict)"
            " values (%s, %s, 'a.csv', 1, %s, %s, 'run', '1', 'x', 'loaded', 0, 0, 0, 'accepted')"
            " returning file_id",
            [source_id, digest, NIGHT, NIGHT],
        ).fetchone()
        assert inserted is not None
        cursor = connection.cursor()
        cursor.executemany(
            "insert into landing.survey_response"
            " values (%s, %s, %s, 'w', %s, true, %s, %s, %s, %s, %s, null, %s)",
            [
                (
                    inserted[0],
                    source_id + row["id"],
                    source_id,
                    number,
                    row["weight"],
                    row["stratum"],
                    row["psu"],
                    row["psu_total"],
                    row["psu_size"],
                    json.dumps({"g_stype": row["group"]} if "group" in row else {}),
                )
                for number, row in enumerate(rows)
            ],
        )
        cursor.executemany(
            "insert into landing.survey_answer values (%s, %s, %s, 'w', %s, '', %s, %s, 0)",
            [
                (inserted[0], source_id + row["id"], source_id, question, answer, score)
                for row in rows
                for question, answer, score in (
                    ("q_awards", row["answer"], None),
                    ("m_api00", None, row.get("score")),
                )
                if answer is not None or score is not None
            ],
        )


def _spec(sampling: str) -> dict[str, Any]:
    text = {"vi": "x", "en": "x"}
    record = "strategy sponsor population sample_generation mode_detail precision weighting processing"
    question = {"wording": text, "topic": "D2", "missing": {}}
    return {
        "title": text,
        "owner": "desk",
        "licence": "x",
        "provenance": "x",
        "is_made": True,
        "time_zone": "UTC",
        "due": {"every": "never", "grace_days": 3},
        "keep": {"raw_days": 90, "item_days": 90},
        "places": [],
        "survey": {
            "series": f"schools_{sampling}",
            "coverage_place": "US",
            "missing": {},
            "crossings": [],
            "design": {"sampling": sampling, "weight": "weight"},
            "groups": [
                {
                    "dimension": "g_stype",
                    "label": text,
                    "bands": [],
                    "codes": [{"code": code, "label": text} for code in "EHM"],
                }
            ],
            "questions": [
                {
                    "id": "q_awards",
                    "kind": "single",
                    **question,
                    "options": [{"code": code, "label": text} for code in ("Yes", "No")],
                },
                {"id": "m_api00", "kind": "numeric", **question, "options": []},
            ],
            "waves": [
                {
                    "id": "w",
                    "fieldwork_start": "2000-01-01",
                    "fieldwork_end": "2000-06-30",
                    "mode": "paper",
                    **dict.fromkeys([*record.split(), "limitations"], text),
                }
            ],
        },
    }
