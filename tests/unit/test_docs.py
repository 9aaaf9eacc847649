"""The documents say what is there: every path exists, every command can be given."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import typer
import yaml
from pydantic import BaseModel, TypeAdapter

from opinion_warehouse import __version__
from opinion_warehouse.cli import app
from opinion_warehouse.notify import runbook
from opinion_warehouse.settings import PROJECT, Settings
from opinion_warehouse.sources import Fetch, Files, Report, Source, check_sources, load_source
from opinion_warehouse.sources.base import PlaceNames

DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]
by_name = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))


@by_name
def test_links_of_a_document_lead_to_files_and_their_headings(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link, _, _ in links if not (document.parent / link).exists()] == []
    named = [(document.parent / link if link else document, anchor) for link, _, anchor in links if anchor]
    assert [anchor for page, anchor in named if anchor not in anchors(page)] == []


def anchors(page: Path) -> set[str]:
    """What a link may name of a page: its headings, as they are shown on the web."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_name
def test_make_targets_of_a_document_are_in_the_makefile(document: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"\bmake ([a-z-]+)", "\n".join(code_of(document)))
    assert [target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@by_name
def test_commands_of_a_document_exist(document: Path) -> None:
    root = typer.main.get_command(app)
    for line in code_of(document):
        for words in re.findall(r"(?:^|\s)(?:\./)?opinion ([a-z][^`#\n]*)", line):
            command: click.Command = root
            for word in words.split():
                if not hasattr(command, "commands"):
                    break
                assert word in command.commands, f"{document.name}: opinion {words}"
                command = command.commands[word]
            known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
            for option in re.findall(r"--[a-z-]+", words):
                assert option in known, f"{document.name}: opinion {words}"


def test_settings_of_the_readme_are_settings() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert {name.lower() for name in re.findall(r"OPINION_([A-Z]+)", text)} <= set(Settings.model_fields)


def test_runbooks_named_by_the_dags_are_there() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "dags").glob("*.py"))
    # A DAG is made by the call at the end of its file; the ingest DAGs by a loop.
    dag_ids = {
        *re.findall(r"^(\w+)\(\)$", text, re.MULTILINE),
        "ingest_survey",
        "ingest_report",
        "ingest_social",
    }
    assert len(dag_ids) == 7, dag_ids
    pages = {(PROJECT / runbook(dag_id)) for dag_id in dag_ids}
    assert pages == set((PROJECT / "docs" / "runbooks").glob("*.md"))
    assert "docs/runbooks/" not in text  # a DAG's text takes its page from the same function


def code_of(document: Path) -> list[str]:
    """The lines of a document that stand in code: fenced blocks and spans."""
    text = document.read_text(encoding="utf-8")
    fenced = "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)).splitlines()
    return fenced + re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def test_specs_of_the_guide_and_templates_are_yaml_to_every_reader() -> None:
    """The C scanner lets through what others refuse, and an editor would be the first to say so."""
    guide = "".join(page.read_text(encoding="utf-8") for page in DOCUMENTS)
    texts = [*re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)]
    assert len(texts) == 3
    texts += [path.read_text(encoding="utf-8") for path in sorted((PROJECT / "sources").rglob("*.yml"))]
    assert all(yaml.load(text, Loader=yaml.SafeLoader)["id"] for text in texts)


def test_parts_of_the_guide_fit_into_its_survey(tmp_path: Path) -> None:
    """Weights, a reworded question and its harmonisation, put into the survey that is printed whole."""
    pages = [PROJECT / "docs" / name for name in ("add-a-source.md", "surveys.md")]
    guide = "".join(page.read_text(encoding="utf-8") for page in pages)
    blocks = re.findall(r"^```\w*\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    source = yaml.load(next(block for block in blocks if block.startswith("id: ")), Loader=yaml.SafeLoader)
    survey = source["survey"]
    # a part of a spec is printed with its indentation; one that begins with a list's item is of the questions
    indented = [block for block in blocks if block.startswith("  ")]
    whole = [f"  questions:\n{block}" if block.startswith("    - ") else block for block in indented]
    parts = [yaml.load(block, Loader=yaml.SafeLoader) for block in whole]
    assert [sorted(part) for part in parts] == [["weighting"], ["harmonisation", "questions"]]
    survey["weighting"] = parts[0]["weighting"]
    survey["harmonisation"] = parts[1]["harmonisation"]
    (reworded,) = parts[1]["questions"]
    question = next(each for each in survey["questions"] if each["id"] == reworded["id"])
    question.update(reworded)
    survey["waves"].append(survey["waves"][0] | {"id": "2026-09"})
    (margins,) = re.findall(r"```csv\n(dimension,.*?)```", guide, re.DOTALL)
    (tmp_path / survey["weighting"]["margins"]).write_text(margins, encoding="utf-8")
    path = tmp_path / f"{source['id']}.yml"
    path.write_text(json.dumps(source), encoding="utf-8")
    assert [str(error) for error in check_sources(tmp_path)] == []
    loaded = load_source(path).survey
    assert loaded is not None and loaded.weighting is not None
    assert len(loaded.weighting.targets) == 4


def test_fetch_sections_of_the_guide_are_valid() -> None:
    guide = (PROJECT / "docs" / "fetching.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(fetch:\n.*?)^```", guide, re.DOTALL | re.MULTILINE)
    fetches = [TypeAdapter(Fetch).validate_python(yaml.safe_load(block)["fetch"]) for block in blocks]
    assert [fetch.from_ for fetch in fetches] == ["limesurvey", "http_json"]


def test_files_and_report_sections_of_the_guide_are_valid() -> None:
    guide = "".join(page.read_text(encoding="utf-8") for page in DOCUMENTS)
    blocks = re.findall(r"^```\n((?:files|report):\n.*?)^```", guide, re.DOTALL | re.MULTILINE)
    parts = [yaml.safe_load(block) for block in blocks]
    files = [Files.model_validate(part["files"]) for part in parts if "files" in part]
    assert [part.format for part in files if part.repeat] == ["xlsx", "json"]
    (report,) = [Report.model_validate(part["report"]) for part in parts if "report" in part]
    assert report.narrative is not None and len(report.narrative.items) == 2


PAGES: dict[Any, str] = {
    "files": "formats.md",
    "fetch": "fetching.md",
    "survey": "surveys.md",
    "report": "reports.md",
    "social": "social.md",
    PlaceNames: "formats.md",  # of all three families
}
"""Key, or model, of a spec → the page of all that is in it; of all else, add-a-source.md."""
FILLED_IN = ("survey.weighting.targets", "survey.weighting.is_share")
"""What is read from the file of margins, and stands in no spec."""


def keys(model: type[BaseModel], page: str, place: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, its page) of all that may stand in a part of a spec."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield place + key, page
        own = page if place else PAGES.get(key, page)
        for inner in models_in(field.annotation):
            yield from keys(inner, PAGES.get(inner, own), f"{place}{key}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models an annotation is made of: of `list[Place]`, of `A | B | None`, of what is annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def test_every_key_of_a_spec_is_explained_on_its_page() -> None:
    found = dict(keys(Source, "add-a-source.md"))
    assert set(FILLED_IN) < set(found)
    code = {page: "\n".join(code_of(PROJECT / "docs" / page)) for page in found.values()}

    def is_said(key: str, page: str) -> bool:
        """`key: …` stands in code, or the key alone, maybe behind the keys it is in."""
        return bool(re.search(rf"(?:^|[\s{{(.]){key}:|^(?:\w+\.)*{key}$", code[page], re.MULTILINE))

    wanted = {where: page for where, page in found.items() if not where.startswith(FILLED_IN)}
    assert [each for each in wanted.items() if not is_said(each[0].rpartition(".")[2], each[1])] == []


def test_page_of_landing_checks_is_what_the_suites_say() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from tools.landing_checks_page import page; print(page(), end='')"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    page = (PROJECT / "docs" / "landing-checks.md").read_text(encoding="utf-8")
    assert page == done.stdout, "run make docs"


def test_launcher_started_inside_another_checkout_runs_its_own_package(tmp_path: Path) -> None:
    other = tmp_path / "opinion_warehouse"
    other.mkdir()
    (other / "__init__.py").touch()
    (other / "__main__.py").write_text("print('the other one')", encoding="utf-8")
    house = tmp_path / "a house"
    (house / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(PROJECT / "opinion", house / "opinion")
    python = house / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run(
        [house / "opinion", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == __version__
