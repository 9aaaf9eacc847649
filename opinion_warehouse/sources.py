"""The pydantic model of `sources/<family>/<id>.yml`; extra keys are forbidden."""

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,62}$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s|]+$")]
Tendency = Literal["support", "oppose", "concerned", "unclear"]
Family = Literal["survey", "report", "social"]


class MissingCode(IntEnum):
    """Why an answer is missing (one code an answer; 0 is a valid answer)."""

    VALID = 0
    NOT_ASKED = 1
    NO_ANSWER = 2
    DONT_KNOW = 3
    REFUSED = 4
    NOT_OFFERED = 5
    BREAK_OFF = 6
    INVALID = 7


MissingName = Literal[
    "not_asked", "no_answer", "dont_know", "refused", "not_offered", "break_off", "invalid"
]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Model):
    """A label in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Files(Model):
    """Which files of the source's inbox folder are read, and how their bytes become rows."""

    pattern: str = Field("*", description="glob in the inbox folder of the source")
    format: Literal["csv", "xlsx"]
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    sheet: str | None = Field(None, description="xlsx: the one sheet that is read; required there")
    header_row: int = Field(1, ge=1, description="1-based row of the column names")
    max_bytes: int = Field(2_000_000_000, gt=0)


class Due(Model):
    """How often a delivery is expected; past it, plus the grace, the source is late."""

    every: Literal["never", "day", "week", "month", "quarter", "year"] = "never"
    grace_days: int = Field(3, ge=0)


class Keep(Model):
    raw_days: int = Field(90, ge=1)
    item_days: int = Field(90, ge=1, description="social items; their aggregates live on")


class Place(Model):
    """A place the shipped reference data do not have."""

    code: Code
    level: Literal["country", "province", "commune", "other"]
    parent: Code | None = None
    name: Text


class Unit(Model):
    """A reporting organisation (never a person) the shipped reference data do not have."""

    code: Code
    name: Text
    level: Literal["city", "commune", "department", "organisation"]
    place: Code | None = None


# ---------------------------------------------------------------- survey
class Category(Model):
    code: Code
    label: Text


class Band(Category):
    """A numeric band, both ends included; a missing end is open."""

    low: float | None = None
    high: float | None = None


class Group(Model):
    """A dimension respondents are compared by. `codes` for coded columns, `bands` for numbers."""

    dimension: Identifier
    label: Text
    column: str
    codes: list[Category] = []
    bands: list[Band] = []
    unknown: list[str] = Field([], description="cell values that mean: not known")


class Option(Category):
    """An answer a respondent could choose. `missing` marks one that is no valid answer (khó trả lời)."""

    missing: MissingName | None = None
    tendency: Tendency | None = None
    value: float | None = Field(None, description="score for means")


class Question(Model):
    """One question. `multiple`: `columns` maps option code → column, a cell equal to `ticked` is a yes."""

    id: Identifier
    kind: Literal["single", "multiple", "numeric"]
    column: str | None = None
    columns: dict[str, str] = {}
    ticked: str = "Y"
    unticked: list[str] = Field(["", "N", "0"], description="cells that mean: shown, not ticked")
    wording: Text
    topic: Code
    options: list[Option] = []
    missing: dict[str, MissingName] = Field({}, description="cell value → why it is missing")
    low: float | None = None
    high: float | None = None


class Design(Model):
    """How the sample was drawn."""

    sampling: Literal["probability", "quota", "opt_in", "census"]
    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    stratum_psu_total: str | None = None
    psu_size: str | None = None


class Wave(Model):
    """A wave and its disclosure record (AAPOR Transparency Initiative, eleven items)."""

    id: Code
    fieldwork_start: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    fieldwork_end: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    mode: Literal["face_to_face", "telephone", "web", "paper", "mail", "mixed"]
    strategy: Text = Field(description="1 how the data were collected")
    sponsor: Text = Field(description="2 who paid and who conducted")
    # 3 exact wording: the questions themselves
    population: Text = Field(description="4")
    sample_generation: Text = Field(description="5")
    mode_detail: Text = Field(description="6 mode and language")
    # 7 dates: fieldwork_start, fieldwork_end
    precision: Text = Field(description="8 sample size and precision")
    weighting: Text = Field(description="9")
    processing: Text = Field(description="10 processing and quality checks")
    limitations: Text = Field(description="11")
    invited_count: int | None = Field(None, gt=0, description="for the response or participation rate")


class WaveFrom(Model):
    """Where a row's wave id stands: exactly one of the three."""

    constant: Code | None = None
    column: str | None = None
    file_name: str | None = Field(None, description="regular expression; its first group is the wave id")


class Survey(Model):
    series: Identifier = Field(description="waves of one series are compared with each other")
    wave_from: WaveFrom
    respondent_id: str | None = Field(None, description="column; none: the row number")
    complete_when: str | None = Field(None, description="column that is not empty for a complete interview")
    place: str | None = Field(None, description="column of the place code")
    coverage_place: Code | None = Field(None, description="the place the whole survey speaks for")
    design: Design
    null_means: MissingName = Field("no_answer", description="nothing between the delimiters")
    empty_means: MissingName = Field("no_answer", description='a quoted empty string ("")')
    missing: dict[str, MissingName] = Field({}, description="cell value → why, for every question")
    groups: list[Group] = []
    questions: list[Question] = Field(min_length=1)
    waves: list[Wave] = Field(min_length=1)
    crossings: list[tuple[Identifier, Identifier]] = []


# ---------------------------------------------------------------- report
class ReportColumns(Model):
    """Canonical field → column heading; the defaults are the structured template's."""

    unit: str = "ma_don_vi"
    kind: str = "loai_bao_cao"
    period: str = "ky_bao_cao"
    period_start: str = "tu_ngay"
    period_end: str = "den_ngay"
    place: str = "ma_dia_ban"
    field: str = "linh_vuc"
    topic: str = "ma_chu_de"
    content: str = Field("noi_dung", description="read for its length only, never landed")
    scope: str = "pham_vi"
    tendency: str = "khuynh_huong"
    intensity: str = "cuong_do"
    channel: str = "nguon"
    opinion_count: str = "so_y_kien"
    recommendation: str = Field("kien_nghi", description="not landed: only that there is one")
    agency: str = "co_quan_de_xuat"
    urgency: str = "muc_do_khan"


class FollowupColumns(Model):
    recommendation_id: str = "ma_kien_nghi"
    date: str = "ngay"
    status: str = "trang_thai"
    agency: str = "co_quan"


class Followup(Model):
    """A second sheet that follows recommendations until they are solved."""

    sheet: str
    columns: FollowupColumns = FollowupColumns()


class SubmittedAt(Model):
    """When the report was handed in: from the file's name, else its delivery time."""

    file_name: str | None = Field(None, description="regular expression; its first group is YYYYMMDD or YYYY-MM-DD")


class Expected(Model):
    """The calendar of expected reports, between the first and the last period received."""

    period: Literal["week", "month", "quarter", "half_year", "year"]
    due_days: int = Field(3, ge=0, description="days after the period's end")
    units: list[Code] = Field([], description="none: every unit that ever reported")


class Report(Model):
    columns: ReportColumns = ReportColumns()
    date_format: str = "%Y-%m-%d"
    kinds: dict[str, Literal["periodic", "thematic", "ad_hoc"]] = {"DK": "periodic", "CD": "thematic", "DX": "ad_hoc"}
    scopes: dict[str, int] = {"tuyệt đại đa số": 4, "đa số": 3, "nhiều ý kiến": 2, "một số ý kiến": 1}
    tendencies: dict[str, Tendency] = {
        "tán thành": "support", "phản đối": "oppose", "băn khoăn": "concerned", "chưa rõ": "unclear",
    }
    statuses: dict[str, str] = {
        "tiếp nhận": "received", "chuyển cơ quan": "referred", "đang giải quyết": "in_progress",
        "đã giải quyết": "resolved", "giải trình, cung cấp thông tin": "explained",
        "chưa giải quyết": "unresolved", "không thuộc thẩm quyền": "out_of_remit",
    }
    submitted_at: SubmittedAt = SubmittedAt()
    expected: Expected | None = None
    followup: Followup | None = None
    units: list[Unit] = []


# ---------------------------------------------------------------- social
class SocialColumns(Model):
    """Canonical field → column heading. `text` columns are read for topic coding and dropped in the parser."""

    item_id: str
    published_at: str
    platform: str | None = None
    query: str | None = None
    topic: str | None = None
    place: str | None = None
    sentiment: str | None = None
    engagement: str | None = None
    url: str | None = Field(None, description="only its site's domain is used, as a keyed hash")
    text: list[str] = []


class Query(Model):
    """A monitored query of the vendor; its topics are given to every item no rule codes."""

    code: Code
    label: Text
    topic: Code | None = None


class Social(Model):
    columns: SocialColumns
    date_format: str = Field(description='strptime format, "iso", "epoch_s" or "epoch_ms"')
    platform: Code | None = Field(None, description="constant, where no column says")
    query: Code | None = Field(None, description="constant, where no column says")
    platforms: dict[str, Code] = Field({}, description="cell value → platform code")
    sentiments: dict[str, Literal["positive", "negative", "neutral", "unknown"]] = {}
    sentiment_method: Literal["vendor", "human", "none"] = "none"
    metric_definition: Text | None = None
    queries: list[Query] = Field(min_length=1)
    coverage_place: Code | None = None


class Source(Model):
    """One source: where it comes from, its shape, its licence, how often it is due, how long it is kept."""

    id: Identifier
    family: Family
    title: Text
    owner: str = Field(description="a desk, never a person")
    licence: str
    provenance: str = Field(description="where it comes from")
    is_made: bool = Field(False, description="true: the data are made up, and say so wherever they show")
    time_zone: str = "Asia/Ho_Chi_Minh"
    files: Files
    due: Due = Due()
    keep: Keep = Keep()
    ignore_columns: list[str] = Field([], description="columns known and never read; personal ones stand here")
    places: list[Place] = []
    survey: Survey | None = None
    report: Report | None = None
    social: Social | None = None
