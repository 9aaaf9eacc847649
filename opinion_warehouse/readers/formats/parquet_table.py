"""Parquet → Table: one row group at a time, every column as text. Objects are named as in JSON, by dots."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.readers.cells.values import EXACT_DOUBLE, EXACT_SINGLE, inexact
from opinion_warehouse.readers.containers.zip_container import MAX_RATIO, SMALL
from opinion_warehouse.readers.formats.json_table import LIST_SEPARATOR
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.table import BATCH_ROWS, MAX_CELL, Table, table_of_frames

if TYPE_CHECKING:
    import polars as pl

_MAGIC = b"PAR1"


def read_parquet(path: Path, wanted: Sequence[str], ignored: Sequence[str]) -> Table:
    """Open a Parquet file; raises FileRejected for a fault of its structure."""
    file = _open(path)
    found = list(_columns(file.schema_arrow, "", [*wanted, *ignored]))
    columns = dict(found)

    def frames(names: Sequence[str]) -> Iterator["pl.DataFrame"]:
        import polars as pl

        roots = [field.name for field in file.schema_arrow]
        if twice := [name for name in names if roots.count(columns[name][0]) > 1]:
            raise FileRejected("duplicate_header", "the column read stands twice", twice[0])
        # its own: a table may be read twice at a time
        for batch in _batches(_open(path), sorted({columns[name][0] for name in names})):
            cells = {name: _text(_inside(batch, columns[name]), name) for name in names}
            yield pl.DataFrame({name: pl.Series(values) for name, values in cells.items()}).cast(pl.String)

    return table_of_frames([name for name, _ in found], frames, wanted, ignored)


def parquet_names(path: Path, is_left_out: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Columns of single values, in objects too where no name leaves them out; and those of anything else."""
    plain: list[str] = []
    other: list[str] = []

    def walk(fields: Any, prefix: str) -> None:
        import pyarrow as pa

        for field in fields:
            name = prefix + field.name
            kind = field.type.value_type if pa.types.is_list(field.type) else field.type
            if pa.types.is_struct(field.type) and not is_left_out(name):
                walk([field.type.field(at) for at in range(field.type.num_fields)], f"{name}.")
            else:
                (other if pa.types.is_nested(kind) else plain).append(name)

    walk(_open(path).schema_arrow, "")
    return plain, other


def _open(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    with path.open("rb") as raw:
        magic = raw.read(4)
    if magic == b"PARE":
        raise FileRejected("encrypted", "the file is protected by a key")
    if magic != _MAGIC:
        raise FileRejected("wrong_format", "the bytes are not those of a Parquet file")
    try:
        file = parquet.ParquetFile(path, pre_buffer=False, page_checksum_verification=True)
        _ = file.schema_arrow.names  # damaged ones are no text
        groups = [file.metadata.row_group(each) for each in range(file.metadata.num_row_groups)]
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from None
    total, size = sum(group.total_byte_size for group in groups), path.stat().st_size
    if total > SMALL and total > MAX_RATIO * size:
        raise FileRejected("zip_bomb", f"the file inflates to more than {MAX_RATIO} times its size")
    return file


def _damaged(error: Exception) -> FileRejected:
    return FileRejected("bad_archive", f"the file is damaged or cut short ({type(error).__name__})")


def _columns(fields: Any, prefix: str, known: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Name and path of every column. An object is entered only where the spec names something in it."""
    import pyarrow as pa

    for field in fields:
        name = prefix + field.name
        if pa.types.is_struct(field.type) and any(each.startswith(f"{name}.") for each in known):
            inner = [field.type.field(at) for at in range(field.type.num_fields)]
            for whole, path in _columns(inner, f"{name}.", known):
                yield whole, [field.name, *path]
        else:
            yield name, [field.name]


def _batches(file: Any, columns: list[str]) -> Iterator[Any]:
    import pyarrow as pa

    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False):
            batch.validate(full=True)  # damage can leave text that is none, on which Polars aborts
            yield batch
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from None


def _inside(batch: Any, path: list[str]) -> Any:
    import pyarrow.compute as pc

    column = batch.column(path[0])
    return pc.struct_field(column, path[1:]) if path[1:] else column


def _text(column: Any, name: str) -> Any:
    """A column as text: no digit lost, no 1.0 for 1, booleans `true` and `false`, a list joined."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    try:
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            text = _joined(column, name)
        elif pa.types.is_floating(kind):
            text = _number(column)
        else:
            text = pc.cast(column, pa.string())
    except pa.ArrowNotImplementedError:
        raise FileRejected("not_a_value", f"the column holds {kind}, which is not one value", name) from None
    except pa.ArrowInvalid as error:
        raise FileRejected(
            "not_utf8", f"the column's bytes are no text ({type(error).__name__})", name
        ) from None
    if (pc.max(pc.binary_length(text)).as_py() or 0) > MAX_CELL and (
        pc.max(pc.utf8_length(text)).as_py() > MAX_CELL
    ):
        raise FileRejected("cell_too_large", f"a cell has more than {MAX_CELL} characters", name)
    if pc.any(pc.match_substring(text, "\0")).as_py():
        raise FileRejected("nul_byte", "a cell holds NUL characters", name)
    return text


def _number(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    exact = EXACT_SINGLE if pa.types.is_float32(column.type) else EXACT_DOUBLE
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), float(exact)))
    digits = pc.cast(pc.if_else(whole, column, None), pa.int64())
    text = pc.coalesce(pc.cast(digits, pa.string()), pc.cast(column, pa.string()))
    is_large = pc.fill_null(pc.greater_equal(pc.abs(column), float(exact)), False)
    if not pc.any(is_large).as_py():
        return text
    large = [inexact(value) for value in column.filter(is_large).to_pylist()]
    return pc.replace_with_mask(text, is_large, pa.array(large, pa.string()))


def _joined(column: Any, name: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.flatten()
    is_nested = pa.types.is_nested(values.type)
    items = None if is_nested else _text(values, name)
    if items is None or items.null_count or pc.any(pc.match_substring(items, LIST_SEPARATOR)).as_py():
        detail = f"expected lists of plain values without {LIST_SEPARATOR} in them"
        raise FileRejected("bad_list", detail, name)
    # flatten leaves out what stands behind nulls, so the lists are counted, not cut by their offsets
    lengths = pc.coalesce(pc.cast(pc.list_value_length(column), pa.int64()), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(lengths)])
    lists = pa.LargeListArray.from_arrays(offsets, items)
    return pc.if_else(column.is_valid(), pc.binary_join(lists, LIST_SEPARATOR), None)
