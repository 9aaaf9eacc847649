"""`opinion sources new`: drafts of every sample's fixture; what they name, and what they never show."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from draft_jobs import filled, rows_read, save
from reader_jobs import FIXTURES, SEEDS

from opinion_warehouse.drafting import Draft, draft
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import Files, Source, load_source
from opinion_warehouse.sources.document import Document
from opinion_warehouse.sources.load import check_sources

EXAMPLES = PROJECT / "sources" / "_examples"
FOUND = {
    "brandwatch_mentions": ("social", "Brandwatch"),
    "gdelt_events": ("social", "gdelt_events"),
    "gdelt_gkg": ("social", "gdelt_gkg"),
    "gdelt_mentions": ("social", "gdelt_mentions"),
    "google_form_responses": ("survey", "Google Forms"),
    "kobo_household_xlsx": ("survey", "KoboToolbox"),
    "kobo_ward_csv": ("survey", "KoboToolbox"),
    "kobo_ward_json": ("survey", "KoboToolbox"),
    "limesurvey_results": ("survey", "LimeSurvey CSV"),
    "limesurvey_vv": ("survey", "LimeSurvey VV"),
    "mastodon_hashtag": ("social", "Mastodon"),
    "mastodon_hashtag_lines": ("social", "Mastodon"),
    "meltwater_mentions": ("social", "Meltwater"),
    "mentions_json_lines": ("social", None),
    "mentions_parquet": ("social", None),
    "qualtrics_legacy_responses": ("survey", "Qualtrics, legacy"),
    "qualtrics_responses": ("survey", "Qualtrics"),
    "spss_attitudes": ("survey", None),
    "stata_households": ("survey", None),
    "surveymonkey_responses": ("survey", "SurveyMonkey"),
    "talkwalker_histogram": ("social", "a histogram of counts"),
    "talkwalker_mentions": ("social", "Talkwalker"),
    "triple_s_omnibus": ("survey", None),
    "ward_narratives_docx": ("report", None),
    "ward_narratives_pdf": ("report", None),
    "ward_reports_docx": ("report", "the report template"),
    "ward_reports_mail": ("report", "the report template"),
    "ward_reports_ods": ("report", "the report template"),
}
"""Sample source → the family, and the tool that its headings tell."""
FILES = [(name, path) for name in FOUND for path in sorted((FIXTURES / name).iterdir())]
DECLARED = (
    *("format", "compression", "encoding", "delimiter", "sheet", "header_row", "header_has"),
    *("column_names", "layout", "quoting", "records"),
)
"""What of `files` a draft of a fixture has as its sample has it."""
IDS = [f"{name}-{path.suffix}" for name, path in FILES]


def spec_of(made: Draft, folder: Path, **known: Any) -> dict[str, Any]:
    document = Document(save(made, folder))
    assert not document.errors
    return filled(document.values, **known)


@cache
def drafted(path: Path) -> Draft:
    return draft(path, SEEDS)


def knows(source: Source, column: str) -> bool:
    """Whether a header of the source reads or ignores the column, or an object it lies in."""
    parts = column.split(".")
    wholes = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return any(header.knows(name) for header in source.headers for name in wholes)


def names_of(source: Source) -> set[str]:
    return {name for header in source.headers for name in [*header.wanted, *header.ignored]}


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.yml")))
def test_draft_of_each_sample_is_tried(name: str) -> None:
    assert name in FOUND


@pytest.mark.parametrize(("name", "path"), FILES, ids=IDS)
def test_draft_of_a_fixture_recognises_it_and_shows_no_person(name: str, path: Path, tmp_path: Path) -> None:
    sample = load_source(EXAMPLES / f"{name}.yml")
    made = drafted(path)
    family, tool = FOUND[name]
    assert made.family == family
    assert made.tool == tool or path.name == "export_2021.csv"
    assert find_canaries(made.text) == []
    own = Files.model_validate(spec_of(made, tmp_path)["files"])
    for key in DECLARED:
        assert getattr(own, key) == getattr(sample.files, key), key


@pytest.mark.parametrize(("name", "path"), FILES, ids=IDS)
def test_check_of_a_draft_names_the_lines_of_its_todos_alone(name: str, path: Path, tmp_path: Path) -> None:
    made = drafted(path)
    saved = save(made, tmp_path)
    lines = made.text.splitlines()
    errors = check_sources(tmp_path)
    assert errors
    for error in errors:
        assert error.file == saved
        assert "TODO" in lines[error.line - 1], str(error)


@pytest.mark.parametrize(("name", "path"), FILES, ids=IDS)
def test_draft_of_a_fixture_names_the_columns_its_sample_names(name: str, path: Path, tmp_path: Path) -> None:
    sample = load_source(EXAMPLES / f"{name}.yml")
    form = sample.social.date_format if sample.social else "%d/%m/%Y"
    own = Source.model_validate(spec_of(drafted(path), tmp_path, date_format=form))
    if sample.report and sample.report.narrative:
        assert own.report and own.report.narrative
        return
    if sample.files.column_names:
        assert own.files.column_names == sample.files.column_names
        return
    strange = {column for column in names_of(own) if not knows(sample, column)}
    assert strange <= {"issues/trips.value", "content.vi", "source.contact.mail"}  # of ugly records
    read = {column for header in sample.headers[:1] for column in header.wanted}
    if path.name != "export_2021.csv":  # of Meltwater's two headers the older
        assert {column for column in read if not knows(own, column)} <= {"issues/bus"}  # in no record


TABLES = [each for each in FILES if "narratives" not in each[0]]
"""A narrative's rows depend on rules that only a person writes."""


@pytest.mark.parametrize(("name", "path"), TABLES, ids=[f"{name}-{path.suffix}" for name, path in TABLES])
def test_draft_with_its_todos_filled_in_reads_every_row(name: str, path: Path, tmp_path: Path) -> None:
    sample = load_source(EXAMPLES / f"{name}.yml")
    form = sample.social.date_format if sample.social else "%d/%m/%Y"
    spec = spec_of(drafted(path), tmp_path, date_format=form)
    expected = rows_read(sample.model_dump(mode="json"), path, tmp_path / "sample")
    assert rows_read(spec, path, tmp_path / "own") == expected
