"""The columns a file has, against those its spec names."""

from collections import Counter
from collections.abc import Sequence

from opinion_warehouse.readers.privacy.headings import safe_heading, safe_headings
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.layout import heading
from opinion_warehouse.sources import ignoring

MAX_COLUMNS = 5_000


def match_header(found: Sequence[str | None], wanted: Sequence[str], ignored: Sequence[str]) -> list[str]:
    """The file's headings in the spec's spelling, or FileRejected with what differs.

    A heading that is blank, or stands more than once, may go by its position: `(column 7)`.
    """
    if len(found) > MAX_COLUMNS:
        raise FileRejected("too_many_columns", f"the header has more than {MAX_COLUMNS} columns")
    names = _named(found, [*wanted, *ignored])
    spelling = {heading(name): name for name in [*wanted, *ignored]}
    extra, absent = difference(found, wanted, ignored)
    if wanted and len(absent) == len(wanted):
        detail = "none of the spec's columns stands in the header row; check delimiter, sheet and header_row"
        raise FileRejected("no_header", detail)
    blank = [number for number, name in enumerate(names, 1) if not name]
    if blank:
        raise FileRejected("blank_header", f"column {blank[0]} has no heading")
    twice = [number for number, name in enumerate(names, 1) if name in names[: number - 1]]
    if twice:
        shown = safe_heading(names[twice[0] - 1], twice[0])
        first = names.index(names[twice[0] - 1]) + 1
        detail = f"the heading {shown} stands twice, in columns {first} and {twice[0]}"
        raise FileRejected("duplicate_header", detail, shown)
    differs = "; ".join(
        f"{what}: {', '.join(columns[:20])}" + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
        for what, columns in (("not in the spec", extra), ("not in the file", absent))
        if columns
    )
    if extra:
        raise FileRejected("unknown_column", f"{differs}. Map it or add it to ignore_columns", extra[0])
    if absent:
        raise FileRejected("missing_column", differs, absent[0])
    return [spelling.get(name, name) for name in names]


def difference(
    found: Sequence[str | None], wanted: Sequence[str], ignored: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Headings the spec does not know, as they may be shown, and columns the file does not have."""
    names = _named(found, [*wanted, *ignored])
    is_ignored, read = ignoring(heading(name) for name in ignored), {heading(name) for name in wanted}
    extra = {
        number: name for number, name in enumerate(names, 1) if name not in read and not is_ignored(name)
    }
    return safe_headings(extra), [name for name in wanted if heading(name) not in names]


def _named(found: Sequence[str | None], known: Sequence[str]) -> list[str]:
    """Headings as they are compared; what has no name of its own goes by its position, if that is known."""
    names = [heading(name) for name in found]
    by_position, count = {heading(name) for name in known if name.startswith("(column ")}, Counter(names)
    return [
        f"(column {number})"
        if (not name or count[name] > 1) and f"(column {number})" in by_position
        else name
        for number, name in enumerate(names, 1)
    ]
