"""SPSS and Stata files: cells in the spec's manner, labels against the spec, damage refused by reason."""

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from reader_jobs import FIXTURES, LABEL, Read, read, read_example, survey

from opinion_warehouse.readers.formats import readstat
from opinion_warehouse.readers.formats.readstat_cells import number_cells, tagged_cells
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import Files, Source, load_source

SPSS = (FIXTURES / "spss_attitudes" / "thai_do_2026-03.sav").read_bytes()
PACKED = (FIXTURES / "spss_attitudes" / "thai_do_2026-06.zsav").read_bytes()
STATA = (FIXTURES / "stata_households" / "households_w12.dta").read_bytes()
OLD_STATA = (FIXTURES / "stata_households" / "households_old.dta").read_bytes()
Cells = list[tuple[str | None, str | None, str]]


def answers(result: Read, question: str, item: str = "") -> Cells:
    """Answer code, number and missing code of a question, by row."""
    return [
        (row["answer_code"], row["numeric_value"], row["missing_code"])
        for row in result.rows["survey_answer"]
        if (row["question_id"], row["item_code"]) == (question, item)
    ]


def column(result: Read, name: str) -> list[str | None]:
    return [row[name] for row in result.rows["survey_response"]]


FIRST_FIVE: dict[tuple[str, str], Cells] = {
    ("trust", ""): [
        ("1", None, "0"),
        ("2", None, "0"),
        ("8", None, "3"),
        (None, None, "4"),  # the file's user-missing 9, which the spec calls refused
        (None, None, "6"),
    ],
    ("problems", "flood"): [
        ("1", None, "0"),
        ("0", None, "0"),
        ("0", None, "0"),
        ("1", None, "0"),
        (None, None, "6"),
    ],
    ("satisfaction", ""): [
        (None, "7", "0"),
        (None, "8.5", "0"),
        (None, None, "3"),  # 98, which the file declares nowhere
        (None, None, "1"),  # system missing
        (None, None, "6"),
    ],
}


def test_read_sav_gives_codes_as_the_spec_writes_them(tmp_path: Path) -> None:
    result = read_example("spss_attitudes", "thai_do_2026-03.sav", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        6: ["unknown_code"],
        7: ["bad_weight", "out_of_range"],
        8: ["unknown_code", "unknown_code"],
    }
    assert column(result, "row_number") == ["1", "2", "3", "4", "5"]
    assert column(result, "weight") == ["1.25", "0.8", "1", "1.1", None]
    assert column(result, "is_complete") == ["true", "true", "true", "true", "false"]
    assert column(result, "groups")[0] == '{"gender": "1", "age_band": "18-39"}'
    assert column(result, "groups")[3] == "{}"
    for (question, item), expected in FIRST_FIVE.items():
        assert answers(result, question, item) == expected


def test_read_zsav_gives_the_same(tmp_path: Path) -> None:
    result = read_example("spss_attitudes", "thai_do_2026-06.zsav", tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    for (question, item), expected in FIRST_FIVE.items():
        assert answers(result, question, item) == expected


def test_read_dta_tells_extended_missing_and_names_by_case_apart(tmp_path: Path) -> None:
    result = read_example("stata_households", "households_w12.dta", tmp_path)
    assert result.bad == {5: ["out_of_range"], 6: ["unknown_code"]}  # .z is no missing code of the spec
    assert answers(result, "bus") == [
        ("1", None, "0"),
        ("2", None, "0"),
        (None, None, "3"),
        (None, None, "4"),
    ]
    assert answers(result, "heard") == [
        ("2", None, "0"),
        (None, None, "3"),
        ("1", None, "0"),
        ("1", None, "0"),
    ]
    assert answers(result, "needs", "shade")[2] == (None, None, "1")
    assert answers(result, "trips") == [
        (None, "4", "0"),
        (None, None, "4"),
        (None, None, "2"),
        (None, "60", "0"),
    ]
    assert column(result, "wave_id") == ["1", "1", "1", "2"]
    old = read_example("stata_households", "households_old.dta", tmp_path)
    assert old.bad == {}
    assert answers(old, "bus") == answers(result, "bus")


@pytest.mark.parametrize(
    ("source_id", "name"),
    [("spss_attitudes", "thai_do_2026-03.sav"), ("stata_households", "households_w12.dta")],
)
def test_read_of_a_statistics_file_lets_no_personal_column_out(
    tmp_path: Path, source_id: str, name: str
) -> None:
    assert find_canaries((FIXTURES / source_id / name).read_bytes()) != []
    result = read_example(source_id, name, tmp_path)
    assert find_canaries(f"{result.rows} {result.bad} {result.detail}") == []
    for path in (*tmp_path.glob("*.csv"), tmp_path / "summary.json"):
        assert find_canaries(path.read_bytes()) == []


@pytest.mark.parametrize("height", [1, 2, 5, 6, 100])
def test_read_in_chunks_of_any_height_reads_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    monkeypatch.setattr(readstat, "MIN_ROWS", height)
    monkeypatch.setattr(readstat, "CHUNK_CELLS", 1)
    for source_id, name, rows in (
        ("spss_attitudes", "thai_do_2026-06.zsav", 5),
        ("spss_attitudes", "thai_do_2026-03.sav", 8),
        ("stata_households", "households_w12.dta", 6),
    ):
        result = read_example(source_id, name, tmp_path)
        numbers = [int(number or 0) for number in column(result, "row_number")]
        assert sorted([*numbers, *result.bad]) == list(range(1, rows + 1))


# What the values become.


def test_number_cells_are_whole_where_they_can_be() -> None:
    values = [1.0, -0.0, 2.5, 0.1, 1e-7, None, math.nan, 9007199254740991.0, 1e20, math.inf]
    assert number_cells(values, "F8.2", "double", ".").to_list() == [
        "1", "0", "2.5", "0.1", "1e-7", None, None, "9007199254740991", "1.0000000000000000E+20", "INF",
    ]  # fmt: skip
    assert number_cells([1.5], "F8.2", "double", ",").to_list() == ["1,5"]
    single = struct.unpack("f", struct.pack("f", 0.1))[0]
    assert number_cells([single, 3.0], "%9.0g", "float", ".").to_list() == ["0.1", "3"]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (13992048000.0, "DATE11", "2026-03-05"),
        (13992048000.0, "SDATE10", "2026-03-05"),
        (13992084930.5, "DATETIME20", "2026-03-05 10:15:30.500000"),
        (36930.0, "TIME8", "10:15:30"),
        (24170, "%td", "2026-03-05"),
        (24170, "%tdDD/NN/CCYY", "2026-03-05"),
        (24170, "%d", "2026-03-05"),
        (2088324930000.0, "%tc", "2026-03-05 10:15:30"),
        (794, "%tm", "794"),  # other period counts stay numbers
        (1e18, "DATE11", "1e+18"),
    ],
)
def test_number_cells_of_dates_are_iso(value: float, form: str, text: str) -> None:
    assert number_cells([value, None], form, "double", ".").to_list() == [text, None]


def test_tagged_cells_keep_numbers_and_letters() -> None:
    assert tagged_cells([1, "a", None, "z"], "%8.0g", "int8", ".").to_list() == ["1", ".a", None, ".z"]


# Labels.


def labelled(folder: Path, labels: dict[str, Any], names: list[str] | None = None) -> bytes:
    frame = pd.DataFrame({
        "id": [1.0, 2.0], "done": ["x", "x"], "w": [1.0, 1.0], "sex": [1.0, 2.0], "age": [30.0, 50.0],
        "q1": [1.0, 2.0], "m1": [1.0, 0.0], "m2": [0.0, 1.0], "n": [3.0, 4.0],
    })  # fmt: skip
    path = folder / "made.sav"
    pyreadstat.write_sav(frame, path, variable_value_labels=labels, column_labels=names)
    return path.read_bytes()


def expecting(**more: Any) -> dict[str, Any]:
    """A spec that expects labels of q1, sex and the columns of m."""
    spec = survey(files={"format": "sav"}, **more)
    questions, groups = spec["survey"]["questions"], spec["survey"]["groups"]
    questions[0]["options"][0]["file_labels"] = ["Đồng ý", "Tán thành"]
    questions[0]["options"][1]["file_labels"] = ["Không đồng ý"]
    questions[1] |= {"ticked": "1", "unticked": ["0"]}
    questions[1]["options"][0]["file_labels"] = ["Ngập"]
    groups[0]["codes"][0]["file_labels"] = ["Nam"]
    return spec


NAMES = ["", "", "", "", "", "", "ngập", "", ""]
SEX = {"sex": {1: "Nam", 2: "Nữ"}}


@pytest.mark.parametrize(
    ("labels", "names", "drift"),
    [
        ({"q1": {1: "Đồng ý", 2: "Không đồng ý"}} | SEX, NAMES, None),
        ({"q1": {1: "TÁN THÀNH ", 2: "Không đồng ý", 7: "Khác"}} | SEX, NAMES, None),
        ({"q1": {1: "Đồng ý"}} | SEX, NAMES, None),  # an option no one was offered
        ({"q1": {1: "Không đồng ý", 2: "Đồng ý"}} | SEX, NAMES, "q1: code 1 has"),
        ({"q1": {1: "Đồng ý", 2: "Đồng ý một phần"}} | SEX, NAMES, "q1: code 2 has"),
        ({"q1": {1: "Đồng ý"}, "sex": {1: "Nữ", 2: "Nam"}}, NAMES, "sex: code 1 has"),
        (SEX, NAMES, "no labels of q1"),
        ({"q1": {1: "Đồng ý"}} | SEX, [*NAMES[:6], "Rác", "Ngập", ""], "m1: the column has"),
        ({"q1": {1: "Đồng ý"}} | SEX, None, "m1: the column has"),
    ],
)
def test_read_sav_with_other_labels_than_the_spec_is_refused(
    tmp_path: Path, labels: dict[str, Any], names: list[str] | None, drift: str | None
) -> None:
    result = read(expecting(), labelled(tmp_path, labels, names), tmp_path)
    assert result.rejected == (drift and "label_drift")
    assert (drift or "") in result.detail
    if not drift:
        assert len(answers(result, "q1")) == 2


def test_read_sav_without_expected_labels_takes_any(tmp_path: Path) -> None:
    spec = survey(files={"format": "sav"})
    spec["survey"]["questions"][1] |= {"ticked": "1", "unticked": ["0"]}
    assert read(spec, labelled(tmp_path, {"q1": {1: "Không"}}), tmp_path).rejected is None


def test_file_labels_are_of_formats_that_have_them() -> None:
    spec = expecting() | {"files": {"format": "csv"}}
    with pytest.raises(ValueError, match="file_labels"):
        Source.model_validate(spec)


# Encodings.


def in_code_page(folder: Path, encoding: str, page: int | None) -> bytes:
    """A file whose labels are in a code page. `page`: what it states of itself, None for nothing."""
    data = labelled(
        folder, {"q1": {1: "XXXXXXXX", 2: "YYYYYYYY"}, "sex": {1: "Nam"}}, [*NAMES[:6], "ZZZZZZZZ", "", ""]
    )
    for mark, words in ((b"XXXXXXXX", "Đồng ý"), (b"YYYYYYYY", "Không"), (b"ZZZZZZZZ", "Ngập")):
        data = data.replace(mark, vietnamese(words).encode(encoding).ljust(len(mark)))
    at = data.index(b"UTF-8") - 16
    data = data[:at] + data[at + 21 :]
    at = data.index(struct.pack("<4i", 7, 3, 4, 8)) + 16 + 28
    return data[:at] + struct.pack("<i", page or 3) + data[at + 4 :]


def vietnamese(words: str) -> str:
    """As cp1258 has it: base letters, tones as marks of their own."""
    import unicodedata

    tones = "\u0300\u0301\u0303\u0309\u0323"
    parts = []
    for letter in words:
        whole = unicodedata.normalize("NFD", letter)
        tone = "".join(mark for mark in whole if mark in tones)
        parts.append(unicodedata.normalize("NFC", "".join(m for m in whole if m not in tones)) + tone)
    return "".join(parts)


def wording(spec: dict[str, Any]) -> dict[str, Any]:
    spec["survey"]["questions"][0]["options"][1]["file_labels"] = ["Không"]
    return spec


def test_read_sav_in_cp1258_keeps_every_letter(tmp_path: Path) -> None:
    stated = in_code_page(tmp_path, "cp1258", 1258)
    silent = in_code_page(tmp_path, "cp1258", None)
    declared = {"format": "sav", "encoding": "cp1258"}
    assert read(wording(expecting()), stated, tmp_path).rejected is None
    assert read(wording(expecting()) | {"files": declared}, silent, tmp_path).rejected is None
    result = read(wording(expecting()), silent, tmp_path)
    assert (result.rejected, "cp1258" in result.detail) == ("encoding", False)  # nothing is guessed


def test_read_sav_in_another_encoding_than_declared_drifts_or_is_refused(tmp_path: Path) -> None:
    files = {"format": "sav", "encoding": "cp1252"}
    data = labelled(tmp_path, {"q1": {1: "Đồng ý"}} | SEX, NAMES)
    assert read(expecting() | {"files": files}, data, tmp_path).rejected in ("label_drift", "encoding")


# Damage.


def changed(data: bytes, at: int, code: str, value: Any) -> bytes:
    return data[:at] + struct.pack(code, value) + data[at + struct.calcsize(code) :]


def plain(folder: Path, data: bytes) -> bytes:
    """The same cases without compression."""
    (folder / "in.sav").write_bytes(data)
    frame, _ = pyreadstat.read_sav(folder / "in.sav", user_missing=True)
    pyreadstat.write_sav(frame, folder / "plain.sav")
    return (folder / "plain.sav").read_bytes()


TRAILER = struct.unpack_from("<q", PACKED, PACKED.rindex(struct.pack("<iii", 999, 0, 0)[:8]) + 16)[0]
ROWS_AT = STATA.index(b"<N>") + 3


@pytest.mark.parametrize(
    ("source_id", "data", "reason"),
    [
        ("spss_attitudes", b"", "empty"),
        ("spss_attitudes", b"<html><body>sav</body></html>" * 20, "wrong_format"),
        ("spss_attitudes", STATA, "wrong_format"),
        ("stata_households", SPSS, "wrong_format"),
        ("stata_households", b"\x71\x02\x01\x00", "damaged_file"),
        ("spss_attitudes", SPSS[:170], "damaged_file"),
        ("spss_attitudes", SPSS[:-1], "damaged_file"),
        ("spss_attitudes", SPSS[:-8], "damaged_file"),
        ("spss_attitudes", PACKED[:-8], "damaged_file"),
        ("spss_attitudes", PACKED + bytes(8), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 80, "<i", 7), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 80, "<i", 9), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 80, "<i", 2**31 - 1), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 80, "<i", 0), "damaged_file"),
        ("spss_attitudes", changed(PACKED, 80, "<i", 4), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 84, "<d", 101.0), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 72, "<i", 2), "damaged_file"),
        ("spss_attitudes", changed(SPSS, 64, "<i", 9), "damaged_file"),
        ("spss_attitudes", changed(PACKED, TRAILER + 16, "<i", 2**30), "damaged_file"),
        ("spss_attitudes", changed(PACKED, TRAILER + 20, "<i", 2**30), "damaged_file"),
        ("spss_attitudes", changed(PACKED, TRAILER - 5, "<B", 0x55), "damaged_file"),
        ("stata_households", STATA[:-1], "damaged_file"),
        ("stata_households", STATA[:-100], "damaged_file"),
        ("stata_households", changed(STATA, ROWS_AT, "<Q", 5), "damaged_file"),
        ("stata_households", changed(STATA, ROWS_AT, "<Q", 10**12), "damaged_file"),
        ("stata_households", changed(OLD_STATA, 6, "<i", 3), "damaged_file"),
        ("stata_households", changed(OLD_STATA, 6, "<i", 5), "damaged_file"),
        ("stata_households", changed(OLD_STATA, 6, "<i", -1), "damaged_file"),
        ("stata_households", OLD_STATA[:-1], "damaged_file"),
        ("stata_households", changed(OLD_STATA, 4, "<H", 60_000), "damaged_file"),
    ],
)
def test_read_of_a_hostile_statistics_file_refuses_it(
    tmp_path: Path, source_id: str, data: bytes, reason: str
) -> None:
    spec = load_source(PROJECT / "sources" / "_examples" / f"{source_id}.yml").model_dump(mode="json")
    result = read(spec, data, tmp_path, "thai_do_2026-03.sav")
    assert result.rejected == reason
    assert find_canaries(result.detail) == []


def test_read_sav_without_a_count_reads_to_the_end(tmp_path: Path) -> None:
    spec = load_source(PROJECT / "sources" / "_examples" / "spss_attitudes.yml").model_dump(mode="json")
    for data in (changed(SPSS, 80, "<i", -1), changed(plain(tmp_path, SPSS), 80, "<i", -1)):
        spec["survey"]["questions"] = spec["survey"]["questions"][-1:]  # the plain copy has no labels
        spec["survey"]["groups"] = []
        spec["ignore_columns"] += ["gioi_tinh", "tuoi", "C1_tin_tuong", "C2_1", "C2_2"]
        result = read(spec, data, tmp_path, "thai_do_2026-03.sav")
        assert len(result.rows["survey_response"]) + len(result.bad) == 8


@pytest.mark.parametrize("change", [lambda data: data[:-8], lambda data: data + bytes(8)])
def test_read_sav_without_compression_of_another_length_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    spec = load_source(PROJECT / "sources" / "_examples" / "spss_attitudes.yml").model_dump(mode="json")
    data = plain(tmp_path, SPSS)
    assert read(spec, data, tmp_path, "thai_do_2026-03.sav").rejected == "label_drift"  # it is sound so far
    assert read(spec, change(data), tmp_path, "thai_do_2026-03.sav").rejected == "damaged_file"


def test_read_sav_of_no_row_is_empty(tmp_path: Path) -> None:
    pyreadstat.write_sav(
        pd.DataFrame({"id": pd.Series([], dtype=float), "n": pd.Series([], dtype=float)}), tmp_path / "a.sav"
    )
    spec = survey(files={"format": "sav"})
    spec["survey"] |= {"complete_when": None, "groups": [], "questions": spec["survey"]["questions"][2:]}
    spec["survey"]["design"] = {"sampling": "census"}
    assert read(spec, (tmp_path / "a.sav").read_bytes(), tmp_path).rejected == "empty"


def test_read_zsav_that_inflates_without_end_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"v{number}": [1.0] * 50_000 for number in range(40)})
    pyreadstat.write_sav(frame, tmp_path / "bomb.zsav", compress=True)
    data = (tmp_path / "bomb.zsav").read_bytes()
    assert len(data) < 20_000
    assert read(survey(files={"format": "sav"}), data, tmp_path).rejected == "zip_bomb"


def test_read_sav_with_a_column_nobody_named_is_refused(tmp_path: Path) -> None:
    spec = survey(files={"format": "sav"})
    spec["survey"]["questions"].pop()
    result = read(spec, labelled(tmp_path, {}), tmp_path)
    assert (result.rejected, result.detail) == (
        "unknown_column",
        "not in the spec: n. Map it or add it to ignore_columns",
    )


def test_label_codes_of_strings_stay_as_they_are(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["1", "2"], "sex": ["M", "F"]})
    pyreadstat.write_sav(frame, tmp_path / "a.sav", variable_value_labels={"sex": {"M": "Nam", "F": "Nữ"}})
    spec = survey(files={"format": "sav"}, ignore_columns=[])
    group = {"dimension": "sex", "label": LABEL, "column": "sex"}
    spec["survey"] |= {
        "complete_when": None,
        "design": {"sampling": "census"},
        "groups": [
            group
            | {
                "codes": [
                    {"code": "M", "label": LABEL, "file_labels": ["Nam"]},
                    {"code": "F", "label": LABEL, "file_labels": ["Nam"]},
                ]
            }
        ],
        "questions": [spec["survey"]["questions"][0] | {"column": "id"}],
    }
    result = read(spec, (tmp_path / "a.sav").read_bytes(), tmp_path)
    assert (result.rejected, "code F" in result.detail) == ("label_drift", True)


# Files of other writers.


def cells_of(data: bytes, folder: Path, names: list[str]) -> list[tuple[str | None, ...]]:
    (folder / "a.dta").write_bytes(data)
    table = readstat.read_dta(folder / "a.dta", Files(format="dta"), names, [])
    return [row for batch in table.batches(None) for row in batch.frame.rows()]


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_read_dta_of_every_release_pandas_writes(tmp_path: Path, version: int) -> None:
    frame = pd.DataFrame({
        "id": ["a", "b"],
        "q1": pd.Categorical(["no", "yes"]),
        "single": pd.Series([0.1, 2.5], dtype="float32"),
        "small": pd.Series([1, 100], dtype="int8"),
        "day": pd.to_datetime(["2026-03-05", None]),
    })  # fmt: skip
    frame.to_stata(tmp_path / "in.dta", version=version, write_index=False, convert_dates={"day": "td"})
    assert cells_of((tmp_path / "in.dta").read_bytes(), tmp_path, list(frame.columns)) == [
        ("a", "0", "0.1", "1", "2026-03-05"),
        ("b", "1", "2.5", "100", None),
    ]


def test_read_dta_of_stata_7_has_types_as_letters(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["abc", "d"], "n": [1.5, 2.0], "whole": pd.Series([1, 2], dtype="int32")})
    pyreadstat.write_dta(frame, tmp_path / "in.dta", version=8)
    data = bytearray((tmp_path / "in.dta").read_bytes())
    letters = {253: ord("l"), 255: ord("d")}
    data[0] = 110
    data[109:112] = [letters.get(kind, 127 + kind) for kind in data[109:112]]
    assert cells_of(bytes(data), tmp_path, ["id", "n", "whole"]) == [("abc", "1.5", "1"), ("d", "2", "2")]
