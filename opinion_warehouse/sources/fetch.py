"""The fetch section of a spec: where the night gets the source's files itself. It holds no credentials."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from opinion_warehouse.sources.base import Model
from opinion_warehouse.sources.design import IsoDate

_Path = Annotated[str, StringConstraints(pattern=r"^/[^\s?#\\]*$")]
_Stem = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
InstantFormat = Literal["iso", "date", "epoch_s", "epoch_ms"]


def _no_secret(params: dict[str, str]) -> dict[str, str]:
    for name in params:
        if re.search(r"token|secret|passw|api_?key", name, re.IGNORECASE):
            raise ValueError(f"`{name}` looks like a credential; it belongs into the Airflow connection")
    return params


_Params = Annotated[dict[str, str], AfterValidator(_no_secret)]


class _Fetch(Model):
    """What every connector needs: an Airflow connection has the host and the credentials."""

    model_config = ConfigDict(serialize_by_alias=True)

    connection: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$", description="id of an Airflow connection")


class _Written(_Fetch):
    """Connectors that name the file they write."""

    stem: _Stem | None = Field(None, description="how the file's name begins; default: the source's id")


class Overlap(Model):
    """Fetch what is new only: from the last record on, and some days before it for what came late."""

    first: IsoDate = Field(description="where the first fetch begins")
    overlap_days: int = Field(3, ge=0, le=366)


class Since(Overlap):
    """The same, where an API's own words have to be said."""

    parameter: str = Field(min_length=1, description="query parameter: records from this moment on")
    at: str = Field(min_length=1, description="where the moment stands in a record")
    format: InstantFormat = "iso"


class LimeSurveyFetch(_Written):
    """LimeSurvey RemoteControl 2: all responses of one survey as CSV with short codes."""

    from_: Literal["limesurvey"] = Field(alias="from")
    survey: int = Field(gt=0, description="the survey's number")
    path: _Path = "/index.php/admin/remotecontrol"
    language: str | None = Field(None, pattern=r"^[A-Za-z-]{2,20}$")
    responses: Literal["all", "complete"] = "all"


class KoboFetch(_Written):
    """KoboToolbox API v2: the submissions of one form as JSON lines."""

    from_: Literal["kobo"] = Field(alias="from")
    asset: str = Field(pattern=r"^[A-Za-z0-9]{8,64}$", description="the form's uid, as in its address")
    since: Overlap | None = None


class _Http(_Written):
    path: _Path = Field(description="on the connection's host")
    params: _Params = {}
    auth: Literal["bearer", "token", "basic", "header", "parameter", "none"] = "bearer"
    auth_name: str | None = Field(None, description="the header's or the parameter's name")
    expect: dict[str, str] = Field({}, description="where in a good answer which value stands")

    @model_validator(mode="after")
    def _named_where_needed(self) -> Self:
        if (self.auth in ("header", "parameter")) != (self.auth_name is not None):
            raise ValueError("`auth_name` names the header or parameter: with those two, and only with them")
        return self


class HistogramFetch(_Http):
    """A Talkwalker-like histogram: counts a day, and series where the answer has some, as JSON lines."""

    from_: Literal["histogram"] = Field(alias="from")
    first: IsoDate = Field(description="the first day")
    overlap_days: int = Field(7, ge=0, le=366, description="days asked for again: vendors revise")
    from_parameter: str = "min"
    to_parameter: str = "max"
    format: InstantFormat = Field("epoch_ms", description="of the two parameters and of a bucket's time")
    buckets: str = Field("result_histogram.data", description="where the list of buckets stands")
    time: str = Field("t", description="a bucket's time")
    values: str = Field("v", description="a bucket's count, or a list of them, one a series")
    series: str | None = Field(None, description="where the list of series stands, in the order of `values`")
    series_name: str | None = Field(None, description="where a series has its name; else it is the name")
    total: str | None = Field(None, description="where the sum of all counts stands; without: every day is")


class ByPage(Model):
    """Pages are numbered."""

    by: Literal["page"]
    parameter: str = "page"
    size_parameter: str | None = None
    size: int = Field(100, gt=0)
    first: int = Field(1, ge=0)


class ByOffset(Model):
    """Pages begin at a record's number."""

    by: Literal["offset"]
    parameter: str = "offset"
    size_parameter: str | None = "limit"
    size: int = Field(100, gt=0)


class ByCursor(Model):
    """An answer says what to send for the next page."""

    by: Literal["cursor"]
    parameter: str = "cursor"
    at: str = Field(min_length=1, description="where the next cursor stands; absent, null or empty: the end")


class ByNextLink(Model):
    """An answer has the next page's address, in its body or (without `at`) in its Link header."""

    by: Literal["next_link"]
    at: str | None = None


class OnePage(Model):
    """Everything comes at once."""

    by: Literal["nothing"] = "nothing"


Paging = Annotated[ByPage | ByOffset | ByCursor | ByNextLink | OnePage, Field(discriminator="by")]


class HttpJsonFetch(_Http):
    """Any HTTP API that gives JSON records in pages; they are written as JSON lines."""

    from_: Literal["http_json"] = Field(alias="from")
    records: str = Field("", description="where the list of records stands; empty: the answer is the list")
    key: str = Field(min_length=1, description="where a record's own id stands")
    total: str | None = Field(None, description="where the number of all records stands")
    paging: Paging = OnePage()
    since: Since | None = None


class S3Fetch(_Fetch):
    """S3-compatible object storage: the objects under a prefix whose names match `files.pattern`."""

    from_: Literal["s3"] = Field(alias="from")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    prefix: str = Field("", max_length=500)


Fetch = Annotated[
    LimeSurveyFetch | KoboFetch | HistogramFetch | HttpJsonFetch | S3Fetch, Field(discriminator="from_")
]
