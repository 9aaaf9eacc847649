"""The tools whose exports are known by their headings: what is laid out how, and which columns are what.

It proposes, in the draft of a spec; the parser reads by the spec alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.layout import LAYOUTS, HeaderRow, heading
from opinion_warehouse.sources import Family, ignoring


@dataclass(frozen=True)
class Tool:
    """A tool's export. `has`: headings that stand in it, and together in no other.

    `below`: words one of which stands in the second of its header rows. `only`: all that may stand beside
    `has`, where those are words of many tables. `fields`: key of the family's section → column. `personal`:
    heading → what of people it holds. `own`: columns of no opinions. `whole`: JSON objects that are left out
    as a whole.
    """

    name: str
    family: Family
    has: tuple[str, ...]
    layout: Literal["plain", "limesurvey_vv", "qualtrics", "qualtrics_legacy", "surveymonkey"] = "plain"
    below: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """The columns that are fields of the spec."""
        single = [value for value in self.fields.values() if isinstance(value, str)]
        several = [value for value in self.fields.values() if isinstance(value, list)]
        rows = self.fields.get("rows", {}).get("column")
        return {*single, *(name for names in several for name in names), *([rows] if rows else [])}

    def kind(self, column: str) -> str | None:
        """What of people a column holds."""
        return next((kind for name, kind in self.personal.items() if ignoring([name])(column)), None)

    def is_own(self, column: str) -> bool:
        """Whether a column is about the export itself."""
        return ignoring(self.own)(column)


_LIME: dict[str, Any] = {
    "family": "survey",
    "has": ("id", "submitdate", "lastpage", "startlanguage"),
    "fields": {
        "respondent_id": "id",
        "complete_when": "submitdate",
        "null_means": "not_asked",
        "empty_means": "no_answer",
    },
    "personal": {"token": "token", "ipaddr": "ip_address", "refurl": "link"},
    "own": ("lastpage", "startlanguage", "seed", "startdate", "datestamp", "interviewtime", "*Time"),
}
_KOBO_PERSONAL = {
    "deviceid": "device",
    "phonenumber": "phone",
    "username": "handle",
    "subscriberid": "device",
    "simserial": "device",
    "_geolocation": "location",
    "*_submitted_by": "handle",
    "_attachments": "file",
}
_KOBO_OWN = (
    "start",
    "end",
    "today",
    "_uuid",
    "formhub/uuid",
    "meta/*",
    "_xform_id_string",
    "_submission_time",
    "_validation_status",
    "_notes",
    "_tags",
    "_status",
    "_index",
    "__version__",
    "_parent_index",
    "_parent_table_name",
    "_submission__*",
    "rootUuid",
    "meta/rootUuid",
)
_MELTWATER_OWN = (
    "Country",
    "Region",
    "State",
    "City",
    "Subregion",
    "Language",
    "Reach",
    "*Reach",
    "AVE",
    "Keywords",
    "Image",
    "Views",
    "Source",
    "Source Name",
    "Source Domain",
    "Information Type",
    "Content Type",
    "Keyphrases",
    "Key Phrases",
    "* Social Echo",
    "National Viewership",
    "Engagement Rate",
    "Alternate Date Format",
    "Document Tags",
)
_MELTWATER_PERSONAL = {
    "Author *": "name",
    "Influencer": "name",
    "Twitter *": "handle",
    "User Profile Url": "profile_link",
}
_MASTODON_OWN = (
    "application",
    "bookmarked",
    "content_type",
    "edited_at",
    "emojis",
    "favourited",
    "filtered",
    "in_reply_to_id",
    "language",
    "media_attachments",
    "muted",
    "pinned",
    "reblogged",
    "sensitive",
    "spoiler_text",
    "tags",
    "uri",
    "visibility",
    "card",
    "poll",
    "quote*",
    "local_only",
)

TOOLS = (
    Tool(name="LimeSurvey CSV", **_LIME),
    Tool(name="LimeSurvey VV", layout="limesurvey_vv", **_LIME),
    Tool(
        name="Qualtrics",
        family="survey",
        has=("_recordId",),
        layout="qualtrics",
        fields={
            "respondent_id": "_recordId",
            "complete_when": "finished",
            "complete_cells": ["1", "True"],
            "rows": {
                "column": "status",
                "keep": ["0", "IP Address"],
                "leave_out": ["1", "2", "8", "Survey Preview", "Survey Test", "Spam"],
            },
            "missing": {"-99": "no_answer"},
        },
        personal={
            "ipAddress": "ip_address",
            "recipient*": "name",
            "externalDataReference": "token",
            "location*": "location",
        },
        own=(
            "startDate",
            "endDate",
            "progress",
            "duration",
            "recordedDate",
            "distributionChannel",
            "userLanguage",
        ),
    ),
    Tool(
        name="Qualtrics, legacy",
        family="survey",
        has=("V1", "V2"),
        layout="qualtrics_legacy",
        below=("ResponseID", "ResponseSet"),
        fields={
            "respondent_id": "V1",
            "complete_when": "V10",
            "complete_cells": ["1"],
            "rows": {"column": "V7", "keep": ["0"], "leave_out": ["1", "2", "8"]},
            "missing": {"-99": "no_answer"},
        },
        personal={"V3": "name", "V4": "token", "V5": "email", "V6": "ip_address"},
        own=("V2", "V8", "V9"),
    ),
    Tool(
        name="SurveyMonkey",
        family="survey",
        has=("Respondent ID", "Collector ID"),
        layout="surveymonkey",
        fields={"respondent_id": "Respondent ID", "wave_date": "Date Modified"},
        personal={
            "IP Address": "ip_address",
            "Email Address": "email",
            "First Name": "name",
            "Last Name": "name",
            "Custom Data*": "token",
        },
        own=("Collector ID", "Start Date", "End Date", "Date Created"),
    ),
    Tool(
        name="SurveyMonkey, older",
        family="survey",
        has=("RespondentID",),
        layout="surveymonkey",
        below=("Response", "Open-Ended Response"),
        fields={"respondent_id": "RespondentID", "wave_date": "EndDate"},
        personal={"IP Address": "ip_address", "Email Address": "email", "CustomData": "token"},
        own=("CollectorID", "StartDate"),
    ),
    Tool(name="Google Forms", family="survey", has=("Timestamp",), fields={"wave_date": "Timestamp"}),
    Tool(name="Google Forms", family="survey", has=("Dấu thời gian",), fields={"wave_date": "Dấu thời gian"}),
    Tool(
        name="KoboToolbox",
        family="survey",
        has=("_id", "_uuid", "_submission_time"),
        fields={"respondent_id": "_id", "null_means": "no_answer", "empty_means": "no_answer"},
        personal=_KOBO_PERSONAL,
        own=_KOBO_OWN,
    ),
    Tool(
        name="Brandwatch",
        family="social",
        has=("Query Id", "Date", "Url", "Page Type"),
        fields={
            "item_id": "Url",
            "published_at": "Date",
            "platform": "Page Type",
            "query": "Query Id",
            "sentiment": "Sentiment",
            "url": "Url",
            "text": ["Title", "Snippet", "Full Text"],
            "date_zone": "UTC",
        },
        personal={
            "Author": "name",
            "Full Name": "name",
            "Gender": "profile",
            "Account Type": "profile",
            "Interest": "profile",
            "Professions": "profile",
            "Avatar": "profile_link",
            "Thread Author": "name",
            "Mentioned Authors": "name",
            "Latitude": "location",
            "Longitude": "location",
            "X *": "profile",
            "Twitter *": "profile",
        },
        own=(
            "Query Name",
            "Domain",
            "Language",
            "Resource Id",
            "Thread *",
            "Impressions",
            "Reach*",
            "Continent*",
            "Country*",
            "Region*",
            "City*",
            "Location Name",
            "Facebook *",
            "Instagram *",
            "Linkedin *",
            "Reddit *",
        ),
    ),
    Tool(
        name="Meltwater",
        family="social",
        has=("Document ID", "Input Name", "Hit Sentence"),
        fields={
            "item_id": "Document ID",
            "published_at": ["Date", "Time"],
            "platform": "Source Type",
            "query": "Input Name",
            "sentiment": "Sentiment",
            "engagement": "Engagement",
            "url": "URL",
            "text": ["Title", "Opening Text", "Hit Sentence"],
            "row_cap": 20000,
        },
        personal=_MELTWATER_PERSONAL,
        own=_MELTWATER_OWN,
    ),
    Tool(
        name="Meltwater, before Document ID",
        family="social",
        has=("Headline", "Input Name", "Hit Sentence"),
        fields={
            "item_id": ["URL", "Date", "Hit Sentence"],
            "published_at": "Date",
            "query": "Input Name",
            "sentiment": "Sentiment",
            "engagement": "Engagement",
            "url": "URL",
            "text": ["Headline", "Opening Text", "Hit Sentence"],
            "constant_platform": "news",
            "row_cap": 20000,
        },
        personal=_MELTWATER_PERSONAL,
        own=(*_MELTWATER_OWN, "Time"),
    ),
    Tool(
        name="Talkwalker",
        family="social",
        has=("url", "published", "source_type", "matched_profile"),
        fields={
            "item_id": "url",
            "published_at": "published",
            "platform": "source_type",
            "query": "matched_profile",
            "sentiment": "sentiment",
            "engagement": "engagement",
            "url": "url",
            "text": ["title", "content"],
        },
        personal={"extra_author_attributes.*": "profile"},
        own=(
            "extra_source_attributes.*",
            "article_extended_attributes.*",
            "source_extended_attributes.*",
            "indexed",
            "search_indexed",
            "lang",
            "host_url",
            "domain_url",
            "reach",
        ),
    ),
    Tool(
        name="Mastodon",
        family="social",
        has=("id", "created_at", "reblogs_count", "favourites_count"),
        fields={
            "item_id": "id",
            "published_at": "created_at",
            "url": "url",
            "engagement": ["favourites_count", "reblogs_count", "replies_count"],
            "text": ["content"],
            "text_format": "html",
            "constant_platform": "mastodon",
        },
        personal={
            "account": "handle",
            "mentions": "handle",
            "in_reply_to_account_id": "handle",
            "reblog": "handle",
        },
        own=_MASTODON_OWN,
        whole=("account", "mentions", "reblog", "application", "card", "poll", "quote"),
    ),
    Tool(
        name="a histogram of counts",
        family="social",
        has=("day", "count"),
        only=("series",),
        fields={"published_at": "day", "item_count": "count", "by": "series"},
    ),
    Tool(name="the report template", family="report", has=("ma_don_vi", "ky_bao_cao", "khuynh_huong")),
)
GDELT = {61: "gdelt_events", 16: "gdelt_mentions", 27: "gdelt_gkg"}
"""Columns of GDELT 2.0's files, which have no header."""
_GDELT: dict[str, Any] = {"constant_platform": "news", "date_zone": "UTC", "unmapped": True}
GDELT_FIELDS: dict[str, dict[str, Any]] = {
    "gdelt_events": {
        "item_id": "GLOBALEVENTID",
        "published_at": "DATEADDED",
        "sentiment": "AvgTone",
        "url": "SOURCEURL",
        **_GDELT,
    },
    "gdelt_mentions": {
        "item_id": ["MentionIdentifier", "GLOBALEVENTID"],
        "published_at": "MentionTimeDate",
        "sentiment": "MentionDocTone",
        "url": "MentionIdentifier",
        **_GDELT,
    },
    "gdelt_gkg": {
        "item_id": "GKGRECORDID",
        "published_at": "DATE",
        "sentiment": "V2Tone",
        "sentiment_separator": ",",
        "url": "DocumentIdentifier",
        **_GDELT,
    },
}


def tool_named(name: str | None) -> Tool | None:
    """A tool by its name."""
    return next((tool for tool in TOOLS if tool.name == name), None)


def tool_of(rows: Sequence[HeaderRow]) -> Tool | None:
    """The tool whose header the first of some rows is."""
    for tool in TOOLS:
        names = headings_of(rows, tool.layout)
        if names and set(tool.has) <= set(names):
            below = {heading(cell) for cell in rows[1]} if len(rows) > 1 else set()
            if tool.only is not None and set(names) - {*tool.has, *tool.only}:
                continue
            is_google = tool.name != "Google Forms" or names[0] in tool.has
            if is_google and (not tool.below or below & set(tool.below)):
                return tool
    return None


def headings_of(rows: Sequence[HeaderRow], layout: str) -> list[str]:
    """The headings of a layout's header rows; none where the rows are no such header."""
    need = LAYOUTS[layout].header_rows
    if len(rows) < need:
        return []
    try:
        return LAYOUTS[layout].headings(rows[:need])
    except FileRejected:
        return []
