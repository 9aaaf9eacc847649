"""Place names → codes. A name that could be several places is set aside, never guessed.

`xã Phú Hữu, Châu Thành, Hậu Giang`: the name first, then what it lies in, as much of it as is written. The
level (xã, P., TP.) may be missing; where it is written it has to be right. A former unit's name stands for
the present unit that took it in whole; one that was split stands for all its heirs, so it is ambiguous.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from opinion_warehouse.readers.privacy.personal import plain_words
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import clean, fold
from opinion_warehouse.reference import PlaceName, Reference
from opinion_warehouse.sources import PlaceNames

_LEVELS = {
    "phường": ("phường", "phuong", "p"),
    "xã": ("xã", "xa", "x"),
    "thị trấn": ("thị trấn", "thi tran", "tt"),
    "quận": ("quận", "quan", "q"),
    "huyện": ("huyện", "huyen", "h"),
    "thị xã": ("thị xã", "thi xa", "tx"),
    "thành phố": ("thành phố", "thanh pho", "tp"),
    "tỉnh": ("tỉnh", "tinh", "t"),
}
_SHORT = {short: level for level, (*_, short) in _LEVELS.items()}
_LONG = {word: level for level, words in _LEVELS.items() for word in words[:2]}
_WITH_LEVEL = re.compile(
    rf"(?:(?P<long>{'|'.join(_LONG)})\.? "
    rf"|(?P<short>{'|'.join(sorted(_SHORT, key=len, reverse=True))})(?:\. ?| |(?=\d)))(?P<bare>.+)"
)
_PARTS = re.compile(r"\s*[,;()|]\s*|\s+[-–—]\s+")
_ROMAN = dict(
    zip(
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"],
        map(str, range(1, 13)),
        strict=True,
    )
)


class _Name(NamedTuple):
    level: str | None
    bare: str


class _Place(NamedTuple):
    name: _Name
    within: frozenset[_Name]
    code: str
    is_current: bool


def place_reader(
    reference: Reference, names: PlaceNames | None, coverage: str | None = None
) -> Callable[[str], str]:
    """Cell → place code; BadCell `unknown_place` or `ambiguous_place`. Codes are always understood.

    `coverage`: the place the source speaks of; of places with one name, those outside it are not meant.
    """
    if names is None:

        def code_of(cell: str) -> str:
            if cell in reference.places:
                return cell
            raise BadCell("unknown_place", "expected a place code of the reference data or of the spec")

        return code_of
    find = _Finder(reference, names, coverage)
    known: dict[str, str | BadCell] = {}

    def name_of(cell: str) -> str:
        if cell in reference.places:
            return cell
        found = known.get(cell)
        if found is None:
            try:
                found = find(cell)
            except BadCell as problem:
                found = problem
            if len(known) < 10_000:
                known[cell] = found
        if isinstance(found, BadCell):
            raise found
        return found

    return name_of


class _Finder:
    def __init__(self, reference: Reference, names: PlaceNames, coverage: str | None) -> None:
        self._order = {"any": (None,), "current": (True, False), "former": (False, True)}[names.of]
        self._without_accents = names.without_accents
        self._inside = _inside(reference.place_parents, coverage)
        places = [_place(each) for each in reference.place_names]
        self._places = _by_name(places, lambda bare: bare)
        self._plain = _by_name(places, plain_words) if names.without_accents else {}
        # Former districts and provinces: names of something, but of no one place today.
        self._above = {name.bare for place in places for name in place.within if not place.is_current}

    def __call__(self, cell: str) -> str:
        name, *within = [_split(part) for part in _PARTS.split(cell) if clean(part)] or [_Name(None, "")]
        found = self._matching(self._places.get(name.bare, ()), name, within, lambda bare: bare)
        if not found and self._without_accents:
            found = self._matching(self._plain.get(plain_words(name.bare), ()), name, within, plain_words)
        for is_current in self._order:
            chosen = [place for place in found if is_current in (None, place.is_current)]
            inside = [place for place in chosen if self._inside is None or place.code in self._inside]
            codes = {place.code for place in inside or chosen}
            if len(codes) == 1:
                return codes.pop()
            if codes:
                detail = f"the name fits {len(codes)} places: write what it lies in too, or the code"
                raise BadCell("ambiguous_place", detail)
        if name.bare in self._above:
            raise BadCell("ambiguous_place", "the former unit has become several places: write one of them")
        raise BadCell(
            "unknown_place", "expected a name or code of the reference data or of the spec's places"
        )

    @staticmethod
    def _matching(
        places: Iterable[_Place], name: _Name, within: list[_Name], spell: Callable[[str], str]
    ) -> list[_Place]:
        return [
            place
            for place in places
            if name.level in (None, place.name.level)
            and all(
                any(
                    spell(part.bare) == spell(above.bare) and part.level in (None, above.level)
                    for above in place.within
                )
                for part in within
            )
        ]


def _by_name(places: Iterable[_Place], spell: Callable[[str], str]) -> dict[str, list[_Place]]:
    found: dict[str, list[_Place]] = {}
    for place in places:
        found.setdefault(spell(place.name.bare), []).append(place)
    return found


def _place(place: PlaceName) -> _Place:
    within = frozenset(_split(part) for part in _PARTS.split(place.within) if part)
    return _Place(_split(place.name), within, place.place_code, place.is_current)


def _split(part: str) -> _Name:
    """`P. Cái Khế` → phường, `cái khế`; numbers without leading zeros, Roman ones as numbers.

    >>> _split("P.01"), _split("phường III"), _split("Hoà An")
    (_Name(level='phường', bare='1'), _Name(level='phường', bare='3'), _Name(level=None, bare='hòa an'))
    """
    text = fold(part).strip(" .:")
    match = _WITH_LEVEL.fullmatch(text)
    if match is None:
        return _Name(None, text)
    bare = match["bare"].strip()
    number = _ROMAN.get(bare, bare)
    if number.isascii() and number.isdigit():
        bare = str(int(number))
    return _Name(_LONG.get(match["long"]) or _SHORT[match["short"]], bare)


def _inside(parents: Mapping[str, str], coverage: str | None) -> set[str] | None:
    """The codes of a place and of all that lies in it."""
    if coverage is None:
        return None
    inside = {coverage}
    while more := {code for code, parent in parents.items() if parent in inside} - inside:
        inside |= more
    return inside
