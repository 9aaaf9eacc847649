"""Files → landing tables on a real server: exactly once, all or nothing, whatever the file or the moment."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from opinion_warehouse import intake
from opinion_warehouse.database.connect import connect
from opinion_warehouse.intake import load as loading
from opinion_warehouse.intake import store
from opinion_warehouse.maintenance import subject_keys
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 7, 20)
OLD = 1_780_000_000
SPEC = """\
id: a_social
family: social
title: {vi: A, en: A}
owner: desk
licence: none
provenance: here
files: {format: csv, pattern: "*.csv"}
ignore_columns: [author]
social:
  columns: {item_id: id, published_at: at, text: [words]}
  date_format: iso
  platform: facebook
  query: q
  queries:
    - {code: q, label: {vi: Q, en: Q}, topic: C1}
"""
HEADER = "id,at,words,author\n"


def rows(first: int, count: int, at: str = "2026-06-01T10:00:00Z") -> str:
    return "".join(f"{number},{at},w,Ẩn Danh 0901234567\n" for number in range(first, first + count))


@pytest.fixture
def house(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path: Path
) -> Iterator[Settings]:
    """An empty warehouse with one social source of its own."""
    with new_warehouse() as base:
        sources = tmp_path / "specs"
        (sources / "social").mkdir(parents=True)
        (sources / "social" / "a_social.yml").write_text(SPEC, encoding="utf-8")
        yield Settings(
            home=tmp_path / "home",
            dsn=base.dsn,
            sources=sources,
            secrets=base.secrets_dir,
        )


def deliver(settings: Settings, name: str, content: str | bytes, modified: int = OLD) -> Path:
    path = settings.inbox_dir / "a_social" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (modified, modified))
    return path


def load(settings: Settings, run_id: str = "r", night: date = NIGHT) -> list[dict[str, Any]]:
    return [
        intake.load_file(settings, file["source_id"], file["path"], night, run_id)
        for file in intake.discover(settings, "social", night)
    ]


def scalar(settings: Settings, query: str) -> Any:
    with connect(settings, "admin") as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]


def test_load_file_good_bad_and_twice_keeps_the_ledgers_promise(house: Settings) -> None:
    deliver(house, "a.csv", HEADER + rows(0, 100) + "x,no date,w,a\n")
    deliver(house, "b.csv", HEADER + rows(100, 70) + "".join(f"y{n},bad,w,a\n" for n in range(30)), OLD + 1)
    deliver(house, "c.csv", os.urandom(5000), OLD + 2)
    deliver(house, "d.csv", (HEADER + rows(0, 100) + "x,no date,w,a\n"), OLD + 3)
    deliver(house, "e.csv", HEADER.replace("words", "words,salary") + "1,2,3,4,5\n", OLD + 4)
    results = {result["name"]: result for result in load(house)}
    assert {name: (r["outcome"], r["reason_code"]) for name, r in results.items() if name != "c.csv"} == {
        "a.csv": ("loaded", None),
        "b.csv": ("rejected", "bad_row_share"),
        "d.csv": ("duplicate", None),
        "e.csv": ("rejected", "unknown_column"),
    }
    assert results["c.csv"]["outcome"] == "rejected"
    assert "salary" in results["e.csv"]["detail"]
    assert scalar(house, "select count(*) from landing.social_item") == 100
    assert (
        scalar(
            house,
            "select count(*) from intake.quarantine q join intake.file f using (file_id)"
            " where f.file_name = 'b.csv' and q.row_number is not null",
        )
        == 30
    )
    assert (
        scalar(
            house,
            "select row_count from intake.quarantine q join intake.file f using (file_id)"
            " where f.file_name = 'b.csv' and q.row_number is null",
        )
        == 70
    )
    assert scalar(house, "select sum(row_count) from intake.quarantine") == sum(
        result["rows_quarantined"] for result in results.values()
    )
    assert list((house.inbox_dir / "a_social").iterdir()) == []
    rules = "select string_agg(distinct reading ->> 'topic_rules', ' ') from intake.file"
    assert re.fullmatch(r"\d+-[0-9a-f]{12}", scalar(house, rules))
    everything = scalar(
        house,
        "select string_agg(t::text, ' ') from (select q::text as t from intake.quarantine q"
        " union all select a::text from intake.attempt a"
        " union all select i::text from landing.social_item i) as x",
    )
    assert not any(canary in everything for canary in ("0901234567", "Ẩn Danh", "no date"))


def test_item_whose_id_is_of_several_columns_is_found_by_its_parts(house: Settings) -> None:
    spec = house.sources_dir / "social" / "a_social.yml"
    spec.write_text(SPEC.replace("item_id: id", "item_id: [page, id]"), encoding="utf-8")
    lines = ["page,id,at,words,author", *(f"p{n % 3},{n % 5}.0,2026-06-01T10:00:00Z,w,a" for n in range(15))]
    deliver(house, "a.csv", "\n".join(lines))
    assert load(house)[0]["rows_loaded"] == 15
    [key] = subject_keys(house, "a_social", [" p1", "4.0"])
    assert scalar(
        house, f"select array_agg(row_number) from landing.social_item where item_key = '{key}'"
    ) == [6]
    with pytest.raises(ValueError, match="has 2 parts: page, id"):
        subject_keys(house, "a_social", "4")


def test_file_in_many_parts_lands_whole_or_not_at_all(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(loading, "reached", done.append)
    many = 100_000  # the first of them are copied before it is known that the file is refused
    deliver(house, "bad.csv", HEADER + rows(0, many) + "x,no date,w,a\n" * 3_000)
    assert load(house)[0]["reason_code"] == "bad_row_share"
    assert done.count("copied social_item") > 1
    assert scalar(house, "select count(*) from landing.social_item") == 0
    assert scalar(house, "select sum(row_count) from intake.quarantine") == many + 3_000
    deliver(house, "good.csv", HEADER + rows(0, many))
    assert load(house)[0]["rows_loaded"] == many
    assert scalar(house, "select count(distinct item_key) from landing.social_item") == many


def test_check_and_close_hold_nothing_that_is_good_and_say_what_was_refused(house: Settings) -> None:
    deliver(house, "a.csv", HEADER + rows(0, 10))
    deliver(house, "c.csv", b"garbage", OLD + 1)
    load(house)
    assert [result["verdict"] for result in intake.check_landing(house, "social", NIGHT, "r")] == ["accepted"]
    summary = intake.close_intake(house, "social", NIGHT, "r")
    assert summary["sources"][0]["status"] == "rejected"
    file_id = scalar(house, "select file_id from intake.file where file_name = 'c.csv'")
    assert summary["sources"][0]["detail"].startswith(f"refused: file {file_id} (")
    later = date(2026, 7, 21)
    assert load(house, night=later) == []
    assert intake.check_landing(house, "social", later, "r") == []
    assert intake.close_intake(house, "social", later, "r")["sources"][0]["status"] == "nothing_new"


def test_check_landing_of_suspect_files_holds_them_and_replay_lets_them_be_checked_again(
    house: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deliver(house, "a.csv", HEADER + rows(0, 150))
    load(house)  # 150 items on one instant
    held = intake.check_landing(house, "social", NIGHT, "r")
    assert held[0]["verdict"] == "held"
    assert held[0]["failed"][0].startswith("LND-303")
    deliver(house, "note.txt", "left in the inbox")
    details = [
        intake.close_intake(house, "social", NIGHT, "r")["sources"][0]["detail"].split(" · ")
        for _ in range(3)  # as ingests by hand of one night do
    ]
    assert [len(parts) for parts in details] == [2, 2, 2]
    assert details[2][0].startswith("LND-303")
    file_id = intake.quarantine_list(house)[0]["file_id"]
    again = intake.quarantine_replay(house, file_id, NIGHT, "r2")
    assert again["outcome"] == "loaded"
    assert scalar(house, "select string_agg(landing_verdict, ',') from intake.file") == "pending"
    assert scalar(house, "select count(*) from landing.social_item") == 150

    from opinion_warehouse.intake import landing

    monkeypatch.setattr(landing, "SUITES", tmp_path / "no suites")
    assert intake.check_landing(house, "social", NIGHT, "r3")[0]["verdict"] == "held"
    monkeypatch.undo()
    assert intake.check_landing(house, "social", NIGHT, "r4")[0]["failed"][0].startswith("LND-303")


def test_load_file_refused_before_is_read_again_once_its_spec_is_mended(house: Settings) -> None:
    content = HEADER.replace("words", "words,salary") + "1,2026-06-01T10:00:00Z,w,5,a\n"
    deliver(house, "a.csv", content)
    assert load(house)[0]["reason_code"] == "unknown_column"
    deliver(house, "a.csv", content)
    assert load(house)[0]["outcome"] == "duplicate"
    spec = house.sources_dir / "social" / "a_social.yml"
    spec.write_text(SPEC.replace("[author]", "[author, salary]"), encoding="utf-8")
    file_id = intake.quarantine_list(house)[0]["file_id"]
    assert intake.quarantine_replay(house, file_id, NIGHT, "r")["outcome"] == "loaded"
    assert intake.quarantine_list(house) == []


def test_discover_leaves_what_is_not_whole_or_not_a_file(house: Settings) -> None:
    folder = deliver(house, "a.csv", HEADER + rows(0, 1)).parent
    (folder / "fresh.csv").write_text("still being written")
    (folder / "link.csv").symlink_to("/etc/passwd")
    (folder / "b.csv.part").write_text("x")
    (folder / "sub.csv").mkdir()
    deliver(house, "other.txt", "x")
    assert [file["name"] for file in intake.discover(house, "social", NIGHT)] == ["a.csv"]


def test_discover_with_a_broken_spec_beside_still_lists_the_others(house: Settings) -> None:
    deliver(house, "a.csv", HEADER + rows(0, 1))
    (house.sources_dir / "social" / "broken.yml").write_text("id: [")
    assert len(intake.discover(house, "social", NIGHT)) == 1
    assert "broken.yml" in intake.close_intake(house, "social", NIGHT, "r")["spec_errors"][0]


def test_discover_of_a_source_whose_spec_is_gone_makes_it_inactive(house: Settings) -> None:
    intake.discover(house, "social", NIGHT)
    (house.sources_dir / "social" / "a_social.yml").unlink()
    intake.discover(house, "social", NIGHT)
    assert scalar(house, "select is_active from intake.source") is False


def test_store_put_and_fetch_give_the_bytes_back_and_keep_no_plain_copy(
    house: Settings, tmp_path: Path
) -> None:
    for size in (0, 1, store.CHUNK - 1, store.CHUNK, store.CHUNK + 1, 3 * store.CHUNK):
        original = tmp_path / "original"
        original.write_bytes(b"canary 0901234567" * (size // 17 + 1))
        os.truncate(original, size)
        sha256, count = store.put(house, original)
        store.fetch(house, sha256, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == original.read_bytes()
        assert count == size
    stored = b"".join(path.read_bytes() for path in Path(house.store_url).rglob("*") if path.is_file())
    assert b"canary" not in stored


def test_store_fetch_of_a_damaged_or_cut_copy_says_so(house: Settings, tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(os.urandom(2 * store.CHUNK + 5))
    sha256, _ = store.put(house, original)
    kept = Path(house.store_url) / sha256[:2] / sha256
    whole = kept.read_bytes()
    for damaged in (whole[:100], whole[:-21], whole[:-1], whole[:500] + b"x" + whole[501:], b""):
        kept.write_bytes(damaged)
        with pytest.raises(store.StoreCorrupt):
            store.fetch(house, sha256, tmp_path / "copy")
    assert store.remove(house, sha256)
    assert not store.remove(house, sha256)


def test_load_file_result_crosses_process_borders_as_json(house: Settings) -> None:
    deliver(house, "a.csv", HEADER + rows(0, 1))
    json.dumps([*load(house), *intake.check_landing(house, "social", NIGHT, "r")])
    json.dumps(intake.close_intake(house, "social", NIGHT, "r"))
