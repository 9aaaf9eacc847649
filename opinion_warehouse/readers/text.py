"""Text in one form, so that equal words are equal strings.

`clean` makes cells comparable and keeps what they say; `fold` is for comparing only. NFC alone does not unify
`Hòa` and `Hoà`: both are correct places for the tone mark, so `fold` moves the mark of oa, oe and uy to the
first vowel where nothing follows, and to the vowel it belongs to where a letter follows (`tòan`), after q
(`qúy`) and in gi (`gía`).
"""

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_INVISIBLE = dict.fromkeys(
    [
        *range(0x00, 0x09),  # control characters; tab to carriage return and NEL are spaces
        *range(0x0E, 0x20),
        0x7F,  # those above are left: they say that text was read in a wrong encoding (tables/misread.py)
        0x00AD,
        0x034F,
        0x061C,
        0x115F,
        0x1160,
        0x180E,
        *range(0x200B, 0x2010),  # zero-width, direction marks
        *range(0x202A, 0x202F),  # direction overrides
        *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10),
        0xFEFF,
        *range(0xE0000, 0xE0080),
    ]
)
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_D_WITH_STROKE = {ord("Ð"): "Đ", ord("Ɖ"): "Đ", ord("ð"): "đ", ord("ɖ"): "đ"}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # halves of a character; no file can hold them
_MENDED = _INVISIBLE | _WIDE | _D_WITH_STROKE | _SURROGATES
_PLAIN = re.compile(
    r"[ -~\u00a1-\u00ac\u00ae-\u00cf\u00d1-\u00ef\u00f1-\u0188\u018a-\u0255\u0257-\u02ff\u1e00-\u1eff"
    r"\u2010-\u2027\u20ab\u20ac]*"
)
"""What `clean` leaves as it is where spaces are single: Latin letters in NFC, and the usual signs."""
_TWO_SPACES = "  "

_NOT_PLAIN = _PLAIN.pattern.replace("[", "[^", 1).removesuffix("*") + "|  "


def _ranges(codes: list[int]) -> str:
    """Of a character class."""
    starts = [codes[0], *(code for before, code in pairwise(codes) if code != before + 1)]
    ends = [*(before for before, code in pairwise(codes) if code != before + 1), codes[-1]]
    return "".join(f"\\x{{{start:X}}}-\\x{{{end:X}}}" for start, end in zip(starts, ends, strict=True))


_INVISIBLE_RANGES = _ranges(sorted(_INVISIBLE))

_FOREIGN = "АВЕЅІЈКМНОРСТУХаеіјорсухѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"
_LATIN = str.maketrans(_FOREIGN, "ABESIJKMHOPCTYXaeijopcyxsABEZHIKMNOPTYXo")
_HAS_FOREIGN = re.compile(f"[{_FOREIGN}]")
_WORD = re.compile(r"[^\W\d_]+")
_IS_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")

_SPACES = re.compile(r"\s+")
_LETTER = r"[^\W\d_]"
_MISPLACED = re.compile(  # a letter to begin with, and what stands before it behind that: three times as fast
    rf"o[àáãảạèéẽẻẹ](?<!q..)(?!{_LETTER})|u[ỳýỹỷỵ](?<!q..)(?!{_LETTER})|[òóõỏọ][aăe](?={_LETTER})"
    rf"|[ùúũủụ](?:y(?={_LETTER})|(?<=q.)[aăâeêiơy])|[ìíĩỉị](?<=g.)[aăâeêoôơuư]"
)
_MOVED = {
    unicodedata.normalize("NFC", pair[0] + pair[1]): unicodedata.normalize("NFC", pair[2] + pair[3])
    for tone in "\u0300\u0301\u0303\u0309\u0323"
    for vowels in ("oa", "oe", "uy")
    for pair in ((vowels[0], vowels[1] + tone, vowels[0] + tone, vowels[1]),)
} | {
    unicodedata.normalize("NFC", first + tone + second): unicodedata.normalize("NFC", first + second + tone)
    for tone in "\u0300\u0301\u0303\u0309\u0323"
    for first, seconds in (("o", "aăe"), ("u", "aăâeêiơy"), ("i", "aăâeêoôơuư"))
    for second in seconds
}

_TONE_BEHIND_AND_BEFORE = tuple(
    [
        unicodedata.normalize("NFC", first + (second + tone if behind else tone + second))
        for first, second in (("o", "a"), ("o", "e"), ("u", "a"), ("u", "y"), ("i", "a"))
        for tone in "\u0300\u0301\u0303\u0309\u0323"
    ]
    for behind in (True, False)
)


def clean(cell: str) -> str:
    """A cell in NFC, with single spaces and none outside, without what cannot be seen.

    Full-width letters and digits become plain ones, the look-alikes of Đ become Đ, and Cyrillic and Greek
    look-alikes become Latin in a word that has Latin letters too; a word all in another script stays.
    """
    if not _PLAIN.fullmatch(cell):
        cell = cell.translate(_MENDED)
        if _HAS_FOREIGN.search(cell):
            cell = _WORD.sub(_one_script, cell)
        cell = unicodedata.normalize("NFC", cell)
        return _SPACES.sub(" ", cell).strip()
    return _SPACES.sub(" ", cell).strip() if _TWO_SPACES in cell else cell.strip()


def clean_column(cells: "pl.Series") -> "pl.Series":
    """`clean` of each cell, in bulk."""
    stripped = cells.str.strip_chars(" ")
    at = stripped.str.contains(_NOT_PLAIN).arg_true()
    if at.is_empty():
        return stripped
    mended = (
        stripped.gather(at)
        .str.replace_all(f"[{_INVISIBLE_RANGES}]", "")
        .str.replace_all("[ÐƉ]", "Đ")
        .str.replace_all("[ðɖ]", "đ")
        .str.normalize("NFC")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )
    rare = mended.filter(mended.str.contains(f"[\uff01-\uff5e{_FOREIGN}]")).unique().to_list()
    if rare:
        mended = mended.replace({cell: clean(cell) for cell in rare})
    return stripped.scatter(at, mended)


def _one_script(match: re.Match[str]) -> str:
    word = match[0]
    return word.translate(_LATIN) if _IS_LATIN.search(word) else word


def fold(text: str) -> str:
    """For comparing words: lower case, one space, the tone mark in its one place."""
    return _MISPLACED.sub(lambda match: _MOVED[match[0]], clean(clean(text).lower()))


def words(texts: "pl.Series") -> "pl.Series":
    """Clean text → words in lower case between single spaces, with one at each end: ` giá điện tăng `.

    For finding them only: every tone mark of oa, oe, ua, uy and ia stands on the first vowel there.
    """
    parted = texts.str.to_lowercase().str.replace_all(r"[\W_]+", " ").str.strip_chars()
    return (" " + parted + " ").str.replace_many(*_TONE_BEHIND_AND_BEFORE)
