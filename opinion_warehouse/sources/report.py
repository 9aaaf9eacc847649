"""The report section of a spec: a table of opinion streams, one row each, and its follow-up sheet."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import (
    Code,
    GroupPattern,
    Model,
    PlaceNames,
    Tendency,
    Unit,
    alike,
    date_form,
    repeated,
)
from opinion_warehouse.sources.narrative import Narrative

Status = Literal["received", "referred", "in_progress", "resolved", "explained", "unresolved", "out_of_remit"]
Kind = Literal["periodic", "thematic", "ad_hoc"]


def _date_format(text: str) -> str:
    if text == "vi_words":
        return text
    if not all(part in text for part in ("%d", "%m")) or not ("%Y" in text or "%y" in text):
        raise ValueError("must name day, month and year, e.g. '%Y-%m-%d' or '%d/%m/%Y', or be vi_words")
    return date_form(text)


class ReportColumns(Model):
    """Canonical field → column heading; the defaults are the structured template's.

    A field that may be null is one a source may be without: write `null`, and no such column is looked for.
    """

    unit: str = "ma_don_vi"
    kind: str = "loai_bao_cao"
    period: str = "ky_bao_cao"
    period_start: str = "tu_ngay"
    period_end: str = "den_ngay"
    place: str | None = "ma_dia_ban"
    field: str | None = "linh_vuc"
    topic: str = "ma_chu_de"
    content: str | None = Field("noi_dung", description="topic-coded where no topic is given, never landed")
    scope: str = "pham_vi"
    tendency: str = "khuynh_huong"
    intensity: str | None = "cuong_do"
    channel: str | None = "nguon"
    opinion_count: str | None = "so_y_kien"
    recommendation: str | None = Field("kien_nghi", description="not landed: only that there is one")
    agency: str | None = "co_quan_de_xuat"
    urgency: str | None = "muc_do_khan"

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        again = repeated(self.cells)
        if again:
            raise ValueError(f"column {again[0]!r} stands for two fields; each field has its own")
        return self

    @property
    def cells(self) -> list[str]:
        """Every column of the main sheet."""
        return [column for column in self.model_dump().values() if column]

    @property
    def once(self) -> list[str]:
        """Columns whose cells are counted: one merged over several rows is one, and stands for the first."""
        return [column for column in (self.opinion_count, self.recommendation) if column]


class FollowupColumns(Model):
    """The follow-up sheet's columns."""

    recommendation_id: str = "ma_kien_nghi"
    date: str = "ngay"
    status: str = "trang_thai"
    agency: str | None = "co_quan"

    @property
    def cells(self) -> list[str]:
        """Every column of the follow-up sheet."""
        return [column for column in self.model_dump().values() if column]


class Followup(Model):
    """A second sheet, or table of a document, that follows recommendations until they are solved."""

    sheet: str | None = Field(None, description="xlsx, ods: required; a docx has its headings to go by")
    columns: FollowupColumns = FollowupColumns()


class SubmittedAt(Model):
    """When the report was handed in: from the file's name or the e-mail's date, else its delivery time."""

    file_name: GroupPattern | None = Field(
        None, description="regular expression; its first group is YYYYMMDD or YYYY-MM-DD"
    )
    mail_date: bool = Field(False, description="eml: when the e-mail says that it was sent")

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if self.file_name and self.mail_date:
            raise ValueError("`submitted_at` takes `file_name` or `mail_date`, not both")
        return self


class Expected(Model):
    """The calendar of expected reports, between the first and the last period received."""

    period: Literal["week", "month", "quarter", "half_year", "year"]
    due_days: int = Field(3, ge=0, description="days after the period's end")
    units: list[Code] = Field([], description="none: every unit that ever reported")


class Report(Model):
    """How a file's rows become reports, their items and the follow-up of recommendations.

    Words are compared whatever their case, their spaces and where the tone mark stands. `channels`,
    `agencies` and `urgencies` are allow-lists too: what they do not name could be a person's name.
    """

    columns: ReportColumns = ReportColumns()
    date_format: Annotated[str, AfterValidator(_date_format)] = "%Y-%m-%d"
    kinds: dict[str, Kind] = {"DK": "periodic", "CD": "thematic", "DX": "ad_hoc"}
    scopes: dict[str, Annotated[int, Field(ge=1, le=4)]] = {
        "tuyệt đại đa số": 4,
        "đa số": 3,
        "nhiều ý kiến": 2,
        "một số ý kiến": 1,
    }
    tendencies: dict[str, Tendency] = {
        "tán thành": "support",
        "phản đối": "oppose",
        "băn khoăn": "concerned",
        "chưa rõ": "unclear",
    }
    statuses: dict[str, Status] = {
        "tiếp nhận": "received",
        "chuyển cơ quan": "referred",
        "đang giải quyết": "in_progress",
        "đã giải quyết": "resolved",
        "giải trình, cung cấp thông tin": "explained",
        "chưa giải quyết": "unresolved",
        "không thuộc thẩm quyền": "out_of_remit",
    }
    channels: dict[str, Code] = Field(
        {
            "cộng tác viên": "collaborator",
            "hội nghị": "meeting",
            "tiếp xúc cử tri": "voter_meeting",
            "tiếp công dân": "citizen_reception",
            "đơn thư": "letter",
            "đường dây nóng": "hotline",
            "mạng xã hội": "social_media",
            "báo chí": "press",
            "khảo sát": "survey",
            "phản ánh trực tiếp": "direct",
            "khác": "other",
            "họp tổ dân phố, ấp": "neighbourhood_meeting",
            "họp tổ dân phố": "neighbourhood_meeting",
            "cộng tác viên dư luận xã hội": "collaborator",
            "đơn thư, đường dây nóng": "letter_or_hotline",
        },
        description="cell → code; any other cell is kept as `other`",
    )
    agencies: dict[str, Code] = Field({}, description="cell → code of an agency that is no known unit")
    urgencies: dict[str, Literal["normal", "urgent", "very_urgent"]] = {
        "thường": "normal",
        "bình thường": "normal",
        "khẩn": "urgent",
        "thượng khẩn": "very_urgent",
        "hỏa tốc": "very_urgent",
        "rất khẩn": "very_urgent",
    }
    place_names: PlaceNames | None = None
    submitted_at: SubmittedAt = SubmittedAt()
    expected: Expected | None = None
    followup: Followup | None = None
    narrative: Narrative | None = Field(None, description="the files are texts, split by these rules")
    units: list[Unit] = []

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        again = repeated(unit.code for unit in self.units)
        if again:
            raise ValueError(f"unit {again[0]!r} stands twice in `units`; each may stand once")
        for name in ("kinds", "scopes", "tendencies", "statuses", "channels", "agencies", "urgencies"):
            if again := alike(getattr(self, name)):
                raise ValueError(f"`{name}` has {again[0]!r} twice: case and spaces make no difference")
        if self.narrative and (self.followup or self.columns != ReportColumns()):
            raise ValueError("a `narrative` has no table; remove `columns` and `followup`")
        if self.place_names and not self.columns.place:
            raise ValueError("`place_names` needs the column of the names: `columns.place`")
        return self
