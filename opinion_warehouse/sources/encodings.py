"""TCVN3 (ABC) and VNI Windows as codecs of Python's own kind, named `tcvn3` and `vni`.

Both wrote Vietnamese in the upper half of one-byte fonts, so any tool takes their bytes for cp1252: a spec
has to declare them. They are not the same kind of thing:

- TCVN3 (the VN3 set of TCVN 5712:1993, fonts `.Vn…`) has one byte a letter, but none for an upper-case letter
  with a tone: those are the lower-case bytes in a font whose name ends in H. A text file has lost the font,
  so `CẦN THƠ` comes back as `CầN THƠ`; words are compared without case, and nothing hangs on it.
- VNI writes a vowel and its mark as two bytes, the mark after the vowel (`a` + 0xE1 is `ấ`), in both cases;
  ơ, ư, đ, ỵ and the toned i are bytes of their own.

Bytes that neither gives a meaning are errors: a file in another encoding is refused, not misread.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable
from typing import Any

_PUNCTUATION = {
    byte: bytes([byte]).decode("cp1252")
    for byte in b"\x80\x82\x84\x85\x86\x87\x89\x8b\x91\x92\x93\x94\x95\x96\x97\x99\x9b\xa0"
}
"""What Windows programs put into such a text themselves: curly quotes, dashes, the no-break space."""

_TCVN3_LETTERS = {
    **dict(zip(range(0xA1, 0xAF), "ĂÂÊÔƠƯĐăâêôơưđ", strict=True)),
    **dict(zip(range(0xB5, 0xBA), "àảãáạ", strict=True)),
    **dict(zip(range(0xBB, 0xBF), "ằẳẵắ", strict=True)),
    **dict(zip(range(0xC6, 0xCD), "ặầẩẫấậè", strict=True)),
    **dict(zip(range(0xCE, 0xD9), "ẻẽéẹềểễếệìỉ", strict=True)),
    **dict(zip(range(0xDC, 0xE0), "ĩíịò", strict=True)),
    **dict(zip(range(0xE1, 0xF0), "ỏõóọồổỗốộờởỡớợù", strict=True)),
    **dict(zip(range(0xF1, 0xFF), "ủũúụừửữứựỳỷỹýỵ", strict=True)),
}
_TCVN3 = "".join(
    chr(byte) if byte < 0x80 else _TCVN3_LETTERS.get(byte) or _PUNCTUATION.get(byte, "\ufffe")
    for byte in range(256)
)
_TCVN3_BYTES = codecs.charmap_build(_TCVN3)
_TONED_CAPITALS = {
    ord(letter.upper()): letter for letter in _TCVN3_LETTERS.values() if letter.upper() not in _TCVN3
}

_GRAVE, _ACUTE, _TILDE, _HOOK, _DOT = "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"
_HAT, _BREVE = "\u0302", "\u0306"
_VNI_TONES = {0xF8: _GRAVE, 0xF9: _ACUTE, 0xF5: _TILDE, 0xFB: _HOOK, 0xEF: _DOT}
_VNI_HATS = {
    0xE2: _HAT,
    **dict(
        zip(
            b"\xe0\xe1\xe3\xe5\xe4",
            (_HAT + tone for tone in (_GRAVE, _ACUTE, _TILDE, _HOOK, _DOT)),
            strict=True,
        )
    ),
}
_VNI_BREVES = {
    0xEA: _BREVE,
    **dict(
        zip(
            b"\xe8\xe9\xfc\xfa\xeb",
            (_BREVE + tone for tone in (_GRAVE, _ACUTE, _TILDE, _HOOK, _DOT)),
            strict=True,
        )
    ),
}
_VNI_SINGLE = {
    0xF4: "ơ",
    0xF6: "ư",
    0xF1: "đ",
    0xEC: "ì",
    0xED: "í",
    0xF3: "ĩ",
    0xE6: "ỉ",
    0xF2: "ị",
    0xEE: "ỵ",
}
_VNI_VOWELS = {
    "a": _VNI_TONES | _VNI_HATS | _VNI_BREVES,
    "e": _VNI_TONES | _VNI_HATS,
    "o": _VNI_TONES | _VNI_HATS,
    "u": _VNI_TONES,
    "y": {byte: tone for byte, tone in _VNI_TONES.items() if tone != _DOT},
    "\xf4": _VNI_TONES,
    "\xf6": _VNI_TONES,
}
"""Vowel, as its byte is read in Latin-1 → the marks that may follow it."""


def _vni_table() -> dict[str, str]:
    """One or two bytes, as they are read in Latin-1 → letter; a capital takes its mark in either case."""
    table = {chr(byte): char for byte, char in _PUNCTUATION.items()}
    for byte, letter in _VNI_SINGLE.items():
        table |= {chr(byte): letter, chr(byte - 0x20): letter.upper()}
    for vowel, marks in _VNI_VOWELS.items():
        base = table.get(vowel, vowel)
        for byte, mark in marks.items():
            letter = unicodedata.normalize("NFC", base + mark)
            capital = vowel.upper()
            table[vowel + chr(byte)] = letter
            table[capital + chr(byte)] = table[capital + chr(byte - 0x20)] = letter.upper()
    return table


_VNI = _vni_table()
_VNI_WRITTEN = {
    letter: written for written, letter in _VNI.items()
}  # of two ways the last: capitals throughout
_VNI_LETTER = re.compile(f"{'|'.join(map(re.escape, sorted(_VNI, key=len, reverse=True)))}|[\x80-\xff]")
_VNI_VOWEL_BYTES = frozenset(written[0].encode("latin-1")[0] for written in _VNI if len(written) == 2)


def _decode_tcvn3(data: bytes, errors: str = "strict", final: bool = True) -> tuple[str, int]:
    return codecs.charmap_decode(data, errors, _TCVN3)  # type: ignore[arg-type]  # typeshed knows no table of str


def _encode_tcvn3(text: str, errors: str = "strict") -> tuple[bytes, int]:
    """Toned capitals become lower-case bytes, as they are typed."""
    return codecs.charmap_encode(text.translate(_TONED_CAPITALS), errors, _TCVN3_BYTES)[0], len(text)


def _decode_vni(data: bytes, errors: str = "strict", final: bool = True) -> tuple[str, int]:
    data = bytes(data)  # Python hands over a memoryview
    if not final and data and data[-1] in _VNI_VOWEL_BYTES:
        data = data[:-1]  # its mark may come with the next bytes

    def letter(match: re.Match[str]) -> str:
        if match[0] in _VNI:
            return _VNI[match[0]]
        problem = UnicodeDecodeError("vni", data, match.start(), match.end(), "no letter of VNI")
        return str(codecs.lookup_error(errors)(problem)[0])

    return _VNI_LETTER.sub(letter, data.decode("latin-1")), len(data)


def _encode_vni(text: str, errors: str = "strict") -> tuple[bytes, int]:
    def written(match: re.Match[str]) -> str:
        if match[0] in _VNI_WRITTEN:
            return _VNI_WRITTEN[match[0]]
        problem = UnicodeEncodeError("vni", text, match.start(), match.end(), "no letter of VNI")
        replacement = codecs.lookup_error(errors)(problem)[0]
        return replacement if isinstance(replacement, str) else replacement.decode("latin-1")

    return re.sub(r"[^\x00-\x7f]", written, text).encode("latin-1"), len(text)


def _codec(
    name: str, encode: Callable[..., tuple[bytes, int]], decode: Callable[..., tuple[str, int]]
) -> codecs.CodecInfo:
    class Encoder(codecs.IncrementalEncoder):
        def encode(self, text: str, final: bool = False) -> bytes:
            return encode(text, self.errors)[0]

    class Decoder(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, data: Any, errors: str, final: bool) -> tuple[str, int]:
            return decode(bytes(data), errors, final)

    return codecs.CodecInfo(encode, decode, incrementalencoder=Encoder, incrementaldecoder=Decoder, name=name)


_CODECS = {
    "tcvn3": _codec("tcvn3", _encode_tcvn3, _decode_tcvn3),
    "vni": _codec("vni", _encode_vni, _decode_vni),
}
codecs.register(_CODECS.get)
