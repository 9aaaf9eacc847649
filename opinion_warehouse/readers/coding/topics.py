"""Topic coding: keyword rules over normalised text (Aho-Corasick, whole words).

A keyword inside a longer one that stands there says nothing: `tai nạn giao thông` is no `giao thông`. A rule
without a topic is there to say so: where `ngập tràn` stands, nothing is said of `ngập`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opinion_warehouse.readers.text import clean_column, words
from opinion_warehouse.reference import TopicRule

if TYPE_CHECKING:
    import polars as pl

UNCLASSIFIED = "Z9"


class TopicCoder:
    """Texts → topic codes by the rules of the reference data."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        import polars as pl

        given = list(rules)
        keywords = words(clean_column(pl.Series([rule.keyword for rule in given], dtype=pl.String))).to_list()
        topics: dict[str, set[str]] = {keyword: set() for keyword in keywords}
        for keyword, rule in zip(keywords, given, strict=True):
            topics[keyword] |= {rule.topic_code} - {""}
        self._topics = {keyword: topics[keyword] for keyword in sorted(topics, key=len, reverse=True)}
        self._within = {
            keyword: {longer: longer.count(keyword) for longer in topics if keyword in longer != keyword}
            for keyword in topics
        }
        self.version = _version(given)

    def code(self, texts: "Sequence[pl.Series]") -> "tuple[list[list[str]], pl.Series]":
        """Of clean texts in several columns: the distinct sorted lists of codes, and which each row has.

        A list is empty where no rule matches.
        """
        import polars as pl

        found = pl.DataFrame(
            [
                words(column)
                .str.extract_many(list(self._topics), overlapping=True)
                .list.join("|")
                .alias(str(number))
                for number, column in enumerate(texts)
            ]
        )
        keywords = found.select(pl.concat_str(pl.all().fill_null(""), separator="|")).to_series()
        distinct = keywords.unique()
        codes = [self._codes(one) for one in distinct]
        which = pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True)
        return codes, keywords.replace_strict(distinct, which, return_dtype=pl.UInt32)

    def _codes(self, keywords: str) -> list[str]:
        found = Counter(keyword for keyword in keywords.split("|") if keyword)
        alone: dict[str, int] = {}
        topics: set[str] = set()
        for keyword in sorted(found, key=len, reverse=True):  # the longer ones first
            within = self._within[keyword]
            alone[keyword] = found[keyword] - sum(
                count * times for longer, count in alone.items() if (times := within.get(longer, 0))
            )
            if alone[keyword] > 0:
                topics |= self._topics[keyword]
        return sorted(topics)


def _version(rules: Sequence[TopicRule]) -> str:
    """The newest rule's version, and a digest: changed rules are others, with a new version or without."""
    newest = max((int(rule.rule_version) for rule in rules), default=0)
    lines = "\n".join(sorted("\t".join(rule) for rule in rules))
    return f"{newest}-{hashlib.sha256(lines.encode()).hexdigest()[:12]}"
