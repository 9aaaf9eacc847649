"""What a zip container (xlsx) may be, checked before a native parser sees it."""

import re
import zipfile
from pathlib import Path

from opinion_warehouse.readers.problems import FileRejected

MAX_MEMBERS = 2_000
MAX_RATIO = 100
SMALL = 1_000_000
MAX_TOTAL = 1_000_000_000
_UNSAFE = re.compile(r"^(/|\\|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)")
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_CHUNK = 1 << 20


def check_container(path: Path) -> None:
    """Refuse archives that are encrypted, inflate without end, name outside paths, hold macros or a DTD."""
    if not zipfile.is_zipfile(path):
        raise FileRejected(
            "wrong_format", "the file is no xlsx workbook (an .xls or a web page renamed, or cut short?)"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive, "workbook")
            _check_parts(archive)
            _check_content(archive, path.stat().st_size)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileRejected("bad_archive", f"the workbook is damaged ({type(error).__name__})") from None
    except Exception as error:  # zlib.error and kin have no common base
        if isinstance(error, FileRejected):
            raise
        raise FileRejected("bad_archive", f"the workbook is damaged ({type(error).__name__})") from None


def check_members(archive: zipfile.ZipFile, what: str) -> None:
    """Refuse names that point outside, parts that stand twice, passwords, and archives in archives."""
    members = archive.infolist()
    names = [member.filename.lower() for member in members]
    if len(members) > MAX_MEMBERS:
        raise FileRejected("zip_bomb", f"the {what} has more than {MAX_MEMBERS} parts")
    if len(set(names)) != len(names):
        raise FileRejected("bad_archive", f"a part of the {what} stands twice")
    for member, name in zip(members, names, strict=True):
        if member.flag_bits & 0x1:
            raise FileRejected("encrypted", f"the {what} is protected by a password")
        if _UNSAFE.search(member.filename) or (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise FileRejected("unsafe_name", f"a part of the {what} points outside it")
        if name.endswith((".zip", ".gz", ".7z", ".rar", ".xlsx", ".xz", ".bz2", ".tar", ".tgz")):
            raise FileRejected("unsafe_name", f"the {what} holds another archive")


def _check_parts(archive: zipfile.ZipFile) -> None:
    """Of a workbook: no macros, no values from other files."""
    names = [member.filename.lower() for member in archive.infolist()]
    for name in names:
        if name.endswith(("vbaproject.bin", ".xlsm")) or name.startswith("xl/macrosheets/"):
            raise FileRejected("macros", "the workbook holds macros; save it as .xlsx without them")
        if name.startswith("xl/externallinks/"):
            raise FileRejected(
                "external_link", "the workbook takes values from other files; paste them as values"
            )
    if "[content_types].xml" not in names:
        raise FileRejected("wrong_format", "the file is a zip archive, but no xlsx workbook")


def _check_content(archive: zipfile.ZipFile, size: int) -> None:
    """Counted while it streams: the sizes an archive states about itself may lie."""
    total = 0
    for member in archive.infolist():
        is_xml = member.filename.lower().endswith((".xml", ".rels", ".vml"))
        tail = b""
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > MAX_TOTAL or (total > SMALL and total > MAX_RATIO * size):
                    raise FileRejected(
                        "zip_bomb", f"the workbook inflates to more than {MAX_RATIO} times its size"
                    )
                if is_xml and _DTD.search(tail + chunk.replace(b"\0", b"")):
                    raise FileRejected("xml_dtd", "the workbook declares a document type or entities")
                tail = chunk[-16:]
