"""What a zip container (xlsx, ods, docx) may be, checked before a parser sees it."""

import mmap
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from opinion_warehouse.readers.problems import FileRejected

MAX_MEMBERS = 2_000
MAX_RATIO = 100
SMALL = 1_000_000
MAX_TOTAL = 1_000_000_000
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNSAFE = re.compile(r"^(/|\\|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)")
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_CHUNK = 1 << 20
_MANIFEST = 10_000_000
_ARCHIVES = (".zip", ".gz", ".7z", ".rar", ".xlsx", ".docx", ".ods", ".xz", ".bz2", ".tar", ".tgz")
Kind = Literal["xlsx", "ods", "docx"]
_MAIN_TYPES = {"xlsx": b"spreadsheetml.sheet.main+xml", "docx": b"wordprocessingml.document.main+xml"}
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"


def check_container(path: Path, kind: Kind = "xlsx") -> None:
    """Refuse archives that are encrypted, inflate without end, name outside paths, hold macros or a DTD."""
    if not zipfile.is_zipfile(path):
        if _is_locked(path):
            raise FileRejected("encrypted", "the document is protected by a password")
        detail = f"the file is no {kind} document (another format or a web page renamed, or cut short?)"
        raise FileRejected("wrong_format", detail)
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive, "document")
            refuse_archives(archive.namelist(), "document")
            _check_content(archive, path.stat().st_size)
            if kind == "ods":
                _check_ods(archive)
            else:
                _check_office(archive, kind)
    except (FileRejected, MemoryError):
        raise
    except Exception as error:  # zlib.error and kin have no common base
        raise FileRejected("bad_archive", f"the document is damaged ({type(error).__name__})") from None


def _is_locked(path: Path) -> bool:
    """An Office document with a password is no zip: it lies enciphered in Microsoft's older container."""
    with path.open("rb") as stream:
        if stream.read(8) != OLE_MAGIC:
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find("EncryptedPackage".encode("utf-16-le")) >= 0


def check_members(archive: zipfile.ZipFile, what: str) -> None:
    """Refuse names that point outside, parts that stand twice, and passwords."""
    members = archive.infolist()
    names = [member.filename.lower() for member in members]
    if len(members) > MAX_MEMBERS:
        raise FileRejected("zip_bomb", f"the {what} has more than {MAX_MEMBERS} parts")
    if len(set(names)) != len(names):
        raise FileRejected("bad_archive", f"a part of the {what} stands twice")
    for member in members:
        if member.flag_bits & 0x1:
            raise FileRejected("encrypted", f"the {what} is protected by a password")
        if _UNSAFE.search(member.filename) or (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise FileRejected("unsafe_name", f"a part of the {what} points outside it")


def refuse_archives(names: Iterable[str], what: str) -> None:
    """Refuse archives in archives."""
    if any(name.lower().endswith(_ARCHIVES) for name in names):
        raise FileRejected("unsafe_name", f"the {what} holds another archive")


def _check_office(archive: zipfile.ZipFile, kind: Kind) -> None:
    """Of Office Open XML: the kind that is meant, no macros, nothing taken from other files."""
    names = {member.filename.lower(): member for member in archive.infolist()}
    types = _small(archive, names.get("[content_types].xml")).replace(b"\0", b"")
    for name in names:
        if name.endswith(("vbaproject.bin", ".xlsm", ".docm")) or name.startswith("xl/macrosheets/"):
            raise FileRejected("macros", "the document holds macros")
        if name.startswith("xl/externallinks/"):
            raise FileRejected("external_link", "the workbook takes values from other files")
    if b"macroEnabled.main" in types and b".binary." not in types:
        raise FileRejected("macros", "the document is of a kind that holds macros")
    if _MAIN_TYPES[kind] not in types:
        raise FileRejected("wrong_format", f"the file is a zip archive, but no {kind} document")
    for name, member in names.items():
        if name.endswith(".rels"):
            _check_relations(archive, member)


def _check_relations(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """A link is followed by a reader's hand; anything else external would be part of the content."""
    from defusedxml.ElementTree import fromstring

    for relation in fromstring(_small(archive, member)).iter():
        is_external = relation.get("TargetMode", "").lower() == "external"
        if is_external and not relation.get("Type", "").endswith("/hyperlink"):
            raise FileRejected("external_link", "the document takes parts of it from elsewhere")


def _check_ods(archive: zipfile.ZipFile) -> None:
    """Of OpenDocument: a spreadsheet, not encrypted (the zip itself does not say so), no macros."""
    names = {member.filename.lower(): member for member in archive.infolist()}
    manifest = _small(archive, names.get("meta-inf/manifest.xml"))
    if b"encryption-data" in manifest or b"encrypted-package" in manifest or "encrypted-package" in names:
        raise FileRejected("encrypted", "the document is protected by a password")
    if "content.xml" not in names or _small(archive, names.get("mimetype")).strip() != _ODS:
        raise FileRejected("wrong_format", "the file is a zip archive, but no ods document")
    if any(name.startswith(("basic/", "scripts/")) for name in names):
        raise FileRejected("macros", "the document holds macros")


def _small(archive: zipfile.ZipFile, member: zipfile.ZipInfo | None) -> bytes:
    """A part that lists others; one of any size would be no list."""
    if member is None:
        return b""
    with archive.open(member) as stream:
        content = stream.read(_MANIFEST + 1)
    if len(content) > _MANIFEST:
        raise FileRejected("zip_bomb", "a list of the document's parts is too long to be one")
    return content


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
                    detail = f"the document inflates to more than {MAX_RATIO} times its size"
                    raise FileRejected("zip_bomb", detail)
                if is_xml and _DTD.search(tail + chunk.replace(b"\0", b"")):
                    raise FileRejected("xml_dtd", "the document declares a document type or entities")
                tail = chunk[-16:]
