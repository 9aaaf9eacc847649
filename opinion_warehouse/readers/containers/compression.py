"""Compressed files → the one file in them, counted while it inflates."""

import errno
import gzip
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, cast

from opinion_warehouse.readers.containers.zip_container import (
    MAX_RATIO,
    SMALL,
    check_members,
    refuse_archives,
)
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.sources import Files

_CHUNK = 1 << 20
_OF_THE_PACKER = ("__MACOSX/", ".DS_Store")
"""What macOS packs beside the files."""


def plain_file(path: Path, files: Files, scratch: Path) -> Path:
    """The file itself where nothing compresses it, else what it inflates to, in the scratch folder."""
    if files.compression == "none":
        return path
    target = scratch / "inflated"
    limit = min(files.max_bytes, max(SMALL, MAX_RATIO * path.stat().st_size))
    with refusing_damage(), _opened(path, files) as stream:
        inflate(stream, target, limit)
    return target


@contextmanager
def refusing_damage() -> Iterator[None]:
    """FileRejected for what goes wrong inside, unless a full disk or a limit is at fault and not the file."""
    try:
        yield
    except (FileRejected, MemoryError):
        raise
    except Exception as error:  # zipfile's and its decompressors' errors have no common base
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        detail = f"the file is damaged or cut short ({type(error).__name__})"
        raise FileRejected("bad_archive", detail) from None


def inflate(stream: IO[bytes], target: Path, limit: int) -> None:
    """Write what a stream inflates to, which is more than nothing and at most `limit` bytes."""
    total = 0
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > limit:
                raise FileRejected(
                    "zip_bomb", f"the file inflates to more than {MAX_RATIO} times its size, or max_bytes"
                )
            out.write(chunk)
    if not total:
        raise FileRejected("empty", "the file inflates to nothing")


@contextmanager
def _opened(path: Path, files: Files) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        magic = raw.read(4)
    if files.compression == "gz":
        if magic[:2] != b"\x1f\x8b":
            raise FileRejected("wrong_format", "the bytes are not those of a gzip file")
        with gzip.open(path, "rb") as inflated:
            yield cast("IO[bytes]", inflated)
        return
    if not zipfile.is_zipfile(path):
        raise FileRejected("wrong_format", "the bytes are not those of a zip archive")
    with _open_archive(path) as archive:
        check_members(archive, "archive")
        with _open_member(archive, _meant(archive, files)) as stream:
            yield stream


def _meant(archive: zipfile.ZipFile, files: Files) -> zipfile.ZipInfo:
    """The one file that is read; the others are never opened."""
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not member.filename.startswith(_OF_THE_PACKER)
        and fnmatchcase(member.filename.lower(), (files.member or "*").lower())
    ]
    if len(members) != 1:
        which = f"named like files.member {files.member!r}" if files.member else "and files.member names none"
        raise FileRejected("bad_archive", f"the archive holds {len(members)} files {which}; expected one")
    if not members[0].filename.lower().endswith(f".{files.content_format}"):
        refuse_archives([members[0].filename], "archive")
    return members[0]


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, ValueError) as error:  # the directory points outside the file, or names what is no name
        raise zipfile.BadZipFile from error


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(member)
    except (OSError, ValueError, RuntimeError, struct.error) as error:
        raise zipfile.BadZipFile from error
