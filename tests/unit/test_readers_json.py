"""JSON and JSON Lines: exact values, one rule for columns, and every bad line or file by its own reason."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from reader_jobs import Read, read, social, survey

from opinion_warehouse.readers.formats import json_text
from opinion_warehouse.readers.formats.json_table import read_json
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.sources import Files, Source

GOOD = {
    "id": "1",
    "at": "2026-06-01T10:00:00Z",
    "mood": "Tốt",
    "likes": 5,
    "url": "https://a.vn/x",
    "words": "giá điện tăng",
    "author": {"name": "Nguyễn Văn A", "phone": "0901234567"},
}


def line(**changes: Any) -> str:
    return json.dumps(GOOD | changes, ensure_ascii=False)


def lines(*text: str | bytes) -> bytes:
    return b"\n".join(each.encode() if isinstance(each, str) else each for each in text) + b"\n"


def read_lines(tmp_path: Path, *text: str | bytes) -> Read:
    return read(social(files={"format": "jsonl"}), lines(*text), tmp_path)


def cells(tmp_path: Path, data: str | bytes, wanted: list[str], **more: Any) -> list[list[str | None]]:
    """The text cells of each row, as the readers of the families get them."""
    path = tmp_path / "data"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    files = Files.model_validate({"format": "jsonl"} | more.pop("files", {}))
    table = read_json(path, files, wanted, more.pop("ignored", []), more.pop("optional", []), tmp_path)
    assert table.bad_rows == more.pop("bad", [])
    assert not more
    return [list(row) for batch in table.batches(None) for row in batch.frame.select(wanted).iter_rows()]


def test_cells_are_exact_text(tmp_path: Path) -> None:
    wanted = ["a", "b"]
    data = lines(
        '{"a":1,"b":9007199254740993}',
        '{"a":1.0,"b":0.10}',
        '{"a":-0,"b":1E5}',
        '{"b" :-0,"a":-0.0}',
        '{"a":true,"b":false}',
        '{"a":"","b":null}',
        '{"a":["x",2,true],"b":[]}',
        '{"a":"\\u0110\\ud83d\\ude00"}',
        '{"a":123456789012345678901234567890,"b":0.1000000000000000055511151231257827}',
        '{"a":"x\u2028y","b":"Hòa"}',
        " \t",
        '  {"a" : "007" , "b" : "1.0"}\r',
    )
    assert cells(tmp_path, data, wanted) == [
        ["1", "9007199254740993"],
        ["1.0", "0.10"],
        ["0", "1E5"],
        ["-0.0", "0"],
        ["true", "false"],
        ["", None],
        ["x;2;true", ""],
        ["Đ😀", None],
        ["123456789012345678901234567890", "0.1000000000000000055511151231257827"],
        ["x y", "Hòa"],
        ["007", "1.0"],
    ]


def test_columns_are_named_by_their_path(tmp_path: Path) -> None:
    data = lines(
        '{"g/q":"1","o":{"x":{"y":2},"z":{"deep":[{}]}},"whole":{"a":[{"b":NaN}],"a":1}}',
        '{"g/q":"2","o":{"x":null},"whole":null}',
        '{"g/q":"3","o":null}',
        '{"g/q":"4","o":{}}',
        '{"g/q":"5","o.x.y":6}',
    )
    assert cells(tmp_path, data, ["g/q", "o.x.y"], ignored=["o.z", "whole"]) == [
        ["1", "2"],
        ["2", None],
        ["3", None],
        ["4", None],
        ["5", "6"],
    ]


def test_keys_in_another_unicode_form_are_the_specs(tmp_path: Path) -> None:
    assert cells(tmp_path, '{"tuo\u0302\u0309i":1}\n{"tuổi ":2}\n{"tuổi":3}', ["tuổi"]) == [
        ["1"],
        ["2"],
        ["3"],
    ]


def test_bad_lines_are_set_aside_with_their_number_and_reason(tmp_path: Path) -> None:
    result = read_lines(
        tmp_path,
        "\ufeff" + line(id="1"),
        line(id="2", mood="Lạ"),
        line(id="3", likes=float("nan")),
        line(id="4", likes=float("-inf")),
        "",
        line(id="5").replace("giá điện", "\\ud800"),
        line(id="6")[:-1] + ',"id":"7"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        line(id="8", words="x" * 10_000_000),
        line(id="9").encode().replace("Tốt".encode(), b"T\xe1t"),
        line(id="10") + line(id="11"),
        "[1]",
        '"text"',
        "null",
        "{}",
        line(id="12", url={"a": 1}),
        line(id="13", words=["a", ["b"]]),
        line(id="14", words=["a;b"]),
        line(id="15", words=["a", None]),
        line(id="16", words="a\0b"),
        line(id="17").replace("giá", "g\ti"),
        line(id="18", words="x" * 17_000_000),
        line(id="19", likes=[1, True]),
        line(id="20"),
        line(id="21", mood={"sao": "0901234567"}),
        line(id="22")[:-1] + ',"\\ud800":1}',
        line(id="23")[:-1] + ',"a\\u0000":1}',
    )
    assert result.rejected is None
    assert result.bad == {
        2: ["unknown_code"],
        3: ["not_finite"],
        4: ["not_finite"],
        6: ["lone_surrogate"],
        7: ["duplicate_key"],
        8: ["too_deep"],
        9: ["too_deep"],
        10: ["cell_too_large"],
        11: ["not_utf8"],
        12: ["bad_json"],
        13: ["not_an_object"],
        14: ["not_an_object"],
        15: ["not_an_object"],
        16: ["empty_record"],
        17: ["not_a_value"],
        18: ["bad_list"],
        19: ["bad_list"],
        20: ["bad_list"],
        21: ["nul_byte"],
        22: ["bad_json"],
        23: ["line_too_long"],
        24: ["not_a_number"],
        26: ["not_a_value"],
        27: ["lone_surrogate"],
        28: ["nul_byte"],
    }
    assert [row["row_number"] for row in result.rows["social_item"]] == ["1", "25"]
    written = "".join(path.read_text() for path in tmp_path.glob("*.csv"))
    assert "Nguyễn" not in written
    assert "0901234567" not in written


def test_a_line_cut_short_is_a_reason_of_its_own(tmp_path: Path) -> None:
    data = lines(line(), line(id="2"))[:-20]
    assert read(social(files={"format": "jsonl"}), data, tmp_path).bad == {2: ["truncated_line"]}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n \n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (line().encode("utf-16"), "not_utf8"),
        (line().encode("utf-16-le"), "not_utf8"),
        (b"PK\x03\x04" + b"x" * 100, "wrong_format"),
        (b"PAR1" + b"x" * 100, "wrong_format"),
        (bytes(range(1, 256)) * 40, "wrong_format"),
        (f"[{line()},\n{line(id='2')}]".encode(), "wrong_format"),
        (json.dumps([GOOD], indent=1).encode(), "wrong_format"),
        (b"id,at,mood\n1,2,3\n", "wrong_format"),
        (lines(line(), line(id="2", wages=1)), "unknown_column"),
        (lines(line(), line(id="2", **{"0901234567": 1})), "unknown_column"),
        (lines(line(), line(id="2", mood2={"a": 1})), "unknown_column"),
        (lines(line(), line(id="2", **{"": 1})), "blank_header"),
        (lines(*(line().replace('"mood":', '"tone":') for _ in range(3))), "unknown_column"),
        (lines(*(line().replace('"mood": "Tốt", ', "") for _ in range(3))), "missing_column"),
        (lines('{"x":1}', '{"y":1}'), "no_header"),
        (lines(*(json.dumps({f"c{n}_{m}": 1 for m in range(100)}) for n in range(60))), "too_many_columns"),
    ],
)
def test_a_file_that_is_no_json_lines_of_the_source_is_refused(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    result = read(social(files={"format": "jsonl"}), data, tmp_path)
    assert result.rejected == reason
    assert "0901234567" not in result.detail


def test_unknown_keys_are_all_named_wherever_they_stand(tmp_path: Path) -> None:
    result = read_lines(
        tmp_path, line(), line(id="2", wages=1), *(line(id=str(n)) for n in range(6000)), line(rank=1)
    )
    assert result.rejected == "unknown_column"
    assert "not in the spec: wages, rank" in result.detail


def test_a_key_absent_from_some_records_is_nothing(tmp_path: Path) -> None:
    result = read_lines(tmp_path, line(), line(id="2").replace('"mood": "Tốt", ', ""))
    assert [row["sentiment"] for row in result.rows["social_item"]] == ["positive", "unknown"]


def test_answers_nobody_gave_may_be_absent_from_all_records(tmp_path: Path) -> None:
    record = {"id": "r1", "done": "1", "w": 1.5, "sex": 1, "age": 30, "q1": "1", "m1": "Y"}
    spec = survey(files={"format": "json"})
    result = read(spec, json.dumps([record]), tmp_path)
    assert {
        (row["question_id"], row["item_code"]): row["missing_code"] for row in result.rows["survey_answer"]
    } == {
        ("q1", ""): "0",
        ("m", "a"): "0",
        ("m", "b"): "1",
        ("n", ""): "1",
    }
    del record["sex"]
    assert read(spec, json.dumps([record]), tmp_path).rejected == "missing_column"


def test_gzipped_json_lines_of_many_blocks_keep_their_rows(tmp_path: Path) -> None:
    data = gzip.compress(lines(*(line(id=str(n)) for n in range(12_000))))
    result = read(social(files={"format": "jsonl", "compression": "gz", "max_bytes": 10**8}), data, tmp_path)
    assert [row["row_number"] for row in result.rows["social_item"]] == [str(n + 1) for n in range(12_000)]


# ---- one JSON document


@pytest.mark.parametrize(
    ("records", "data"),
    [
        (None, "[{0},{1}]"),
        (None, "\ufeff \n[ {0} ,\r\n {1} ]\n"),
        ("results", '{{"count":2,"next":null,"results":[{0},{1}]}}'),
        ("data.items", '{{"data":{{"total":2.5e3,"items":[{0},{1}],"more":[[]]}},"x":{{}},"y":true}}'),
    ],
)
def test_records_of_a_document_are_read_where_they_stand(
    tmp_path: Path, records: str | None, data: str
) -> None:
    spec = social(files={"format": "json", "records": records})
    result = read(spec, data.format(line(), line(id="2")), tmp_path)
    assert result.rejected is None
    assert [row["row_number"] for row in result.rows["social_item"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("records", "data", "reason"),
    [
        (None, "[{0},{1}", "bad_json"),
        (None, "[{0},{1}", "bad_json"),
        (None, "[{0}{1}]", "bad_json"),
        (None, "[{0},]", "bad_json"),
        (None, "[{0},{1}] x", "bad_json"),
        (None, "[{0}][{1}]", "bad_json"),
        (None, "[{0},'a']", "bad_json"),
        (None, "[{0}," + '{{"a":' * 100_000, "too_deep"),
        (None, "[]", "empty"),
        (None, "  ", "wrong_format"),
        (None, "{0}\n{1}", "no_records"),
        (None, "17", "wrong_format"),
        ("results", "[{0}]", "no_records"),
        ("results", '{{"rows":[{0}]}}', "no_records"),
        ("results", '{{"results":{0}}}', "no_records"),
        ("results", '{{"results":null}}', "wrong_format"),
        ("results", '{{"results":[{0}],"results":[{1}]}}', "duplicate_key"),
        ("results", '{{"results":[{0}]', "bad_json"),
        ("results", '{{"results":[{0}],}}', "bad_json"),
        ("results", "{{results:[{0}]}}", "bad_json"),
        ("results", '{{"results" [{0}]}}', "bad_json"),
    ],
)
def test_a_broken_document_is_refused(tmp_path: Path, records: str | None, data: str, reason: str) -> None:
    spec = social(files={"format": "json", "records": records})
    assert read(spec, data.format(line(), line(id="2")), tmp_path).rejected == reason


def test_a_document_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    spec = social(files={"format": "json"})
    assert read(spec, f"[{line()}]".encode("utf-16"), tmp_path).rejected == "not_utf8"
    assert read(spec, f"[{line()}".encode() + b"\xe1]", tmp_path).rejected == "not_utf8"


def test_bad_records_of_a_document_are_set_aside_by_position(tmp_path: Path) -> None:
    data = f"[{line()},[1],{line(likes=float('nan'))},{line(words='x' * 3_000_000)},{line(id='5')}]"
    result = read(social(files={"format": "json"}), data, tmp_path)
    assert result.bad == {2: ["not_an_object"], 3: ["not_finite"], 4: ["cell_too_large"]}
    assert [row["row_number"] for row in result.rows["social_item"]] == ["1", "5"]


# ---- any values at all

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=12),
    pad=st.booleans(),
)
def test_any_records_are_read_alike_as_lines_and_as_an_array(
    tmp_path: Path, records: list[dict[str, Any]], pad: bool
) -> None:
    texts = [json.dumps(record, ensure_ascii=pad) for record in records]
    found = []
    for form, text in (("jsonl", "\n".join(texts)), ("json", "[" + ",".join(texts) + "]")):
        path = tmp_path / "data"
        path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        table = read_json(path, Files(format=form), ["a", "b"], [], [], tmp_path)
        rows = [
            row
            for batch in table.batches(None)
            for row in zip(batch.row_numbers, batch.frame.rows(), strict=True)
        ]
        assert sorted([number for number, _ in rows] + [number for number, _ in table.bad_rows]) == [
            *range(1, len(records) + 1)
        ]
        found.append((rows, table.bad_rows))
    assert found[0] == found[1]


BROKEN = r'" ": "\x20: \ : , { } [ ] 1 -0 1. 1e5 NaN null "a":1 "a\":" "\u0061":3 \ud800 tru 01 é 1e400 \u00'
JUNK = st.sampled_from(BROKEN.split(" ")) | st.sampled_from(
    ['"a" :2', '"a"\t:2', '"b"\r:2', " ", "\t", "\r", "\x00", "\x1f", "\ufeff", "\u2028"]
)


@settings(max_examples=400, deadline=None)
@given(
    record=st.dictionaries(st.sampled_from(["a", "b", "é", ""]), VALUES, max_size=4),
    cuts=st.lists(st.tuples(st.floats(0, 1), JUNK, st.integers(0, 3)), max_size=3),
)
def test_any_line_is_read_fast_as_the_standard_library_reads_it(
    record: dict[str, Any], cuts: list[tuple[float, str, int]]
) -> None:
    text = json.dumps(record, ensure_ascii=False)
    for where, junk, gone in cuts:
        at = int(where * len(text))
        text = text[:at] + junk + text[at + gone :]
    data = text.encode("utf-8", "surrogatepass")
    fast, strict = json_text._line(data), json_text._strict(data)
    if isinstance(strict, BadCell):
        assert isinstance(fast, BadCell)
        assert fast.code == strict.code
    else:
        assert not isinstance(fast, BadCell)
        assert as_text(fast) == as_text(strict)


def as_text(value: Any) -> Any:
    """Values as cells have them: what is fast keeps whole numbers as numbers."""
    if isinstance(value, dict):
        return {key: as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    return str(value) if type(value) is int else value


def test_depth_is_no_matter_of_the_stack(tmp_path: Path) -> None:
    deep = '{"a":' * (sys.getrecursionlimit() * 3) + "1" + "}" * (sys.getrecursionlimit() * 3)
    result = read_lines(tmp_path, line(), deep, line(id="2"))
    assert result.bad == {2: ["too_deep"]}


# ---- the spec


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"format": "json", "encoding": "utf-16"}, "`encoding` is for csv, sav"),
        ({"format": "jsonl", "delimiter": ";"}, "`delimiter` is for csv"),
        ({"format": "parquet", "decimal": ","}, "`decimal` is for csv"),
        ({"format": "jsonl", "records": "results"}, "records"),
        ({"format": "json", "sheet": "a"}, "sheet"),
        ({"format": "csv", "repeat": {"path": "a"}}, "`repeat` is for xlsx"),
        ({"format": "json", "repeat": {"sheet": "a"}}, "`path`"),
        ({"format": "xlsx", "sheet": "m", "repeat": {"path": "a"}}, "`sheet`"),
    ],
)
def test_a_spec_that_does_not_fit_the_format_is_refused(files: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Files.model_validate(files)


def test_a_spec_that_reads_in_what_it_ignores_is_refused() -> None:
    spec = social(files={"format": "jsonl"})
    spec["social"]["columns"]["text"] = ["author.bio"]
    with pytest.raises(ValidationError, match="is in `ignore_columns`"):
        Source.model_validate(spec)


def test_repeats_of_json_are_rows_with_their_parent_beside(tmp_path: Path) -> None:
    data = json.dumps(
        [
            {"h": 1, "p/m": [{"p/m/age": "30"}, {"p/m/age": "31", "x": {}}], "_geo": [1, 2]},
            {"h": 2, "_geo": None},
            {"h": 3, "p/m": []},
            {"h": 4, "p/m": [{"p/m/age": 5}, 7, {"parent": 1}], "_geo": []},
            {"h": 5, "p/m": "none"},
        ]
    )
    bad = [
        (4, "not_an_object"),
        (5, "duplicate_key"),
        (6, "bad_list"),
    ]
    path = tmp_path / "data"
    path.write_text(data)
    files = Files.model_validate({"format": "json", "repeat": {"path": "p/m"}})
    table = read_json(path, files, ["p/m/age", "parent.h"], ["parent._geo", "x"], [], tmp_path)
    assert [(number, reasons[0]["code"]) for number, reasons in table.bad_rows] == bad
    assert [row for batch in table.batches(None) for row in batch.frame.rows()] == [
        ("30", "1"),
        ("31", "1"),
        ("5", "4"),
    ]
