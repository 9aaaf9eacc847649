"""Makes report files of every format, byte by byte where no library here writes it. All is made up."""

import io
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from xml.sax.saxutils import escape

HEADER = [
    "ma_don_vi",
    "loai_bao_cao",
    "ky_bao_cao",
    "tu_ngay",
    "den_ngay",
    "ma_dia_ban",
    "linh_vuc",
    "ma_chu_de",
    "noi_dung",
    "pham_vi",
    "khuynh_huong",
    "cuong_do",
    "nguon",
    "so_y_kien",
    "kien_nghi",
    "co_quan_de_xuat",
    "muc_do_khan",
]
FOLLOWUP = ["ma_kien_nghi", "ngay", "trang_thai", "co_quan"]


def row(**cells: Any) -> list[Any]:
    """A good row of the structured template, as text, with some cells other than usual."""
    usual = {
        "ma_don_vi": "CT-MTTQ",
        "loai_bao_cao": "DK",
        "ky_bao_cao": "2026-W20",
        "tu_ngay": "2026-05-11",
        "den_ngay": "2026-05-17",
        "ma_dia_ban": "92",
        "linh_vuc": "x",
        "ma_chu_de": "F1",
        "noi_dung": "y",
        "pham_vi": "Đa số",
        "khuynh_huong": "Băn khoăn",
        "cuong_do": "3",
        "nguon": "Hội nghị",
        "so_y_kien": "12",
        "kien_nghi": "sửa",
        "co_quan_de_xuat": "CT-SXD",
        "muc_do_khan": "Khẩn",
    }
    assert not set(cells) - set(usual)
    return list((usual | cells).values())


def zipped(parts: dict[str, str | bytes], into: bytes | None = None) -> bytes:
    """An archive of these parts, or another with these parts added."""
    stream = io.BytesIO(into or b"")
    with zipfile.ZipFile(stream, "a" if into else "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_part(data: bytes, name: str, old: str, new: str) -> bytes:
    """An archive with a text of one part replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    assert old in parts[name].decode()
    return zipped(parts | {name: parts[name].decode().replace(old, new)})


# OpenDocument: content.xml is written by hand

_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_NAMES = (
    f'xmlns:office="{_ODF}:office:1.0" xmlns:table="{_ODF}:table:1.0" xmlns:text="{_ODF}:text:1.0"'
    f' xmlns:script="{_ODF}:script:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods_cell(value: Any, more: str = "") -> str:
    """A cell; None is empty, a number a float, text of the form =… a formula without a saved value."""
    if value is None:
        return f"<table:table-cell {more}/>"
    if isinstance(value, int | float):
        more += f' office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {more}><text:p>{value}</text:p></table:table-cell>"
    if value.startswith("="):
        return f'<table:table-cell table:formula="of:{escape(value)}" {more}/>'
    if value == "#N/A":
        more += ' table:formula="of:=NA()" office:string-value="" calcext:value-type="error"'
    more += ' office:value-type="string"'
    return f"<table:table-cell {more}><text:p>{escape(value)}</text:p></table:table-cell>"


def ods_row(cells: Sequence[Any], more: str = "") -> str:
    """A row of cells; one that is XML already is taken as it is."""
    made = (
        cell if isinstance(cell, str) and cell.startswith("<table:") else ods_cell(cell) for cell in cells
    )
    return f"<table:table-row {more}>{''.join(made)}</table:table-row>"


def ods(sheets: dict[str, str], parts: dict[str, str] | None = None) -> bytes:
    """A document; sheet → the XML of its rows."""
    tables = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items()
    )
    entry = f'<m:file-entry m:full-path="/" m:media-type="{ODS_TYPE}"/>'
    manifest = f'<m:manifest xmlns:m="{_ODF}:manifest:1.0">{entry}</m:manifest>'
    content = f"<office:document-content {_NAMES}><office:scripts/><office:body><office:spreadsheet>"
    content += f"{tables}</office:spreadsheet></office:body></office:document-content>"
    return zipped(
        {"mimetype": ODS_TYPE, "META-INF/manifest.xml": manifest, "content.xml": content} | (parts or {})
    )


# PDF: objects written one after another; a font without shapes, whose ToUnicode map says its letters


def pdf(
    pages: Sequence[Sequence[str]], catalog: str = "", has_map: bool = True, image: bool = False
) -> bytes:
    """A document of pages of lines. Without the map, nothing says which letters its codes are."""
    letters = sorted({letter for page in pages for line in page for letter in line})
    codes = {letter: number for number, letter in enumerate(letters, 1)}
    mapped = "\n".join(f"<{code:04X}> <{ord(letter):04X}>" for letter, code in codes.items())
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Made def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{mapped}\nendbfchar\nendcmap end end"
    )
    font = "/Type /Font /Subtype /Type0 /BaseFont /Made /Encoding /Identity-H /DescendantFonts [4 0 R]"
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        2: f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        3: f"<< {font} {'/ToUnicode 6 0 R' if has_map else ''} >>",
        4: "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Made /CIDSystemInfo << /Registry (Adobe)"
        " /Ordering (Identity) /Supplement 0 >> /FontDescriptor 5 0 R /DW 500 >>",
        5: "<< /Type /FontDescriptor /FontName /Made /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0"
        " /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
        6: _stream(cmap),
        7: _stream(
            "\xff" * 3,
            "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8",
        ),
    }
    for number, page in enumerate(pages):
        shown = "q 500 0 0 700 40 40 cm /Im Do Q\n" if image else ""
        for place, line in enumerate(page):
            text = "".join(f"{codes[letter]:04X}" for letter in line)
            shown += f"BT /F 11 Tf 1 0 0 1 40 {780 - 16 * place} Tm <{text}> Tj ET\n"
        objects[10 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {11 + 2 * number} 0 R"
            " /Resources << /Font << /F 3 0 R >> /XObject << /Im 7 0 R >> >> >>"
        )
        objects[11 + 2 * number] = _stream(shown)
    return _file(objects)


def _stream(content: str, more: str = "") -> str:
    return f"<< /Length {len(content.encode('latin-1'))} {more} >>\nstream\n{content}\nendstream"


def _file(objects: dict[int, str]) -> bytes:
    data, offsets = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        offsets[number] = len(data)
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = [
        f"{offsets[n]:010d} 00000 n " if n in offsets else "0000000000 65535 f "
        for n in range(max(objects) + 1)
    ]
    start = len(data)
    data += f"xref\n0 {len(table)}\n".encode() + "\n".join(table).encode()
    return data + f"\ntrailer << /Size {len(table)} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


# E-mail


def mail(
    attachments: Sequence[tuple[str, bytes]], date: str | None = "Mon, 18 May 2026 16:05:00 +0700"
) -> EmailMessage:
    """A mail with these attachments."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Phòng Một <mot@vidu.example>"
    message["To"] = "hai@vidu.example"
    message["Subject"] = "Báo cáo tuần 20"
    if date:
        message["Date"] = date
    message.set_content("Kính gửi báo cáo.")
    for name, content in attachments:
        message.add_attachment(content, "application", "octet-stream", filename=name)
    return message
