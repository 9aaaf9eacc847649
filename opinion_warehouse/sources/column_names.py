"""Column names by position, of known files that come without a header."""

from collections.abc import Iterable

_GDELT_ACTOR = (
    "Code",
    "Name",
    "CountryCode",
    "KnownGroupCode",
    "EthnicCode",
    "Religion1Code",
    "Religion2Code",
    "Type1Code",
    "Type2Code",
    "Type3Code",
)
_GDELT_PLACE = ("Type", "FullName", "CountryCode", "ADM1Code", "ADM2Code", "Lat", "Long", "FeatureID")


def _each(prefix: str, names: Iterable[str]) -> list[str]:
    return [prefix + name for name in names]


PRESETS: dict[str, list[str]] = {
    "gdelt_events": [
        *("GLOBALEVENTID", "SQLDATE", "MonthYear", "Year", "FractionDate"),
        *_each("Actor1", _GDELT_ACTOR),
        *_each("Actor2", _GDELT_ACTOR),
        *("IsRootEvent", "EventCode", "EventBaseCode", "EventRootCode", "QuadClass", "GoldsteinScale"),
        *("NumMentions", "NumSources", "NumArticles", "AvgTone"),
        *_each("Actor1Geo_", _GDELT_PLACE),
        *_each("Actor2Geo_", _GDELT_PLACE),
        *_each("ActionGeo_", _GDELT_PLACE),
        *("DATEADDED", "SOURCEURL"),
    ],
    "gdelt_mentions": [
        *("GLOBALEVENTID", "EventTimeDate", "MentionTimeDate", "MentionType", "MentionSourceName"),
        *("MentionIdentifier", "SentenceID", "Actor1CharOffset", "Actor2CharOffset", "ActionCharOffset"),
        *("InRawText", "Confidence", "MentionDocLen", "MentionDocTone", "MentionDocTranslationInfo"),
        "Extras",
    ],
    "gdelt_gkg": [
        *("GKGRECORDID", "DATE", "SourceCollectionIdentifier", "SourceCommonName", "DocumentIdentifier"),
        *("Counts", "V2Counts", "Themes", "V2Themes", "Locations", "V2Locations", "Persons", "V2Persons"),
        *("Organizations", "V2Organizations", "V2Tone", "Dates", "GCAM", "SharingImage", "RelatedImages"),
        *("SocialImageEmbeds", "SocialVideoEmbeds", "Quotations", "AllNames", "Amounts", "TranslationInfo"),
        "Extras",
    ],
}
"""GDELT 2.0, under the names of its own code books: 61, 16 and 27 columns."""
