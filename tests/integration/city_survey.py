"""A survey of one's own, `city_survey`: its spec and margins, and waves taken in as a night does."""

import csv
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from opinion_warehouse import intake, release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

SOURCE = "city_survey"
NIGHT = date(2026, 11, 23)
Row = dict[str, Any]
ITEMS = (
    "strategy", "sponsor", "population", "sample_generation", "mode_detail", "precision", "weighting",
    "processing", "limitations",
)  # fmt: skip


def said(words: str) -> Row:
    return {"vi": words, "en": words}


def wave(wave_id: str, day: str, **more: Any) -> Row:
    """A wave that has said all it has to."""
    dates = {"fieldwork_start": day, "fieldwork_end": day}
    return {"id": wave_id, **dates, "mode": "web", **dict.fromkeys(ITEMS, said("x")), **more}


def choice(question_id: str, answers: str = "yn", **more: Any) -> Row:
    """A closed question; its answers are one letter each."""
    options = [{"code": code, "label": said(code)} for code in answers]
    named = {"id": question_id, "kind": "single", "column": question_id}
    return named | {"wording": said(question_id), "topic": "D2", "options": options} | more


def coded(dimension: str, codes: str) -> Row:
    listed = [{"code": code, "label": said(code)} for code in codes]
    return {"dimension": dimension, "label": said(dimension), "column": dimension, "codes": listed}


def survey(**more: Any) -> Row:
    """The survey's section: waves w1 and w2, a choice, a number, two groups."""
    number = {"id": "spent", "kind": "numeric", "column": "spent", "wording": said("spent"), "topic": "D2"}
    return {
        "series": SOURCE,
        "wave_from": {"column": "wave"},
        "respondent_id": "person",
        "complete_when": "done",
        "coverage_place": "92",
        "design": {"sampling": "probability", "weight": "w"},
        "groups": [coded("sex", "fm"), coded("age", "yo")],
        "questions": [choice("bus"), number],
        "waves": [wave("w1", "2026-03-01"), wave("w2", "2026-06-01")],
    } | more


def weighting(method: str = "rake", **more: Any) -> Row:
    rule = {"method": method, "margins": f"{SOURCE}.margins.csv", "source": said("census")}
    return rule | {"date": "2026-01-01"} | more


def person(number: int, wave_id: str = "w1", **more: Any) -> Row:
    """A respondent of the wave: complete, of weight 1."""
    row = {"wave": wave_id, "person": f"P-{number}", "done": "1", "w": "1", "sex": "f", "age": "y"}
    return row | {"bus": "y", "spent": "10"} | more


def people(cells: Mapping[str, int], wave_id: str = "w1", first: int = 0, **more: Any) -> list[Row]:
    """So many people of each sex and age: {"fy": 3, …}."""
    of = [cell for cell, count in cells.items() for _ in range(count)]
    return [person(first + number, wave_id, sex=sex, age=age, **more) for number, (sex, age) in enumerate(of)]


def house_of(base: Settings, folder: Path) -> Settings:
    """The same warehouse, with a folder of sources and an inbox of the test's own."""
    return Settings(
        home=base.home_dir,
        dsn=base.dsn,
        secrets=base.secrets_dir,
        sources=folder / "sources",
        inbox=folder / "inbox",
    )


def say(house: Settings, section: Row, margins: str | None = None, source_id: str = SOURCE) -> None:
    """Write the spec, and the margins beside it; the next intake takes them up."""
    folder = house.sources_dir / "survey"
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "id": source_id,
        "family": "survey",
        "title": said(source_id),
        "owner": "desk",
        "licence": "x",
        "provenance": "x",
        "is_made": True,
        "files": {"pattern": "*.csv", "format": "csv", "delimiter": ","},
        "survey": section,
    }
    # JSON is YAML.
    (folder / f"{source_id}.yml").write_text(json.dumps(spec), encoding="utf-8")
    if margins is not None:
        (folder / f"{SOURCE}.margins.csv").write_text(margins, encoding="utf-8")


def write(house: Settings, name: str, rows: Iterable[Row], source_id: str = SOURCE) -> None:
    """Put a file into the inbox; later ones are newer."""
    folder = house.inbox_dir / source_id
    folder.mkdir(parents=True, exist_ok=True)
    written = list(rows)
    with (folder / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(written[0]))
        writer.writeheader()
        writer.writerows(written)
    with connect(house, "admin") as connection:
        before = connection.execute("select count(*) from intake.file").fetchone()
    assert before is not None
    os.utime(folder / name, (1_780_000_000 + 60 * before[0],) * 2)


def deliver(house: Settings, name: str, rows: Iterable[Row], source_id: str = SOURCE) -> int:
    """Take a file in and let its checks have passed. Returns the file's id."""
    write(house, name, rows, source_id)
    take_in(house)
    with connect(house, "admin", autocommit=True) as connection:
        # The landing suites are another test's: these files are good.
        connection.execute("update intake.file set landing_verdict = 'accepted' where status = 'loaded'")
        row = connection.execute(
            "select max(file_id) from intake.file where source_id = %s and file_name = %s", (source_id, name)
        ).fetchone()
    assert row is not None and row[0] is not None, name
    return int(row[0])


def take_in(house: Settings) -> None:
    """A night's intake: specs as they are now, and whatever lies in the inbox."""
    for file in intake.discover(house, "survey", NIGHT):
        done = intake.load_file(house, file["source_id"], file["path"], NIGHT, "run")
        assert (done["outcome"], done["rows_quarantined"]) == ("loaded", 0), done


def open_release(house: Settings) -> int:
    release_id = release.open_release(house, NIGHT, "run")
    assert release_id is not None
    return release_id


def rows(house: Settings, query: str, *given: Any) -> list[tuple[Any, ...]]:
    with connect(house, "admin", autocommit=True) as connection:
        return connection.execute(query.encode(), given).fetchall()
