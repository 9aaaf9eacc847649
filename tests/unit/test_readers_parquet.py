"""Parquet and mapped JSON Lines: exact text of every type, and damaged files by their reason."""

import datetime
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from reader_jobs import FIXTURES, read, read_example, social

from opinion_warehouse.readers.formats.parquet_table import read_parquet
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_source

GOOD = {
    "id": [1, 2],
    "at": ["2026-06-01T10:00:00Z"] * 2,
    "mood": ["Tốt", "Xấu"],
    "likes": [5, None],
    "url": ["https://a.vn/x", ""],
    "words": ["giá điện tăng", None],
    "author": [{"name": "Nguyễn Văn A"}, None],
}
SPEC = social(files={"format": "parquet"})


def written(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def test_sample_of_parquet_gives_items(tmp_path: Path) -> None:
    result = read_example("mentions_parquet", "mentions_20260602.parquet", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        4: ["missing_value"],
        5: ["future_date", "missing_value", "unknown_code", "not_a_whole_number"],
    }
    rows = result.rows["social_item"]
    assert [
        (row["published_date"], row["platform"], row["sentiment"], row["engagement_count"]) for row in rows
    ] == [
        ("2026-06-01", "news", "positive", "12"),
        ("2026-06-02", "facebook", "negative", "0"),
        ("2026-06-02", "facebook", "unknown", None),
    ]
    assert find_canaries((tmp_path / "delivered").read_bytes())
    for path in [*tmp_path.glob("*.csv"), tmp_path / "summary.json"]:
        assert find_canaries(path.read_bytes()) == []


def test_sample_of_json_lines_gives_items(tmp_path: Path) -> None:
    result = read_example("mentions_json_lines", "mentions_20260602.jsonl.gz", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        5: ["unknown_code"],
        6: ["not_a_whole_number"],
        7: ["bad_list"],
        10: ["duplicate_key"],
        11: ["not_finite"],
        12: ["lone_surrogate"],
        13: ["bad_json"],
        14: ["not_utf8"],
    }
    rows = result.rows["social_item"]
    assert [
        (row["row_number"], row["sentiment"], row["engagement_count"], row["topic_codes"]) for row in rows
    ] == [
        ("1", "positive", "12", '{"F2","F2.1"}'),
        ("2", "negative", "3", '{"F2","F2.1"}'),
        ("3", "positive", None, '{"F2"}'),
        ("4", "positive", None, '{"F2"}'),
        ("8", "positive", None, '{"F2","F2.1"}'),
        ("9", "positive", "12", '{"F2","F2.1"}'),
        ("15", "positive", None, '{"F2","F2.1"}'),
    ]
    for path in [*tmp_path.glob("*.csv"), tmp_path / "summary.json"]:
        assert find_canaries(path.read_bytes()) == []


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        (pa.array([2**53 + 1, None, -3]), ["9007199254740993", None, "-3"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (
            pa.array([1.0, 0.1, 123456789012.0, 1e16, None]),
            ["1", "0.1", "123456789012", "1.0000000000000000E+16", None],
        ),
        (pa.array([0.1, 3.0, 2.0**24], pa.float32()), ["0.1", "3", "1.6777216000000000E+07"]),
        (pa.array([float("nan"), float("inf")]), ["nan", "INF"]),
        (pa.array([Decimal("1.50"), None]), ["1.50", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array(["", None, " a "]), ["", None, "a"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array([b"\xc4\x91"]), ["đ"]),
        (pa.array([datetime.date(2026, 6, 1)]), ["2026-06-01"]),
        (pa.array([None, None]), [None, None]),
        (pa.array([["a", "b"], [], None, ["c"]]), ["a;b", "", None, "c"]),
        (pa.array([[1.0, 2.5], None]), ["1;2.5", None]),
    ],
)
def test_cells_are_exact_text(tmp_path: Path, values: pa.Array, cells: list[str | None]) -> None:
    path = tmp_path / "data"
    path.write_bytes(written({"a": values, "b": values}, row_group_size=2))
    table = read_parquet(path, ["a"], ["b"])
    assert [cell for batch in table.batches(None) for cell in batch.column("a")] == cells


def test_fields_of_structs_are_named_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "data"
    values = pa.array([{"x": {"y": 1, "z": "p"}}, {"x": None}, None])
    path.write_bytes(written({"a": values, "b.c": [1, 2, 3]}))
    batches = list(read_parquet(path, ["a.x.y", "b.c"], ["a.x.z"]).batches(None))
    assert batches[0].frame.rows() == [("1", "1"), (None, "2"), (None, "3")]
    with pytest.raises(FileRejected, match=r"unknown_column.*a\.x\.z"):
        read_parquet(path, ["a.x.y", "b.c"], [])


def test_many_row_groups_keep_their_rows(tmp_path: Path) -> None:
    count = 12_345
    path = tmp_path / "data"
    path.write_bytes(written({"a": list(range(count))}, row_group_size=1_000))
    batches = list(read_parquet(path, ["a"], []).batches(None))
    assert [number for batch in batches for number in batch.row_numbers] == list(range(1, count + 1))
    assert [int(cell or "") for batch in batches for cell in batch.column("a")] == list(range(count))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"id,at\n1,2\n", "wrong_format"),
        (b"PAR1" + b"x" * 200, "bad_archive"),
        (written(GOOD)[:-30], "bad_archive"),
        (written(GOOD)[: len(written(GOOD)) // 2], "bad_archive"),
        (b"PARE" + written(GOOD)[4:-4] + b"PARE", "encrypted"),
        (written({name: values[:0] for name, values in GOOD.items()}), "empty"),
        (written(GOOD | {"wages": [1, 2]}), "unknown_column"),
        (written({name: values for name, values in GOOD.items() if name != "mood"}), "missing_column"),
        (written(GOOD | {"url": [{"a": 1}, None]}), "not_a_value"),
        (written(GOOD | {"words": [["a;b"], None]}), "bad_list"),
        (written(GOOD | {"words": [["a", None], None]}), "bad_list"),
        (written(GOOD | {"words": [[["a"]], None]}), "bad_list"),
        (written(GOOD | {"words": [b"\xff\xfe", None]}), "not_utf8"),
        (written(GOOD | {"words": ["x" * 70_000, None]}), "cell_too_large"),
        (written(GOOD | {"words": ["a\0b", None]}), "nul_byte"),
        (
            written(GOOD | {"words": ["x" * 60_000 + str(n % 2) for n in range(2)]} | {"author": [None] * 2}),
            None,
        ),
        (
            written(
                {name: values * 2_000 for name, values in GOOD.items() if name != "words"}
                | {"words": ["x" * 60_000] * 4_000},
                use_dictionary=False,
                compression="zstd",
            ),
            "zip_bomb",
        ),
        (written({f"c{n}": [1] for n in range(6_000)}), "too_many_columns"),
    ],
)
def test_a_file_that_is_not_of_the_source_is_refused(tmp_path: Path, data: bytes, reason: str | None) -> None:
    result = read(SPEC, data, tmp_path)
    assert result.rejected == reason
    assert "Nguyễn" not in result.detail


def test_flipped_bytes_refuse_the_file_or_leave_every_row_accounted_for(tmp_path: Path) -> None:
    data = (FIXTURES / "mentions_parquet" / "mentions_20260602.parquet").read_bytes()
    spec = load_source(PROJECT / "sources" / "_examples" / "mentions_parquet.yml").model_dump(mode="json")
    refused = 0
    for at in range(4, len(data), 149):
        result = read(spec, data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :], tmp_path)
        refused += result.rejected is not None
        if result.rejected is None:
            assert len(result.rows.get("social_item", [])) + len(result.bad) == 5
    assert refused


def test_a_column_that_stands_twice_is_refused_where_it_is_read(tmp_path: Path) -> None:
    values = [pa.array(each) for each in GOOD.values()]
    table = pa.table([*values, pa.array(["x"] * len(values[0]))], names=[*GOOD, "author"])
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    twice = [f"(column {at + 1})" for at, name in enumerate(table.column_names) if name == "author"]
    assert read(SPEC, stream.getvalue(), tmp_path).rejected == "duplicate_header"
    ignored = SPEC | {"ignore_columns": twice}
    assert read(ignored, stream.getvalue(), tmp_path).rejected is None
    read_twice = ignored | {"ignore_columns": [twice[0], "words"]}
    read_twice |= {"social": SPEC["social"] | {"columns": SPEC["social"]["columns"] | {"text": [twice[1]]}}}
    assert read(read_twice, stream.getvalue(), tmp_path).rejected == "duplicate_header"
