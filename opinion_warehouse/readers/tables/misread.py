"""Vietnamese that was read in a wrong encoding: found by its words, and refused.

Any bytes are text in a one-byte encoding, and UTF-8 that was read as one and saved again is UTF-8: no decoder
complains. But Vietnamese words have few shapes. A word that has none of them, and has one when it is put back
into bytes and read in another encoding, was misread. Real text is not: a foreign word is no Vietnamese one
either way round, or was one from the start.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from opinion_warehouse.readers.problems import BadRow, FileRejected, Reason
from opinion_warehouse.readers.tables.table import Batch, Table

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_SYLLABLE = re.compile(
    "(?:ngh|ng|nh|n|gh|gi|g|kh|k|ph|p|th|tr|t|ch|c|b|d|đ|h|l|m|r|s|v|x)?"
    "(?:o?a(?:ch|c|i|m|nh|ng|n|o|p|t|y)?|au|o?ă(?:c|k|m|ng|n|p|t)|u?â(?:c|m|ng|n|p|t|u|y)"
    "|o?e(?:c|m|ng|n|o|p|t)?"
    "|u?ê(?:ch|m|nh|n|p|t|u)?|i(?:a|ch|m|nh|n|p|t|u)?|iê(?:c|m|ng|n|p|t|u)|o(?:c|i|m|ng|n|p|t|oc|ong)?"
    "|ô(?:c|i|m|ng|n|p|t)?|u?ơ(?:i|m|n|p|t)?|u(?:a|c|i|m|ng|n|p|t)?|uô(?:c|i|m|ng|n|t)|ư(?:a|c|i|ng|t|u)?"
    "|ươ(?:c|i|m|ng|n|p|t|u)"
    "|u?y(?:a|ch|nh|n|t|u|p)?|u?yê(?:m|ng|n|t|u))"
    "|qu(?:a(?:ch|c|i|nh|ng|n|o|t|y|u)?|ă(?:c|m|ng|n|p|t)"
    "|â(?:n|ng|t|y)|e(?:n|o|t)?|ê(?:ch|n|nh|t)?|i(?:t|nh)?"
    "|y(?:t|nh)?|yê(?:n|t)|ơ)"
)
_ENDS_IN_A_STOP = re.compile("(?:c|ch|k|p|t)$")
_SUSPECT = (
    r"[ÄÅÆËÎÏÑÖØÛÜÞßäåæçëîïñöøûüþ]"  # letters of the upper half that Vietnamese has not
    r"|\pL[¡-¿×÷]|[¡-¿×÷]\pL|[Ââá][\x{0152}-\x{2122}]|[Ãã][\x{0152}-\x{2122}]|á[ºª»]"  # signs inside words
    r"|\pL[À-Ý]\p{Ll}|\p{Ll}[À-Ý]"  # capitals inside words
    r"|(?i:a[àáâãèéêùú]|e[àáâãù]|o[âêù]|[uyôõý][ùõ]|[aăâeêoôơuưyõý][ìò])"  # vowels that never meet
)
"""What a misread cell has somewhere. Most cells have nothing of it, and are looked at no further."""
_EDGES = " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789"


def _bytes_of(encoding: str) -> dict[str, bytes]:
    """Character → byte; where it has none, that of Latin-1, as browsers do. `clean` makes Đ of Ð."""
    table = {chr(byte): bytes([byte]) for byte in range(0x80, 0xA0)} | {"Đ": b"\xd0", "đ": b"\xf0"}
    for byte in range(256):
        table[bytes([byte]).decode(encoding, "replace")] = bytes([byte])
    return {char: byte for char, byte in table.items() if char != "\ufffd"}


_READ_AS = {"cp1252": _bytes_of("cp1252"), "cp1258": _bytes_of("cp1258")}
_WAS = {"cp1252": ("utf-8", "tcvn3", "vni", "cp1258"), "cp1258": ("utf-8", "tcvn3", "vni")}
_SAYS = {
    "tcvn3": "TCVN3 (ABC)",
    "vni": "VNI",
    "cp1258": "cp1258",
    "utf-8": "UTF-8 that was read in another encoding and saved again",
}


def is_vietnamese(word: str) -> bool:
    """Whether a word has the shape of a Vietnamese one (or syllable), in one case or with one capital.

    >>> is_vietnamese("nghiêng"), is_vietnamese("nghêing")
    (True, False)
    """
    if not (word.islower() or word.istitle() or word.isupper()):
        return False
    parts = unicodedata.normalize("NFD", word.lower())
    tones = [mark for mark in parts if mark in _TONES]
    bare = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in _TONES))
    if len(tones) > 1 or not _SYLLABLE.fullmatch(bare):
        return False
    return not _ENDS_IN_A_STOP.search(bare) or tones in (["\u0301"], ["\u0323"])


@lru_cache(50_000)
def judge(word: str) -> str | None:
    """The encoding a word was in before it was misread; `real`; `either` of the two; None if foreign."""
    was = _was(word)
    if is_vietnamese(word):
        return "either" if was else "real"
    return was


def _was(word: str) -> str | None:
    for read_as, table in _READ_AS.items():
        written = _written(word, table)
        if written is None:
            continue
        for encoding in _WAS[read_as]:
            try:
                text = unicodedata.normalize("NFC", written.decode(encoding))
            except UnicodeDecodeError:
                continue
            if text != word and not text.isascii() and is_vietnamese(text.strip(_EDGES)):
                return encoding
    return None


def _written(word: str, table: dict[str, bytes]) -> bytes | None:
    parts: list[bytes] = []
    for char in word:
        if char in table:
            parts.append(table[char])
            continue
        split = unicodedata.normalize("NFD", char)
        base = unicodedata.normalize("NFC", "".join(mark for mark in split if mark not in _TONES))
        tone = "".join(mark for mark in split if mark in _TONES)
        if base not in table or tone not in table:
            return None
        parts += [table[base], table[tone]]
    return b"".join(parts)


@dataclass
class Count:
    """Words of a text, and of those that are not ASCII: Vietnamese, foreign, misread (by encoding)."""

    words: int = 0
    real: int = 0
    foreign: int = 0
    misread: Counter[str] = field(default_factory=Counter)

    @property
    def is_misread(self) -> bool:
        """Of Vietnamese words most have an accent; of other languages' few, and fewer would be Vietnamese.

        A misread word that lost a byte since looks foreign: those count half.
        """
        misread = self.misread.total()
        return misread >= 0.25 * self.words and misread > self.real + self.foreign / 2

    @property
    def encoding(self) -> str | None:
        """What most of the misread words were."""
        return self.misread.most_common(1)[0][0] if self.misread else None


def count_words(text: str) -> Count:
    """Judge each word of a text."""
    count = Count()
    for part in text.split():
        word = part.strip(_EDGES)
        count.words += bool(word)
        if word.isascii() or (len(word) == 1 and not word.isalpha()):
            continue
        found = judge(word)
        if found == "real":
            count.real += 1
        elif found is None:
            count.foreign += 1
        elif found != "either":
            count.misread[found] += 1
    return count


class Misread:
    """Watches a file's batches: sets misread rows aside, refuses a file most of whose text is misread."""

    def __init__(self, has_encoding: bool) -> None:
        self._has_encoding = has_encoding  # of a spreadsheet's cells, no spec can declare one
        self.bad_rows: list[BadRow] = []
        self._cells = 0
        self._misread_cells = 0
        self._words: set[str] = set()
        self._was: Counter[str] = Counter()

    def watch(self, table: Table) -> Table:
        """The table without its misread rows, which are in `bad_rows` once its whole width was read."""

        def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
            if columns is not None:
                yield from table.batches(columns)
                return
            for batch in table.batches(None):
                sound = self._look_at(batch)
                if sound.row_numbers:
                    yield sound
            self._refuse(at_least=1)

        return replace(table, batches=batches)

    def _look_at(self, batch: Batch) -> Batch:
        import polars as pl

        reasons: dict[int, list[Reason]] = {}
        for column in batch.frame.get_columns():
            rows = (column.str.len_bytes() != column.str.len_chars()).arg_true()
            if rows.is_empty():
                continue
            self._cells += len(rows)
            rows = rows.filter(column.gather(rows).str.contains(_SUSPECT))
            for at, cell in zip(rows.to_list(), column.gather(rows).to_list(), strict=True):
                count = count_words(cell)
                was = count.encoding
                if was is None or not count.is_misread:
                    continue
                self._misread_cells += 1
                self._was[was] += 1
                if len(self._words) < 10:
                    self._words.update(cell.split())
                if count.misread.total() > 1:  # one odd word is no proof
                    reason: Reason = {"code": "encoding", "column": column.name, "detail": self._detail(was)}
                    reasons.setdefault(at, []).append(reason)
        self._refuse(at_least=200)
        if not reasons:
            return batch
        self.bad_rows += [(batch.row_numbers[at], found) for at, found in sorted(reasons.items())]
        keep = [at for at in range(batch.frame.height) if at not in reasons]
        return Batch([batch.row_numbers[at] for at in keep], batch.frame[pl.Series(keep, dtype=pl.UInt32)])

    def _refuse(self, at_least: int) -> None:
        """Two different words in most of the cells that could have one are proof."""
        enough = self._cells >= at_least and len(self._words) > 1
        if enough and 2 * self._misread_cells > self._cells:
            raise FileRejected("encoding", self._detail(self._was.most_common(1)[0][0]))

    def _detail(self, was: str) -> str:
        if was == "utf-8":
            mend = ""
        elif self._has_encoding:
            mend = f"; if the whole file is, set files.encoding to {was}"
        else:
            mend = "; have the sender convert it to Unicode"
        return f"the words are those of {_SAYS[was]}{mend}"
