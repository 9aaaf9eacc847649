"""Records from pages that add up: each once, as many as the server says there are, or an error."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opinion_warehouse.connectors.base import MISSING, FetchFailed, at
from opinion_warehouse.connectors.http import Answer, Client
from opinion_warehouse.sources.fetch import ByCursor, ByNextLink, ByOffset, ByPage, OnePage

MAX_PAGES = 100_000
Record = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """Where the records are, and how they are parted into pages."""

    path: str
    params: Mapping[str, str]
    paging: ByPage | ByOffset | ByCursor | ByNextLink | OnePage
    records: str
    key: str
    total: str | None = None
    expect: Mapping[str, str] = field(default_factory=dict)


def distinct_records(client: Client, listing: Listing) -> Iterator[Record]:
    """Every record once, in the server's order.

    Raises FetchFailed, at the latest after the last record, where the pages do not add up: another total
    midway, a page that repeats what came, fewer distinct records than the total. What was yielded is then
    worth nothing.
    """
    seen: set[str] = set()
    total: int | None = None
    place = _Place(listing)
    for number in range(MAX_PAGES):
        answer = client.get(place.path, place.params)
        refuse_bad_word(answer.body, listing.expect)
        rows = _rows(answer.body, listing)
        said = _total(answer.body, listing)
        if number and said != total:
            detail = "the number of records changed while the pages were fetched"
            raise FetchFailed("total_changed", detail, is_passing=True)
        total = said
        before = len(seen)
        for row in rows:
            key = _key(row, listing.key)
            if key not in seen:
                seen.add(key)
                yield row
        if not place.turn(answer, len(rows), is_all=total is not None and len(seen) >= total):
            break
        if rows and len(seen) == before:
            raise FetchFailed(
                "page_repeated", "a page holds only records of the pages before it", is_passing=True
            )
    else:
        raise FetchFailed("page_repeated", f"there are more than {MAX_PAGES} pages")
    if total is not None and len(seen) != total:
        detail = f"the server counts {total} records, and {len(seen)} distinct ones came"
        raise FetchFailed("pages_do_not_add_up", detail, is_passing=True)


class _Place:
    """Which page is asked for."""

    def __init__(self, listing: Listing) -> None:
        self.path = listing.path
        self.params: dict[str, str] = dict(listing.params)
        self._paging = listing.paging
        self._visited: set[str] = set()
        match self._paging:
            case ByPage():
                self._number = self._paging.first
                self._ask(self._paging.parameter, self._paging.size_parameter, self._paging.size)
            case ByOffset():
                self._number = 0
                self._ask(self._paging.parameter, self._paging.size_parameter, self._paging.size)

    def _ask(self, parameter: str, size_parameter: str | None, size: int) -> None:
        self.params[parameter] = str(self._number)
        if size_parameter:
            self.params[size_parameter] = str(size)

    def turn(self, answer: Answer, row_count: int, *, is_all: bool) -> bool:
        """Go to the next page; False after the last one."""
        match self._paging:
            case ByPage() | ByOffset():
                if is_all or not row_count:
                    return False
                # By what came: a server may cap a page below the size asked for.
                self._number += 1 if isinstance(self._paging, ByPage) else row_count
                self._ask(self._paging.parameter, self._paging.size_parameter, self._paging.size)
                return True
            case ByCursor():
                return self._follow(at(answer.body, self._paging.at), is_address=False)
            case ByNextLink():
                link = at(answer.body, self._paging.at) if self._paging.at else answer.next_link
                return self._follow(link, is_address=True)
            case _:
                return False

    def _follow(self, following: Any, *, is_address: bool) -> bool:
        if following in (MISSING, None, ""):
            return False
        if isinstance(following, bool) or not isinstance(following, str | int):
            raise FetchFailed("bad_answer", "the next page's cursor or address is no text")
        following = str(following)
        if following in self._visited:
            raise FetchFailed(
                "page_repeated", "the next page is one that was fetched before", is_passing=True
            )
        self._visited.add(following)
        if not is_address:
            self.params[getattr(self._paging, "parameter")] = following  # noqa: B009
        elif "://" not in following and not following.startswith("/"):
            raise FetchFailed("bad_address", "the next page's address is none")
        else:
            self.path, self.params = following, {}
        return True


def refuse_bad_word(body: Any, expect: Mapping[str, str]) -> None:
    """Refuse an answer with status 200 that says it is an error."""
    if isinstance(body, dict):
        told = [name for name in ("error", "errors") if body.get(name)]
        told += [name for name in ("success", "ok") if body.get(name) is False]
        if str(body.get("status")).lower() in ("error", "fail", "failed", "failure"):
            told.append("status")
        if told:
            raise FetchFailed(
                "error_in_answer", f"the server answers 200 with an error in `{told[0]}`", is_passing=True
            )
    for path, expected in expect.items():
        found = at(body, path)
        if found is MISSING or str(found) != expected:
            detail = f"`{path}` of the answer is not {expected!r} as `fetch.expect` says"
            raise FetchFailed("error_in_answer", detail, is_passing=True)


def whole_number(value: Any, where: str) -> int:
    """A count, as a number or as digits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise FetchFailed("bad_answer", f"`{where}` of the answer is no count")


def json_line(record: Mapping[str, Any]) -> bytes:
    """One line of JSON lines."""
    try:
        return (json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
    except UnicodeEncodeError:  # half a surrogate pair: escaped, so that one bad row does not spoil the file
        return (json.dumps(record, separators=(",", ":")) + "\n").encode()


def _rows(body: Any, listing: Listing) -> list[Record]:
    rows = at(body, listing.records)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        where = f"at `{listing.records}` of" if listing.records else "in"
        raise FetchFailed("bad_answer", f"there is no list of records {where} the answer", is_passing=True)
    return rows


def _total(body: Any, listing: Listing) -> int | None:
    return whole_number(at(body, listing.total), listing.total) if listing.total else None


def _key(row: Record, path: str) -> str:
    key = at(row, path)
    if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
        raise FetchFailed("bad_answer", f"a record has no key at `{path}`")
    return str(key)
