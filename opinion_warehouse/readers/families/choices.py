"""Several options in one cell → which were chosen. A cell that can be read in two ways is read in none."""

from collections.abc import Callable
from functools import lru_cache

from opinion_warehouse.readers.cells.values import plain_code
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import fold
from opinion_warehouse.sources import Question

_DISTINCT_CELLS, _SHORT = 8_192, 500
Parts = tuple[str, ...]


def choices(question: Question) -> Callable[[str], frozenset[str]]:
    """A reader of a cell → the codes of the options chosen.

    An option's own text may hold the separator, so whole options are looked for. Text of the respondent's own
    stands last, as tools write it, and counts as the option `other`; without one it is a bad cell.
    """
    separator = question.separator or ""
    codes = {option.code for option in question.options}
    texts: dict[Parts, set[str]] = {}
    for option in question.options:
        for cell in option.cells:
            texts.setdefault(_folded(_parts(cell, separator)), set()).add(option.code)
    longest = max((len(parts) for parts in texts), default=1)

    def starting(plain: Parts, folded: Parts, at: int) -> list[tuple[int, str]]:
        """The options that may stand at a part: where each ends, and its code."""
        found = {(at + 1, code) for code in (plain[at], plain_code(plain[at])) if code in codes}
        for end in range(at + 1, min(at + longest, len(plain)) + 1):
            found |= {(end, code) for code in texts.get(folded[at:end], ())}
        return sorted(found)

    def read(cell: str) -> frozenset[str]:
        plain = _parts(cell, separator)
        folded = _folded(plain)
        options = [starting(plain, folded, at) for at in range(len(plain))]
        # From the left: in how many ways the parts before each place are whole options, and by which of them.
        ways = [1] + [0] * len(plain)
        chosen: list[frozenset[str]] = [frozenset()] * (len(plain) + 1)
        for at, ending in enumerate(options):
            for after, code in ending if ways[at] else ():
                ways[after] = min(2, ways[after] + ways[at])
                chosen[after] = chosen[at] | {code}
        # Options reach as far as they can; what is left is text of one's own, and no option may begin in it.
        last = max((at for at, ending in enumerate(options) if ending), default=-1)
        end = max((at for at in range(last + 1, len(plain) + 1) if ways[at]), default=None)
        if end is None or not plain or (end < len(plain) and question.other is None):
            detail = f"expected options of {question.id} between separators; text of one's own, if any, last"
            raise BadCell("unknown_code", detail)
        if ways[end] > 1:
            raise BadCell("ambiguous_choice", f"the parts make options of {question.id} in two ways")
        own = {question.other} if end < len(plain) and question.other else set()
        return chosen[end] | own

    known = lru_cache(_DISTINCT_CELLS)(read)  # each item of the question asks for the same cells
    return lambda cell: known(cell) if len(cell) <= _SHORT else read(cell)


def _parts(cell: str, separator: str) -> Parts:
    return tuple(part for raw in cell.split(separator) if (part := raw.strip()))


def _folded(parts: Parts) -> Parts:
    return tuple(fold(part) for part in parts)
