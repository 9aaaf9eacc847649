"""`python tools/bench_intake.py [ITEMS]`: intake against PostgreSQL's own COPY, and the memory it takes.

Made mentions in the shape of `sources/social/vendor_mentions.yml`, as CSV and as gzipped JSON Lines, and a
made survey, in a home of their own. The floor, in the same run, is COPY of the rows that intake landed into a
table of the same shape and keys. Memory is the most that the parser's processes had together, for a file and
for one of ten times as many rows.
"""

import gzip
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import psutil
import yaml

from opinion_warehouse import intake
from opinion_warehouse.database import server
from opinion_warehouse.database.connect import connect
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.settings import PROJECT, Settings

if TYPE_CHECKING:
    import psycopg

ITEMS = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
NIGHT = date(2026, 11, 20)
PART = 100_000
TEXTS = [
    "Nghe nói Thu tiền rác theo cân thì cân ở đâu, ai cân? Ai biết chỉ giúp.",
    "Phân loại rác tại nguồn làm cũng không khó, nhà mình làm được một tháng rồi.",
    "Triều cường lên, đường Trần Hưng Đạo ngập nửa bánh xe, kẹt xe từ sáng.",
    "Làm giấy tờ ở trung tâm phục vụ hành chính công nhanh, có số thứ tự rõ ràng.",
    "Giá điện tháng này tăng, nhà trọ thu 4.000 đồng một số, xin hỏi đúng không?",
]


def mentions(first: int, count: int) -> pl.DataFrame:
    """Rows of a made export, numbered from `first`."""
    number = pl.int_range(first, first + count, eager=True)

    def one_of(values: list[str], step: int) -> pl.Series:
        return pl.Series(values).gather(number * step % len(values))

    second = number * 7919 % (14 * 86_400)
    moment = (pl.Series([1_780_272_000]).new_from_index(0, count) + second) * 1_000
    text = one_of(TEXTS, 3)
    return pl.DataFrame(
        {
            "mention_id": pl.select(pl.format("VM{}", number)).to_series(),
            "published_at": moment.cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "channel": one_of(["Facebook", "YouTube", "Báo điện tử", "TikTok"], 5),
            "query_code": one_of(["rac_thai", "giao_thong", "hanh_chinh_cong", "gia_ca"], 3),
            "url": pl.select(pl.format("https://trang{}.example/bai/{}", number % 40, number)).to_series(),
            "author_name": one_of(["Trang giả lập", "Nhóm giả lập"], 1),
            "author_handle": pl.select(pl.format("giamau_{}", number % 5_000)).to_series(),
            "author_contact": one_of([""], 1),
            "title": one_of(["[Giả lập] rác thải", "[Giả lập] giao thông"], 1),
            "content": pl.select(pl.format("{} {}", text, number % 997)).to_series(),
            "mentioned_place_code": one_of([""], 1),
            "sentiment": one_of(["Tiêu cực", "Tích cực", "Trung lập", "Chưa xác định"], 3),
            "likes": (number % 50).cast(pl.String),
            "comments": (number % 7).cast(pl.String),
            "shares": (number % 3).cast(pl.String),
            "engagement": (number % 60).cast(pl.String),
        }
    )


def write(path: Path, count: int, kind: str) -> Path:
    """A made export of `count` mentions."""
    with gzip.open(path, "wb", 1) if kind == "jsonl" else path.open("wb") as stream:
        for first in range(0, count, PART):
            part = mentions(first, min(PART, count - first))
            if kind == "jsonl":
                part.write_ndjson(stream)  # type: ignore[arg-type]
            else:
                part.write_csv(stream, include_header=first == 0, quote_style="always")  # type: ignore[arg-type]
    return path


def write_survey(path: Path, count: int) -> Path:
    """A made file of the survey below."""
    with path.open("wb") as stream:
        for first in range(0, count, PART):
            number = pl.int_range(first, first + min(PART, count - first), eager=True)
            answers = {f"q{q}": (number * (q + 3) // 7 % 5 + 1).cast(pl.String) for q in range(20)}
            part = pl.DataFrame(
                {"id": number.cast(pl.String), "weight": (1 + number % 17 / 10).cast(pl.String), **answers}
            )
            part.write_csv(stream, include_header=first == 0)  # type: ignore[arg-type]
    return path


def specs(folder: Path) -> None:
    """The sources that the files belong to."""
    (folder / "social").mkdir(parents=True)
    (folder / "survey").mkdir()
    plain = PROJECT / "sources" / "social" / "vendor_mentions.yml"
    spec: dict[str, Any] = yaml.safe_load(plain.read_text(encoding="utf-8"))
    spec["files"]["max_bytes"] = 1 << 40
    lines = spec | {"id": "mention_lines", "files": {"format": "jsonl", "compression": "gz"}}
    for each in (spec, lines):
        text = yaml.safe_dump(each, allow_unicode=True)
        (folder / "social" / f"{each['id']}.yml").write_text(text, encoding="utf-8")
    label = {"vi": "x", "en": "x"}
    record = "strategy sponsor population sample_generation mode_detail precision weighting processing"
    survey: dict[str, Any] = dict.fromkeys(["owner", "licence", "provenance"], "bench")
    survey |= {"id": "bench_survey", "family": "survey", "title": label, "is_made": True}
    survey |= {"files": {"format": "csv"}}
    day = "2026-06-01"
    wave = {"id": "w", "fieldwork_start": day, "fieldwork_end": day, "mode": "web"}
    options = [{"code": str(code), "label": label} for code in range(1, 6)]
    survey["survey"] = {
        "series": "bench_survey",
        "respondent_id": "id",
        "wave_from": {"constant": "w"},
        "design": {"sampling": "probability", "weight": "weight"},
        "questions": [
            {
                "id": f"q{q}",
                "kind": "single",
                "column": f"q{q}",
                "topic": "D2",
                "wording": label,
                "options": options,
            }
            for q in range(20)
        ],
        "waves": [wave | dict.fromkeys([*record.split(), "limitations"], label)],
    }
    (folder / "survey" / "bench_survey.yml").write_text(yaml.safe_dump(survey))


@contextmanager
def peak_of_parser() -> Iterator[list[float]]:
    """MB of this process's children together, the most seen (PSS: what they share counts once)."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            total = 0.0
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if "zygote" in " ".join(child.cmdline()):
                        total += child.memory_full_info().pss
            peak[0] = max(peak[0], total / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def load(source_id: str, path: Path) -> tuple[int, float, float]:
    """Rows, seconds and MB of loading a file."""
    began = time.monotonic()
    with peak_of_parser() as peak:
        done = intake.load_file(settings, source_id, str(path), NIGHT, "bench", take=False)
    seconds = time.monotonic() - began
    if done["outcome"] != "loaded" or done["rows_quarantined"]:
        raise RuntimeError(f"{path.name}: {done}")
    return done["rows_loaded"], seconds, peak[0]


def floor(connection: "psycopg.Connection[Any]", tables: list[str]) -> float:
    """Seconds of COPY of the newest file's rows into tables of the same shape and keys."""
    seconds = 0.0
    for table in tables:
        rows = home / "rows.csv"
        newest = f"(select * from landing.{table} where file_id = (select max(file_id) from intake.file))"  # noqa: S608
        with (
            rows.open("wb") as file,
            connection.cursor().copy(f"copy {newest} to stdout (format csv)") as copy,
        ):
            file.writelines(copy)
        connection.execute(f"create table landing.floor (like landing.{table} including all)")
        began = time.monotonic()
        with (
            rows.open("rb") as file,
            connection.cursor().copy("copy landing.floor from stdin (format csv)") as copy,
        ):
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        seconds += time.monotonic() - began
        connection.execute("drop table landing.floor")
        rows.unlink()
    return seconds


def measure(name: str, source_id: str, path: Path, tables: list[str]) -> float:
    """Load a file, say how it compares, and forget it; returns the parser's MB."""
    rows, seconds, memory = load(source_id, path)
    with connect(settings, "admin", autocommit=True) as connection:
        copied = floor(connection, tables)
        connection.execute("delete from intake.file")
    path.unlink()
    print(f"{name:<34}{rows:>12,} rows {seconds:8.2f} s, COPY {copied:8.2f} s:", end=" ")
    print(f"ratio {copied / seconds:.2f}; memory {memory:,.0f} MB", flush=True)
    return memory


home = Path(tempfile.mkdtemp(prefix="opinion-bench-"))
home.chmod(0o755)
specs(home / "sources")
settings = Settings(home=home, dsn=None, sources=home / "sources")
try:
    server.start(settings)
    migrate(settings)
    files = home / "files"
    files.mkdir()
    load(
        "vendor_mentions", write(files / "warm.csv", 1_000, "csv")
    )  # the parser's imports are paid once a night
    measure("mentions, CSV", "vendor_mentions", write(files / "a.csv", ITEMS, "csv"), ["social_item"])
    lines = write(files / "a.jsonl.gz", ITEMS, "jsonl")
    measure("mentions, JSON Lines gz", "mention_lines", lines, ["social_item"])
    survey = ["survey_response", "survey_answer"]
    small = measure(
        "survey of 20 questions", "bench_survey", write_survey(files / "s.csv", ITEMS // 10), survey
    )
    large = measure(
        "ten times as many respondents", "bench_survey", write_survey(files / "l.csv", ITEMS), survey
    )
    print(f"memory of ten times as many respondents: {large / small - 1:+.0%}")
    small = measure("mentions, CSV", "vendor_mentions", write(files / "b.csv", ITEMS, "csv"), ["social_item"])
    many = write(files / "c.csv", 10 * ITEMS, "csv")
    large = measure("ten times as many", "vendor_mentions", many, ["social_item"])
    print(f"memory of ten times as many mentions: {large / small - 1:+.0%}")
finally:
    server.remove(settings)
    shutil.rmtree(home, ignore_errors=True)
