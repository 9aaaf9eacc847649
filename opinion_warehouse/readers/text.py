"""Text in one form, so that equal words are equal strings.

NFC alone does not unify `Hòa` and `Hoà`: both are correct places for the tone mark, so `fold` moves the mark
of oa, oe and uy to the first vowel where nothing follows (not after q, where u belongs to the consonant).
"""

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_INVISIBLE = dict.fromkeys(
    [0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_INVISIBLE_RANGES = r"\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}"
_ODD = (
    r"(?s)[^\x00-\x7F\x{A1}-\x{AC}\x{AE}-\x{CF}\x{D1}-\x{EF}\x{F1}-\x{188}\x{18A}-\x{24F}"
    r"\x{1E00}-\x{1EFF}\x{2010}-\x{2027}\x{20AB}\x{20AC}]"
    r"|[^\x00-\x7F].*(\s\s|[^\S ])|(\s\s|[^\S ]).*[^\x00-\x7F]"
)
"""Text that cleaning may change: other characters than Latin letters and usual signs; or several spaces."""
_LOOK_ALIKES = str.maketrans({"Ð": "Đ", "Ɖ": "Đ", "ð": "đ", "ɖ": "đ"})
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_SPACES = re.compile(r"\s+")
_PAIRS = [
    [unicodedata.normalize("NFC", text) for text in (first + second + tone, first + tone + second)]
    for first, second in (("o", "a"), ("o", "e"), ("u", "y"))
    for tone in sorted(_TONES)
]
_TONE_BEHIND, _TONE_BEFORE = ([pair[at] for pair in _PAIRS] for at in (0, 1))
_SECOND_VOWEL = re.compile(r"(?<!q)(o)([àáãảạ])(?!\w)|(?<!q)(o)([èéẽẻẹ])(?!\w)|(?<!q)(u)([ỳýỹỷỵ])(?!\w)")


def clean(cell: str) -> str:
    """A cell without invisible characters and outer spaces, in NFC; full-width digits become plain ones."""
    cell = cell.strip()
    if cell.isascii():
        return cell
    cell = unicodedata.normalize("NFC", cell.translate(_INVISIBLE).translate(_LOOK_ALIKES))
    cell = "".join(
        unicodedata.normalize("NFKC", char) if "\uff00" <= char <= "\uffef" else char for char in cell
    )
    return _SPACES.sub(" ", cell).strip()


def clean_column(cells: "pl.Series") -> "pl.Series":
    """`clean` of each cell, in bulk."""
    stripped = cells.str.strip_chars()
    is_odd = stripped.str.contains(_ODD)
    if not is_odd.any():
        return stripped
    at = is_odd.arg_true()
    mended = (
        stripped.gather(at)
        .str.replace_all(f"[{_INVISIBLE_RANGES}]", "")
        .str.replace_all("[ÐƉ]", "Đ")
        .str.replace_all("[ðɖ]", "đ")
        .str.normalize("NFC")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )
    wide = mended.filter(mended.str.contains("[\uff00-\uffef]")).unique().to_list()
    if wide:
        mended = mended.replace({cell: clean(cell) for cell in wide})
    return stripped.scatter(at, mended)


def _move_tone(match: re.Match[str]) -> str:
    first, second = (part for part in match.groups() if part is not None)
    parts = unicodedata.normalize("NFD", second)
    tone = "".join(mark for mark in parts if mark in _TONES)
    return unicodedata.normalize("NFC", first + tone) + parts[0]


def fold(text: str) -> str:
    """For comparing words: lower case, one space, the tone mark in its one place."""
    return _SECOND_VOWEL.sub(_move_tone, _SPACES.sub(" ", clean(text).lower()))


def words(texts: "pl.Series") -> "pl.Series":
    """Words in lower case between single spaces, with one at each end: ` giá điện tăng `.

    For finding them only: every tone mark of oa, oe and uy stands on the first vowel, whatever follows.
    """
    parted = clean_column(texts).str.to_lowercase().str.replace_all(r"[^\w]+", " ").str.strip_chars()
    return (" " + parted + " ").str.replace_many(_TONE_BEHIND, _TONE_BEFORE)
