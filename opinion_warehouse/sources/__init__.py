"""Source specs: the pydantic model of `sources/<family>/<id>.yml`, and reading them offline."""

from opinion_warehouse.sources.base import (
    Code,
    Due,
    Family,
    Identifier,
    Keep,
    MissingCode,
    MissingName,
    Model,
    Place,
    PlaceNames,
    Tendency,
    Text,
    Unit,
    missing_code,
)
from opinion_warehouse.sources.categories import Band, Category, Group
from opinion_warehouse.sources.design import Design, Target, Weighting
from opinion_warehouse.sources.document import SpecError, SpecInvalid
from opinion_warehouse.sources.fetch import Fetch
from opinion_warehouse.sources.files import Attachment, Files, RowFilter
from opinion_warehouse.sources.headings import Header, ignoring
from opinion_warehouse.sources.load import (
    check_sources,
    load_source,
    load_sources,
    read_sources,
    spec_paths,
    spec_sha256,
    unpublished_waves,
)
from opinion_warehouse.sources.narrative import Narrative, Said
from opinion_warehouse.sources.question import Option, Question, Ratio
from opinion_warehouse.sources.report import Followup, FollowupColumns, Report, ReportColumns
from opinion_warehouse.sources.social import Query, Social
from opinion_warehouse.sources.social_columns import SocialColumns
from opinion_warehouse.sources.source import Source
from opinion_warehouse.sources.survey import Harmonised, Survey
from opinion_warehouse.sources.wave import Dispositions, Item, Wave, WaveFrom

__all__ = [
    "Attachment",
    "Band",
    "Category",
    "Code",
    "Design",
    "Dispositions",
    "Due",
    "Family",
    "Fetch",
    "Files",
    "Followup",
    "FollowupColumns",
    "Group",
    "Harmonised",
    "Header",
    "Identifier",
    "Item",
    "Keep",
    "MissingCode",
    "MissingName",
    "Model",
    "Narrative",
    "Option",
    "Place",
    "PlaceNames",
    "Query",
    "Question",
    "Ratio",
    "Report",
    "ReportColumns",
    "RowFilter",
    "Said",
    "Social",
    "SocialColumns",
    "Source",
    "SpecError",
    "SpecInvalid",
    "Survey",
    "Target",
    "Tendency",
    "Text",
    "Unit",
    "Wave",
    "WaveFrom",
    "Weighting",
    "check_sources",
    "ignoring",
    "load_source",
    "load_sources",
    "missing_code",
    "read_sources",
    "spec_paths",
    "spec_sha256",
    "unpublished_waves",
]
