"""JSON text → records, one at a time: lines of JSON Lines, or the elements of one array.

Numbers stay what they are written as: no id loses digits, and no 1 becomes 1.0. Lines are read by msgspec,
which is three times as fast as the standard library and as strict, but does not tell keys that stand twice;
a line it refuses, or where a key might, is read again by the standard library, which says what is wrong.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec

from opinion_warehouse.readers.problems import BadCell, FileRejected

MAX_RECORD = 16_000_000
"""Characters of one record."""
_CHUNK = 1 << 20
_BLANKS = re.compile(r"[ \t\r\n]*")

Record = dict[str, Any]
Read = tuple[int, int, Record | BadCell]
"""Its number in the file, its size in characters, and the record or what is wrong with it."""


class Repeated(dict[str, Any]):
    """An object with a key that stands in it twice."""


class NotFinite:
    """NaN or Infinity, which JSON does not know."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    return unique if len(unique) == len(pairs) else Repeated(unique)


_NOT_FINITE = NotFinite()
_STRICT = json.JSONDecoder(
    parse_int=lambda digits: "0" if digits == "-0" else digits,
    parse_float=str,
    parse_constant=lambda _: _NOT_FINITE,
    object_pairs_hook=_object,
)


_FAST = msgspec.json.Decoder(Record, float_hook=str)
_KEY_END = re.compile(rb'"[ \t\r\n]*:')


def json_lines(path: Path) -> Iterator[Read]:
    """The records of JSON Lines by line number; blank lines are passed over."""
    with path.open("rb") as stream:
        start = stream.read(4)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
            raise FileRejected("not_utf8", "the file is UTF-16 or no text; JSON is UTF-8")
        stream.seek(3 if start.startswith(b"\xef\xbb\xbf") else 0)
        number = 0
        while line := stream.readline(MAX_RECORD):
            number += 1
            size = len(line)
            if size == MAX_RECORD and not line.endswith(b"\n"):
                while (rest := stream.readline(MAX_RECORD)) and not rest.endswith(b"\n"):
                    pass
                yield number, 0, BadCell("line_too_long", f"expected a line of less than {MAX_RECORD} bytes")
            elif not line.isspace():
                yield number, size, _line(line)


def _line(line: bytes) -> Record | BadCell:
    try:
        record: Record = _FAST.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _strict(line)
    # Each key that is written has a colon behind its quote. As many as there are keys: none stands twice.
    colons = len(_KEY_END.findall(line))
    is_sound = record and (colons == len(record) or colons == _keys(record))
    return record if is_sound else _strict(line)


def _keys(value: Any) -> int:
    """How many keys there are in a value, at any depth."""
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _strict(line: bytes) -> Record | BadCell:
    try:
        record = _STRICT.decode(line.decode())
    except UnicodeDecodeError:
        return BadCell("not_utf8", "expected UTF-8")
    except json.JSONDecodeError:
        if line.endswith(b"\n"):
            return BadCell("bad_json", "expected one JSON object")
        return BadCell("truncated_line", "the last line breaks off; the file may have been cut short")
    except RecursionError:
        return BadCell("too_deep", "expected an object that is not nested without end")
    return sound(record)


def sound(record: Any) -> Record | BadCell:
    """The record, if it is an object with something in it and no key twice."""
    if not isinstance(record, dict):
        return BadCell("not_an_object", "expected a JSON object")
    if not record:
        return BadCell("empty_record", "expected an object with something in it")
    if isinstance(record, Repeated):
        return BadCell("duplicate_key", "expected each key once in an object")
    return record


def json_array(path: Path, records: str | None) -> Iterator[Read]:
    """The elements of the array that is the file, or stands under the path `records`, numbered from 1."""
    with path.open(encoding="utf-8-sig") as stream:
        text = _Text(stream)
        try:
            yield from _under(text, records.split(".") if records else [], records)
            if text.peek():
                raise _broken(text)
        except UnicodeDecodeError:
            raise FileRejected("not_utf8", "the file is not UTF-8, as JSON is") from None


def _under(text: "_Text", keys: list[str], records: str | None) -> Iterator[Read]:
    """Go down the keys to the array; what stands beside it is passed over."""
    if not keys:
        yield from _elements(text)
        return
    if text.peek() != "{":
        raise FileRejected("no_records", f"expected an object with a list under {records}")
    found = False
    for key in _members(text):
        if key != keys[0]:
            text.value()
            continue
        if found:
            raise FileRejected("duplicate_key", f"a key of the path {records} stands twice")
        found = True
        yield from _under(text, keys[1:], records)
    if not found:
        raise FileRejected("no_records", f"the file has no list under {records}")


def _members(text: "_Text") -> Iterator[str]:
    """The keys of the object at hand; whoever takes one reads its value."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        if text.peek() != '"':
            raise _broken(text)
        key = text.value()
        text.take(":")
        yield key
        if text.peek() == "}":
            text.take("}")
            return
        text.take(",")


def _elements(text: "_Text") -> Iterator[Read]:
    if text.peek() != "[":
        if text.peek() == "{":
            detail = "no array stands here; write files.records (the key of the list), or the format jsonl"
            raise FileRejected("no_records", detail)
        raise FileRejected("wrong_format", "the file is no JSON array")
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        text.count += 1
        before = text.passed
        record = text.value()
        yield text.count, text.passed - before, sound(record)
        if text.peek() == "]":
            text.take("]")
            return
        text.take(",")


class _Text:
    """A window over the text that moves on; `count` is the record at hand, `passed` how far it was read."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._window = ""
        self._at = 0
        self._dropped = 0
        self.count = 0

    @property
    def passed(self) -> int:
        return self._dropped + self._at

    def peek(self) -> str:
        """The next character that is no blank; nothing at the end."""
        while True:
            match = _BLANKS.match(self._window, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more():
                return ""

    def take(self, char: str) -> None:
        """Go past a character that must stand here."""
        if self.peek() != char:
            raise _broken(self)
        self._at += 1

    def value(self) -> Any:
        """The next value."""
        start = self.peek()
        while True:
            try:
                value, end = _STRICT.raw_decode(self._window, self._at)
            except RecursionError:
                raise FileRejected("too_deep", f"record {self.count} is nested without end") from None
            except json.JSONDecodeError:
                if len(self._window) - self._at > MAX_RECORD or not self._more():
                    raise _broken(self) from None
                continue
            # a number or word may go on beyond the window
            if end < len(self._window) or start in '"[{' or not self._more():
                self._at = end
                return value

    def _more(self) -> bool:
        chunk = self._stream.read(_CHUNK)
        self._dropped += self._at
        self._window = self._window[self._at :] + chunk
        self._at = 0
        return bool(chunk)


def _broken(text: _Text) -> FileRejected:
    return FileRejected("bad_json", f"the JSON breaks off or breaks its own rules at record {text.count}")
