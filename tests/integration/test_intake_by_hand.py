"""`opinion ingest`, what the inbox may hold besides deliveries, and what quarantine says."""

import io
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from opinion_warehouse import ingest, intake, prepare
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 7, 20)
SPEC = """\
id: {id}
family: social
title: {{vi: A, en: A}}
owner: desk
licence: none
provenance: here
files: {{format: csv, pattern: "*.csv"}}
social:
  columns: {{item_id: id, published_at: at}}
  date_format: iso
  platform: facebook
  query: q
  queries:
    - {{code: q, label: {{vi: Q, en: Q}}, topic: C1}}
"""
GOOD = "id,at\n" + "".join(f"{number},2026-06-01T10:{number}:00Z\n" for number in range(10, 20))


@pytest.fixture
def house(fresh_warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Two good sources, in a warehouse that is set up already."""
    monkeypatch.setattr(prepare, "prepare", lambda *_, **__: None)
    for name in ("first_one", "second_one"):
        path = tmp_path / "specs" / "social" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SPEC.format(id=name), encoding="utf-8")
    yield Settings(
        home=tmp_path / "home",
        dsn=fresh_warehouse.dsn,
        secrets=fresh_warehouse.secrets_dir,
        sources=tmp_path / "specs",
    )


def deliver(settings: Settings, source: str, name: str | bytes, content: str) -> Path:
    folder = settings.inbox_dir / source
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / os.fsdecode(name)
    path.write_text(content, encoding="utf-8")
    os.utime(path, (1_780_000_000,) * 2)
    return path


def by_hand(settings: Settings, source: str | None = None) -> tuple[ingest.Ingested, str]:
    said = io.StringIO()
    done = ingest.run(settings, source, [], NIGHT, Console(width=500, file=said))
    return done, said.getvalue()


def outcomes(done: ingest.Ingested) -> dict[str, str]:
    return {f"{each['source_id']}/{each['name']}": each["outcome"] for each in done.files}


def test_ingest_beside_a_wrong_spec_takes_the_others_and_names_it(house: Settings) -> None:
    (house.sources_dir / "social" / "third_one.yml").write_text("id: [")
    deliver(house, "first_one", "a.csv", GOOD)
    done, said = by_hand(house)
    assert outcomes(done) == {"first_one/a.csv": "loaded"}
    assert done.refused
    assert "third_one.yml:" in said
    assert not by_hand(house, "first_one")[0].refused


def test_ingest_with_a_load_that_breaks_goes_on_with_the_next(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver(house, "first_one", "a.csv", GOOD)
    deliver(house, "second_one", "b.csv", GOOD)
    load = intake.load_file

    def broken(settings: Settings, source_id: str, *rest: Any, **more: Any) -> dict[str, Any]:
        if source_id == "first_one":
            raise OSError("the scratch folder is full")
        return load(settings, source_id, *rest, **more)

    monkeypatch.setattr(intake, "load_file", broken)
    done, _ = by_hand(house)
    assert outcomes(done) == {"first_one/a.csv": "failed", "second_one/b.csv": "loaded"}
    assert done.files[0]["why"] == "OSError: the scratch folder is full"
    assert done.refused
    assert path.exists()


def test_ingest_of_an_odd_inbox_takes_the_good_and_says_what_it_left(house: Settings) -> None:
    deliver(house, "first_one", b"bad\xe9name.csv", GOOD)
    deliver(house, "first_one", "A.CSV", GOOD)
    deliver(house, "first_one", "[red] é\u00a0x.csv", GOOD)
    deliver(house, "frist_one", "a.csv", GOOD)
    house.inbox_dir.joinpath("second_one").write_text("a file in the place of the folder")
    done, said = by_hand(house)
    assert outcomes(done) == {"first_one/[red] é\u00a0x.csv": "loaded"}
    assert "2 in its inbox folder never taken" in said
    assert "1 in its inbox folder never taken" in said
    assert "no spec has the id of the inbox folder frist_one" in said
    left = sorted(path.name for path in (house.inbox_dir / "first_one").iterdir())
    assert left == sorted(["A.CSV", os.fsdecode(b"bad\xe9name.csv")])


def test_quarantine_says_row_column_reason_and_mend(house: Settings) -> None:
    deliver(house, "first_one", "a.csv", GOOD + "20,yesterday\n")
    deliver(house, "second_one", "b.csv", GOOD.replace("at", "at,salary", 1))
    by_hand(house)
    listed = {(each["source_id"], each["reason_code"]): each for each in intake.quarantine_list(house)}
    assert {key: (each["came_to"], each["row_count"]) for key, each in listed.items()} == {
        ("first_one", "bad_row_share"): ("refused", 10),
        ("first_one", "bad_date"): ("refused", 1),
        ("second_one", "unknown_column"): ("refused", 0),
    }
    shown = intake.quarantine_show(house, listed["first_one", "bad_date"]["file_id"])
    assert [(row["row"], row["row_count"], row["column"], row["code"]) for row in shown["rows"]] == [
        (None, 10, None, "bad_row_share"),
        (12, 1, "at", "bad_date"),
    ]
    assert "look at date_format and replay" in shown["reasons"][1]["mend"]
    shown = intake.quarantine_show(house, listed["second_one", "unknown_column"]["file_id"])
    assert "salary" in shown["rows"][0]["detail"]
    assert "ignore_columns, and replay" in shown["reasons"][0]["mend"]
    assert "yesterday" not in str(shown)


def test_summary_of_a_night_names_wrong_specs_and_folders_no_spec_claims(tmp_path: Path) -> None:
    from opinion_warehouse.night_summary import _left_out
    from opinion_warehouse.settings import Settings

    (tmp_path / "sources").mkdir()
    broken = tmp_path / "sources" / "broken_one.yml"
    broken.write_text("id: broken_one\nfamilly: survey\n", encoding="utf-8")
    (tmp_path / "inbox" / "nobodys_folder").mkdir(parents=True)
    (tmp_path / "inbox" / "broken_one").mkdir()
    settings = Settings(home=tmp_path, sources=tmp_path / "sources", dsn=None)
    said = _left_out(settings)
    assert any("broken_one.yml" in line and "familly" in line for line in said)
    assert [line for line in said if "no spec claims" in line and "nobodys_folder" in line]
    assert not [line for line in said if "no spec claims" in line and "broken_one" in line]


def test_summary_of_a_night_offers_to_stop_only_a_server_of_its_own(tmp_path: Path) -> None:
    from opinion_warehouse.night import Night
    from opinion_warehouse.night_summary import _next
    from opinion_warehouse.settings import Settings

    night = Night(NIGHT, tmp_path / "log")
    assert " down" in _next(Settings(home=tmp_path, dsn=None), night)
    assert " down" not in _next(Settings(home=tmp_path, dsn="postgresql://elsewhere/opinion"), night)
