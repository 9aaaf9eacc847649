"""Every fixture damaged in every way, and tables of any cells: a reason code or sound rows, and nothing else.

Read by the real server's limited children. `FUZZ_SEED` and `FUZZ_EXAMPLES` (files a fixture) may be set.
"""

import csv
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import reader_jobs
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from limited_child import parse_in_child
from reader_jobs import FIXTURES
from table_formats import FORMATS

from opinion_warehouse.intake.parsing import Parsed
from opinion_warehouse.readers import parts
from opinion_warehouse.readers.output import COLUMNS
from opinion_warehouse.readers.problems import MENDS
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import Source, load_source

pytestmark = pytest.mark.long
SEED = int(os.environ.get("FUZZ_SEED", "20260720"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
SECONDS = 60
"""No damaged file of a few kilobytes may take so long."""
NATIVE = ("sav", "dta", "triple_s")
"""Formats whose parser is C code that can fall over a damaged file; elsewhere a crash is a fault of ours."""

LANDED = {"survey": ["survey_response"], "report": ["report_item"], "social": ["social_item", "social_count"]}
"""Where the rows of a file land, each in one of the tables."""

SPECS = {
    path.stem: path
    for path in sorted((PROJECT / "sources").rglob("*.yml"))
    if path.parent.name != "sources" and (FIXTURES / path.stem).is_dir()
}
FILES = [
    (source_id, path.name)
    for source_id in SPECS
    for path in sorted((FIXTURES / source_id).iterdir())
    if path.is_file()
]

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
PLACE = st.floats(0, 1, exclude_max=True)
CHANGES = st.one_of(
    st.tuples(st.just("flip"), PLACE, st.integers(0, 7)),
    st.tuples(st.just("cut"), PLACE, st.integers(0, 400)),
    st.tuples(st.just("end"), PLACE, st.none()),
    st.tuples(st.just("insert"), PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(
        st.just("insert"), PLACE, st.sampled_from([b'"', b"\n", b"\0", b",", b"\xff", b"<", b"{", b"9"])
    ),
    st.tuples(st.just("swap"), PLACE, PLACE),
    st.tuples(st.just("repeat"), PLACE, st.integers(1, 400)),
)


def changed(data: bytes, change: tuple[str, float, Any]) -> bytes:
    """A file with one change made to its bytes."""
    kind, place, how = change
    at = int(place * len(data))
    if kind == "flip" and data:
        return data[:at] + bytes([data[at] ^ 1 << how]) + data[at + 1 :]
    if kind == "cut":
        return data[:at] + data[at + how :]
    if kind == "end":
        return data[:at]
    if kind == "insert":
        return data[:at] + how + data[at:]
    if kind == "repeat":
        return data[: at + how] + data[at:]
    if kind == "swap":
        other, size = int(how * len(data)), max(1, len(data) // 20)
        low, high = sorted((at, other))
        low_end, high_end = min(low + size, high), high + size
        return data[:low] + data[high:high_end] + data[low_end:high] + data[low:low_end] + data[high_end:]
    return data


def read(source: Source, data: bytes, name: str) -> None:
    """Parse in a limited child, and judge what comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        parsed = parse_in_child(source, data, Path(folder) / "job", name)
        assert time.monotonic() - began < SECONDS
        judge(source, parsed, Path(folder) / "job" / "scratch")


def judge(source: Source, parsed: Parsed, scratch: Path) -> None:
    """A reason code with its mend, or rows each of which is accounted for; nobody's data in either."""
    for _, path in parts.finished(scratch):
        assert find_canaries(path.read_bytes()) == [], path.name
    if parsed.rejected:
        code, detail = parsed.rejected["code"], parsed.rejected["detail"]
        assert code in MENDS
        assert find_canaries(json.dumps(parsed.rejected, ensure_ascii=False)) == []
        assert code not in ("parser_oom", "parser_timeout")
        if code == "parser_crash":
            assert source.files.content_format in NATIVE and ".py:" not in detail, detail
        return
    assert parsed.rows_good + parsed.rows_bad > 0
    quarantined = rows(scratch, "quarantine")
    assert len(quarantined) == parsed.rows_bad
    codes = {reason["code"] for row in quarantined for reason in json.loads(row["reasons"])}
    assert codes <= MENDS.keys()
    numbers = [row["row_number"] for table in LANDED[source.family] for row in rows(scratch, table)]
    if source.report is None:
        assert len(numbers) == parsed.rows_good
        numbers += [row["row_number"] for row in quarantined]
    assert len(set(numbers)) == len(numbers), "a row stands twice"


def rows(scratch: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table."""
    found = []
    for name, path in parts.finished(scratch):
        if name == table:
            with path.open(encoding="utf-8", newline="") as stream:
                found += [dict(zip(COLUMNS[table], row, strict=True)) for row in csv.reader(stream)]
    return found


@pytest.mark.parametrize(("source_id", "name"), FILES, ids=[f"{one}/{two}" for one, two in FILES])
def test_fixture_with_changed_bytes_gives_a_reason_or_sound_rows(source_id: str, name: str) -> None:
    source = load_source(SPECS[source_id])
    sound = (FIXTURES / source_id / name).read_bytes()

    @seed(SEED)
    @fuzzed
    @given(changes=st.lists(CHANGES, min_size=1, max_size=3))
    def fuzz(changes: list[tuple[str, float, Any]]) -> None:
        data = sound
        for change in changes:
            data = changed(data, change)
        read(source, data, name)

    fuzz()
    read(source, sound, name)


ANYTHING = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.text(st.sampled_from("0123456789.,-+eE%/:TZ \u00a0٣"), max_size=12),
    st.sampled_from(
        ["Tốt", "nghìn", "5 tỷ", "NaN", "1e999", "2026-02-30", "=1+1", "#N/A", "\ud800", "a\0b", '"']
    ),
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("family", ["social", "survey"])
def test_table_of_any_cells_gives_a_reason_or_sound_rows(family: str, form: str) -> None:
    files, write, _ = FORMATS[form]
    spec = getattr(reader_jobs, family)() | {"files": files}
    source = Source.model_validate(spec)
    header = [*source.cells, *source.ignore_columns]

    @seed(SEED)
    @fuzzed
    @given(table=st.lists(st.lists(ANYTHING, min_size=len(header), max_size=len(header)), max_size=6))
    def fuzz(table: list[list[str | None]]) -> None:
        try:
            data = write(header, table)
        except (ValueError, UnicodeError, RuntimeError):
            return  # what the format cannot say, no file of it says
        except Exception as error:  # openpyxl's and pyreadstat's own
            assert type(error).__module__.split(".")[0] in ("openpyxl", "pyreadstat"), error
            return
        read(source, data, "file")

    fuzz()
