"""What the bytes of a Stata file (.dta) say about themselves, checked before it is parsed.

ReadStat drops the value labels of a file that is cut short, and reads what follows the data as data where the
header counts too many cases, both without a sound. The parts must follow one another to the end of the file.
"""

import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from opinion_warehouse.readers.problems import FileRejected

_OLD = (110, 111, 113, 114, 115)
_TAGGED = (117, 118, 119)
_OLD_WIDTHS = {251: 1, 252: 2, 253: 4, 254: 4, 255: 8} | {width: width for width in range(1, 245)}
_OLDEST_WIDTHS = {ord(kind): width for kind, width in (("b", 1), ("i", 2), ("l", 4), ("f", 4), ("d", 8))} | {
    127 + width: width for width in range(1, 129)
}
_WIDTHS = {65530: 1, 65529: 2, 65528: 4, 65527: 4, 65526: 8, 32768: 8} | {
    width: width for width in range(1, 2046)
}
_HEAD = re.compile(
    rb"<stata_dta><header><release>(\d{3})</release><byteorder>(LSF|MSF)</byteorder><K>", re.ASCII
)
_PARTS = (
    b"<stata_dta>",
    b"<map>",
    b"<variable_types>",
    b"<varnames>",
    b"<sortlist>",
    b"<formats>",
    b"<value_label_names>",
    b"<variable_labels>",
    b"<characteristics>",
    b"<data>",
    b"<strls>",
    b"<value_labels>",
    b"</stata_dta>",
)


@dataclass(frozen=True)
class DtaLayout:
    """`cases`: as the header states and the size confirms. `is_unicode`: strings are UTF-8."""

    cases: int
    is_unicode: bool


def dta_layout(path: Path) -> DtaLayout:
    """Walk the file's parts; raises FileRejected where they do not fit together."""
    with path.open("rb") as raw:
        start = raw.read(70)
        head = _HEAD.match(start)
        release = int(head[1]) if head else start[0] if start[1:4] in (b"\1\1\0", b"\2\1\0") else 0
        if release not in (_TAGGED if head else _OLD):
            raise FileRejected(
                "wrong_format", "the bytes are not those of a Stata file (.dta of Stata 7 or later)"
            )
        try:
            with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if head:
                    return DtaLayout(_tagged(data, release, "<" if head[2] == b"LSF" else ">"), release > 117)
                return DtaLayout(_old(data, release, "<" if start[1] == 2 else ">"), False)
        except (struct.error, IndexError):
            raise _damaged("a part reaches beyond the end of the file") from None


def _damaged(what: str) -> FileRejected:
    return FileRejected("damaged_file", f"the file is damaged or cut short: {what}")


def _tagged(data: mmap.mmap, release: int, order: str) -> int:
    """Rows of a file since Stata 13: a map says where each part begins."""
    count_code, case_code = {117: ("H", "I"), 118: ("H", "Q"), 119: ("I", "Q")}[release]
    at = data.find(b"<K>", 0, 100) + 3
    (count,) = struct.unpack_from(order + count_code, data, at)
    at += struct.calcsize(count_code) + len(b"</K><N>")
    (cases,) = struct.unpack_from(order + case_code, data, at)
    map_at = data.find(b"</header><map>", at, at + 2_000) + len(b"</header>")
    offsets = struct.unpack_from(f"{order}14Q", data, map_at + len(b"<map>"))
    for tag, offset in zip(_PARTS, offsets, strict=False):
        if data[offset : offset + len(tag)] != tag:
            raise _damaged(f"the part {tag.decode()} does not stand where its map states")
    if offsets[13] != len(data) or list(offsets) != sorted(offsets):
        raise _damaged("its map does not end where the file does")
    types = struct.unpack_from(f"{order}{count}H", data, offsets[2] + len(_PARTS[2]))
    if offsets[3] - offsets[2] != 2 * len(_PARTS[2]) + 1 + 2 * count:
        raise _damaged("its header states another number of variables")
    if offsets[10] - offsets[9] != 2 * len(_PARTS[9]) + 1 + cases * _case_width(types, _WIDTHS):
        raise _damaged("the cases do not fill the file as its header states")
    return int(cases)


def _old(data: mmap.mmap, release: int, order: str) -> int:
    """Rows of a file of Stata 7 to 12: the parts have fixed sizes, value labels stand to the end."""
    count, cases = struct.unpack_from(f"{order}Hi", data, 4)
    types = struct.unpack_from(f"{count}B", data, 109)
    at = 109 + count + 33 * count + 2 * (count + 1) + (12 if release < 114 else 49) * count
    at += 33 * count + 81 * count
    while True:
        kind, length = struct.unpack_from(f"{order}Bi", data, at)
        at += 5
        if not kind and not length:
            break
        if length <= 0:
            raise _damaged("a note of the file is not sound")
        at += length
    if cases < 0:
        raise _damaged("its header states a negative number of cases")
    at += cases * _case_width(types, _OLDEST_WIDTHS if release == 110 else _OLD_WIDTHS)
    while at != len(data):
        (length,) = struct.unpack_from(f"{order}i", data, at)
        if length < 8:
            raise _damaged("its value labels are not sound")
        at += 4 + 33 + 3 + length
        if at > len(data):
            raise _damaged("the cases and value labels do not fill the file as its header states")
    return int(cases)


def _case_width(types: tuple[int, ...], widths: dict[int, int]) -> int:
    if not types:
        raise FileRejected("empty", "the file has no variable")
    if unknown := [kind for kind in types if kind not in widths]:
        raise _damaged(f"{len(unknown)} variables are of no known type")
    return sum(widths[kind] for kind in types)
