"""Which of a spec's headers a file has."""

from collections.abc import Callable, Sequence

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.table import difference, match_header
from opinion_warehouse.sources import Source


def choose_layout(source: Source, header: Callable[[], Sequence[str | None] | None]) -> Source:
    """The source as it is for a file of this header; FileRejected with the difference to the nearest.

    A source that knows one header is itself: its reader says what differs.
    """
    if len(source.layouts) == 1:
        return source
    found = header()
    if found is None:
        return source
    differences = [difference(found, layout.wanted, layout.ignored) for layout in source.layouts]
    sizes = [len(extra) + len(absent) for extra, absent in differences]
    nearest = sizes.index(min(sizes))
    if sizes[nearest]:
        layout = source.layouts[nearest]
        try:
            match_header(found, layout.wanted, layout.ignored)
        except FileRejected as rejected:
            rejected.detail += f" (nearest of the spec's {len(sizes)} headers: {layout.name})"
            raise
    return source.with_layout(nearest)
