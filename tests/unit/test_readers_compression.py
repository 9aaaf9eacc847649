"""Compressed files: inflated within limits, or refused by reason."""

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


HOSTILE = {
    "cut short": ("gz", gzip.compress(TEXT)[:-12], "bad_archive"),
    "inflates without end": ("gz", gzip.compress(b"0" * 30_000_000), "zip_bomb"),
    "nothing in it": ("gz", gzip.compress(b""), "empty"),
    "no gzip": ("gz", TEXT, "wrong_format"),
    "no zip": ("zip", TEXT, "wrong_format"),
    "two files": ("zip", zipped(**{"a.csv": TEXT, "b.csv": TEXT}), "bad_archive"),
    "above its folder": ("zip", zipped(**{"../a.csv": TEXT}), "unsafe_name"),
    "a drive": ("zip", zipped(**{"C:\\a.csv": TEXT}), "unsafe_name"),
    "a zip in a zip": ("zip", zipped(**{"a.zip": zipped(**{"b.csv": TEXT})}), "unsafe_name"),
    "a zip that inflates without end": ("zip", zipped(**{"a.csv": b"0" * 30_000_000}), "zip_bomb"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_read_hostile_compressed_file_refuses_it(tmp_path: Path, case: str) -> None:
    compression, data, reason = HOSTILE[case]
    assert read(social(files={"compression": compression}), data, tmp_path).rejected == reason
