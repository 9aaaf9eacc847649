"""What the bytes of an SPSS file (.sav, .zsav) say about themselves, checked before it is parsed.

ReadStat takes the header at its word: a changed compression bias shifts every code, and a case count that is
too small hides rows, both without a sound. The parts must follow one another and account for every byte.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from opinion_warehouse.readers.containers.zip_container import MAX_RATIO, SMALL
from opinion_warehouse.readers.problems import FileRejected

COUNT_AT = 80
"""Offset of the case count, an int32."""
_PLAIN, _BYTECODE, _ZLIB = 0, 1, 2
_BIAS = 100.0
_MAX_BLOCK = 1 << 26
_MAX_ELEMENTS = 5_000_000


@dataclass(frozen=True)
class SavLayout:
    """`cases`: as the header states them, -1 where it does not. `encoding`: as the file states it."""

    order: str
    cases: int
    encoding: str | None


def sav_layout(path: Path) -> SavLayout:
    """Walk the file's records; raises FileRejected where they do not fit together."""
    with path.open("rb") as raw:
        if raw.read(4) not in (b"$FL2", b"$FL3"):
            raise FileRejected("wrong_format", "the bytes are not those of an SPSS file (.sav, .zsav)")
        try:
            with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _walk(data)
        except (struct.error, IndexError):
            raise _damaged("a part reaches beyond the end of the file") from None


def _damaged(what: str) -> FileRejected:
    return FileRejected("damaged_file", f"the file is damaged or cut short: {what}")


def _walk(data: mmap.mmap) -> SavLayout:
    order = next((mark for mark in "<>" if struct.unpack_from(f"{mark}i", data, 64)[0] in (2, 3)), None)
    if order is None:
        raise _damaged("its header is not one of SPSS")
    _, compression, _, cases, bias = struct.unpack_from(f"{order}iiiid", data, 68)
    if compression not in (_PLAIN, _BYTECODE, _ZLIB) or (compression == _ZLIB) != (data[:4] == b"$FL3"):
        raise _damaged("its header states a compression that does not exist")
    if compression != _PLAIN and bias != _BIAS:
        raise _damaged(f"its compression bias is not {_BIAS:g}")
    if cases < -1:
        raise _damaged("its header states a negative number of cases")
    start, elements, encoding = _dictionary(data, order)
    if not elements:
        raise FileRejected("empty", "the file has no variable")
    if compression == _PLAIN:
        rows, rest = divmod(len(data) - start, elements * 8)
        if rest or cases not in (-1, rows):
            raise _damaged("the cases do not fill the file as its header states")
    elif compression == _ZLIB:
        _check_blocks(data, order, start)
    return SavLayout(order, cases, encoding)


def _dictionary(data: mmap.mmap, order: str) -> tuple[int, int, str | None]:
    """Where the cases begin, how many 8-byte elements a case has, and the encoding the file states."""

    def ints(at: int, count: int = 1) -> tuple[int, ...]:
        found: tuple[int, ...] = struct.unpack_from(f"{order}{count}i", data, at)
        return found

    at, elements, continues, last = 176, 0, 0, 0
    name, page = None, None
    variables: set[int] = set()
    while True:
        (kind,) = ints(at)
        if kind == 2:
            width, has_label, missing = ints(at + 4, 3)
            if (width == -1) != (continues > 0) or not -1 <= width <= 255 or not -3 <= missing <= 3:
                raise _damaged("a variable's record is not sound")
            continues = continues - 1 if width == -1 else max(0, -(-width // 8) - 1)
            elements += 1
            if width >= 0:
                variables.add(elements)
            at += 32
            if has_label:
                at += 4 + _padded(ints(at)[0], 4)
            at += 8 * abs(missing)
        elif kind == 3:
            (count,) = ints(at + 4)
            at += 8
            for _ in range(_counted(count, len(data))):
                at += 8 + _padded(1 + data[at + 8], 8)
        elif kind == 4 and last == 3:
            count = _counted(ints(at + 4)[0], len(data))
            if not variables.issuperset(ints(at + 8, count)):
                raise _damaged("value labels are of a variable that is not there")
            at += 8 + 4 * count
        elif kind == 6:
            at += 8 + 80 * _counted(ints(at + 4)[0], len(data))
        elif kind == 7:
            subtype, size, count = ints(at + 4, 3)
            length = _counted(size, len(data)) * _counted(count, len(data))
            if subtype == 3 and length == 32:
                page = ints(at + 16 + 28)[0]
            elif subtype == 20 and length <= 64:
                name = data[at + 16 : at + 16 + length].decode("ascii", "replace").strip("\0 ")
            at += 16 + length
        elif kind == 999 and not continues:
            return at + 8, elements, name or (f"cp{page}" if page and page > 3 else None)
        else:
            raise _damaged("a record of its dictionary is of no known kind")
        if elements > _MAX_ELEMENTS:
            raise FileRejected("too_many_columns", f"a case has more than {_MAX_ELEMENTS} elements")
        last = kind


def _padded(length: int, to: int) -> int:
    if length < 0:
        raise _damaged("a record of its dictionary has a negative length")
    return -(-length // to) * to


def _counted(count: int, limit: int) -> int:
    if not 0 <= count <= limit:
        raise _damaged("a record of its dictionary counts more than the file holds")
    return count


def _check_blocks(data: mmap.mmap, order: str, start: int) -> None:
    """The compressed blocks of a .zsav and its trailer: one after the other, to the end of the file."""
    header_at, trailer_at, trailer_length = struct.unpack_from(f"{order}3q", data, start)
    if header_at != start or trailer_at < start + 24 or trailer_at + trailer_length != len(data):
        raise _damaged("the trailer does not stand where the file states")
    bias, zero, block_size, count = struct.unpack_from(f"{order}qqii", data, trailer_at)
    is_whole = trailer_length == 24 + 24 * count and 0 < block_size <= _MAX_BLOCK
    if (bias, zero) != (-int(_BIAS), 0) or not is_whole:
        raise _damaged("the trailer is not sound")
    plain_at, packed_at = start, start + 24
    for number in range(count):
        block = struct.unpack_from(f"{order}qqii", data, trailer_at + 24 + 24 * number)
        size, packed = block[2:]
        is_full = 0 < size <= block_size and (size == block_size or number == count - 1)
        if block[:2] != (plain_at, packed_at) or not is_full or packed <= 0:
            raise _damaged("its compressed blocks do not follow one another")
        plain_at, packed_at = plain_at + size, packed_at + packed
    if packed_at != trailer_at:
        raise _damaged("its compressed blocks do not follow one another")
    if plain_at - start > max(SMALL, MAX_RATIO * len(data)):
        raise FileRejected("zip_bomb", f"the cases inflate to more than {MAX_RATIO} times the file's size")
