"""Archives and binary files that are hostile, damaged, or not what their names say."""

import gzip
import io
import struct
import warnings
import zipfile
from typing import Any

from reader_jobs import FIXTURES, example
from report_files import mail, with_part, zipped

from bad_files.made import (
    Case,
    polled,
    report_table,
    reported,
    social,
    social_table,
    survey_table,
    written,
)

_CSV = written(social_table())
_XLSX = written(report_table(), "xlsx")
_ODS = written(report_table(), "ods")
_DOCX = written(report_table(), "docx")
_PARQUET = written(social_table(), "parquet")
_SAV = written(survey_table(), "sav")
_DTA = written(survey_table(), "dta")
_NULLS = bytes(30_000_000)
_DTD = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><x>&c;</x>'
_EXTERNAL = (
    "<Relationships><Relationship Id='r1' Type='x/oleObject' Target='file:///x' TargetMode='External'/>"
    "</Relationships>"
)
_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
_SHEET = "xl/worksheets/sheet1.xml"


def _packed(compression: str, data: bytes, reason: str | None = None, **more: Any) -> Case:
    return Case(social(compression=compression), data, refused=reason, **more)


def _office(form: str, data: bytes, reason: str) -> Case:
    return Case(reported(form), data, refused=reason)


def _linked() -> bytes:
    """A zip archive whose one member is a symbolic link."""
    member = zipfile.ZipInfo("a.csv")
    member.external_attr = 0o120777 << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, "/etc/passwd")
    return stream.getvalue()


def _locked_zip() -> bytes:
    """A zip archive whose members say that they are encrypted."""
    data = bytearray(zipped({"a.csv": _CSV}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    return bytes(data)


def _twice(data: bytes, name: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile says that it stands twice
        return zipped({name: "<x/>"}, data)


def _huge_claim() -> bytes:
    """A zip archive that says of 30 MB that they are 100 bytes."""
    data = bytearray(zipped({"a.csv": _NULLS}))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(magic) + at
        data[start : start + 4] = struct.pack("<I", 100)
    return bytes(data)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def _crashing() -> bytes:
    """A numeric variable with value labels, said to be a string: ReadStat follows a pointer to nowhere."""
    sound = (FIXTURES / "spss_attitudes" / "thai_do_2026-03.sav").read_bytes()
    at = sound.index(b"GIOI_TIN") - 20
    return sound[:at] + b"\1" + sound[at + 1 :]


CONTAINERS: dict[str, Case] = {
    "gz": _packed("gz", gzip.compress(_CSV), sound=gzip.compress(_CSV, 1)),
    "zip": _packed("zip", zipped({"a.csv": _CSV})),
    "zip bomb": _packed("zip", zipped({"a.csv": _NULLS}), "zip_bomb"),
    "zip bomb that states a small size": _packed("zip", _huge_claim(), "bad_archive"),
    "gz bomb": _packed("gz", gzip.compress(_NULLS), "zip_bomb"),
    "gz bomb of many members": _packed("gz", gzip.compress(bytes(1_000_000)) * 40, "zip_bomb"),
    "gz in gz": _packed("gz", gzip.compress(gzip.compress(_CSV)), "wrong_format"),
    "nested zip": _packed("zip", zipped({"a.zip": zipped({"b.csv": _CSV})}), "unsafe_name"),
    "encrypted zip": _packed("zip", _locked_zip(), "encrypted"),
    "zip with ../": _packed("zip", zipped({"../a.csv": _CSV}), "unsafe_name"),
    "zip with an absolute name": _packed("zip", zipped({"/etc/a.csv": _CSV}), "unsafe_name"),
    "zip with a C:\\ name": _packed("zip", zipped({"C:\\a.csv": _CSV}), "unsafe_name"),
    "zip with a symlink": _packed("zip", _linked(), "unsafe_name"),
    "zip with a member twice": _packed("zip", _twice(zipped({"a.csv": _CSV}), "a.csv"), "bad_archive"),
    "zip of two files": _packed("zip", zipped({"a.csv": _CSV, "b.csv": _CSV}), "bad_archive"),
    "zip of nothing": _packed("zip", zipped({}), "bad_archive"),
    "zip of 3,000 members": _packed("zip", zipped({str(n): "" for n in range(3_000)}), "zip_bomb"),
    "truncated gz": _packed("gz", gzip.compress(_CSV)[:-9], "bad_archive"),
    "truncated zip": _packed("zip", zipped({"a.csv": _CSV})[:-30], "wrong_format"),
    "gz of nothing": _packed("gz", gzip.compress(b""), "empty"),
    "plain text named .gz": _packed("gz", _CSV, "wrong_format"),
    "gz where nothing is packed": Case(social(), gzip.compress(_CSV), refused="wrong_format"),
    "xlsx named .csv": Case(social(), _XLSX, refused="wrong_format"),
    "PDF named .csv": Case(social(), b"%PDF-1.7\n", refused="wrong_format"),
    "Parquet named .csv": Case(social(), _PARQUET, refused="wrong_format"),
    "SPSS named .csv": Case(social(), _SAV, refused="wrong_format"),
    "HTML named .csv": Case(
        social(), b"<html><table><tr><td>x</td></tr></table></html>", refused="no_header"
    ),
    **{
        f"{what} named .{form}": _office(form, data, "wrong_format")
        for form in ("xlsx", "ods", "docx")
        for what, data in (
            ("HTML", b"<html><table><tr><td>x</td></tr></table></html>"),
            ("CSV", _CSV),
            ("old binary document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
            ("zip", zipped({"a.csv": _CSV})),
        )
    },
    **{
        f"CSV named .{form}": Case(polled(form), _CSV, refused="wrong_format")
        for form in ("jsonl", "json", "parquet", "sav", "dta")
    },
    "CSV named .eml": Case(polled("eml"), _CSV, refused="wrong_format"),
    "xlsx named .ods": _office("ods", _XLSX, "wrong_format"),
    "ods named .xlsx": _office("xlsx", _ODS, "wrong_format"),
    "docx named .xlsx": _office("xlsx", _DOCX, "wrong_format"),
    "truncated xlsx": _office("xlsx", _XLSX[:-300], "wrong_format"),
    "truncated ods": _office("ods", _ODS[:-300], "wrong_format"),
    "truncated docx": _office("docx", _DOCX[:-300], "wrong_format"),
    "truncated parquet": Case(social("parquet"), _PARQUET[:-20], refused="bad_archive"),
    "truncated sav": Case(polled("sav"), _SAV[:-20], refused="damaged_file"),
    "truncated dta": Case(polled("dta"), _DTA[:-20], refused="damaged_file"),
    "truncated mail": Case(polled("eml"), mail([("a.csv", _CSV)]).as_bytes()[:-200], refused="bad_mail"),
    "bit-flipped xlsx": _office("xlsx", _flipped(_XLSX, len(_XLSX) // 2), "bad_archive"),
    "bit-flipped sav": Case(polled("sav"), _flipped(_SAV, 80), refused="damaged_file"),
    "bit-flipped sav that crashes its reader": Case(
        example("spss_attitudes"),
        _crashing(),
        refused="parser_crash",
        name="thai_do_2026-03.sav",
        is_native=True,
    ),
    **{f"encrypted {form}": _office(form, _LOCKED, "encrypted") for form in ("xlsx", "docx")},
    "encrypted Parquet": Case(social("parquet"), b"PARE" + _PARQUET[4:-4] + b"PARE", refused="encrypted"),
    **{
        f"{form} with {what}": _office(form, zipped({part: content}, data), reason)
        for form, data in (("xlsx", _XLSX), ("ods", _ODS), ("docx", _DOCX))
        for what, part, content, reason in (
            ("XXE", "more.xml", _DTD, "xml_dtd"),
            ("XXE in UTF-16", "more.xml", _DTD.encode("utf-16"), "xml_dtd"),
            ("billion laughs", "more.xml", _LAUGHS, "xml_dtd"),
            ("a bomb in it", "more.bin", _NULLS, "zip_bomb"),
            ("../", "../x.xml", "x", "unsafe_name"),
            ("an absolute name", "/x.xml", "x", "unsafe_name"),
            ("a C:\\ name", "C:\\x.xml", "x", "unsafe_name"),
            ("an archive in it", "more.zip", "x", "unsafe_name"),
        )
    },
    **{
        f"{form} with the member {name} twice": _office(form, _twice(data, name), "bad_archive")
        for form, data, name in (
            ("xlsx", _XLSX, _SHEET),
            ("xlsx", _XLSX, _SHEET.upper()),
            ("ods", _ODS, "content.xml"),
            ("docx", _DOCX, "word/document.xml"),
        )
    },
    "xlsx with external links": _office(
        "xlsx", zipped({"xl/externalLinks/externalLink1.xml": "<x/>"}, _XLSX), "external_link"
    ),
    "xlsx with an external object": _office(
        "xlsx", zipped({"xl/worksheets/_rels/sheet1.xml.rels": _EXTERNAL}, _XLSX), "external_link"
    ),
    "docx with an external template": _office(
        "docx", zipped({"word/_rels/settings.xml.rels": _EXTERNAL}, _DOCX), "external_link"
    ),
    "xlsx with macros": _office("xlsx", zipped({"xl/vbaProject.bin": b"x"}, _XLSX), "macros"),
    "docx with macros": _office("docx", zipped({"word/vbaProject.bin": b"x"}, _DOCX), "macros"),
    "ods with macros": _office("ods", zipped({"Basic/Standard/Module1.xml": "<x/>"}, _ODS), "macros"),
    "sparse-dimension xlsx": _office(
        "xlsx", with_part(_XLSX, _SHEET, 'r="S2"', 'r="XFD1048576"'), "sparse_sheet"
    ),
    "xlsx that states a wrong dimension": Case(
        reported(), with_part(_XLSX, _SHEET, 'ref="A1:S61"', 'ref="A1:XFD1048576"')
    ),
    "mail of two tables": Case(
        polled("eml"),
        mail([("a.csv", written(survey_table())), ("b.csv", written(survey_table()[:9]))]).as_bytes(),
        refused="several_attachments",
    ),
    "mail without the table": Case(
        polled("eml"), mail([("a.txt", b"x")]).as_bytes(), refused="no_attachment"
    ),
}
