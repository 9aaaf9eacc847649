"""Text in another encoding than the spec says, and characters that are not what they look like."""

import unicodedata
from collections.abc import Callable

from bad_files.made import Case, csv_text, in_text, social, social_table, with_cells, written

TEXTS = ("Đường trước nhà ngập sâu, nước rút rất chậm.", "Giá điện tăng, bà con phường này kêu nhiều lắm.")


def _vietnamese() -> str:
    table = social_table()
    for number, row in enumerate(table[1:]):
        row[5], row[6], row[2], row[4] = TEXTS[number % 2], None, None, None
    return csv_text(table)


def _in_cp1258(text: str) -> bytes:
    """Vowels with hat or horn as one byte, the tone after them, as the encoding has it."""
    marks = "\u0300\u0301\u0303\u0309\u0323"
    parts = (unicodedata.normalize("NFD", char) for char in text)
    return b"".join(
        (
            unicodedata.normalize("NFC", "".join(mark for mark in part if mark not in marks))
            + "".join(mark for mark in part if mark in marks)
        ).encode("cp1258")
        for part in parts
    )


def _refused(data: bytes, reason: str = "encoding", form: str = "csv", **files: str) -> Case:
    return Case(social(form, **files), data, refused=reason)


def _the_same(change: Callable[[str], str], **files: str) -> Case:
    return Case(social(**files), in_text(change), sound=csv_text().encode())


def _in_cells(likes: str, sound: str = "1234") -> Case:
    """A count written in another way."""
    table = social_table()
    plain = with_cells(table, likes=sound)
    return Case(social(), written(with_cells(table, likes=likes)), sound=written(plain))


_TAB = {"delimiter": "\t", "encoding": "utf-16"}
_UTF8_OF = csv_text().encode()
_TWO = with_cells(social_table(), 3, words="@@")

ENCODINGS: dict[str, Case] = {
    "TCVN3": _refused(_vietnamese().encode("tcvn3"), encoding="cp1252"),
    "TCVN3 as UTF-8": _refused(_vietnamese().encode("tcvn3")),
    "TCVN3 declared": Case(social(encoding="tcvn3"), _vietnamese().encode("tcvn3"), sound=None),
    "VNI": _refused(_vietnamese().encode("vni"), encoding="cp1252"),
    "VNI as UTF-8": _refused(_vietnamese().encode("vni")),
    "VNI declared": Case(social(encoding="vni"), _vietnamese().encode("vni")),
    "cp1258": _refused(_in_cp1258(_vietnamese()), encoding="cp1252"),
    "cp1258 as UTF-8": _refused(_in_cp1258(_vietnamese())),
    "UTF-8 as cp1258": _refused(_UTF8_OF, encoding="cp1258"),
    "UTF-16 with BOM": _refused(csv_text().encode("utf-16")),
    "UTF-16 without BOM": _refused(csv_text().encode("utf-16-le"), "encoding"),
    "UTF-16 big-endian without BOM": _refused(csv_text().encode("utf-16-be"), "encoding"),
    "UTF-16 of plain letters without BOM": _refused("a,b\n1,2\n".encode("utf-16-le"), "nul_byte"),
    "UTF-16 with BOM, declared": Case(social(**_TAB), written(social_table(), "tsv in utf-16"), sound=None),
    "UTF-16 in the other byte order than its BOM's": _refused(
        b"\xff\xfe" + csv_text().replace(",", "\t").encode("utf-16-be"), **_TAB
    ),
    "UTF-16 cut in a character": _refused(csv_text().replace(",", "\t").encode("utf-16")[:-1], **_TAB),
    "UTF-16 in JSON Lines": _refused(csv_text().encode("utf-16"), "not_utf8", "jsonl"),
    "UTF-8 BOM": Case(social(), b"\xef\xbb\xbf" + _UTF8_OF, sound=_UTF8_OF),
    "mixed in one file": _refused(_UTF8_OF + _vietnamese().encode("tcvn3")),
    "mixed in JSON Lines": Case(
        social("jsonl"),
        written(_TWO, "jsonl").replace(b"@@", "giá".encode("cp1252")),
        bad={3: ["not_utf8"]},
        good=59,
    ),
    "doubly encoded": _refused(_vietnamese().encode().decode("latin-1").encode()),
    "a row doubly encoded": Case(
        social(),
        written(_TWO).replace(b"@@", TEXTS[0].encode().decode("latin-1").encode()),
        bad={4: ["encoding"]},
        good=59,
    ),
    "NUL": _refused(in_text(lambda text: text.replace("giá", "gi\0á", 1)), "nul_byte"),
    "NUL in JSON Lines": Case(
        social("jsonl"),
        written(_TWO, "jsonl").replace(b"@@", b"\\u0000"),
        bad={3: ["nul_byte"]},
        good=59,
    ),
    "NUL in Parquet": _refused(
        written(with_cells(social_table(), words="\0"), "parquet"), "nul_byte", "parquet"
    ),
    "control characters": _the_same(lambda text: text.replace("giá", "g\x01iá\x7f")),
    "lone surrogate": _refused(_UTF8_OF.replace("giá".encode(), b"\xed\xa0\x80", 1)),
    "lone surrogate in JSON Lines": Case(
        social("jsonl"),
        written(_TWO, "jsonl").replace(b"@@", b"\\ud800"),
        bad={3: ["lone_surrogate"]},
        good=59,
    ),
    "NFD": _the_same(lambda text: unicodedata.normalize("NFD", text)),
    "zero-width": _the_same(lambda text: text.replace("Tốt", "T\u200bốt\ufeff")),
    "RTL override": _the_same(lambda text: text.replace("Tốt", "\u202eTốt\u202c")),
    "full-width digits": _in_cells("１２３４"),
    "full-width digits with a mark": _in_cells("１，２３４"),
    "NBSP in numbers": _in_cells("1\u00a0234"),
    "narrow NBSP in numbers": _in_cells("1\u202f234"),
    "look-alike letters": _the_same(lambda text: text.replace("Tốt", "Тốt")),
    "letter O for a nought": Case(
        social(), written(with_cells(social_table(), likes="1O")), bad={4: ["not_a_number"]}, good=59
    ),
}
