"""The social section of a spec: a vendor's export → items without author and text, or counts of them."""

import math
from itertools import combinations
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from opinion_warehouse.sources.base import Code, Model, PlaceNames, Text, alike, repeated
from opinion_warehouse.sources.headings import Ignored
from opinion_warehouse.sources.social_columns import InstantFormat, SocialColumns
from opinion_warehouse.sources.zone import Zone

Sentiment = Literal["positive", "negative", "neutral", "unknown"]
Unmapped = Literal["quarantine", "none"]
Overlapping = Literal["query", "topic", "place"]
SEPARATORS = "|;,"
"""What parts the topics of a cell where a spec declares nothing else."""
_SERVES = {
    "topics": "topic",
    "topics_separator": "topic",
    "places": "place",
    "place_names": "place",
    "sentiment_bands": "sentiment",
    "sentiment_separator": "sentiment",
}
"""What is of use only where a column of that field is read."""
_ABOUT_ITEMS = {"date_zone": None, "text_format": "plain", "topics_separator": None}
"""What is said about columns that counts have none of, and what it is then."""


class OtherHeader(Model):
    """Another header of the same source's files. What it does not say is as for `social.columns`."""

    name: str = Field(min_length=1, description="for messages")
    columns: SocialColumns
    date_format: InstantFormat | None = None
    platform: Code | None = None
    query: Code | None = None
    ignore_columns: list[Ignored] = Field([], description="besides the source's own")


class Query(Model):
    """A monitored query of the vendor; its topic is given to every item no rule codes."""

    code: Code
    label: Text
    topic: Code | None = None


class Span(Model):
    """Numbers from `low` to `high`, both included, or `above` and `below`, neither; a missing end is open."""

    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None

    @property
    def start(self) -> float:
        """Where it begins."""
        return next((end for end in (self.low, self.above) if end is not None), -math.inf)

    @property
    def end(self) -> float:
        """Where it ends."""
        return next((end for end in (self.high, self.below) if end is not None), math.inf)

    def holds(self, number: float) -> bool:
        """Whether the number lies in it."""
        return self.start <= number <= self.end and number not in (self.above, self.below)

    def meets(self, other: "Span") -> bool:
        """Whether a number lies in both."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return start < end or (start == end and self.holds(start) and other.holds(start))

    @model_validator(mode="after")
    def _holds_a_number(self) -> Self:
        if (self.low is not None and self.above is not None) or (
            self.high is not None and self.below is not None
        ):
            raise ValueError("a band has `low` or `above`, and `high` or `below`: one of each")
        if self.start == -math.inf and self.end == math.inf:
            raise ValueError("a band needs an end: `low` or `above`, `high` or `below`")
        if not self.meets(self):
            raise ValueError("the band holds no number: it ends before it begins")
        return self


class Social(Model):
    """How a file's rows become items, or counts of items."""

    columns: SocialColumns
    other_headers: list[OtherHeader] = Field(
        [], description="further headers the files may have; each file's own header chooses"
    )
    date_format: InstantFormat = Field(
        description='strptime format, "iso", "epoch_s", "epoch_ms" or "vi_words"'
    )
    date_zone: Zone | None = Field(
        None, description="of times without an offset, where it is not the source's time_zone"
    )
    text_format: Literal["plain", "html"] = Field("plain", description="of the columns of text")
    platform: Code | None = Field(None, description="constant, where no column says")
    query: Code | None = Field(None, description="constant, where no column says")
    platforms: dict[str, Code] = Field({}, description="cell value → platform code")
    topics: dict[str, Code] = Field(
        {}, description="tag → topic code; without it, cells hold topic codes themselves"
    )
    topics_separator: str | None = Field(
        None, min_length=1, description="parts a cell's tags; else | ; and ,"
    )
    unmapped_topics: Unmapped = Field("quarantine", description="tags `topics` does not name")
    places: dict[str, Code] = Field(
        {}, description="cell value → place code; without it, cells hold place codes themselves"
    )
    unmapped_places: Unmapped = Field("quarantine", description="cells `places` does not name")
    sentiments: dict[str, Sentiment] = {}
    sentiment_bands: dict[Sentiment, Span] = Field({}, description="of a number")
    sentiment_separator: str | None = Field(
        None, min_length=1, description="of a cell that is a list, its first part is read"
    )
    sentiment_method: Literal["vendor", "human", "none"] = "none"
    metric_definition: Text | None = None
    overlap: list[Overlapping] | None = Field(
        None, description="of counts: columns under several of whose cells one item may be counted; [] none"
    )
    total_cells: list[str] = Field(
        [], description="of `overlap`: cells that stand for all, each item counted once"
    )
    queries: list[Query] = Field(min_length=1)
    number_words: bool = Field(False, description="in engagement: nghìn, triệu, tỷ may follow (`1,2 nghìn`)")
    coverage_place: Code | None = None
    place_names: PlaceNames | None = None

    def with_header(self, header: OtherHeader) -> "Social":
        """As it is for files that have this other header."""
        columns = header.columns
        changes = {
            "columns": columns,
            "other_headers": [],
            "date_format": header.date_format or self.date_format,
            "platform": None if columns.platform else header.platform or self.platform,
            "query": None if columns.query else header.query or self.query,
        }
        return self.model_copy(update=changes)

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        again = repeated(query.code for query in self.queries)
        if again:
            raise ValueError(f"query {again[0]!r} stands twice in `queries`; each may stand once")
        again = repeated(header.name for header in self.other_headers)
        if again:
            raise ValueError(f"name {again[0]!r} stands twice in `other_headers`; each may stand once")
        _check_columns(self, "")
        for header in self.other_headers:
            where = f"`other_headers` {header.name!r}: "
            for name in ("platform", "query"):
                if getattr(header, name) and getattr(header.columns, name):
                    raise ValueError(f"{where}give `{name}` or `columns.{name}`, not both")
            _check_columns(self.with_header(header), where)
        return self

    @model_validator(mode="after")
    def _counts_add_up_or_say_so(self) -> Self:
        """Nobody can see in a file whether its parts overlap, and a wrong sum looks like a right one."""
        headers = self._headers
        if len({bool(columns.item_count) for columns in headers}) > 1:
            raise ValueError("every header of a source has `item_count`, or none: its rows are of one kind")
        if not self.columns.item_count:
            if self.overlap is not None or self.total_cells:
                raise ValueError("`overlap` and `total_cells` are of counts (`item_count`); remove them")
            return self
        for name, nothing in _ABOUT_ITEMS.items():
            if getattr(self, name) != nothing:
                raise ValueError(f"`{name}` is of items; a count has neither a text nor a time of its own")
        named = [name for name in get_args(Overlapping) if any(getattr(each, name) for each in headers)]
        if named and self.overlap is None:
            raise ValueError(
                f"counts by {', '.join(named)}: say in `overlap` by which of them one item may be counted"
                " more than once ([] if by none)"
            )
        for name in self.overlap or []:
            if name not in named:
                raise ValueError(f"`overlap` names {name}, and `columns.{name}` is not there")
        if self.total_cells and not self.overlap:
            raise ValueError("`total_cells` are of `overlap`: what does not overlap is summed; remove them")
        return self

    @property
    def _headers(self) -> list[SocialColumns]:
        return [self.columns, *(header.columns for header in self.other_headers)]

    @model_validator(mode="after")
    def _maps_are_of_use(self) -> Self:
        read = {name for columns in self._headers for name, column in columns if column}
        for name, field in _SERVES.items():
            if getattr(self, name) and field not in read:
                raise ValueError(f"`{name}` needs `columns.{field}`; name it or remove `{name}`")
        for name in ("platforms", "topics", "places", "sentiments"):
            if again := alike(getattr(self, name)):
                raise ValueError(f"`{name}` has {again[0]!r} twice: case and spaces make no difference")
        for one, two in combinations(self.sentiment_bands, 2):
            if self.sentiment_bands[one].meets(self.sentiment_bands[two]):
                raise ValueError(
                    f"`sentiment_bands` {one} and {two} hold the same number; `above` and `below` leave an"
                    " end out"
                )
        for name in ("topics", "places"):
            if getattr(self, f"unmapped_{name}") == "none" and not getattr(self, name):
                raise ValueError(f"`unmapped_{name}` is about what `{name}` does not name; it is not there")
        if self.places and self.place_names:
            raise ValueError("give `places` (a map) or `place_names`, not both")
        parting = self.topics_separator or SEPARATORS
        for tag in () if self.columns.item_count else self.topics:  # a count is of one topic
            cut = parting in tag if self.topics_separator else any(mark in tag for mark in parting)
            if cut:
                raise ValueError(
                    f"`topics` {tag!r} holds a mark that parts the tags of a cell ({parting}); set"
                    " `topics_separator` to the one that parts them, or map the parts"
                )
        return self


def _check_columns(social: Social, where: str) -> None:
    """Constants and columns agree; raises ValueError."""
    for name in ("platform", "query"):
        given = bool(getattr(social, name)) + bool(getattr(social.columns, name))
        if given == 0 and name == "platform" and social.columns.item_count:
            continue  # of all platforms together
        if given != 1:
            raise ValueError(f"{where}give `{name}` (a constant) or `columns.{name}`: exactly one of the two")
    if social.query and social.query not in {query.code for query in social.queries}:
        raise ValueError(f"{where}`query` {social.query!r} is none of `queries`")
    if social.columns.sentiment and social.sentiment_method == "none":
        raise ValueError(f"{where}a sentiment column needs `sentiment_method`: vendor or human")
