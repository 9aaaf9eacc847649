"""E-mails: the one attachment is the report, read in its own format; nothing else of a mail gets out."""

import io
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pytest
from reader_jobs import read, read_example, report, social, source
from report_files import HEADER, mail, ods, ods_row, row
from table_formats import FORMATS

from opinion_warehouse.sample.canaries import find_canaries


def workbook() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    page = book.active
    page.title = "bao_cao"
    page.append(HEADER)
    page.append(row())
    book.save(stream)
    return stream.getvalue()


XLSX = workbook()
NAME = "Báo cáo tuần 20.xlsx"
FILES = {
    "format": "eml",
    "sheet": "bao_cao",
    "attachment": {"pattern": "báo cáo*.XLSX", "format": "xlsx"},
}
SPEC = report(files=FILES, section={"submitted_at": {"mail_date": True}})


def test_example_gives_the_attachments_rows_and_nothing_of_the_mail(tmp_path: Path) -> None:
    result = read_example("ward_reports_mail", "thu_20260518.eml", tmp_path)
    assert result.rejected is None
    assert result.bad == {3: ["unknown_code"]}
    assert [(item["row_number"], item["opinion_count"]) for item in result.rows["report_item"]] == [
        ("2", "12")
    ]
    assert result.rows["report"][0]["submitted_at"] == "2026-05-18T09:05:00+00:00"  # 16:05 at +07
    assert [row["status_date"] for row in result.rows["report_followup"]] == ["2026-05-14"]
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.csv"))
    assert not find_canaries(written)
    assert not find_canaries((tmp_path / "summary.json").read_bytes())


def named(disposition: str) -> bytes:
    """A mail whose attachment's name is written in some way of the world's mail programs."""
    message = EmailMessage()
    message["From"] = "mot@vidu.example"
    message.set_content("x")
    message.add_attachment(XLSX, "text", "x-other", filename="@@")
    data = message.as_bytes().replace(b'filename="@@"', disposition.encode())
    assert b"@@" not in data
    return data


@pytest.mark.parametrize(
    "disposition",
    [
        "filename*=utf-8''B%C3%A1o%20c%C3%A1o%2020.xlsx",
        "filename*0*=utf-8''B%C3%A1o%20;\n filename*1*=c%C3%A1o%20;\n filename*2=20.xlsx",
        'filename="=?UTF-8?B?QsOhbyBjw6FvIDIwLnhsc3g=?="',
        "filename==?utf-8?q?B=C3=A1o_c=C3=A1o_20=2Exlsx?=",
        'filename="Báo cáo 20.xlsx"',
        'filename="C:\\\\mot\\\\Báo cáo 20.xlsx"',
        "filename*=utf-8''Ba%CC%81o%20ca%CC%81o%2020.XLSX",
    ],
)
def test_read_mail_knows_a_vietnamese_name_however_it_is_written(tmp_path: Path, disposition: str) -> None:
    assert read(SPEC, named(disposition), tmp_path).rejected is None


def forwarded() -> bytes:
    outer = mail([("logo.png", b"x")])
    outer.add_attachment(mail([(NAME, XLSX)]))
    return outer.as_bytes()


def encrypted() -> bytes:
    return mail([("smime.p7m", b"x")]).as_bytes()


WHOLE = mail([(NAME, XLSX), ("logo.png", b"x")]).as_bytes()
START = WHOLE.index(b"UEsDB")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (WHOLE, None),
        (forwarded(), None),
        (
            mail([(NAME, XLSX), ("báo cáo bản sao.xlsx", XLSX)]).as_bytes(),
            None,
        ),  # the same bytes are one file
        (mail([]).as_bytes(), "no_attachment"),
        (mail([("logo.png", b"x")]).as_bytes(), "no_attachment"),
        (mail([(NAME, XLSX), ("báo cáo khác.xlsx", XLSX + b"\0")]).as_bytes(), "several_attachments"),
        (mail([("winmail.dat", b"\x78\x9f\x3e\x22")]).as_bytes(), "winmail_dat"),
        (encrypted(), "encrypted"),
        (mail([(NAME, b"<html>")]).as_bytes(), "wrong_format"),
        (WHOLE[: START + 2000], "bad_mail"),
        (WHOLE[:-20], "bad_mail"),
        (WHOLE[: START + 100] + b"!" + WHOLE[START + 101 :], "bad_mail"),
        (WHOLE[: START + 100] + WHOLE[START + 101 :], "bad_mail"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "wrong_format"),
        (XLSX, "wrong_format"),
        (b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 2_000 + b"--a--\n", "bad_mail"),
    ],
)
def test_read_mail_with_one_fitting_attachment_or_refuses_it(
    tmp_path: Path, data: bytes, reason: str | None
) -> None:
    assert read(SPEC, data, tmp_path).rejected == reason


def test_read_mail_nested_without_end_is_refused(tmp_path: Path) -> None:
    data = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5_000))
    assert read(SPEC, data, tmp_path).rejected == "bad_mail"


@pytest.mark.parametrize(
    ("date", "submitted"),
    [
        ("Mon, 18 May 2026 16:05:00 +0700", "2026-05-18T09:05:00+00:00"),
        ("18 May 2026 09:05:00 -0000", "2026-05-18T09:05:00+00:00"),
        (None, "2026-07-01T00:00:00+00:00"),
        ("hôm qua", "2026-07-01T00:00:00+00:00"),
        ("Mon, 18 May 2037 16:05:00 +0700", "2026-07-01T00:00:00+00:00"),
    ],
)
def test_read_mail_date_is_when_it_was_submitted_only_by_declaration(
    tmp_path: Path, date: str | None, submitted: str
) -> None:
    data = mail([(NAME, XLSX)], date).as_bytes()
    assert read(SPEC, data, tmp_path).rows["report"][0]["submitted_at"] == submitted
    undeclared = read(report(files=FILES), data, tmp_path).rows["report"][0]["submitted_at"]
    assert undeclared == "2026-07-01T00:00:00+00:00"


def test_read_mail_file_name_patterns_look_at_the_attachments_name(tmp_path: Path) -> None:
    spec = report(files=FILES, section={"submitted_at": {"file_name": r"_(\d{8})\.xlsx$"}})
    data = mail([("Báo cáo_20260520.xlsx", XLSX)]).as_bytes()
    assert read(spec, data, tmp_path).rows["report"][0]["submitted_at"].startswith("2026-05-19T17:00")


def test_read_mail_with_an_ods_or_a_csv_reads_it_in_that_format(tmp_path: Path) -> None:
    sheet = ods({"bao_cao": ods_row(HEADER) + ods_row(row())})
    files = FILES | {"attachment": {"pattern": "*.ods", "format": "ods"}}
    data = mail([("x.ods", sheet)]).as_bytes()
    assert len(read(report(files=files), data, tmp_path).rows["report_item"]) == 1
    files = {"format": "eml", "attachment": {"pattern": "*.csv", "format": "csv"}}
    lines = "\n".join(",".join(f'"{cell}"' for cell in cells) for cells in (HEADER, row()))
    data = mail([("x.csv", lines.encode())]).as_bytes()
    assert len(read(report(files=files), data, tmp_path).rows["report_item"]) == 1


def test_spec_of_mails_names_its_attachment() -> None:
    with pytest.raises(ValueError, match="needs `attachment`"):
        read(report(files={"format": "eml"}), b"", Path())
    with pytest.raises(ValueError, match="needs `sheet`"):
        read(report(files=FILES | {"sheet": None}), b"", Path())
    with pytest.raises(ValueError, match="must be eml"):
        read(source("report", {"submitted_at": {"mail_date": "true"}}), b"", Path())


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "xlsx", "parquet"])
def test_read_mail_of_any_format_by_any_name(tmp_path: Path, form: str) -> None:
    files, write, _ = FORMATS[form]
    header = ["id", "at", "mood", "likes", "url", "words", "author"]
    content = write(header, [["1", "2026-06-01T10:00:00Z", "Tốt", "5", "u", "w", "a"]])
    spec = social(files=files | {"format": "eml", "attachment": {"pattern": "*", "format": files["format"]}})
    result = read(spec, mail([("x", content)]).as_bytes(), tmp_path)
    assert (result.rejected, len(result.rows["social_item"])) == (None, 1)
