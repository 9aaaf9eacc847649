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
from opinion_warehouse.night_summary import _left_out
from opinion_warehouse.sample.canaries import NAME
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
    assert "first_one: 2 in its inbox folder never taken: A.CSV (not of its `files.pattern`), " in said
    assert "second_one: 1 in its inbox folder never taken: second_one (a file in the place of the" in said
    assert done.refused
    assert "no spec has the id of the inbox folder frist_one" in said
    left = sorted(path.name for path in (house.inbox_dir / "first_one").iterdir())
    assert left == sorted(["A.CSV", os.fsdecode(b"bad\xe9name.csv")])


ODD = {
    b"a\nb.csv": (r"a\nb.csv", "with control characters or undecodable bytes in its name"),
    b"\x1b[2Jc.csv": (r"\x1b[2Jc.csv", "with control characters or undecodable bytes in its name"),
    b"bad\xe9name.csv": (r"bad\xe9name.csv", "with control characters or undecodable bytes in its name"),
    b"[bold]d.txt": ("[bold]d.txt", "not of its `files.pattern`"),
}


@pytest.mark.parametrize("name", ODD)
def test_ingest_where_only_an_odd_name_waits_says_why_and_fails(house: Settings, name: bytes) -> None:
    deliver(house, "first_one", name, GOOD)
    done, said = by_hand(house)
    shown, why = ODD[name]
    assert f"first_one: 1 in its inbox folder never taken: {shown} ({why})\n" in said
    assert done.refused
    assert not by_hand(house, "second_one")[0].refused
    assert any(shown in line for line in _left_out(house)), "a night says it too"


def test_names_of_what_is_never_taken_are_few_and_for_the_terminal_alone(house: Settings) -> None:
    for number in range(9):
        deliver(house, "first_one", f"{NAME} {number}.txt", GOOD)
    deliver(house, "first_one", "a\nb.csv", GOOD)
    (house.inbox_dir / "first_one" / "folder.csv").mkdir()
    (house.inbox_dir / "first_one" / "link.csv").symlink_to("/etc/hostname")
    _, said = by_hand(house)
    assert said.count(NAME) == 5
    assert "and 7 more" in said
    (closed, _) = intake.close_intake(house, "social", NIGHT, "r")["sources"]
    assert closed["detail"] == (
        "12 in its inbox folder never taken: 2 no plain file, 9 not of its `files.pattern`,"
        " 1 with control characters or undecodable bytes in its name"
    )


def test_file_handed_in_by_an_odd_name_is_not_read(house: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a\nb.csv"
    path.write_text(GOOD)
    with pytest.raises(ValueError, match="rename"):
        ingest.run(house, "first_one", [path], NIGHT, Console(file=io.StringIO()))
    deliver(house, "first_one", "b.txt", GOOD)
    good = path.rename(tmp_path / "b.csv")
    done = ingest.run(house, "first_one", [good], NIGHT, Console(file=io.StringIO()))
    assert [each["outcome"] for each in done.files] == ["loaded"]
    assert not done.refused, "what lies in the inbox is another matter"


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
