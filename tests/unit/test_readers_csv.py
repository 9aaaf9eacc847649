"""CSV: bad shapes and encodings are refused or set aside by reason; good rows are read exactly."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_jobs import read, social

HEADER = "id,at,mood,likes,url,words,author\n"
GOOD = "1,2026-06-01T10:00:00Z,Tốt,5,https://a.vn/x?p=0901234567,giá điện tăng,Nguyễn Văn A\n"


def body(*rows: str) -> str:
    return HEADER + "".join(rows)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (HEADER.encode(), "empty"),
        (bytes(range(256)) * 40, "nul_byte|encoding|no_header|unbalanced_quote"),
        (b"PK\x03\x04" + b"x" * 100, "wrong_format"),
        (b"%PDF-1.7 ...", "wrong_format"),
        (body(GOOD).encode("utf-16"), "encoding"),
        (body(GOOD).encode("utf-16-le"), "nul_byte|encoding"),
        (body(GOOD).encode() + "Hòa".encode("cp1252"), "encoding"),
        (body(GOOD, 'x,"open,Tốt,5,u,w,a\n', GOOD), "unbalanced_quote"),
        (body(GOOD, '1,"a"b,Tốt,5,u,w,a\n'), "unbalanced_quote"),
        (body(GOOD).replace(",", ";"), "no_header"),
        (body(GOOD).replace("author", "author,author"), "duplicate_header"),
        (body(GOOD).replace("author", ""), "blank_header"),
        (body(GOOD).replace("author", "wages"), "unknown_column"),
        (body(GOOD).replace("mood", "author2"), "unknown_column"),
        (body(GOOD).replace("mood,", ""), "missing_column"),
        (body("1,2,3," + "x" * 70_000 + ",u,w,a\n"), "cell_too_large"),
        (",".join(f"c{n}" for n in range(10_000)) + "\n", "too_many_columns"),
        (body(GOOD).replace("\n", "\0\n"), "nul_byte"),
        (GOOD * 3, "no_header"),
    ],
)
def test_read_csv_of_a_hostile_file_refuses_it(tmp_path: Path, data: bytes | str, reason: str) -> None:
    result = read(social(), data, tmp_path)
    assert result.rejected in reason.split("|")
    assert "Nguyễn" not in result.detail
    assert "0901234567" not in result.detail


def test_read_csv_of_a_file_without_header_shows_no_cell(tmp_path: Path) -> None:
    data = "id,at,mood,likes,url,words,0901234567\n" + GOOD
    assert "0901234567" not in read(social(), data, tmp_path).detail


def test_read_csv_with_an_unknown_long_heading_shows_how_it_begins(tmp_path: Path) -> None:
    question = "Phường của ông bà cần làm gì trước tiên để việc đi lại được thuận tiện hơn?"
    detail = read(social(), body(GOOD).replace("author", question), tmp_path).detail
    assert f"not in the spec: {question[:60]}… (column 7)" in detail


def test_read_csv_with_bad_rows_sets_them_aside_by_row(tmp_path: Path) -> None:
    data = body(
        GOOD,
        "2,2026-06-01T10:00:00Z,Tốt,5\n",
        "3,2026-06-01T10:00:00Z,Tốt,5,u,w,a,more\n",
        HEADER,
        "4,2026-02-30T10:00:00Z,Lạ,x,u,w,a\n",
        '5,2026-06-01T10:00:00Z,Xấu,"1,234",https://b.vn,"two\nlines",a\n',
        ",2026-06-01T10:00:00Z,Tốt,5,u,w,a\n",
        "6,2031-06-01T10:00:00Z,Tốt,-1,u,w,a\n",
        "\n",
    )
    result = read(social(), data, tmp_path)
    assert result.bad == {
        3: ["row_too_short"],
        4: ["row_too_long"],
        5: ["duplicate_header_row"],
        6: ["bad_date", "unknown_code", "not_a_number"],
        8: ["missing_value"],
        9: ["future_date", "out_of_range"],
    }
    assert [row["row_number"] for row in result.rows["social_item"]] == ["2", "7"]
    assert [row["engagement_count"] for row in result.rows["social_item"]] == ["5", "1234"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_read_csv_of_any_line_ending_and_a_bom_reads_the_rows(
    tmp_path: Path, ending: str, encoding: str
) -> None:
    data = body(GOOD, GOOD.replace("1,", "2,", 1)).replace("\n", ending).encode(encoding)
    assert len(read(social(), data, tmp_path).rows["social_item"]) == 2


def test_read_csv_in_declared_utf16_with_tabs_reads_the_rows(tmp_path: Path) -> None:
    data = body(GOOD).replace(",", "\t").encode("utf-16")
    result = read(social(files={"encoding": "utf-16", "delimiter": "\t"}), data, tmp_path)
    assert len(result.rows["social_item"]) == 1


def test_read_csv_with_reordered_columns_goes_by_name(tmp_path: Path) -> None:
    data = "author,words,url,likes,mood,at,id\nA,w,u,3,Xấu,2026-06-01T10:00:00Z,9\n"
    assert read(social(), data, tmp_path).rows["social_item"][0]["engagement_count"] == "3"


CELLS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs", "Cc", "Cf"]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20))
def test_read_csv_of_any_quoted_cells_counts_every_row(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    data = body(
        *(
            f"{number},2026-06-01T10:00:00Z,Tốt,1,{quoted(url)},{quoted(words)},a\n"
            for number, (url, words) in enumerate(rows)
        )
    )
    result = read(social(), data, tmp_path)
    assert result.rejected is None
    assert [row["row_number"] for row in result.rows["social_item"]] == [str(n + 2) for n in range(len(rows))]
