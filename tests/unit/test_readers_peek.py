"""One row as an operator may see it: the columns the spec reads, and nobody in them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from reader_jobs import FIXTURES, example, order, report, social, survey, workbook

from opinion_warehouse.readers import parts
from opinion_warehouse.readers.meanings import MEANINGS
from opinion_warehouse.readers.parse import _job, _opened, _tables, parse
from opinion_warehouse.readers.peek import peek, shape
from opinion_warehouse.readers.problems import HARMLESS, MENDS, FileRejected
from opinion_warehouse.sample.canaries import EMAIL, HANDLE, IP, NAME, PHONE, SENTENCE, find_canaries
from opinion_warehouse.settings import PROJECT

HEADER = "id,at,mood,likes,url,words,author\n"
EXAMPLES = sorted(path.stem for path in (PROJECT / "sources" / "_examples").glob("*.yml"))


def row_of(source: dict[str, Any], data: str | bytes, row_number: int, folder: Path) -> dict[str, Any]:
    path = folder / "delivered"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    shutil.rmtree(folder / parts.FOLDER, ignore_errors=True)  # of a look before this one
    parse(order(source, path, folder) | {"row": row_number})
    files = [each for each in folder.rglob("*") if each.is_file()]
    written = [each.name for each in files if each.name not in ("delivered", "utf8.csv")]
    assert written == ["summary.json"]  # a look lands nothing
    text = (folder / "summary.json").read_text(encoding="utf-8")
    assert find_canaries(text) == []
    found: dict[str, Any] = json.loads(text)
    return found


def test_row_shows_what_the_spec_reads_without_the_person_in_it(tmp_path: Path) -> None:
    data = HEADER + "p1,2026-06-01T10:00:00Z,Tốt,5,https://x.example/a,ngập quá,Ai Đó\n"
    data += f'77-{PHONE},hôm qua,??,,https://x.example/?u={HANDLE},"{SENTENCE} Đường ngập.",{NAME}\n'
    found = row_of(social(), data, 3, tmp_path)
    [row] = found["rows"]
    assert row["at"] == "hôm qua"
    assert row["mood"] == "??"
    assert row["likes"] is None
    assert row["id"] == "[id: 99-9999999999]"
    assert row["words"].endswith("Đường ngập.")
    assert "[phone]" in row["words"] and "[name]" in row["words"] and "[email]" in row["words"]
    assert "author" not in row
    assert not found["misshapen"]


def test_personal_columns_that_a_spec_reads_all_the_same_show_their_shape_alone(tmp_path: Path) -> None:
    spec = survey(section={"respondent_id": "email", "complete_when": "nguoi_tra_loi"})
    data = f"email,nguoi_tra_loi,w,sex,age,q1,m1,m2,n\n{EMAIL},mai,1,1,30,5,Y,Y,1\n"
    [row] = row_of(spec, data, 2, tmp_path)["rows"]
    assert row["email"] == "[id: aaaaaaa.aaaaaaa@aaaa.aaaaaaa]"
    assert row["nguoi_tra_loi"] == "[name: aaa]"
    assert row["q1"] == "5"


@pytest.mark.parametrize("line", [f"x,2026-06-01,Tốt,5,u,w,{NAME},{PHONE},9", f"{NAME},{IP}"])
def test_row_without_the_tables_shape_is_not_shown(line: str, tmp_path: Path) -> None:
    """Which cell is of which column nobody knows, so none may be shown."""
    found = row_of(social(), HEADER + "p1,2026-06-01T10:00:00Z,Tốt,5,u,w,a\n" + line + "\n", 3, tmp_path)
    assert found == {"rows": [], "misshapen": True}


def test_row_that_is_not_there_and_file_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    assert row_of(social(), HEADER + "p,2026-06-01T10:00:00Z,Tốt,5,u,w,a\n", 9, tmp_path) == {
        "rows": [],
        "misshapen": False,
    }
    found = row_of(social(), HEADER.replace("author", "salary") + "p,2026,Tốt,5,u,w,a\n", 2, tmp_path)
    assert found["rejected"]["code"] == "unknown_column"


def test_long_text_is_cut(tmp_path: Path) -> None:
    data = HEADER + f"p,2026-06-01T10:00:00Z,Tốt,5,u,{'a' * 5000},a\n"
    [row] = row_of(social(), data, 2, tmp_path)["rows"]
    assert len(row["words"]) == 301


def test_row_of_a_workbook_is_found_by_the_number_the_sheet_shows(tmp_path: Path) -> None:
    heads = ["id", "at", "mood", "likes", "url", "words", "author"]
    data = workbook([["Vendor export"], [], heads, ["p1", "never", "Tốt", "1", "u", "w", NAME]])
    found = row_of(social(files={"format": "xlsx", "sheet": "Sheet", "header_row": 3}), data, 4, tmp_path)
    assert found["rows"][0]["at"] == "never"


def test_shape_of_an_id_tells_what_spoilt_it_and_not_whose_it_is() -> None:
    assert shape("1.14E+11") == "9.99A+99"
    assert shape("đặng0912") == "aaaa9999"


@pytest.mark.parametrize("source_id", EXAMPLES)
def test_rows_of_every_sample_fixture_show_no_canary(source_id: str, tmp_path: Path) -> None:
    for number, path in enumerate(sorted((FIXTURES / source_id).iterdir())):
        scratch = tmp_path / str(number)
        scratch.mkdir()
        job = _job(order(example(source_id), path, scratch, path.name))
        if job.source.report and job.source.report.narrative:
            continue  # it has no columns, and no row of it is shown
        try:
            job, plain = _opened(job)
            tables = [table for table in _tables(job, plain) if table]
        except FileRejected:
            continue  # a fixture of a refused file
        for row_number in range(1, 25):
            assert find_canaries(str(peek(job.source, tables, row_number))) == [], (path.name, row_number)


def test_narrative_report_has_no_columns_and_shows_no_row(tmp_path: Path) -> None:
    names = [name for name in EXAMPLES if example(name).get("report", None)]
    narrative = next(name for name in names if example(name)["report"].get("narrative"))
    path = next(iter(sorted((FIXTURES / narrative).iterdir())))
    found = row_of(example(narrative), path.read_bytes(), 1, tmp_path)
    assert found == {"rows": [], "misshapen": True}


def test_report_template_shows_its_row(tmp_path: Path) -> None:
    columns = report()
    heads = "STT,nguoi_lap,ma_don_vi,loai_bao_cao,ky_bao_cao,tu_ngay,den_ngay,ma_dia_ban,linh_vuc,ma_chu_de"
    heads += ",noi_dung,pham_vi,khuynh_huong,cuong_do,nguon,so_y_kien,kien_nghi,co_quan_de_xuat,muc_do_khan"
    line = f"1,{NAME},X,DK,2026-W20,,,,,,{SENTENCE.replace(',', ' ')},?,?,9,,,,,"
    found = row_of(columns, f"{heads}\n{line}\n", 2, tmp_path)
    [row] = found["rows"]
    assert row["ma_don_vi"] == "X"
    assert "nguoi_lap" not in row


def test_meanings_are_of_the_reason_codes_and_say_something_else_than_the_mend() -> None:
    assert list(MEANINGS) == list(MENDS)
    assert all(MEANINGS[code] != MENDS[code] for code in MENDS)


def test_harmless_reasons_are_the_same_to_dbt() -> None:
    import yaml

    project = yaml.safe_load((PROJECT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["vars"]["harmless_reasons"] == sorted(HARMLESS)
