"""Which of a spec's headers a file has."""

from collections.abc import Callable, Sequence

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.columns import difference, match_header
from opinion_warehouse.sources import Source


def choose_header(source: Source, header: Callable[[], Sequence[str | None] | None]) -> Source:
    """The source as it is for a file of this header; FileRejected with the difference to the nearest.

    A source that knows one header is itself: its reader says what differs.
    """
    if len(source.headers) == 1:
        return source
    found = header()
    if found is None:
        return source
    differences = [difference(found, one.wanted, one.ignored) for one in source.headers]
    sizes = [len(extra) + len(absent) for extra, absent in differences]
    nearest = sizes.index(min(sizes))
    if sizes[nearest]:
        own = source.headers[nearest]
        try:
            match_header(found, own.wanted, own.ignored)
        except FileRejected as rejected:
            rejected.detail += f" (nearest of the spec's {len(sizes)} headers: {own.name})"
            raise
    return source.with_header(nearest)
