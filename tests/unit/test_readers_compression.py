"""Compressed files give the rows of what they hold (hostile ones: bad_files.containers)."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from reader_jobs import read, social, workbook

HEADER = "id,at,mood,likes,url,words,author\n"
ROW = "1,2026-06-01T10:00:00Z,Tốt,5,https://a.vn/x,giá điện tăng,Nguyễn Văn A\n"
TEXT = (HEADER + ROW).encode()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("compression", "data"),
    [("gz", gzip.compress(TEXT)), ("zip", zipped(**{"export.csv": TEXT}))],
    ids=["gz", "zip"],
)
def test_read_compressed_file_gives_its_rows(tmp_path: Path, compression: str, data: bytes) -> None:
    result = read(social(files={"compression": compression}), data, tmp_path)
    assert result.rejected is None
    assert len(result.rows["social_item"]) == 1


SEVERAL = zipped(**{"form.csv": TEXT, "form-member.csv": b"a,b\n1,2\n", "media/a.zip": zipped(x=b"x")})


def test_member_that_the_spec_names_is_read_and_no_other(tmp_path: Path) -> None:
    result = read(social(files={"compression": "zip", "member": "form.csv"}), SEVERAL, tmp_path)
    assert (result.rejected, len(result.rows["social_item"])) == (None, 1)


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({}, "bad_archive", "holds 3 files and files.member names none"),
        ({"member": "form*"}, "bad_archive", "holds 2 files named like"),
        ({"member": "*.sav"}, "bad_archive", "holds 0 files named like"),
        ({"member": "media/*"}, "unsafe_name", "holds another archive"),
    ],
)
def test_archive_in_which_no_one_file_is_meant_is_refused(
    tmp_path: Path, files: dict[str, str], code: str, words: str
) -> None:
    result = read(social(files={"compression": "zip"} | files), SEVERAL, tmp_path)
    assert result.rejected == code
    assert words in result.detail


def test_what_macos_packs_beside_a_file_is_passed_over(tmp_path: Path) -> None:
    data = zipped(**{"export.csv": TEXT, "__MACOSX/._export.csv": b"\0\5\x16\7"})
    assert read(social(files={"compression": "zip"}), data, tmp_path).rejected is None


def test_workbook_in_an_archive_is_read(tmp_path: Path) -> None:
    book = workbook([HEADER.strip().split(","), ROW.strip().split(",")])
    spec = social(files={"format": "xlsx", "sheet": "Sheet", "compression": "zip"})
    result = read(spec, zipped(**{"export.xlsx": book}), tmp_path)
    assert (result.rejected, len(result.rows["social_item"])) == (None, 1)
