"""What a file is, by its first bytes and its content; its name says nothing."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.containers.compression import plain_file
from opinion_warehouse.readers.containers.mail import HEADINGS as MAIL_HEADINGS
from opinion_warehouse.readers.containers.zip_container import OLE_MAGIC
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.sources import Files

_DATA = (".asc", ".dat", ".txt", ".csv")
_MAIL = re.compile(rb"(?mi)^(from|to|subject|date|" + "|".join(MAIL_HEADINGS).encode() + rb"):\s")
_LOADED = 200_000_000


def format_of(path: Path, scratch: Path) -> tuple[Path, dict[str, Any], dict[str, str]]:
    """The file without its compression, and keys of `files` that are proposed, with why for each.

    Raises FileRejected for what no reader here reads.
    """
    found = _by_magic(path)
    if found in ("gz", "zip"):
        declared = Files.model_validate({"format": "csv", "compression": found})
        inner = plain_file(path, declared, scratch)
        files, notes = _plain(inner)
        if files["format"] in ("xlsx", "ods", "docx", "eml", "triple_s", "sav", "dta", "pdf", "doc"):
            raise FileRejected(
                "wrong_format", f"the archive holds a {files['format']} file; deliver it as it is"
            )
        return (
            inner,
            files | {"compression": found},
            notes | {"compression": f"the bytes of a {found} archive"},
        )
    files, notes = _plain(path)
    return path, files, notes


def _plain(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    found = _by_magic(path) or _by_text(path)
    if found in ("gz", "zip"):
        raise FileRejected("unsafe_name", "the archive holds another archive")
    files: dict[str, Any] = {"format": found}
    if found == "json" and (records := _records(path)):
        files["records"] = records
    why = {"json": "one JSON text", "jsonl": "a JSON object a line", "eml": "the headers of an e-mail"}
    return files, {"format": why.get(found, "its first bytes")}


def _by_magic(path: Path) -> str | None:
    with path.open("rb") as raw:
        start = raw.read(512)
    if not start:
        raise FileRejected("empty", "the file has no byte")
    for magic, name in (
        (b"\x1f\x8b", "gz"),
        (b"%PDF", "pdf"),
        (b"PAR1", "parquet"),
        (b"$FL2", "sav"),
        (b"$FL3", "sav"),
        (b"<stata_dta>", "dta"),
    ):
        if start.startswith(magic):
            return name
    if start.startswith(OLE_MAGIC):
        return _ole(path)
    if start.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if (
        102 <= start[0] <= 115
        and start[1:2] in (b"\x01", b"\x02")
        and start[2:3] == b"\x01"
        and b"\0" in start
    ):
        return "dta"
    return None


def _ole(path: Path) -> str:
    content = path.read_bytes()[:20_000_000]
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileRejected("encrypted", "the document is protected by a password")
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        raise FileRejected("wrong_format", "an .xls workbook of the old form is not read: save it as .xlsx")
    return "doc"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.filename.lower() for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileRejected("bad_archive", "the archive is damaged or cut short") from None
    if "[content_types].xml" in names:
        return "docx" if any(name.startswith("word/") for name in names) else "xlsx"
    if "content.xml" in names and "meta-inf/manifest.xml" in names:
        return "ods"
    has_definition = any(name.endswith((".sss", ".xml")) for name in names)
    if len(names) == 2 and has_definition and any(name.endswith(_DATA) for name in names):
        return "triple_s"
    return "zip"


def _by_text(path: Path) -> str:
    with path.open("rb") as raw:
        start = raw.read(65_536)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"(?i)<(!doctype|html|\?xml)", text):
        raise FileRejected("wrong_format", "the file is a web page or XML, whatever its name says")
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        return "jsonl" if _is_record(text.partition(b"\n")[0]) and not _records(path) else "json"
    head = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    return "eml" if len({match[1].lower() for match in _MAIL.finditer(head)}) >= 3 else "csv"


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return len(line) > 60_000  # it was cut here


def _records(path: Path) -> str | None:
    """The key under which the list of records stands, where the file is one object."""
    if path.stat().st_size > _LOADED:
        return None
    try:
        whole = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    level = [("", whole)]
    for _ in range(3):
        inner = [
            (f"{name}.{key}".lstrip("."), value)
            for name, each in level
            if isinstance(each, dict)
            for key, value in each.items()
        ]
        for name, value in inner:
            if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
                return name
        level = inner
    return None
