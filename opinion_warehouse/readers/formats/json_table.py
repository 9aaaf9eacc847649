"""JSON and JSON Lines → Table. One rule names a column: its keys from the outside in, joined by dots.

`{"id": 1, "account": {"acct": "x"}}` has the columns `id` and `account.acct`; other characters in a key, as
the `/` of a form's groups, stand for themselves. What `ignored` names is not looked at, object or list.

One pass checks every record and writes the wanted columns, as text, to an Arrow copy in the scratch folder;
the copy is what is read again and again. Memory is flat in the file's size.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.formats.json_text import (
    NotFinite,
    Read,
    Record,
    Repeated,
    json_array,
    json_lines,
    sound,
)
from opinion_warehouse.readers.problems import BadCell, BadRow, FileRejected, RowCheck
from opinion_warehouse.readers.tables.columns import MAX_COLUMNS, match_header
from opinion_warehouse.readers.tables.table import BATCH_ROWS, MAX_CELL, Batch, Table, clean_frame
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Files

_BATCH_CHARACTERS = 8_000_000
LIST_SEPARATOR = ";"
PARENT = "parent"
_ROW_NUMBER = "\0row number"
"""No name of a column, for those hold no NUL."""


def read_json(
    path: Path,
    files: Files,
    wanted: Sequence[str],
    ignored: Sequence[str],
    optional: Sequence[str],
    scratch: Path,
) -> Table:
    """Open a JSON file; raises FileRejected for a fault of its structure.

    A key may be absent from some records; from all of them only if it is `optional`: a form's export leaves
    out what nobody answered.
    """
    import pyarrow as pa

    records = json_lines(path) if files.content_format == "jsonl" else json_array(path, files.records)
    if files.repeat:
        records = _repeats(records, files.repeat.path or "")
    header = _Header(wanted, ignored)
    schema = pa.schema([*(pa.field(name, pa.string()) for name in wanted), pa.field(_ROW_NUMBER, pa.int64())])
    bad_rows: list[BadRow] = []
    copy = scratch / "clean.arrow"
    with pa.OSFile(str(copy), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for found, block in _blocks(records, header, bad_rows):
            numbers, columns = _columns(found, block, wanted, bad_rows)
            if numbers:
                rows = pa.array(numbers, pa.int64())
                writer.write_batch(pa.record_batch([*columns, rows], schema=schema))
    if header.seen:
        absent = [name for name in optional if name not in header.seen]
        match_header(list(header.seen), [name for name in wanted if name not in absent], [*ignored, *absent])
    elif all(reasons[0]["code"] in _NO_RECORD for _, reasons in bad_rows):
        raise FileRejected(*_nothing(bad_rows))

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        return _batches(copy, list(columns or wanted))

    return Table(batches, sorted(bad_rows, key=lambda row: row[0]))


_NO_RECORD = ("bad_json", "truncated_line", "not_an_object", "not_utf8")


def _nothing(bad_rows: list[BadRow]) -> tuple[str, str]:
    if bad_rows:
        return "wrong_format", "nothing in the file is a JSON object of the form that files.format names"
    return "empty", "the file has no record"


def _repeats(records: Iterator[Read], path: str) -> Iterator[Read]:
    """The objects of a list in each record, counted from 1, each with its record as the object `parent`."""
    number = 0
    for _, size, record in records:
        children: list[Any] = [record]
        if not isinstance(record, BadCell):
            found = _dig(record, path)
            children = found if isinstance(found, list) else [] if found is None else [BadCell(*_NO_LIST)]
        for child in children:
            number += 1
            own = child if isinstance(child, BadCell) else sound(child)
            if not isinstance(own, BadCell):
                own = BadCell(*_TWICE) if PARENT in own else {**own, PARENT: record}
            yield number, size // len(children), own


_NO_LIST = ("bad_list", "expected a list of objects under files.repeat.path")
_TWICE = ("duplicate_key", f"the key {PARENT} is that of a repeat's own record")


def _dig(record: Record, path: str) -> Any:
    """Take out what stands under a path."""
    if path in record:
        return record.pop(path)
    head, _, rest = path.partition(".")
    inner = record.get(head)
    return _dig(inner, rest) if rest and isinstance(inner, dict) else None


class _Header:
    """What the spec names, and every column that was seen."""

    def __init__(self, wanted: Sequence[str], ignored: Sequence[str]) -> None:
        names = [*wanted, *ignored]
        self.known = frozenset(names)
        self.ignored = frozenset(ignored)
        self.seen: dict[str, None] = {}
        self._keys: set[str] = set()
        self._spelling = {clean(name): name for name in names}
        self._other: dict[str, str] = {}
        inner = {name[:at] for name in names for at, char in enumerate(name) if char == "."}
        self.objects = sorted(inner - self.ignored, key=lambda name: name.count("."))
        self.under = {each: [name for name in wanted if name.startswith(each + ".")] for each in self.objects}

    def flat(self, record: Record) -> Record:
        """The record with its objects' keys beside its own, in the spec's spelling; raises BadCell."""
        for name in self.objects:
            if name not in record:
                continue
            inner = record[name]
            if isinstance(inner, Repeated):
                raise BadCell("duplicate_key", "expected each key once in an object")
            if isinstance(inner, dict):
                del record[name]
                for key, value in inner.items():
                    _put(record, f"{name}.{key}", value)
            elif inner is None and name not in self.known:
                del record[name]
            if not inner:  # an object that is empty or null in all records is there
                self.seen.update(dict.fromkeys(self.under[name]))
        if not self._keys.issuperset(record):
            self._note(record)
        if self._other:
            for key in self._other.keys() & record.keys():
                _put(record, self._other[key], record.pop(key))
        return record

    def _note(self, record: Record) -> None:
        for key in record:
            _sound_text(key)  # its name may be shown
            name = self._spelling.get(clean(key), key)
            self._keys.add(key)
            self.seen[name] = None
            if name != key:
                self._other[key] = name
        if len(self._keys) > MAX_COLUMNS:
            raise FileRejected("too_many_columns", f"the records have more than {MAX_COLUMNS} columns")


def _put(record: Record, name: str, value: Any) -> None:
    if name in record:
        raise BadCell("duplicate_key", "expected each column once in a record")
    record[name] = value


def _blocks(
    records: Iterable[Read], header: _Header, bad_rows: list[BadRow]
) -> Iterator[tuple[list[int], list[Record]]]:
    """Numbers and flat records of a block of good rows; the bad ones are set aside."""
    numbers: list[int] = []
    block: list[Record] = []
    characters = 0
    for number, size, record in records:
        try:
            if isinstance(record, BadCell):
                raise record
            block.append(header.flat(record))
            numbers.append(number)
        except BadCell as problem:
            bad_rows.append((number, [{"code": problem.code, "column": None, "detail": problem.detail}]))
        characters += size
        if len(block) == BATCH_ROWS or characters > _BATCH_CHARACTERS:
            yield numbers, block
            numbers, block, characters = [], [], 0
    yield numbers, block


def _columns(
    numbers: list[int], block: list[Record], wanted: Sequence[str], bad_rows: list[BadRow]
) -> tuple[list[int], list[Any]]:
    """Numbers of the good rows and their cells, a column each; rows with a bad cell are set aside."""
    import pyarrow as pa

    check = RowCheck()
    columns = [_column([record.get(name) for record in block], name, numbers, check) for name in wanted]
    if not check.reasons:
        return numbers, columns
    bad_rows += check.sorted()
    mask = pa.array([number not in check.reasons for number in numbers])
    return [number for number in numbers if number not in check.reasons], [
        column.filter(mask) for column in columns
    ]


def _column(values: list[Any], name: str, numbers: list[int], check: RowCheck) -> Any:
    """Values → Arrow text. Nearly always all are of one plain kind; otherwise each is looked at."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for kind in (pa.string(), pa.int64(), pa.bool_()):
        try:
            plain = pa.array(values, kind)
        except (TypeError, ValueError, OverflowError):  # another kind; lone surrogates; beyond 64 bits
            continue
        text = pc.cast(plain, pa.string())
        longest = pc.max(pc.binary_length(text)).as_py() or 0
        if longest <= MAX_CELL and not pc.any(pc.match_substring(text, "\0")).as_py():
            return text
    cells: list[str | None] = []
    for number, value in zip(numbers, values, strict=True):
        cells.append(None)
        try:
            cells[-1] = _cell(value)
        except BadCell as problem:
            check.add(number, name, problem)
    return pa.array(cells, pa.string())


def _cell(value: Any) -> str | None:
    """A value as text. Numbers with a fraction are text already."""
    if value is None or isinstance(value, int):
        return None if value is None else str(value).lower()  # true, false
    if isinstance(value, NotFinite):
        raise BadCell("not_finite", "expected a number, not NaN or Infinity")
    if isinstance(value, dict):
        raise BadCell("not_a_value", "expected one value, not an object")
    if isinstance(value, list):
        return _joined(value)
    if len(value) > MAX_CELL:
        raise BadCell("cell_too_large", f"expected at most {MAX_CELL} characters")
    return _sound_text(value)


def _sound_text(text: str) -> str:
    if "\0" in text:
        raise BadCell("nul_byte", "expected text without NUL characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadCell("lone_surrogate", "expected text; half of a character is missing") from None
    return text


def _joined(values: list[Any]) -> str:
    cells = []
    for value in values:
        cell = None if isinstance(value, list) else _cell(value)
        if cell is None or LIST_SEPARATOR in cell:
            detail = f"expected a list of plain values without {LIST_SEPARATOR} in them"
            raise BadCell("bad_list", detail)
        cells.append(cell)
    return str(_cell(LIST_SEPARATOR.join(cells)))


def _batches(copy: Path, columns: list[str]) -> Iterator[Batch]:
    import polars as pl
    import pyarrow as pa

    with pa.OSFile(str(copy), "rb") as stored:
        names = pa.ipc.open_file(stored).schema.names
        positions = [names.index(name) for name in (*columns, _ROW_NUMBER)]
        reader = pa.ipc.open_file(stored, options=pa.ipc.IpcReadOptions(included_fields=sorted(positions)))
        for position in range(reader.num_record_batches):
            batch = reader.get_batch(position)
            frame = pl.DataFrame(batch.select(columns))
            yield Batch(batch.column(_ROW_NUMBER).to_pylist(), clean_frame(frame))
