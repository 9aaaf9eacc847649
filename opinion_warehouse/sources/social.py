"""The social section of a spec: a vendor's export → items without author and text."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import Code, Model, Text, repeated

Sentiment = Literal["positive", "negative", "neutral", "unknown"]


def _instant_format(text: str) -> str:
    if text in ("iso", "epoch_s", "epoch_ms"):
        return text
    if "%d" not in text or not ("%m" in text or "%b" in text) or not ("%Y" in text or "%y" in text):
        raise ValueError("must be iso, epoch_s, epoch_ms or name day, month and year, e.g. '%d/%m/%Y %H:%M'")
    return text


class SocialColumns(Model):
    """Canonical field → column heading. `text` columns are topic-coded and dropped in the parser."""

    item_id: str
    published_at: str
    platform: str | None = None
    query: str | None = None
    topic: str | None = None
    place: str | None = None
    sentiment: str | None = None
    engagement: str | list[str] | None = Field(None, description="a count, or counts that are added up")
    url: str | None = Field(None, description="only its site's domain is used, as a keyed hash")
    text: list[str] = []

    @property
    def cells(self) -> list[str]:
        """Every column it reads. One column may serve two fields (a URL that is the id, too)."""
        single = [column for name, column in self if name not in ("engagement", "text") and column]
        return list(dict.fromkeys([*single, *self.counts, *self.text]))

    @property
    def counts(self) -> list[str]:
        """The columns that make up the engagement."""
        given = self.engagement
        return given if isinstance(given, list) else [given] if given else []


class Query(Model):
    """A monitored query of the vendor; its topic is given to every item no rule codes."""

    code: Code
    label: Text
    topic: Code | None = None


class Social(Model):
    """How a file's rows become items."""

    columns: SocialColumns
    date_format: Annotated[str, AfterValidator(_instant_format)] = Field(
        description='strptime format, "iso", "epoch_s" or "epoch_ms"'
    )
    text_format: Literal["plain", "html"] = Field("plain", description="of the columns of text")
    platform: Code | None = Field(None, description="constant, where no column says")
    query: Code | None = Field(None, description="constant, where no column says")
    platforms: dict[str, Code] = Field({}, description="cell value → platform code")
    sentiments: dict[str, Sentiment] = {}
    sentiment_method: Literal["vendor", "human", "none"] = "none"
    metric_definition: Text | None = None
    queries: list[Query] = Field(min_length=1)
    coverage_place: Code | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        for name in ("platform", "query"):
            if bool(getattr(self, name)) == bool(getattr(self.columns, name)):
                raise ValueError(f"give `{name}` (a constant) or `columns.{name}`: exactly one of the two")
        if again := repeated(self.columns.counts):
            raise ValueError(f"`columns.engagement` counts {again[0]!r} twice")
        again = repeated(query.code for query in self.queries)
        if again:
            raise ValueError(f"query {again[0]!r} stands twice in `queries`; each may stand once")
        if self.query and self.query not in {query.code for query in self.queries}:
            raise ValueError(f"`query` {self.query!r} is none of `queries`")
        if self.columns.sentiment and self.sentiment_method == "none":
            raise ValueError("a sentiment column needs `sentiment_method`: vendor or human")
        return self
