"""Quarantine as people work in it: the commands on a real server, from a refused file to an accepted one."""

import io
import json
import os
import pty
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from city_survey import house_of, person, say, survey, write
from rich.console import Console
from typer.testing import CliRunner, Result

from opinion_warehouse import intake, night_summary, notify, prepare
from opinion_warehouse.cli import app
from opinion_warehouse.database.connect import connect
from opinion_warehouse.intake import store
from opinion_warehouse.intake.load import StillWritten
from opinion_warehouse.sample.canaries import NAME, PHONE, SENTENCE, find_canaries
from opinion_warehouse.settings import PROJECT, Settings

NIGHT = date(2026, 7, 20)
SPEC = """\
id: {id}
family: social
title: {{vi: A, en: A}}
owner: desk
licence: none
provenance: here
files: {{format: csv, pattern: "*.csv"}}
ignore_columns: [author]
social:
  columns: {{item_id: id, published_at: at, query: query, text: [words]}}
  date_format: iso
  platform: facebook
  queries:
    - {{code: q, label: {{vi: Q, en: Q}}, topic: C1}}
"""
HEADER = "id,at,query,words,author\n"


@pytest.fixture
def house(fresh_warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two sources; the commands find them by the environment, as a person's do."""
    for name in ("first_one", "second_one"):
        write_spec(tmp_path / "specs", name)
    assert fresh_warehouse.dsn is not None
    for name, value in {
        "HOME": tmp_path / "home",
        "SOURCES": tmp_path / "specs",
        "SECRETS": fresh_warehouse.secrets_dir,
        "DSN": fresh_warehouse.dsn.get_secret_value(),
    }.items():
        monkeypatch.setenv(f"OPINION_{name}", str(value))
    return Settings()


def write_spec(folder: Path, source_id: str, **changes: str) -> None:
    text = SPEC.format(id=source_id)
    for old, new in changes.items():
        text = text.replace(old, new)
    path = folder / "social" / f"{source_id}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def rows(count: int, first: int = 0, query: str = "q") -> str:
    return "".join(
        f"{number},2026-06-{number % 28 + 1:02}T10:00:00Z,{query},w,x\n"
        for number in range(first, first + count)
    )


def deliver(settings: Settings, source_id: str, name: str, content: str, modified: int = 0) -> None:
    path = settings.inbox_dir / source_id / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    os.utime(path, (1_780_000_000 + modified,) * 2)


def take_in(settings: Settings, night: date = NIGHT, run_id: str = "r") -> dict[str, dict[str, Any]]:
    """A night's intake of the family; what each source came to."""
    for file in intake.discover(settings, "social", night):
        intake.load_file(settings, file["source_id"], file["path"], night, run_id)
    intake.check_landing(settings, "social", night, run_id)
    closed = intake.close_intake(settings, "social", night, run_id)
    return {each["source_id"]: each for each in closed["sources"]}


def opinion(*words: object) -> Result:
    result = CliRunner().invoke(app, ["quarantine", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def listed(*words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(opinion("list", "--json", *words).stdout)
    return found


def at_a_terminal(*words: object) -> tuple[int, str]:
    """The command with a terminal for its standard output."""
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "opinion_warehouse", "quarantine", *map(str, words)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=child, stderr=child, stdin=child) as process:
        os.close(child)
        said = b""
        while True:
            try:
                part = os.read(parent, 4096)
            except OSError:
                break
            if not part:
                break
            said += part
    os.close(parent)
    return process.returncode, said.decode()


def test_ingest_shows_names_as_they_are_and_every_reason_whole(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "prepare", lambda *_, **__: None)
    deliver(house, "first_one", "[bold]x.csv", HEADER + rows(10))
    deliver(house, "second_one", "[y].csv", HEADER.replace("author", "author,salary") + "1,2,3,4,5,6\n")
    done = CliRunner().invoke(app, ["ingest", "--night", str(NIGHT)])
    assert done.exit_code == 4
    assert "[bold]x.csv" in done.stdout and "[y].csv" in done.stdout
    [line] = listed()
    [reason] = intake.quarantine_show(house, line["file_id"])["reasons"]
    assert f"unknown_column: {reason['rule']}" in done.stdout


def test_list_has_a_line_a_file_and_reason_and_filters(house: Settings) -> None:
    deliver(house, "first_one", "a.csv", HEADER + rows(200) + "x,never,other,w,x\ny,never,q,w,x\n")
    deliver(house, "second_one", "b.csv", HEADER.replace("author", "author,salary") + "1,2,3,4,5,6\n")
    take_in(house)
    deliver(house, "second_one", "c.csv", HEADER + rows(10) + "x,never,q,w,x\n")
    take_in(house, NIGHT + timedelta(days=1))
    every = [
        (line["file_name"], line["came_to"], line["reason_code"], line["row_count"]) for line in listed()
    ]
    assert every == [
        ("c.csv", "refused", "bad_row_share", 10),
        ("c.csv", "refused", "bad_date", 1),
        ("b.csv", "refused", "unknown_column", 0),
        ("a.csv", "rows", "bad_date", 2),
        ("a.csv", "rows", "unknown_query", 1),
    ]
    assert [line["file_name"] for line in listed("--oldest")] == ["a.csv", "a.csv", "b.csv", "c.csv", "c.csv"]
    assert {line["file_name"] for line in listed("--source", "second_one")} == {"b.csv", "c.csv"}
    assert {line["file_name"] for line in listed("--reason", "bad_date")} == {"a.csv", "c.csv"}
    assert {line["file_name"] for line in listed("--night", NIGHT)} == {"a.csv", "b.csv"}
    shown = opinion("list").stdout
    assert "loaded without these rows" in shown and "unknown_query" in shown
    assert opinion("list", "--reason", "bad_mail").stdout == "nothing of that\n"
    assert opinion("list", "--night", "yesterday").exit_code == 2


def test_show_counts_by_reason_and_column_and_says_rule_meaning_and_mend(house: Settings) -> None:
    bad = f'x,{PHONE},{NAME},"{SENTENCE}",{NAME}\n' * 3
    deliver(house, "first_one", "a.csv", HEADER + rows(300) + bad)
    take_in(house)
    [file_id] = {line["file_id"] for line in listed()}
    shown = json.loads(opinion("show", file_id, "--json").stdout)
    assert {(each["code"], each["column"]): each["row_count"] for each in shown["reasons"]} == {
        ("bad_date", "at"): 3,
        ("unknown_query", "query"): 3,
    }
    assert all(each["rule"] and each["meaning"] and each["mend"] for each in shown["reasons"])
    said = opinion("show", file_id, "--limit", 1).stdout
    assert "bad_date in at: 3 rows" in said
    assert "the cell is no date in the spec's manner" in said
    assert f"opinion quarantine show {file_id} --row 302" in said
    assert find_canaries(said + json.dumps(shown)) == []


def test_row_is_shown_at_a_terminal_without_the_person_and_nowhere_else(house: Settings) -> None:
    bad = f'{PHONE},never,other,"ngập ở đây. {SENTENCE}",{NAME}\n'
    deliver(house, "first_one", "a.csv", HEADER + rows(300) + bad)
    take_in(house)
    [file_id] = {line["file_id"] for line in listed()}
    for words in (("--row", 302), ("--row", 302, "--json")):
        refused = opinion("show", file_id, *words)
        assert refused.exit_code == 2
        assert "never" not in refused.output
    code, said = at_a_terminal("show", file_id, "--row", 302)
    assert code == 0
    assert "never" in said and "other" in said and "ngập ở đây" in said and "[phone]" in said
    assert "→" in said
    assert "author" not in said
    assert find_canaries(said) == []
    code, said = at_a_terminal("show", file_id, "--row", 999)
    assert code == 1
    assert "has no row 999" in said
    code, said = at_a_terminal("show", file_id, "--row", 302, "--json")
    assert code == 2
    assert not any((house.home_dir / "scratch").iterdir())


def test_heading_of_a_file_is_not_among_what_is_counted(house: Settings) -> None:
    """A file without its header has people's data where headings stand."""
    deliver(house, "first_one", "a.csv", HEADER.replace("author", f"author,{NAME}") + "1,2,3,4,5,6\n")
    deliver(house, "first_one", "b.csv", HEADER + rows(100, 10) + "x,never,q,w,x\n", 1)
    take_in(house)
    with connect(house, "transformer") as connection:
        counted = connection.execute(
            "select reason_code, column_name from intake.quarantine_reason"
        ).fetchall()
    assert sorted(counted, key=str) == [("bad_date", "at"), ("unknown_column", None)]


def test_replay_of_many_says_before_and_after(house: Settings) -> None:
    for number, source_id in enumerate(("first_one", "second_one")):
        deliver(house, source_id, "a.csv", HEADER + rows(90) + rows(10, 90, query="new"), number)
        deliver(house, source_id, "b.csv", HEADER + rows(99, 200) + "x,never,q,w,x\n" * 3, number)
    take_in(house)
    assert len({line["file_id"] for line in listed()}) == 4
    query = "    - {code: q, label: {vi: Q, en: Q}, topic: C1}\n"
    write_spec(house.sources_dir, "first_one", **{query: query + query.replace("code: q", "code: new")})
    done = opinion("replay", "--source", "first_one", "--reason", "unknown_query")
    assert done.exit_code == 0
    assert "rejected (bad_row_share)" in done.stdout and "0 → 100" in done.stdout and "100 → 0" in done.stdout
    [old] = {line["file_id"] for line in listed("--source", "first_one")}
    done = opinion("replay", old)
    assert done.exit_code == 4
    [new] = {line["file_id"] for line in listed("--source", "first_one")}
    assert new != old and f"{old} → {new}" in done.stdout
    assert opinion("replay", "--source", "first_one").exit_code == 4
    assert "bad_row_share: 3 of 102 rows are bad" in done.stdout
    assert {line["file_name"] for line in listed("--source", "second_one")} == {"a.csv", "b.csv"}
    assert opinion("replay").exit_code == 2
    assert opinion("replay", "--reason", "bad_mail").stdout == "nothing of that is in quarantine\n"


def test_replay_without_a_raw_copy_says_so_and_goes_on_with_the_next(house: Settings) -> None:
    deliver(house, "first_one", "a.csv", HEADER + rows(10) + "x,never,q,w,x\n")
    deliver(house, "first_one", "b.csv", HEADER + rows(10, 20, query="new"), 1)
    take_in(house)
    ids = {line["file_name"]: line["file_id"] for line in listed()}
    with connect(house, "admin") as connection:
        [(digest,)] = connection.execute(
            "select sha256 from intake.file where file_name = 'a.csv'"
        ).fetchall()
    assert store.remove(house, digest)
    write_spec(house.sources_dir, "first_one", **{"code: q": "code: new"})
    done = opinion("replay", ids["a.csv"], ids["b.csv"])
    assert done.exit_code == 1
    assert "is gone: raw files are kept" in done.stdout and "delivered again" in done.stdout
    assert {line["file_name"] for line in listed()} == {"a.csv"}
    code, said = at_a_terminal("show", ids["a.csv"], "--row", 12)
    assert code == 1
    assert "is gone" in said and "Traceback" not in said


def test_held_file_shows_the_check_the_numbers_and_the_mend(house: Settings) -> None:
    one_instant = "".join(f"{number},2026-06-01T10:00:00Z,q,w,x\n" for number in range(150))
    deliver(house, "first_one", "a.csv", HEADER + one_instant)
    deliver(house, "first_one", "b.csv", HEADER + rows(150, 500), 1)
    assert take_in(house)["first_one"]["status"] == "held"
    lines = {line["file_name"]: line for line in listed("--reason", "LND-303")}
    assert {(line["came_to"], line["row_count"]) for line in lines.values()} == {("held", None)}
    [check] = json.loads(opinion("show", lines["a.csv"]["file_id"], "--json").stdout)["checks"]
    assert check["check_id"] == "LND-303"
    assert [case["item_count"] for case in check["cases"]] == [150]
    assert "date_format" in check["mend"]
    said = opinion("show", lines["b.csv"]["file_id"]).stdout
    assert "LND-303" in said and "held for another" in said


def test_held_survey_names_wave_stratum_and_question(fresh_warehouse: Settings, tmp_path: Path) -> None:
    house = house_of(fresh_warehouse, tmp_path)
    design = {"sampling": "probability", "weight": "w", "stratum": "area", "stratum_psu_total": "blocks"}
    say(house, survey(design=design))
    people = [
        person(number, area="ns"[number % 2], blocks="3" if number % 2 else "40") for number in range(20)
    ]
    write(house, "a.csv", people)
    for file in intake.discover(house, "survey", NIGHT):
        intake.load_file(house, file["source_id"], file["path"], NIGHT, "r")
    with connect(house, "admin") as connection:
        connection.execute("update landing.survey_answer set missing_code = 2")
    intake.check_landing(house, "survey", NIGHT, "r")
    [line, *_] = intake.quarantine_list(house)
    checks = {each["check_id"]: each for each in intake.quarantine_show(house, line["file_id"])["checks"]}
    assert [check_id for check_id, each in checks.items() if each["severity"] == "block"] == [
        "LND-103",
        "LND-109",
    ]
    assert checks["LND-103"]["cases"] == [
        {
            "wave_id": "w1",
            "question_count": 2,
            "answered_question_count": 0,
            "unanswered_questions": "bus, spent",
        }
    ]
    [stratum] = checks["LND-109"]["cases"]
    assert (stratum["wave_id"], stratum["stratum_code"]) == ("w1", "s")
    assert (stratum["sampled_psu_count"], stratum["largest_total"]) == (10, 3)
    assert {each["question_id"] for each in checks["LND-107"]["cases"]} == {"bus", "spent"}
    assert all(each["mend"] for each in checks.values())


def test_persons_name_in_a_files_name_goes_into_no_word_on_the_night(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What BI and the notices say names a file by its id; the operator's list and `show` have its name."""
    told: list[str] = []
    monkeypatch.setattr(notify, "send", lambda settings, title, body: bool(told.append(title + body)))
    name = f"BC tuần - {NAME} {PHONE}.csv"
    deliver(house, "first_one", name, HEADER + rows(10) + "x,never,q,w,x\n")
    one_instant = "".join(f"{number},2026-06-01T10:00:00Z,q,w,x\n" for number in range(150))
    deliver(house, "second_one", name, HEADER + one_instant)
    deliver(house, "second_one", f"2 {name}", "garbage", 1)
    came_to = take_in(house)
    notify.intake_closed(house, "social", "social-desk", {"sources": list(came_to.values())})
    file_ids = {(line["source_id"], line["came_to"]): line["file_id"] for line in listed()}
    first = file_ids["first_one", "refused"]
    assert came_to["first_one"]["detail"] == f"refused: file {first} (bad_row_share)"
    assert f"refused: file {file_ids['second_one', 'refused']} (" in came_to["second_one"]["detail"]
    assert name in opinion("show", file_ids["second_one", "held"]).stdout
    of_night = night_summary.Night(NIGHT, house.home_dir / "log", run_ids={"ingest_social": "r"})
    screen = io.StringIO()
    night_summary.show(house, of_night, Console(file=screen, width=80))
    assert f"first_one: refused: file {first} (bad_row_share)\n" in screen.getvalue()
    assert "quarantine show <FILE>\n" in screen.getvalue()
    with connect(house, "admin") as connection:
        said = [
            connection.execute(f"select * from {relation}").fetchall()
            for relation in (
                "intake.source_night",
                "intake.source_state('2026-07-20')",
                "intake.quarantine_reason",
                "intake.unresolved_file",
                "quality.check_result",
            )
        ]
    assert all(said)
    path = house.inbox_dir / "first_one" / name
    for error in (StillWritten(f"{path} is still being written"), FileNotFoundError(2, "gone", str(path))):
        task = SimpleNamespace(dag_id="ingest_social", task_id="load_file", owner="social-desk")
        notify.task_failed({"task_instance": task, "task": task, "run_id": "r", "exception": error})
    assert [each.rsplit(" ", 1)[-1] for each in told[1:]] == ["still_written", "FileNotFoundError"]
    assert find_canaries(repr((said, told, came_to, screen.getvalue()))) == []


def test_file_refused_and_mended_on_the_same_day_leaves_its_source_accepted(house: Settings) -> None:
    deliver(house, "first_one", "a.csv", HEADER + rows(10) + "x,never,q,w,x\n")
    refused = take_in(house)["first_one"]
    [file_id] = {line["file_id"] for line in listed()}
    assert (refused["status"], refused["detail"]) == ("rejected", f"refused: file {file_id} (bad_row_share)")
    deliver(house, "first_one", "a.csv", HEADER + rows(11), 60)
    mended = take_in(house, run_id="r2")["first_one"]
    assert (mended["status"], mended["detail"]) == ("accepted", None)
    assert {line["came_to"] for line in listed()} == {"mended"}
    with connect(house, "publisher") as connection:
        [(state,)] = connection.execute(
            "select source_status from intake.source_state(%s) where source_id = 'first_one'", [NIGHT]
        ).fetchall()
    assert state == "fresh"
    assert opinion("replay", "--source", "first_one").stdout == "nothing of that is in quarantine\n"


def test_older_file_accepted_the_same_day_mends_nothing(house: Settings) -> None:
    deliver(house, "first_one", "a.csv", HEADER + rows(10))
    take_in(house)
    deliver(house, "first_one", "a.csv", HEADER + rows(10) + "x,never,q,w,x\n", 60)
    assert take_in(house, run_id="r2")["first_one"]["status"] == "rejected"
    assert "refused" in {line["came_to"] for line in listed()}


def test_held_file_that_was_mended_the_same_day_holds_its_source_no_more(house: Settings) -> None:
    one_instant = "".join(f"{number},2026-06-01T10:00:00Z,q,w,x\n" for number in range(150))
    deliver(house, "first_one", "a.csv", HEADER + one_instant)
    assert take_in(house)["first_one"]["status"] == "held"
    deliver(house, "first_one", "a.csv", HEADER + rows(150), 60)
    assert take_in(house, run_id="r2")["first_one"]["status"] == "accepted"


def test_reasons_lists_every_code_with_meaning_and_mend(house: Settings) -> None:
    every = json.loads(opinion("reasons", "--json").stdout)
    assert len(every) > 80
    assert all(each["means"] and each["mend"] for each in every)
    assert "personal" in opinion("reasons", "unknown_column").stdout
    assert opinion("reasons", "no_such_code").exit_code == 2
    assert "did you mean unknown_column?" in opinion("reasons", "unknown_colum").stderr


@pytest.mark.parametrize("command", ["list", "replay"])
def test_misspelt_source_or_reason_is_no_good_news(house: Settings, command: str) -> None:
    deliver(house, "first_one", "a.csv", HEADER + rows(10) + "x,never,q,w,x\n")
    take_in(house)
    for words, said in {
        ("--source", "frist_one"): "there is no source 'frist_one'; did you mean first_one?",
        ("--source", "nope"): "there is no source 'nope'; `opinion sources list`",
        ("--reason", "bad_dat"): "did you mean bad_date?",
        ("--reason", "lnd-303"): "did you mean LND-303?",
        ("--reason", "nope"): "there is no reason or check 'nope'; `opinion quarantine reasons`",
        ("--source", "first_one", "--reason", "nope"): "there is no reason or check 'nope'",
    }.items():
        result = opinion(command, *words)
        assert (result.exit_code, result.stdout) == (2, ""), words
        assert said in result.stderr
    assert "nothing of that" in opinion(command, "--reason", "LND-303").stdout
    (house.sources_dir / "social" / "second_one.yml").unlink()
    assert opinion(command, "--source", "second_one").exit_code == 0, "it was a source once"
    write_spec(house.sources_dir, "new_one")
    assert opinion(command, "--source", "new_one").exit_code == 0, "nothing of it was taken in yet"


def test_ingest_without_a_spec_says_how_one_is_made(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in (house.sources_dir / "social").iterdir():
        spec.unlink()
    for words in ((), ("first_one",)):
        with pytest.raises(ValueError, match=r"holds no spec.*opinion sources new FILE --out"):
            CliRunner().invoke(app, ["ingest", *words], catch_exceptions=False)


@pytest.mark.parametrize("command", ["list", "show", "replay", "reasons"])
def test_help_teaches_by_examples(house: Settings, command: str) -> None:
    assert f"opinion quarantine {command}" in opinion(command, "--help").stdout
