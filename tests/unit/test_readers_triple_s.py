"""Triple-S deliveries: every type of variable, both layouts, and what is refused or set aside by reason."""

import io
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from reader_jobs import FIXTURES, Read, read, read_example, survey

from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import Source, load_source

NAME = "omnibus_2026-06.zip"
DELIVERY = (FIXTURES / "triple_s_omnibus" / NAME).read_bytes()
Cells = list[tuple[str | None, str | None, str]]


def answers(result: Read, question: str, item: str = "") -> Cells:
    """Answer code, number and missing code of a question, by row."""
    return [
        (row["answer_code"], row["numeric_value"], row["missing_code"])
        for row in result.rows["survey_answer"]
        if (row["question_id"], row["item_code"]) == (question, item)
    ]


def yes_or_no(marks: str) -> Cells:
    """`1` and `0` as such, `-` as not asked."""
    return [(None, None, "1") if mark == "-" else (mark, None, "0") for mark in marks]


def test_read_triple_s_gives_every_type_in_the_specs_manner(tmp_path: Path) -> None:
    result = read_example("triple_s_omnibus", NAME, tmp_path)
    assert result.rejected is None
    assert result.bad == {
        5: ["bad_weight"],
        6: ["unknown_code"],
        7: ["unknown_code"] * 3,  # a bit that is none, and a subfield of no code in both of its columns
        8: ["row_too_short"],
        9: ["row_too_long"],
    }
    rows = result.rows["survey_response"]
    assert [row["row_number"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["weight"] for row in rows] == ["1.25", "0.8", "1", "1.1"]
    assert rows[0]["groups"] == '{"gender": "1", "age_band": "18-39"}'
    assert rows[2]["groups"] == '{"gender": "2"}'
    assert answers(result, "finished") == yes_or_no("1111")
    assert answers(result, "bus") == [
        ("1", None, "0"),
        ("2", None, "0"),
        ("97", None, "3"),
        (None, None, "4"),
    ]
    assert answers(result, "needs", "shade") == yes_or_no("100-")
    assert answers(result, "needs", "seats") == yes_or_no("010-")
    assert answers(result, "needs", "light") == yes_or_no("100-")
    assert answers(result, "heard", "paper") == yes_or_no("100-")
    assert answers(result, "heard", "social") == yes_or_no("110-")
    assert answers(result, "trips") == [
        (None, "4", "0"),
        (None, None, "3"),
        (None, "0", "0"),
        (None, None, "1"),
    ]


def test_read_triple_s_lets_no_personal_column_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(DELIVERY)) as archive:
        assert find_canaries(archive.read("omnibus.asc")) != []
    result = read_example("triple_s_omnibus", NAME, tmp_path)
    assert find_canaries(f"{result.rows} {result.bad} {result.detail}") == []
    for path in (*tmp_path.glob("*.csv"), tmp_path / "summary.json"):
        assert find_canaries(path.read_bytes()) == []


# A small survey, in each dialect.


def spec(**files: Any) -> dict[str, Any]:
    """Of the columns id, w, q1, m[1], m[2], n."""
    made = survey(files={"format": "triple_s"} | files)
    section = made["survey"]
    section |= {"complete_when": None, "groups": []}
    section["questions"][1] |= {"columns": {"a": "m[1]", "b": "m[2]"}, "ticked": "1", "unticked": ["0"]}
    return made


def xml(
    positions: tuple[str, ...] = ("1|3", "4|7", "8|8", "9|10", "11|12"), record: str = 'format="fixed"'
) -> str:
    at = [
        f'<position start="{one.partition("|")[0]}" finish="{one.partition("|")[2]}"/>'.replace(
            ' finish=""', ""
        )
        for one in positions
    ]
    codes = "".join(f'<value code="{code}">L{code}</value>' for code in (1, 2, 8))
    return f"""<?xml version="1.0" encoding="utf-8"?>
<sss version="2.0"><survey><name>S</name><title>T</title><record ident="A" {record}>
<variable ident="1" type="character" use="serial"><name>id</name><label/>{at[0]}<size>3</size></variable>
<variable ident="2" type="quantity" use="weight"><name>w</name><label/>{at[1]}
  <values><range from="0.0" to="9.9"/></values></variable>
<variable ident="3" type="single"><name>q1</name><label>Đ</label>{at[2]}<values>{codes}</values></variable>
<variable ident="4" type="multiple"><name>m</name><label/>{at[3]}
  <values><value code="1">a</value><value code="2">b</value></values></variable>
<variable ident="5" type="quantity"><name>n</name><label/>{at[4]}<values><range from="0" to="10"/></values>
</variable></record></survey></sss>"""


CLASSIC = """SSS
VERSION 1.1
SURVEY
TITLE "T"
RECORD A
VARIABLE 1
NAME "id"
LABEL "x"
TYPE CHARACTER
SIZE 3
POSITION 1 TO 3
END VARIABLE
VARIABLE 2
NAME "w"
LABEL "x"
TYPE QUANTITY
POSITION 4 TO 7
VALUES
0.0 TO 9.9
END VALUES
END VARIABLE
VARIABLE 3
NAME "q1"
LABEL "Cà phê"
TYPE SINGLE
POSITION 8
VALUES
1 "L1"
2 "L2"
8 "L8"
END VALUES
END VARIABLE
VARIABLE 4
NAME "m"
LABEL "x"
TYPE MULTIPLE
POSITION 9 TO 10
VALUES
1 "a"
2 "b"
END VALUES
END VARIABLE
VARIABLE 5
NAME "n"
LABEL "x"
TYPE QUANTITY
POSITION 11 TO 12
VALUES
0 TO 10
END VALUES
END VARIABLE
END RECORD
END SURVEY
END SSS
"""
FIXED = "001 1.511007\r\n002 0.820110\r\n"
CSV = 'id,w,q1,m,n\r\n"001",1.5,1,10,07\r\n002,0.8,2,01,10\r\n'
CSV_XML = xml(("1|", "2|", "3|", "4|", "5|"), 'format="csv" skip="1"')
DOCTYPE = (
    '<!DOCTYPE sss PUBLIC "-//triple-s//DTD Survey Interchange v1.1//EN" "http://vidu.example/sss_v11.dtd">'
)


def delivery(definition: bytes | str, data: bytes | str, *more: str, names: str = "a.sss a.asc") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in zip(names.split(), (definition, data), strict=True):
            archive.writestr(name, content)
        for name in more:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("definition", "data", "files"),
    [
        (xml(), FIXED, {}),
        (xml(), FIXED.replace("\r\n", "\n"), {}),
        (xml(), "\ufeff" + FIXED, {}),
        (xml().replace("2.0", "3.0", 1), FIXED, {}),
        (xml().replace('"2.0"', '"1.2"').replace(' format="fixed"', ""), FIXED, {}),
        (xml().replace("?>", "?>" + DOCTYPE), FIXED, {}),
        (xml().replace(">L1<", ">L<br/><b>1</b><text xml:lang='en'>Yes</text><"), FIXED, {}),
        (xml().replace(">b</value>", "/>").replace("<title>T</title>", "<title/><!-- made -->"), FIXED, {}),
        (xml().replace('finish="8"/>', 'finish="8"></position>'), FIXED, {}),
        (xml().replace("utf-8", "windows-1258").encode("cp1258"), FIXED, {}),
        (xml().replace("utf-8", "utf-16").encode("utf-16"), FIXED, {}),
        (CLASSIC, FIXED, {}),
        (CLASSIC.encode("cp1252"), FIXED.encode("cp1252"), {"encoding": "cp1252"}),
        (CSV_XML, CSV, {}),
        (CSV_XML, CSV.replace(",", ";"), {"delimiter": ";"}),
        (xml(), FIXED.replace("002 0.820110", "002 0.8201"), None),  # blanks at the end cut
    ],
)
def test_read_triple_s_of_any_dialect_reads_the_rows(
    tmp_path: Path, definition: bytes | str, data: bytes | str, files: dict[str, Any] | None
) -> None:
    result = read(spec(**(files or {})), delivery(definition, data), tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    assert answers(result, "q1") == [("1", None, "0"), ("2", None, "0")]
    assert answers(result, "m", "a") == yes_or_no("10")
    assert answers(result, "m", "b") == yes_or_no("01")
    last = (None, None, "1") if files is None else (None, "10", "0")
    assert answers(result, "n") == [(None, "7", "0"), last]


def test_read_triple_s_writes_numbers_with_the_specs_decimal_mark(tmp_path: Path) -> None:
    result = read(spec(decimal=","), delivery(xml(), FIXED), tmp_path)
    assert [row["weight"] for row in result.rows["survey_response"]] == ["1.5", "0.8"]


def test_read_triple_s_csv_whose_bits_lost_their_zeros_are_bad_rows(tmp_path: Path) -> None:
    result = read(spec(), delivery(CSV_XML, CSV.replace(",01,", ",1,")), tmp_path)
    assert result.bad == {3: ["unknown_code", "unknown_code"]}


def test_read_triple_s_csv_rows_of_another_length_are_bad(tmp_path: Path) -> None:
    data = CSV + "003,1,1,10\r\n004,1,1,10,1,more\r\n005,1,1,10,1,\r\n"
    result = read(spec(), delivery(CSV_XML, data), tmp_path)
    assert result.bad == {4: ["row_too_short"], 5: ["row_too_long"]}
    assert len(result.rows["survey_response"]) == 3


def test_read_triple_s_with_another_label_is_refused(tmp_path: Path) -> None:
    made = spec()
    made["survey"]["questions"][0]["options"][0]["file_labels"] = ["L1"]
    made["survey"]["questions"][1]["options"][1]["file_labels"] = ["b"]
    assert read(made, delivery(xml(), FIXED), tmp_path).rejected is None
    moved = xml().replace(">L1<", ">L8<")
    assert read(made, delivery(moved, FIXED), tmp_path).rejected == "label_drift"
    moved = xml().replace(">b<", ">c<")
    result = read(made, delivery(moved, FIXED), tmp_path)
    assert (result.rejected, "m[2]" in result.detail) == ("label_drift", True)


# What is refused.

_XXE = '<!DOCTYPE sss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
_LAUGHS = '<!DOCTYPE sss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (xml().encode(), "wrong_format"),
        (DELIVERY[: len(DELIVERY) // 2], "wrong_format"),
        (delivery(xml(), FIXED)[:-30], "wrong_format"),
        (delivery(xml(), FIXED, "b.asc"), "bad_archive"),
        (delivery(xml(), FIXED, "readme.pdf"), "bad_archive"),
        (delivery(xml(), FIXED, names="a.asc b.asc"), "bad_archive"),
        (delivery(xml(), FIXED, names="a.xml ../a.asc"), "unsafe_name"),
        (delivery(xml(), FIXED, "b.zip"), "unsafe_name"),
        (delivery(xml(), ""), "empty"),
        (delivery(xml(), "\r\n\r\n"), "empty"),
        (delivery(xml(), "0" * 20_000_000), "zip_bomb"),
        (delivery(xml() + " " * 40_000_000, FIXED), "zip_bomb"),
        (delivery(xml(), random.Random(4).randbytes(600_000).hex()), "line_too_long"),
        (delivery(xml(), FIXED.replace("\r", "\0")), "nul_byte"),
        (delivery(xml(), FIXED.encode("utf-16")), "encoding"),
        (delivery(xml(), FIXED.encode() + b"\xff"), "encoding"),
        (delivery(xml().encode("cp1258"), FIXED), "encoding"),
        (delivery(xml().replace("utf-8", "klingon"), FIXED), "encoding"),
        (delivery(CLASSIC.encode("cp1252"), FIXED), "encoding"),
        (delivery(xml().replace("?>", "?>" + _XXE).replace(">L1<", ">&x;<"), FIXED), "xml_dtd"),
        (delivery(xml().replace("?>", "?>" + _LAUGHS).replace(">L1<", ">&b;<"), FIXED), "xml_dtd"),
        (delivery(xml().replace("?>", '?><!DOCTYPE sss SYSTEM "http://a.example/">'), FIXED), "xml_dtd"),
        (delivery(xml().replace("?>", "?>" + DOCTYPE + _XXE), FIXED), "xml_dtd"),
        (
            delivery(
                xml().replace("?>", "?>" + _XXE).replace("utf-8", "utf-16").encode("utf-16"),
                FIXED,
            ),
            "xml_dtd",
        ),
        (delivery("<html><body/></html>", FIXED), "damaged_file"),
        (delivery("nothing", FIXED), "damaged_file"),
        (delivery(xml()[:900], FIXED), "damaged_file"),
        (delivery(xml().replace('start="8"', 'start="0"'), FIXED), "damaged_file"),
        (delivery(xml().replace('start="8"', 'start="99999999999"'), FIXED), "damaged_file"),
        (delivery(xml().replace('start="8" finish="8"', 'start="8" finish="7"'), FIXED), "damaged_file"),
        (delivery(xml().replace('code="2">b', 'code="7">b'), FIXED), "damaged_file"),
        (delivery(xml().replace('code="2">b', 'code="0">b'), FIXED), "damaged_file"),
        (
            delivery(
                xml().replace('<value code="1">a</value>', '<range from="1" to="999999999"/>'),
                FIXED,
            ),
            "too_many_columns",
        ),
        (delivery(xml().replace("<name>n<", "<name>q1<"), FIXED), "duplicate_header"),
        (delivery(xml().replace("<name>n<", "<name>wage<"), FIXED), "unknown_column"),
        (delivery(CSV_XML, CSV + '003,"1,1,10,7\r\n'), "unbalanced_quote"),
    ],
)
def test_read_triple_s_of_a_hostile_delivery_refuses_it(tmp_path: Path, data: bytes, reason: str) -> None:
    result = read(spec(), data, tmp_path)
    assert result.rejected == reason
    assert "root:" not in result.detail


def test_read_triple_s_of_a_damaged_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(DELIVERY)
    data[len(data) // 3] ^= 0x10
    made = load_source(PROJECT / "sources" / "_examples" / "triple_s_omnibus.yml").model_dump(mode="json")
    assert read(made, bytes(data), tmp_path, NAME).rejected == "bad_archive"


def test_triple_s_is_an_archive_as_it_is() -> None:
    with pytest.raises(ValueError, match="compression"):
        Source.model_validate(spec(compression="zip"))
