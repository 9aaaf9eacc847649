"""Surveys through the real pipeline: spec and files → intake → weighting → dbt → analysis → rows."""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from opinion_warehouse import analysis, dbt, intake, release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import check_sources

NIGHT = date(2026, 11, 23)
COUNTRY = "US"
Row = dict[str, Any]

ESTIMATES = """
select estimate.*, survey.wave_id, reliability.kg_ci_low, reliability.kg_ci_high, reliability.reliability_code
from core.fct_survey_estimate as estimate
inner join core.dim_survey as survey using (wave_key)
left join analysis.survey_reliability as reliability using (estimate_key)
"""
CHANGES = """
select
    estimate.source_id, estimate.question_id, estimate.answer_code, estimate.base_code,
    estimate.group_dimension, estimate.group_code, estimate.place_code, survey.wave_id, change.*
from analysis.survey_change as change
inner join core.fct_survey_estimate as estimate using (estimate_key)
inner join core.dim_survey as survey on estimate.wave_key = survey.wave_key
"""


@dataclass(frozen=True)
class Survey:
    """A spec, what is delivered for it, and the files that lie beside it: name → content."""

    spec: Mapping[str, Any]
    files: Mapping[str, str]
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """A warehouse whose core and analysis are built."""

    settings: Settings
    release_id: int

    def rows(self, query: str) -> list[Row]:
        with connect(self.settings, "transformer") as connection:
            return connection.cursor(row_factory=dict_row).execute(query.encode()).fetchall()


def build(warehouse: Settings, folder: Path, surveys: Iterable[Survey], night: date = NIGHT) -> Built:
    """Deliver the surveys to a folder of sources of their own; a night's work on them, up to the analysis."""
    settings = Settings(
        home=warehouse.home_dir,
        dsn=warehouse.dsn,
        secrets=warehouse.secrets_dir,
        sources=folder / "sources",
        inbox=folder / "inbox",
    )
    for survey in surveys:
        _deliver(settings, survey, 1_780_000_000 + 1_000 * (night - NIGHT).days)
    problems = [str(problem) for problem in check_sources(settings.sources_dir)]
    assert not problems, problems
    for file in intake.discover(settings, "survey", night):
        result = intake.load_file(settings, file["source_id"], file["path"], night, "run")
        assert (result["outcome"], result["rows_quarantined"]) == ("loaded", 0), (file["name"], result)
    with connect(settings, "admin") as connection:
        # The landing suites are another test's: these files are good.
        connection.execute("update intake.file set landing_verdict = 'accepted' where status = 'loaded'")
    release_id = release.open_release(settings, night, "run")
    assert release_id is not None
    analysis.weigh(settings, release_id)
    dbt.build_core(settings, release_id, night, "run")
    analysis.analyse(settings, release_id)
    return Built(settings, release_id)


def _deliver(settings: Settings, survey: Survey, began: int) -> None:
    source_id = survey.spec["id"]
    specs, inbox = settings.sources_dir / "survey", settings.inbox_dir / source_id
    for folder in (specs, inbox):
        folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    (specs / f"{source_id}.yml").write_text(json.dumps(survey.spec), encoding="utf-8")
    for name, text in survey.beside.items():
        (specs / name).write_text(text, encoding="utf-8")
    for number, (name, text) in enumerate(survey.files.items()):
        path = inbox / name
        path.write_text(text, encoding="utf-8")
        os.utime(path, (began + number,) * 2)  # long settled, in the order given


# ---------------------------------------------------------------- specs
def text(words: str) -> Row:
    return {"vi": words, "en": words}


def spec(source_id: str, **survey: Any) -> Row:
    """A survey's spec. Places in `places` (code → name) are parts of the country it speaks for."""
    places = survey.pop("places", {})
    wave = {"wave_from": {"constant": "w"}, "waves": [wave_of("w")]}
    return {
        "id": source_id,
        "family": "survey",
        "title": text(source_id),
        "owner": "desk",
        "licence": "x",
        "provenance": "x",
        "is_made": True,
        "files": {"pattern": "*.csv", "format": "csv", "delimiter": ","},
        "places": [
            {"code": code, "level": "other", "parent": COUNTRY, "name": text(name)}
            for code, name in places.items()
        ],
        "survey": {
            "series": source_id,
            "respondent_id": "respondent_id",
            "coverage_place": COUNTRY,
            **({} if "waves" in survey else wave),
            **survey,
        },
    }


def wave_of(wave_id: str, start: date = date(2000, 1, 1), **more: Any) -> Row:
    """A wave with all of its disclosure record."""
    record = (
        "strategy sponsor population sample_generation mode_detail precision weighting processing limitations"
    )
    return {
        "id": wave_id,
        "fieldwork_start": start.isoformat(),
        "fieldwork_end": start.isoformat(),
        "mode": "paper",
        **dict.fromkeys([*record.split(), "limitations"], text("x")),
        **more,
    }


def group(dimension: str, codes: Iterable[str], **more: Any) -> Row:
    return {
        "dimension": dimension,
        "label": text(dimension),
        "column": dimension,
        "codes": [{"code": code, "label": text(code)} for code in codes],
        **more,
    }


def question(question_id: str, options: Sequence[str] = (), dont_know: str | None = None, **more: Any) -> Row:
    """A numeric question, or one with options, of which `dont_know` is khó trả lời."""
    return {
        "id": question_id,
        "wording": text(question_id),
        "topic": "D2",
        **(
            {"kind": "single", "column": question_id}
            if options
            else {"kind": "numeric", "column": question_id}
        ),
        "options": [
            {"code": code, "label": text(code), **({"missing": "dont_know"} if code == dont_know else {})}
            for code in options
        ],
        **more,
    }


def ticks(question_id: str, options: Sequence[str], dont_know: str | None = None, **more: Any) -> Row:
    """A multiple-choice question: one column an option, 1 or 0."""
    return question(question_id, options, dont_know) | {
        "kind": "multiple",
        "column": None,
        "columns": {code: f"{question_id}_{code}" for code in options},
        "ticked": "1",
        "unticked": ["0"],
        **more,
    }


def ratio(ratio_id: str, numerator: str, denominator: str) -> Row:
    return {
        "id": ratio_id,
        "numerator": numerator,
        "denominator": denominator,
        "wording": text(ratio_id),
        "topic": "D2",
    }


# ---------------------------------------------------------------- CSV
def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a file; None is an empty cell, and numbers keep all their digits."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
