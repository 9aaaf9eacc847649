"""Topic coding: keyword rules over normalised text (Aho-Corasick, whole words)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opinion_warehouse.readers.text import words
from opinion_warehouse.reference import TopicRule

if TYPE_CHECKING:
    import polars as pl

UNCLASSIFIED = "Z9"


class TopicCoder:
    """Texts → topic codes by the rules of the reference data."""

    def __init__(self, rules: Iterable[TopicRule]) -> None:
        import polars as pl

        given = list(rules)
        self._topics: dict[str, set[str]] = {}
        for keyword, rule in zip(
            words(pl.Series([rule.keyword for rule in given], dtype=pl.String)), given, strict=True
        ):
            self._topics.setdefault(keyword, set()).add(rule.topic_code)

    def code(self, texts: "Sequence[pl.Series]") -> "tuple[list[list[str]], pl.Series]":
        """Of texts in several columns: the distinct sorted lists of codes, and which of them each row has.

        A list is empty where no rule matches.
        """
        import polars as pl

        found = pl.DataFrame(
            [
                words(column).str.extract_many(list(self._topics), overlapping=True).alias(str(number))
                for number, column in enumerate(texts)
            ]
        )
        keywords = found.select(
            pl.concat_list(pl.all().fill_null([])).list.unique().list.sort().list.join("|")
        ).to_series()
        distinct = keywords.unique()
        codes = [self._codes(one) for one in distinct]
        which = pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True)
        return codes, keywords.replace_strict(distinct, which, return_dtype=pl.UInt32)

    def _codes(self, keywords: str) -> list[str]:
        topics: set[str] = set()
        for keyword in keywords.split("|") if keywords else ():
            topics |= self._topics[keyword]
        return sorted(topics)
