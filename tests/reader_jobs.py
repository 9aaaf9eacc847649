"""Reads bytes through the parser as intake does, without a database: what came out, and what was refused."""

import csv
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from opinion_warehouse.readers import parts
from opinion_warehouse.readers.output import COLUMNS
from opinion_warehouse.readers.parse import parse
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import MissingCode, Source, load_source

SEEDS = PROJECT / "dbt_project" / "seeds"
FIXTURES = PROJECT / "tests" / "fixtures"
LABEL = {"vi": "nhãn", "en": "label"}


@dataclass
class Read:
    """A parse's result. Rows as COPY would take them; NULL is None."""

    rejected: str | None
    detail: str
    bad: dict[int, list[str]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def order(source: dict[str, Any], path: Path, scratch: Path, name: str = "file") -> dict[str, Any]:
    """An order to the parser."""
    return {
        "source": Source.model_validate(source).model_dump(mode="json"),
        "path": str(path),
        "file_name": name,
        "file_id": 7,
        "received_at": datetime(2026, 7, 1, tzinfo=UTC).isoformat(),
        "night": date(2026, 7, 1).isoformat(),
        "key": "ab" * 32,
        "scratch": str(scratch),
        "reference_dir": str(SEEDS),
    }


def read(source: dict[str, Any], data: bytes | str, folder: Path, name: str = "file") -> Read:
    """Parse some bytes."""
    path = folder / "delivered"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    shutil.rmtree(folder / parts.FOLDER, ignore_errors=True)
    parse(order(source, path, folder, name))
    summary = json.loads((folder / "summary.json").read_text())
    rows: dict[str, list[dict[str, Any]]] = {}
    for table, part in parts.finished(folder):
        rows.setdefault(table, []).extend(_rows(part, table))
    bad = {
        int(row["row_number"]): [reason["code"] for reason in json.loads(row["reasons"])]
        for row in rows.pop("quarantine", [])
    }
    rejected = summary["rejected"] or {"code": None, "detail": ""}
    return Read(rejected["code"], rejected["detail"], bad, rows)


def read_example(source_id: str, file_name: str, folder: Path) -> Read:
    """Parse a fixture of a sample spec, under its own name."""
    return read(example(source_id), (FIXTURES / source_id / file_name).read_bytes(), folder, file_name)


def example(source_id: str, **files: Any) -> dict[str, Any]:
    """The values of a sample spec, with other values in its `files`."""
    spec = load_source(PROJECT / "sources" / "_examples" / f"{source_id}.yml").model_dump(mode="json")
    return spec | {"files": spec["files"] | files}


def answers_by_row(result: Read) -> dict[int, list[str]]:
    """Row number of a good row → its answers in the spec's order: code or number, or why there is none."""
    rows = {row["respondent_key"]: int(row["row_number"]) for row in result.rows.get("survey_response", [])}
    found: dict[int, list[str]] = {row: [] for row in rows.values()}
    for answer in result.rows.get("survey_answer", []):
        said = [answer["answer_code"] or answer["numeric_value"]] if answer["missing_code"] != "6" else []
        if answer["missing_code"] != "0":
            said.append(MissingCode(int(answer["missing_code"])).name.lower())
        found[rows[answer["respondent_key"]]].append(" ".join(word for word in said if word))
    return found


def spilled(folder: Path, result: Read) -> list[str]:
    """The canaries that a parse let out into a file, or into what it says."""
    own_copies = ("delivered", "inflated", "utf8.csv", "clean.csv")
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in own_copies]
    return find_canaries(result.detail) + [
        canary for path in files for canary in find_canaries(path.read_bytes())
    ]


def workbook(rows: Sequence[Sequence[Any]], sheet: str = "Sheet") -> bytes:
    """Rows as an xlsx workbook of one sheet; an empty text is no cell."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append([None if cell == "" else cell for cell in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _rows(path: Path, table: str) -> list[dict[str, Any]]:
    """COPY's CSV: what is quoted is a value, what is not is NULL."""
    text = path.read_text(encoding="utf-8")
    marked = text.replace('""', "\x01")
    rows = []
    for line in csv.reader(
        marked.replace('"', "\x02").splitlines(), quoting=csv.QUOTE_NONE, delimiter="\x00"
    ):
        cells: list[str | None] = []
        for cell in _split(line[0]):
            quoted = cell.startswith("\x02") or cell == "\x01"
            cells.append(
                cell.strip("\x02").replace("\x01", "" if cell == "\x01" else '"') if quoted else cell or None
            )
        rows.append(dict(zip(COLUMNS[table], cells, strict=True)))
    return rows


def _split(line: str) -> list[str]:
    cells, inside, cell = [], False, ""
    for char in line:
        if char == "\x02":
            inside = not inside
        if char == "," and not inside:
            cells.append(cell)
            cell = ""
        else:
            cell += char
    return [*cells, cell]


def source(family: str, section: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A spec's values."""
    files = {"format": "csv"} | more.pop("files", {})
    return {
        "id": f"a_{family}",
        "family": family,
        "title": LABEL,
        "owner": "desk",
        "licence": "none",
        "provenance": "made",
        "files": files,
        family: section,
        **more,
    }


def social(**more: Any) -> dict[str, Any]:
    """A social source with the columns id, at, mood, likes, url, words."""
    return source(
        "social",
        {
            "columns": {
                "item_id": "id",
                "published_at": "at",
                "sentiment": "mood",
                "engagement": "likes",
                "url": "url",
                "text": ["words"],
            },
            "date_format": "iso",
            "platform": "facebook",
            "query": "q",
            "sentiment_method": "vendor",
            "sentiments": {"Tốt": "positive", "Xấu": "negative"},
            "queries": [{"code": "q", "label": LABEL, "topic": "C1"}],
        },
        ignore_columns=["author"],
        **more,
    )


def survey(**more: Any) -> dict[str, Any]:
    """A survey with the columns id, done, w, sex, age, q1, m1, m2, n."""
    section = {
        "series": "a_survey",
        "wave_from": {"constant": "w1"},
        "respondent_id": "id",
        "complete_when": "done",
        "design": {"sampling": "probability", "weight": "w"},
        "null_means": "not_asked",
        "empty_means": "no_answer",
        "groups": [
            {
                "dimension": "sex",
                "label": LABEL,
                "column": "sex",
                "codes": [{"code": "1", "label": LABEL}, {"code": "2", "label": LABEL}],
                "unknown": ["9"],
            },
            {
                "dimension": "age",
                "label": LABEL,
                "column": "age",
                "bands": [
                    {"code": "young", "label": LABEL, "high": 39},
                    {"code": "old", "label": LABEL, "low": 40},
                ],
            },
        ],
        "questions": [
            {
                "id": "q1",
                "kind": "single",
                "column": "q1",
                "wording": LABEL,
                "topic": "B",
                "missing": {"97": "refused"},
                "options": [
                    {"code": "1", "label": LABEL},
                    {"code": "2", "label": LABEL},
                    {"code": "8", "label": LABEL, "missing": "dont_know"},
                ],
            },
            {
                "id": "m",
                "kind": "multiple",
                "columns": {"a": "m1", "b": "m2"},
                "wording": LABEL,
                "topic": "F",
                "options": [{"code": "a", "label": LABEL}, {"code": "b", "label": LABEL}],
            },
            {
                "id": "n",
                "kind": "numeric",
                "column": "n",
                "wording": LABEL,
                "topic": "D",
                "low": 0,
                "high": 10,
            },
        ],
        "waves": [
            {
                "id": "w1",
                "fieldwork_start": "2026-01-01",
                "fieldwork_end": "2026-02-01",
                "mode": "web",
                **dict.fromkeys(
                    (
                        "strategy",
                        "sponsor",
                        "population",
                        "sample_generation",
                        "mode_detail",
                        "precision",
                        "weighting",
                        "processing",
                        "limitations",
                    ),
                    LABEL,
                ),
            }
        ],
    }
    section |= more.pop("section", {})
    return source("survey", section, **more)


def report(**more: Any) -> dict[str, Any]:
    """A report source in the structured template, as CSV."""
    section = more.pop("section", {"agencies": {"Sở Xây dựng": "CT-SXD"}})
    return source("report", section, **({"ignore_columns": ["STT", "nguoi_lap"]} | more))
