"""Compressed files give the rows of what they hold (hostile ones: bad_files.containers)."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from reader_jobs import read, social

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
