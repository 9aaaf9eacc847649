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


def test_read_csv_of_any_bytes_refuses_them(tmp_path: Path) -> None:
    result = read(social(), bytes(range(256)) * 40, tmp_path)
    assert result.rejected in ("nul_byte", "encoding", "no_header", "unbalanced_quote")


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
