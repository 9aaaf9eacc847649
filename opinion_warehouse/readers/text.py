"""Text in one form, so that equal words are equal strings.

NFC alone does not unify `Hòa` and `Hoà`: both are correct places for the tone mark, so `fold` moves the mark
of oa, oe and uy to the first vowel where nothing follows (not after q, where u belongs to the consonant).
"""

import re
import unicodedata

_INVISIBLE = dict.fromkeys(
    [0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_LOOK_ALIKES = str.maketrans({"Ð": "Đ", "Ɖ": "Đ", "ð": "đ", "ɖ": "đ"})
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_SPACES = re.compile(r"\s+")
_NO_WORD = re.compile(r"[^\w]+")
_SECOND_VOWEL = re.compile(r"(?<!q)(o)([àáãảạ])(?!\w)|(?<!q)(o)([èéẽẻẹ])(?!\w)|(?<!q)(u)([ỳýỹỷỵ])(?!\w)")


def clean(cell: str) -> str:
    """A cell without invisible characters and outer spaces, in NFC; full-width digits become plain ones."""
    if cell.isascii():
        return cell.strip()
    cell = unicodedata.normalize("NFC", cell.translate(_INVISIBLE).translate(_LOOK_ALIKES))
    cell = "".join(
        unicodedata.normalize("NFKC", char) if "\uff00" <= char <= "\uffef" else char for char in cell
    )
    return _SPACES.sub(" ", cell).strip()


def _move_tone(match: re.Match[str]) -> str:
    first, second = (part for part in match.groups() if part is not None)
    parts = unicodedata.normalize("NFD", second)
    tone = "".join(mark for mark in parts if mark in _TONES)
    return unicodedata.normalize("NFC", first + tone) + parts[0]


def fold(text: str) -> str:
    """For comparing words: lower case, one space, the tone mark in its one place."""
    return _SECOND_VOWEL.sub(_move_tone, _SPACES.sub(" ", clean(text).lower()))


def words(text: str) -> str:
    """Folded words between single spaces, with one at each end: ` giá điện tăng `."""
    return f" {_NO_WORD.sub(' ', fold(text)).strip()} "
